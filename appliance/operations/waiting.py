"""What waits on this kiosk for the centre, read beside the running program; never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

JOURNAL = "journal.sqlite"
BUSY_S = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record or alarm. `reason` is empty while it is queued, else why it is held."""

    seq: int
    record: str
    at_wall_ms: int
    messages: int
    size: int
    reason: str


_WAITING = """SELECT o.seq, o.record, min(o.at_wall_ms), count(*), sum(o.size), coalesce(q.reason, '')
  FROM outbox AS o LEFT JOIN quarantine AS q ON q.record = o.record
  GROUP BY o.record ORDER BY o.seq, o.record"""
_MESSAGES = "SELECT topic, payload FROM outbox ORDER BY seq, record, slot"


def connect(folder: Path) -> sqlite3.Connection:
    """Read only. Raises sqlite3.OperationalError where there is no journal yet."""
    path = folder / JOURNAL
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)


def waiting(folder: Path) -> tuple[Waiting, ...]:
    """In the order of the ledger."""
    with closing(connect(folder)) as database:
        return tuple(Waiting(*row) for row in database.execute(_WAITING))


def messages(database: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of all of it, as one snapshot, a header before its slices."""
    yield from database.execute(_MESSAGES)


def sound(folder: Path) -> str:
    """Empty, or what SQLite's own check says about the file."""
    with closing(connect(folder)) as database:
        (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    return "" if said == "ok" else str(said)
