"""What an update has come to, one line per step, each safe on the disk before the next begins.

A line is its CRC-32 in eight hexadecimal digits, a blank and a JSON object. A cut in the middle of a line leaves a tail
that no CRC fits: it never happened.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from ota.disk import Disk, replace
from ota.release import Role
from ota.workflow import State

KEPT_LINES = 200
"""More are dropped, oldest first, when a transaction ends: about a year of updates."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step. `transaction` names the try from its start to its end; `attempt` counts tries of the same bytes from 1;
    `reason` is empty or begins with a code of `refusals`; `at_s` is seconds since 1970 by the clock that was believed;
    `source` is where the order came from; `boot` and `slot` say in which start of which slot this was written.
    """

    transaction: str
    state: State
    role: Role
    name: str
    sha256: str
    version: str
    counter: int
    attempt: int
    at_s: int
    reason: str = ""
    source: str = ""
    boot: str = ""
    slot: str = ""


def encode(entry: Entry) -> bytes:
    """One line."""
    body = json.dumps(asdict(entry), sort_keys=True, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def decode(data: bytes) -> tuple[Entry, ...]:
    """All whole lines up to the first that is not: what follows a broken line was written by nobody."""
    entries = []
    for line in data.splitlines(keepends=True):
        body = line[9:-1]
        if line[:9] != b"%08x " % zlib.crc32(body) or not line.endswith(b"\n"):
            break
        held = json.loads(body)
        entries.append(Entry(**{**held, "state": State(held["state"]), "role": Role(held["role"])}))
    return tuple(entries)


class Journal:
    """One role's. One writer."""

    def __init__(self, disk: Disk, path: Path) -> None:
        """Raises OSError. A torn tail is cut off before anything is written behind it."""
        self._disk, self._path = disk, path
        data = path.read_bytes() if path.exists() else b""
        self._entries = decode(data)
        whole = b"".join(map(encode, self._entries))
        if data != whole or not path.exists():
            replace(disk, path, whole)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self._entries

    def append(self, entry: Entry) -> None:
        """Safe when this returns. Raises OSError, and then it may or may not have happened: start again."""
        self._disk.append(self._path, encode(entry))
        self._disk.sync(self._path)
        self._entries = (*self._entries, entry)
        if entry.state.is_end and len(self._entries) > KEPT_LINES:
            self._entries = self._entries[-KEPT_LINES // 2 :]
            replace(self._disk, self._path, b"".join(map(encode, self._entries)))
