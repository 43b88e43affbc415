"""A disk whose plug can be pulled: a SQLite VFS that knows, for each file, what is surely on the platter.

It keeps, per file, the image at the last sync and every write since. A cut makes from these one of the states the
disk may be found in: nothing un-synced, everything, or each 512-byte sector of each write with even odds (so writes
are reordered and torn). Not modelled: directory entries, un-synced deletes (taken as durable), a disk that lies.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


class PowerCut(Exception):
    """The plug was pulled in the middle of a call."""


@dataclass(slots=True)
class _File:
    synced: bytes
    since: list[tuple[int, bytes | None]] = field(default_factory=list)  # (offset, data) or (size, None): truncate


class Disk:
    """`cut_after`: pull the plug inside the n-th write, truncate or sync from now on; None: never by itself."""

    def __init__(self, name: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.files: dict[str, _File] = {}
        self.name = name
        self.cut_after: int | None = None
        self.steps = 0
        self.vfs = _Vfs(name, self)

    def step(self) -> None:
        self.steps += 1
        if self.cut_after is not None and self.steps > self.cut_after:
            raise PowerCut

    def cut(self, target: Path) -> None:
        """Write what may be found after the cut under the same names into `target`."""
        mode = self.random.choices(("none", "all", "random"), weights=(1, 1, 2))[0]
        for name, file in self.files.items():
            (target / Path(name).name).write_bytes(self._found(file, mode))

    def _found(self, file: _File, mode: str) -> bytes:
        image = bytearray(file.synced)
        if mode == "none":
            return bytes(image)
        for where, data in file.since:
            if data is None:
                if self.random.random() < 0.5:
                    del image[where:]
                continue
            for start in range(0, len(data), SECTOR):
                if mode == "all" or self.random.random() < 0.5:
                    piece = data[start : start + SECTOR]
                    image.extend(bytes(max(0, where + start - len(image))))
                    image[where + start : where + start + len(piece)] = piece
        return bytes(image)

    def close(self) -> None:
        self.vfs.unregister()


class _Vfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self.disk = disk
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: Any) -> _VfsFile:  # noqa: N802 - SQLite's name
        return _VfsFile(name, flags, self.disk)

    def xDelete(self, name: str, sync_directory: bool) -> None:  # noqa: N802
        self.disk.files.pop(name, None)
        super().xDelete(name, sync_directory)


class _VfsFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: Any, disk: Disk) -> None:
        super().__init__("", name, flags)
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if self.path not in disk.files:
            disk.files[self.path] = _File(self._bytes())

    def _bytes(self) -> bytes:
        path = Path(self.path)
        return path.read_bytes() if path.exists() else b""

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self.disk.files.setdefault(self.path, _File(b"")).since.append((offset, bytes(data)))
        self.disk.step()
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.disk.files.setdefault(self.path, _File(b"")).since.append((size, None))
        self.disk.step()
        super().xTruncate(size)

    def xSync(self, _flags: int) -> None:  # noqa: N802
        self.disk.step()
        # the machine's own disk is not asked: what counts as safe is this image, and it is quicker
        self.disk.files[self.path] = _File(self._bytes())
