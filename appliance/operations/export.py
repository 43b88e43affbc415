"""Records to a stick for a port whose uplink is gone, and the centre's receipts back from it.

The running kiosk is not disturbed: the journal is read beside it, receipts are laid into a folder that it looks into.
Nothing leaves the kiosk's disk by an export; only the centre's signed receipt makes it forget.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from appliance import durable
from appliance.keys import Keys
from appliance.operations import waiting
from appliance.receipts import FOLDER as RECEIPTS_FOLDER
from appliance.receipts import MAX_BYTES
from border import ids
from border.encounter import Stamp
from border.messages import stick, topics
from border.messages.errors import MessageError
from border.messages.values import StickFile, StickManifest

SPARE_BYTES = 1_000_000
Progress = Callable[[int, int], None]


class NotExported(Exception):
    """Why, and what to do. Nothing on the kiosk has changed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Receipts that came back."""

    files: int
    already: int


def export(folder: Path, keys: Keys, target: Path, at: Stamp, progress: Progress) -> StickManifest:
    """All that waits, under a new number. The manifest is written last: without it, nobody takes the rest.

    Raises `NotExported` where there is nothing to take or no room for it, OSError where the stick fails.
    """
    records = waiting.waiting(folder)
    total = sum(one.size for one in records)
    if not records:
        raise NotExported("nothing waits: the centre has accepted every record of this kiosk")
    if (free := shutil.disk_usage(target).free) < total + SPARE_BYTES:
        raise NotExported(f"the stick has room for {free:,} bytes and {total:,} wait: take a larger one")
    number = ids.uuid7(at.wall_ms, os.urandom(ids.RANDOM_BYTES))
    place = target / stick.FOLDER / keys.kiosk / number
    place.mkdir(parents=True)
    with closing(waiting.connect(folder)) as database:
        counted = _Counted(waiting.messages(database), total, progress)
        files = tuple(_written(place, counted))
    manifest = StickManifest(keys.kiosk, number, at, counted.messages, counted.records, files)
    durable.write(place / stick.MANIFEST, stick.sign_manifest(manifest, keys.signer), mode=0o644)
    for above in (place.parent, place.parent.parent, target):
        durable.sync_folder(above)
    return manifest


def bring_back(folder: Path, keys: Keys, source: Path) -> Taken:
    """Lay every receipt of this kiosk where the program takes it from. It is verified there, before it counts.

    Raises `NotExported` where the stick has none, OSError.
    """
    named = sorted((source / stick.FOLDER / keys.kiosk).glob("*/receipts-*.cose"))
    found = [path for path in named if is_plain(path) and path.stat().st_size <= MAX_BYTES]
    if not found:
        raise NotExported(f"no receipts for {keys.kiosk} on this stick: has the centre taken it yet?")
    place = folder / RECEIPTS_FOLDER
    place.mkdir(exist_ok=True)
    laid = 0
    for path in found:
        data = path.read_bytes()
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.cose"
        if not (place / name).exists():
            durable.write(place / name, data)
            laid += 1
    return Taken(laid, len(found) - laid)


def is_plain(path: Path) -> bool:
    """A file and nothing else: a pipe on a stick would be waited for, a link leads somewhere else."""
    return path.is_file() and not path.is_symlink()


class _Counted:
    """Counts what goes by, and says how far it is."""

    def __init__(self, messages: Iterator[tuple[str, bytes]], total: int, progress: Progress) -> None:
        self._rest, self._total, self._progress = messages, total, progress
        self._done = self.messages = self.records = 0

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for topic, payload in self._rest:
            self._done += len(payload)
            self.messages += 1
            self.records += _is_record(topic)
            self._progress(self._done, self._total)
            yield topic, payload


def _is_record(topic: str) -> bool:
    try:
        return topics.parse(topic).kind is topics.TopicKind.RECORD
    except MessageError:
        return False


def _written(place: Path, chosen: Iterable[tuple[str, bytes]]) -> Iterator[StickFile]:
    """Each file is on the stick, and hashed as it was written, before the next begins."""
    file: _File | None = None
    number = 0
    for begins, piece in stick.in_files(chosen):
        if begins:
            if file is not None:
                yield file.closed()
            file, number = _File(place / stick.MESSAGES.format(number)), number + 1
        assert file is not None  # the first piece begins one
        file.write(piece)
    if file is not None:
        yield file.closed()


class _File:
    """One file on the stick, hashed while it is written."""

    def __init__(self, path: Path) -> None:
        self._path, self._file, self._digest, self._size = path, path.open("xb"), hashlib.sha256(), 0

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self._size += len(piece)

    def closed(self) -> StickFile:
        """After this it is on the stick."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        return StickFile(self._path.name, self._size, self._digest.hexdigest())
