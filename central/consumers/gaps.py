"""Which sequence numbers of a kiosk have not come, and since when that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from central.consumers.consumer import Committed, Consumer
from central.sequence import Span, missing
from central.store import records as rows_of_records
from central.store.api import Transaction

TABLE = """
CREATE TABLE IF NOT EXISTS gaps (
  kiosk TEXT NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  noticed_ms BIGINT NOT NULL,
  PRIMARY KEY (kiosk, first)
)"""


@dataclass(frozen=True, slots=True)
class Gap:
    span: Span
    noticed_ms: int


def renewed(old: Sequence[Gap], now: Sequence[Span], now_ms: int) -> list[Gap]:
    """Today's gaps; what is left of an older gap keeps the time it was first noticed."""
    return [Gap(span, min((g.noticed_ms for g in old if _overlap(g.span, span)), default=now_ms)) for span in now]


def _overlap(a: Span, b: Span) -> bool:
    return a.first <= b.last and b.first <= a.last


def of_kiosk(t: Transaction, kiosk: str) -> list[Gap]:
    rows = t.rows("SELECT first, last, noticed_ms FROM gaps WHERE kiosk = ? ORDER BY first", (kiosk,))
    return [Gap(Span(row[0], row[1]), row[2]) for row in rows]


def consume(t: Transaction, records: Sequence[Committed], now_ms: int) -> None:
    for kiosk in sorted({record.kiosk for record in records}):
        spans = rows_of_records.spans(t, kiosk)
        gaps = renewed(of_kiosk(t, kiosk), missing(spans, spans[-1].last), now_ms)
        t.rows("DELETE FROM gaps WHERE kiosk = ?", (kiosk,))
        t.each(
            "INSERT INTO gaps VALUES (?, ?, ?, ?)",
            [(kiosk, gap.span.first, gap.span.last, gap.noticed_ms) for gap in gaps],
        )


CONSUMER = Consumer("gaps", (TABLE,), consume)
