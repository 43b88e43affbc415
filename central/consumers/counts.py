"""Arrivals and departures per day, port and outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from border.encounter import ClockState
from border.messages.values import RecordKind
from central.consumers.consumer import Committed, Consumer
from central.store.api import Transaction, listed

TABLE = """
CREATE TABLE IF NOT EXISTS counts (
  day TEXT NOT NULL,
  port TEXT NOT NULL,
  direction TEXT NOT NULL,
  outcome TEXT NOT NULL,
  travellers BIGINT NOT NULL,
  PRIMARY KEY (day, port, direction, outcome)
)"""


def day_of(record: Committed) -> str:
    """The UTC day of the crossing; the day it reached the centre when the kiosk did not trust its own clock."""
    trusted = record.clock == ClockState.TRUSTED
    moment = datetime.fromtimestamp((record.at_ms if trusted else record.received_ms) / 1000, UTC)
    return moment.date().isoformat()


def consume(t: Transaction, records: Sequence[Committed], _now_ms: int) -> None:
    crossings = {r.encounter: r for r in records if r.kind == RecordKind.ENCOUNTER}
    if not crossings:
        return
    # the port is the one the kiosk names in its state; empty until its first report has come
    rows = t.rows(
        listed(
            "SELECT e.encounter, COALESCE(k.port, ''), e.direction, e.outcome FROM encounters e "
            "LEFT JOIN kiosks k ON k.kiosk = e.kiosk WHERE e.encounter IN (:list)",
            len(crossings),
        ),
        list(crossings),
    )
    found = Counter((day_of(crossings[encounter]), *rest) for encounter, *rest in rows)
    t.each(
        "INSERT INTO counts VALUES (?, ?, ?, ?, ?) ON CONFLICT (day, port, direction, outcome) "
        "DO UPDATE SET travellers = counts.travellers + excluded.travellers",
        [(*key, number) for key, number in sorted(found.items())],
    )


CONSUMER = Consumer("counts", (TABLE,), consume)
