"""What waits on this board's disk for the centre, read from the kiosk's journal without touching it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

JOURNAL = "journal.sqlite"


@dataclass(frozen=True, slots=True)
class Waiting:
    """`records`: queued, without the centre's signed acceptance. `held`: set aside; they too are not at the centre."""

    records: int
    held: int
    last_seq: int

    @property
    def is_drained(self) -> bool:
        return self.records == 0 and self.held == 0


def waiting(folder: Path) -> Waiting:
    """All zeros where there is no journal. Raises sqlite3.Error for one that cannot be read."""
    path = folder / JOURNAL
    if not path.exists():
        return Waiting(0, 0, 0)
    database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        (queued,) = database.execute("SELECT count(DISTINCT record) FROM outbox WHERE state = 'queued'").fetchone()
        (held,) = database.execute("SELECT count(*) FROM quarantine").fetchone()
        (last,) = database.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()
    finally:
        database.close()
    return Waiting(int(queued), int(held), int(last))


def last_seq(folder: Path) -> int:
    """The newest record that this disk holds; 0: none."""
    return waiting(folder).last_seq
