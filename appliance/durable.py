"""Files that survive a power cut: written beside, synced, renamed into place, and the folder synced too; and locks,
which do not."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

PRIVATE = 0o600
"""Default mode: what a kiosk keeps is nobody else's to read."""


def write(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace `path` by `data`; after this returns, a power cut leaves the new bytes, before it the old ones.

    One writer per path at a time. Raises OSError, and then `path` is as it was.
    """
    beside = path.with_name(f".{path.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove(paths: Iterable[Path]) -> None:
    """Delete what is there, durably; each folder is synced once."""
    folders = set()
    for path in paths:
        path.unlink(missing_ok=True)
        folders.add(path.parent)
    for folder in folders:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Names, too, must be on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(path: Path) -> int:
    """A handle that nobody else can have; the kernel lets it go when the process ends. Raises BlockingIOError: somebody
    has it; OSError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle


def is_locked(path: Path) -> bool:
    """Whether somebody has it; makes nothing. Raises OSError."""
    if not path.exists():
        return False
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
