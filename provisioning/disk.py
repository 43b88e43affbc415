"""Files of provisioning that survive a power cut: whole or as before, and gone for good."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from appliance import durable
from appliance.durable import PRIVATE, sync_folder


def write(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """After this returns a power cut leaves the new bytes, before it the old ones. Raises OSError."""
    make_folder(path.parent)
    durable.write(path, data, mode)


def sha256(path: Path) -> str:
    """Hex. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_folder(folder: Path) -> None:
    """With its parents, each for its owner alone, and durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def erase(path: Path) -> None:
    """Overwritten, then removed. A card that levels wear may keep the old bytes: the disk's encryption is for that."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def remove_tree(folder: Path) -> None:
    """Every file in it erased, folders removed from the leaves up. Nothing happens when it is not there."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        elif path.is_symlink():
            path.unlink()
        else:
            erase(path)
    folder.rmdir()
    sync_folder(folder.parent)
