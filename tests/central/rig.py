"""The collector's work with the broker left out: messages in, receipts and rows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from border.messages.envelope import Outbound, Packed, open_part
from border.messages.values import Receipt, ReceiptStatus
from central import arrivals, completion, keeping
from central.keys import CentreKeys
from central.line import Delivery
from central.store import records
from central.store.api import Row, Store
from central.store.parts import OpenPart
from tests.central.author import Author

KIOSKS = ("quay-1", "quay-2")


@dataclass
class Centre:
    """The collector's work with the broker left out."""

    folder: Path
    keys: CentreKeys
    store: Store
    now_ms: int = 1_800_000_000_000

    def author(self, kiosk: str = "quay-1") -> Author:
        return Author(self.folder / "kiosks" / kiosk, kiosk)

    def take(self, *messages: Outbound, retained: bool = False) -> list[tuple[str, Receipt]]:
        """One batch."""
        deliveries = [Delivery(m.topic, m.payload, retained, self.now_ms, 1, 1) for m in messages]
        with self.store.snapshot() as t:
            register = self.keys.register.with_store(t)
        judged = [arrivals.judge(d, register, self.keys.seal) for d in deliveries]
        with self.store.transaction() as t:
            said = keeping.keep(t, judged, self._open, self.now_ms)
        return [(kiosk, receipt) for kiosk, each in said.receipts.items() for receipt in each]

    def statuses(self, *messages: Outbound) -> list[ReceiptStatus]:
        return [receipt.status for _, receipt in self.take(*messages)]

    def ask(self) -> list[Receipt]:
        with self.store.transaction() as t:
            said = completion.ask(t, self.now_ms)
        return [receipt for each in said.receipts.values() for receipt in each]

    def rows(self, sql: str) -> list[Row]:
        with self.store.snapshot() as t:
            return t.rows(sql)

    def highest(self, kiosk: str = "quay-1") -> int:
        with self.store.snapshot() as t:
            return records.highest_seq(t, kiosk)

    def _open(self, part: OpenPart, sealed: bytes) -> bytes:
        return open_part(part.ref, sealed, self.keys.seal, kiosk=part.kiosk, encounter=part.record)


def whole(packed: Packed) -> Sequence[Outbound]:
    return (packed.header, *packed.parts)
