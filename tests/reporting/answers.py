"""The centre's words, made by hand: receipts for what lies in a journal's outbox."""

from __future__ import annotations

from appliance.post.journal import Journal
from border.messages.values import Receipt, ReceiptBatch, ReceiptStatus
from tests.post.world import KIOSK, START_MS


def digest_of(journal: Journal, record: str) -> bytes:
    row = journal.db.execute("SELECT digest FROM outbox WHERE record = ? AND slot = 0", (record,)).fetchone()
    return bytes(row[0])


def receipt(
    journal: Journal,
    record: str,
    status: ReceiptStatus,
    *,
    missing: tuple[tuple[str, int], ...] = (),
    reason: str = "",
) -> Receipt:
    """With the digest that lies in the outbox."""
    return Receipt(record, status, digest_of(journal, record), missing, reason)


def batch(*receipts: Receipt, highest_seq: int = 0) -> ReceiptBatch:
    return ReceiptBatch(KIOSK, START_MS, highest_seq, receipts)


def slices(journal: Journal, record: str) -> list[tuple[str, int]]:
    """(part, index) of every slice that lies in the outbox, in order."""
    query = "SELECT part, slice FROM outbox WHERE record = ? AND slot > 0 ORDER BY slot"
    return [(part, index) for part, index in journal.db.execute(query, (record,)).fetchall()]
