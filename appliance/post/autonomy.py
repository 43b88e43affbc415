"""How many days this disk lasts if no record can leave any more. Runs on the journal's thread."""

from __future__ import annotations

from appliance.post.journal import Journal

DAY_MS = 86_400_000
DAYS_LOOKED_BACK = 7
"""A week holds the day on which the ferry comes."""


def days(journal: Journal, now_wall_ms: int, free_bytes: int, hard_mark_bytes: int) -> float | None:
    """Room above the hard mark over what a day has brought lately; None while there is nothing to judge by.

    A day's bytes: records of the last week a day (of less where the kiosk is younger), times what a record takes here.
    """
    since, seen = now_wall_ms - DAYS_LOOKED_BACK * DAY_MS, now_wall_ms
    row = journal.db.execute(
        "SELECT count(*), min(at_wall_ms) FROM ledger WHERE at_wall_ms BETWEEN ? AND ?", (since, seen)
    ).fetchone()
    records, first = int(row[0]), row[1]
    size = _bytes_a_record(journal)
    if not records or not size:
        return None
    lasted_days = max(1.0, (seen - first) / DAY_MS)
    return float(max(0.0, free_bytes - hard_mark_bytes) / (size * records / lasted_days))


def _bytes_a_record(journal: Journal) -> float:
    """Of those still here: what waits to be sent, and the pictures that the port keeps."""
    waiting = journal.db.execute("SELECT count(DISTINCT record), coalesce(sum(size), 0) FROM outbox").fetchone()
    kept = journal.db.execute(
        "SELECT count(DISTINCT encounter), coalesce(sum(length(data)), 0) FROM samples"
    ).fetchone()
    return sum(float(size) / int(count) for count, size in (waiting, kept) if count)
