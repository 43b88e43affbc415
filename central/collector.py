"""The collector: take a batch from the broker, judge it, keep it in one transaction, say receipts, then acknowledge.

The order is the promise. A receipt is said only after the commit it speaks of; a message is acknowledged to the
broker only after that. Whatever is cut in between comes again, and is then a duplicate.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from border.messages import topics
from border.messages.envelope import open_part, sign_receipts
from border.messages.values import ReceiptBatch
from central import arrivals, completion, keeping
from central.arrivals import Arrival, Refusal
from central.completion import Said
from central.consumers import consumer
from central.consumers.consumer import Consumer
from central.files import FolderError
from central.keys import CentreKeys
from central.line import Delivery, Line
from central.register import Register
from central.store.api import Store, StoreRefused, StoreUnavailable, Transaction
from central.store.parts import OpenPart

log = logging.getLogger(__name__)

FILTERS = ("landfall/1/k/+/up/#",)
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 5.0
SWEEP_MS = 500

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Pace:
    """How much work goes into one transaction: at most `most` messages, or what comes within `linger_s`."""

    most: int = 50
    linger_s: float = 0.020


class Collector:
    """Everything here runs on the one thread that calls `run`, which also owns `store`."""

    def __init__(
        self,
        line: Line,
        store: Store,
        keys: CentreKeys,
        wall_ms: Callable[[], int],
        *,
        consumers: Sequence[Consumer],
        pace: Pace = Pace(),
    ) -> None:
        self._line = line
        self._store = store
        self._keys = keys
        self._wall_ms = wall_ms
        self._consumers = consumers
        self._pace = pace
        self._swept_ms = 0

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping`. What is in hand and not committed by then is sent again by the broker."""
        self._until_kept(lambda: consumer.make_tables(self._store, self._consumers), stopping)
        while not stopping.is_set():
            batch = self._line.take(self._pace.most, SWEEP_MS / 2000, self._pace.linger_s)
            if batch:
                self._one_batch(batch, stopping)
            self._sweep(stopping)

    def _one_batch(self, batch: Sequence[Delivery], stopping: threading.Event) -> None:
        register = self._until_kept(self._register, stopping)
        if register is None:
            return
        judged = [self._judge(delivery, register) for delivery in batch]
        said = self._until_kept(lambda: self._keep(batch, judged), stopping)
        if said is None:
            return
        for each in said:
            self._say(each)
        for delivery in batch:
            self._line.ack(delivery)
        self._until_kept(lambda: consumer.run(self._store, self._consumers, self._wall_ms()), stopping)

    def _judge(self, delivery: Delivery, register: Register) -> Arrival:
        try:
            return arrivals.judge(delivery, register, self._keys.seal)
        except Exception:  # a bug met by one kiosk's message must not stop the reports of all others
            log.exception("judging a message of %d bytes failed", len(delivery.payload))
            return arrivals.refusal(delivery, "internal_error")

    def _register(self) -> Register:
        """As it is now, once for a batch: a key that ended before the batch came ends with it."""
        try:
            with self._store.snapshot() as t:
                return self._keys.register.with_store(t)
        except (FolderError, OSError):
            log.exception("the register cannot be read; nobody is known until it can")
            return {}

    def _keep(self, batch: Sequence[Delivery], judged: Sequence[Arrival]) -> list[Said]:
        """One transaction for all. If the database refuses a value, one each, so that only the culprit is refused."""
        try:
            with self._store.transaction() as t:
                return [self._kept(t, judged)]
        except StoreRefused:
            log.warning("a batch of %d was refused by the database; trying one by one", len(batch))
        return [self._keep_alone(delivery, one) for delivery, one in zip(batch, judged, strict=True)]

    def _keep_alone(self, delivery: Delivery, judged: Arrival) -> Said:
        try:
            with self._store.transaction() as t:
                return self._kept(t, [judged])
        except StoreRefused as error:
            log.warning("not storable: %s", type(error.__cause__).__name__)
        refused: Refusal = arrivals.refusal(delivery, "not_storable", topics.parse(delivery.topic))
        with self._store.transaction() as t:
            return self._kept(t, [refused])

    def _kept(self, t: Transaction, judged: Sequence[Arrival]) -> Said:
        return keeping.keep(t, judged, self._open_part, self._wall_ms())

    def _open_part(self, part: OpenPart, sealed: bytes) -> bytes:
        # only encounter records carry parts, and their id is the encounter's
        return open_part(part.ref, sealed, self._keys.seal, kiosk=part.kiosk, encounter=part.record)

    def _sweep(self, stopping: threading.Event) -> None:
        """Ask for what is missing, twice a second at most."""
        now_ms = self._wall_ms()
        if 0 <= now_ms - self._swept_ms < SWEEP_MS:
            return
        self._swept_ms = now_ms
        said = self._until_kept(lambda: self._ask(now_ms), stopping)
        if said is not None:
            self._say(said)

    def _ask(self, now_ms: int) -> Said:
        with self._store.transaction() as t:
            return completion.ask(t, now_ms)

    def _until_kept(self, work: Callable[[], Result], stopping: threading.Event) -> Result | None:
        """Do it, again and again while the database is away. None only when told to stop meanwhile."""
        wait_s = FIRST_RETRY_S
        while True:
            try:
                return work()
            except StoreUnavailable as error:
                log.warning("the database is away, next try in %.1f s: %s", wait_s, type(error.__cause__).__name__)
            if stopping.wait(wait_s):
                return None
            wait_s = min(wait_s * 2, LAST_RETRY_S)

    def _say(self, said: Said) -> None:
        """One signed message per kiosk. Unheard is no harm: the kiosk sends again and is told again."""
        for kiosk, receipts in said.receipts.items():
            batch = ReceiptBatch(kiosk, self._wall_ms(), said.highest_seq[kiosk], tuple(receipts))
            self._line.publish(topics.receipts(kiosk), sign_receipts(batch, self._keys.receipts))
