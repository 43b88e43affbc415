"""Records of a board in a folder: each whole or not there, its attachments beside it under its name."""

from __future__ import annotations

import os
from pathlib import Path

from hw_tests.record import Record, read


def keep(folder: Path, record: Record) -> Path:
    """The path of its JSON. On the storage when this returns. A record is never overwritten."""
    stem = _free(folder, f"{record.begun_at.replace(':', '')}-{record.suite}")
    beside = folder / stem
    for phase in record.phases:
        for each in phase.attachments:
            beside.mkdir(parents=True, exist_ok=True)
            _write(beside / each.name, each.data)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.json"
    _write(path, record.canonical)
    return path


def earlier(folder: Path, serial: str) -> tuple[Record, ...]:
    """Of this board, oldest first. What is no record is passed over: it proves nothing."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            record = read(path.read_bytes())
        except (OSError, ValueError):
            continue
        if record.serial == serial:
            found.append(record)
    return tuple(sorted(found, key=lambda record: record.begun_at))


def _free(folder: Path, stem: str) -> str:
    """Two runs may begin in the same second."""
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1000))
    return next(name for name in names if not (folder / f"{name}.json").exists())


def _write(path: Path, data: bytes) -> None:
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
