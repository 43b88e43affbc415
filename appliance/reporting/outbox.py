"""The outbox: rows leave the disk only on the centre's own signed receipt, never because a broker took them.

Records, alarms and the steps of updates alike. Everything here runs on the journal's one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from appliance.post.schema import Database, Row
from appliance.post.storage import transaction
from appliance.reporting.flight import Event, Flight, State
from appliance.reporting.flights import Flights, Limits
from appliance.reporting.rows import Counts, Cursor, Rows
from border.messages.envelope import Outbound, Packed
from border.messages.values import Priority, Receipt, ReceiptBatch, ReceiptStatus

LINK_CUT, UNANSWERED, REFUSED, TOO_LARGE = "link_cut", "unanswered", "broker_refused", "too_large"
PASSING: tuple[str, ...] = (LINK_CUT, UNANSWERED, REFUSED, "internal_error", "unknown_kiosk", "revoked_kiosk")
"""Reasons that another day may cure: such rows are tried once more after a restart."""

MAX_NAMED = 200
"""A receipt names at most this many missing slices; a list as long as that may not be all of it."""

LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message to publish now; `key` names it in `acknowledged` and `refused`."""

    key: int
    message: Outbound


@dataclass(slots=True)
class Settled:
    """What one receipt batch did. `alarms` are codes."""

    removed: list[str] = field(default_factory=list)
    needed: int = 0
    rejected: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)


class Outbox:
    """`jitter()` gives 0..1. Time: `now_s` is monotonic, `wall_ms` is for ages and records only."""

    def __init__(self, database: Database, *, jitter: Callable[[], float], limits: Limits | None = None) -> None:
        self._db = database
        self._rows = Rows(database)
        self.limits = limits or Limits()
        self.flights = Flights(self.limits, jitter)
        self._next_look_s = float("-inf")
        self._cursors = self._rows.cursors(self._rows.last_seq())
        with transaction(database):
            self._rows.release(PASSING)

    # -- in

    def add(self, packed: Packed, at_wall_ms: int) -> None:
        """Header and slices of one record, inside the caller's transaction."""
        self._rows.insert(packed, at_wall_ms)

    def add_alarm(self, id: str, message: Outbound, digest: bytes, at_wall_ms: int) -> None:
        """Small and rare: goes before everything else, and stays until the centre has it. Inside the caller's
        transaction."""
        self._rows.insert_alarm(id, message, digest, at_wall_ms)

    def holds(self, record: str) -> bool:
        """Whether it waits here, queued or in quarantine."""
        return self._rows.digest(record) is not None

    # -- out

    def due(self, now_s: float, window_messages: int, window_bytes: int) -> list[Dispatch]:
        """What to publish now, most urgent first, and from now on counted as sent.

        The windows bound what the broker has not acknowledged, these messages included; one message always fits
        an empty wire. A header goes before its slices. Rows that prove to be poison go to quarantine here.
        """
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_EVERY_S
            for flight in self.flights.expire(now_s, self._sent_whole):
                self._quarantine(flight.record, UNANSWERED)
        chosen: list[Flight] = []
        suspect = self.flights.suspect()
        for flight in [suspect] if suspect is not None else self._candidates():
            wire = self.flights.wire_bytes + flight.size
            alone = self.flights.wire_messages == 0
            if not alone and (suspect or wire > window_bytes or self.flights.wire_messages >= window_messages):
                break
            self.flights.publish(flight, now_s)
            chosen.append(flight)
        return [Dispatch(flight.key, self._rows.message(flight.key, flight.priority)) for flight in chosen]

    def _candidates(self) -> Iterable[Flight]:
        """Rows that may go, in order of urgency; lazily, because each choice changes the windows."""
        new_headers, old_headers, new_slices, old_slices = self._cursors
        yield from self.flights.ready(Priority.ALARM)
        yield from (self.flights.add(flight) for row in self._rows.alarms() if (flight := self._flight(row)))
        yield from self.flights.ready(Priority.HEADER)
        yield from self._unseen(new_headers)
        if self.flights.open_records < self.limits.max_open_records:
            yield from self._unseen(old_headers)
        yield from (flight for flight in self.flights.ready(Priority.PART) if self._may_go(flight))
        yield from self._unseen(new_slices)
        yield from self._unseen(old_slices)

    def _unseen(self, cursor: Cursor) -> Iterable[Flight]:
        """Rows of a range that were never looked at, one by one, as long as they may go."""
        while rows := self._rows.unseen(cursor, 16):
            for row in rows:
                flight = self._flight(row)
                if flight is not None and not self._may_go(flight):
                    return
                cursor.move(row)
                if flight is not None:
                    yield self.flights.add(flight)

    def _flight(self, row: Row) -> Flight | None:
        """None for a row that is watched already, or too big to be sent at all."""
        key, record, seq, priority, size, _ = row
        if key in self.flights:
            return None
        if size > self.limits.max_message_bytes:
            self._quarantine(record, TOO_LARGE)
            return None
        return Flight(key, record, seq, priority, size)

    def _may_go(self, flight: Flight) -> bool:
        slices = flight.priority != Priority.HEADER
        if slices and not self._header_went(flight.record):
            return False
        return self.flights.may_await(slices=slices, size=flight.size)

    def _header_went(self, record: str) -> bool:
        header = self.flights.header(record)
        return header is not None and header.state is not State.NEW

    # -- what the broker says

    def acknowledged(self, keys: Sequence[int], now_s: float) -> None:
        """PUBACK: the broker has it. Nothing leaves."""
        self.flights.acknowledge(keys, now_s)

    def refused(self, keys: Iterable[int], now_s: float) -> None:
        """PUBACK with a reason >= 0x80: waits longer each time, then is poison."""
        for key in keys:
            flight = self.flights.refuse(key, now_s)
            if flight is not None:
                self._quarantine(flight.record, REFUSED)

    def link_lost(self, now_s: float) -> None:
        """Every un-receipted row will go again; what is recorded until now becomes backlog."""
        for flight in self.flights.lose_link(now_s):
            self._quarantine(flight.record, LINK_CUT)
        self._cursors = self._rows.cursors(self._rows.last_seq())

    # -- what the centre says

    def settle(self, batch: ReceiptBatch, now_s: float, wall_ms: int) -> Settled:
        """Act on a verified batch, all of it in one transaction. Raises `StorageFull`, and nothing has happened."""
        result = Settled()
        self.flights.hear_centre(now_s)
        if batch.highest_seq > self._rows.last_seq():
            result.alarms.append("sequence_behind_centre")  # this disk is older than what the centre has from us
        after: list[Callable[[], None]] = []  # the volatile half moves only when the disk has
        with transaction(self._db):
            for receipt in batch.receipts:
                after.append(self._settle(receipt, result, now_s, wall_ms))
        for step in after:
            step()
        return result

    def _settle(self, receipt: Receipt, result: Settled, now_s: float, wall_ms: int) -> Callable[[], None]:
        digest = self._rows.digest(receipt.id)
        if digest is None:
            return _nothing  # settled before: receipts, too, may come twice
        if digest != receipt.digest:
            result.alarms.append("receipt_digest_differs")
            return _nothing
        if receipt.status in (ReceiptStatus.STORED, ReceiptStatus.DUPLICATE):
            self._rows.accept(receipt.id, wall_ms)
            result.removed.append(receipt.id)
            return lambda: self._accepted(receipt.id, now_s)
        if receipt.status is ReceiptStatus.REJECT:
            self._rows.set_aside(receipt.id, receipt.reason)
            result.rejected.append(receipt.id)
            return lambda: self.flights.finish(receipt.id, Event.REJECTED)
        result.needed += len(receipt.missing)
        return lambda: self._need(receipt, now_s)

    def _accepted(self, record: str, now_s: float) -> None:
        self.flights.measure(record, now_s)
        self.flights.finish(record, Event.STORED)

    def _need(self, receipt: Receipt, now_s: float) -> None:
        """The header is there; of its slices, those named are missing and the others are there."""
        missing = set(receipt.missing)
        for row, name in self._rows.of_record(receipt.id):
            is_header = row[5] == 0
            flight = self.flights.get(row[0])
            if name in missing:
                if flight is not None:
                    self.flights.need(flight, now_s)
            elif is_header or len(missing) < MAX_NAMED:
                if flight is None and (flight := self._flight(row)) is not None:
                    self.flights.add(flight)
                if flight is not None:
                    self.flights.hold(flight, now_s)

    # -- quarantine and counts

    def _quarantine(self, record: str, reason: str) -> None:
        with transaction(self._db):
            self._rows.set_aside(record, reason)
        self.flights.finish(record, Event.POISONED)

    def quarantined(self) -> list[tuple[str, str]]:
        """Record ids with their reasons."""
        return self._rows.quarantined()

    def counts(self, wall_ms: int) -> Counts:
        return self._rows.counts(wall_ms)

    def _sent_whole(self, record: str) -> bool:
        """Every row of it is with the broker: only the centre's word is missing."""
        flights = self.flights.of_record(record)
        if any(flight.state is State.NEW or flight.on_wire for flight in flights):
            return False
        return self._rows.count(record) == len(flights)


def _nothing() -> None:
    return None
