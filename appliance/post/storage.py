"""One transaction: all of it on the disk, or nothing; and what a full or failing disk is called."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from appliance.post.schema import Database
from border.encounter import Sample, SampleKind

DISK_FAULTS = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)

OPTIONAL: tuple[SampleKind, ...] = (SampleKind.FACE_RUNNER_UP, SampleKind.FACE_TURNED, SampleKind.PAGE)
"""Dropped first when the disk fills; the best face, the portrait, the finger and every fact are kept to the end."""


class StorageFull(Exception):
    """The disk is full or failing; nothing of this record was written. The kiosk closes politely. `code` is stable."""

    code = "JRN-FULL"

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.code}: {detail}")
        self.detail = detail


class Room(StrEnum):
    """How much room the disk has."""

    AMPLE = "ample"
    SCARCE = "scarce"  # below the soft mark: optional samples are dropped
    NONE = "none"  # below the hard mark: no record is taken


@dataclass(frozen=True, slots=True)
class Disk:
    """The two marks. `free_bytes` asks the file system; pages that SQLite would use again count as free too."""

    free_bytes: Callable[[], int]
    soft_bytes: int
    hard_bytes: int

    def __post_init__(self) -> None:
        if not 0 <= self.hard_bytes <= self.soft_bytes:
            raise ValueError(f"wants 0 <= hard <= soft, has {self.hard_bytes} and {self.soft_bytes}")

    def room(self, reusable_bytes: int) -> Room:
        free = self.free_bytes() + reusable_bytes
        if free < self.hard_bytes:
            return Room.NONE
        return Room.SCARCE if free < self.soft_bytes else Room.AMPLE


def kept(samples: tuple[Sample, ...], room: Room) -> tuple[Sample, ...]:
    """What is recorded of these samples with that much room."""
    if room is Room.AMPLE:
        return samples
    return tuple(sample for sample in samples if sample.kind not in OPTIONAL)


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Left normally: committed and on the disk. Left by any exception: as if it had never begun.

    Joins a transaction that is already open. Raises `StorageFull` for a full or failing disk.
    """
    if database.in_transaction:
        yield
        return
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(database)
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DISK_FAULTS:
            raise StorageFull(getattr(error, "sqlite_errorname", "SQLITE")) from error
        raise
    except BaseException:
        _roll_back(database)
        raise


def _roll_back(database: Database) -> None:
    if database.in_transaction:  # after some errors SQLite has rolled back by itself
        database.execute("ROLLBACK")
