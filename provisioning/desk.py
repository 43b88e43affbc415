"""The folder of the operation at hand: what each step leaves for the next, and what survives a cut.

provisioning/now/         files of this operation, by name
provisioning/now/sheet/   0001.entry 0001.evidence 0002.entry ...
provisioning/done/0001/   earlier operations, as they ended
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance import durable
from border.enrolment.sheet import Written, broken_at, next_entry
from border.enrolment.values import Evidence, SheetEntry
from border.messages import codec
from border.messages.errors import MessageError
from provisioning import disk

JSON = "application/json"
SLOT = "slot"


class Desk:
    """One writer at a time. Every method may raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "provisioning"
        self.now = self._folder / "now"

    # -- files of this operation

    def path(self, name: str) -> Path:
        return self.now / name

    def has(self, name: str) -> bool:
        return self.path(name).is_file()

    def read(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        disk.write(self.path(name), data)

    def drop(self, name: str) -> None:
        disk.erase(self.path(name))

    def table(self, name: str) -> Mapping[str, Any]:
        """A JSON object; empty when there is none, or when it is none."""
        try:
            told = json.loads(self.read(name))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def put_table(self, name: str, table: Mapping[str, Any]) -> None:
        self.write(name, json.dumps(table, sort_keys=True, ensure_ascii=False).encode())

    @property
    def slot(self) -> int:
        """Which of the two places holds the lane's identity."""
        try:
            return 1 if (self._folder / SLOT).read_text(encoding="ascii").strip() == "1" else 0
        except OSError:
            return 0

    def choose_slot(self, slot: int) -> None:
        disk.write(self._folder / SLOT, b"%d\n" % slot)

    # -- the sheet

    def entries(self) -> tuple[SheetEntry, ...]:
        """Raises `MessageError` when the chain does not hold."""
        found = tuple(codec.decode(SheetEntry, path.read_bytes()) for path in sorted(self.now.glob("sheet/*.entry")))
        if broken_at(found) is not None:
            raise MessageError("wrong_sequence")
        return found

    def evidence(self) -> tuple[Evidence, ...]:
        """Every piece once."""
        pieces = [path.read_bytes() for path in sorted(self.now.glob("sheet/*.evidence"))]
        return tuple(Evidence(JSON, piece) for piece in dict.fromkeys(pieces))

    def append(self, written: Written) -> None:
        """The evidence first: an entry that names what is not there would be a lie."""
        entry = next_entry(self.entries(), written)
        disk.write(self.now / "sheet" / f"{entry.number:04}.evidence", written.evidence)
        disk.write(self.now / "sheet" / f"{entry.number:04}.entry", codec.encode(entry))

    # -- one operation after the other

    def file_away(self) -> None:
        """What lies on the desk is kept as it is; the desk is empty then."""
        if not self.now.is_dir():
            return
        kept = self._folder / "done"
        disk.make_folder(kept)
        number = max((int(path.name) for path in kept.iterdir() if path.name.isdecimal()), default=0) + 1
        self.now.rename(kept / f"{number:04}")
        durable.sync_folder(kept)
        durable.sync_folder(self._folder)

    def last(self, name: str) -> bytes | None:
        """This file from the newest operation that left one, the one at hand first."""
        earlier = sorted((self._folder / "done").glob("[0-9]*"), reverse=True)
        places = (self.now / name, *(folder / name for folder in earlier))
        return next((path.read_bytes() for path in places if path.is_file()), None)
