"""The few ways in which an update may touch a disk. Each is one thing that a power cut can leave undone.

A name is on the disk when its folder was synced, bytes are when their file was; nothing else is promised, on no file
system. Everything in this room that must survive goes through a `Disk`, so that a test can record the order of steps
and try a cut after, and within, each of them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

SECTOR = 512
"""Bytes that a card writes whole or not at all."""
MODE = 0o640
"""The group is that of the app, which reads what it is to use; nobody else does."""


class Disk(Protocol):
    """What `RealDisk` does, step by step. Every method raises OSError."""

    def write(self, path: Path, data: bytes) -> None:
        """Make or empty the file, then write; neither name nor bytes are safe yet."""
        ...

    def append(self, path: Path, data: bytes) -> None:
        """After what is there; the file is made if there is none. Not safe yet."""
        ...

    def overwrite(self, path: Path, data: bytes) -> None:
        """The first bytes of a file that exists; its length stays. Not safe yet."""
        ...

    def sync(self, path: Path) -> None:
        """The bytes of this file are safe."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Within one folder, over what is there. Not safe yet."""
        ...

    def link(self, path: Path, target: str) -> None:
        """Make a symbolic link where nothing is. Not safe yet."""
        ...

    def unlink(self, path: Path) -> None:
        """Nothing happens when it is not there. Not safe yet."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """The names in this folder are safe."""
        ...


class RealDisk:
    """The operating system's."""

    def write(self, path: Path, data: bytes) -> None:
        self._put(path, data, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def append(self, path: Path, data: bytes) -> None:
        self._put(path, data, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def overwrite(self, path: Path, data: bytes) -> None:
        self._put(path, data, os.O_WRONLY)

    def sync(self, path: Path) -> None:
        _sync(path, os.O_RDONLY)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def link(self, path: Path, target: str) -> None:
        path.symlink_to(target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)

    @staticmethod
    def _put(path: Path, data: bytes, flags: int) -> None:
        with os.fdopen(os.open(path, flags | os.O_CLOEXEC, MODE), "wb") as file:
            file.write(data)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(disk: Disk, path: Path, data: bytes) -> None:
    """Afterwards the new bytes are there for good; cut before, the old ones are, or the new: never a mixture."""
    beside = path.with_name(f".{path.name}.new")
    disk.write(beside, data)
    disk.sync(beside)
    disk.rename(beside, path)
    disk.sync_folder(path.parent)


def replace_link(disk: Disk, path: Path, target: str) -> None:
    """As `replace`, for a symbolic link. What it points at must be safe before."""
    beside = path.with_name(f".{path.name}.new")
    disk.unlink(beside)
    disk.link(beside, target)
    disk.rename(beside, path)
    disk.sync_folder(path.parent)


def remove(disk: Disk, path: Path) -> None:
    """Gone for good."""
    disk.unlink(path)
    disk.sync_folder(path.parent)
