"""The outbox: rows leave the disk only on the centre's own signed receipt, never because a broker took them.

Records and alarms alike. Everything here runs on the journal's one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from appliance.post.schema import Database, Row
from appliance.post.storage import transaction
from appliance.reporting.flight import Event, Flight, State
from appliance.reporting.flights import Flights, Limits
from border.messages.envelope import Outbound, Packed
from border.messages.values import Priority, Receipt, ReceiptBatch, ReceiptStatus

QUEUED, QUARANTINED = "queued", "quarantined"
LINK_CUT, UNANSWERED, REFUSED, TOO_LARGE = "link_cut", "unanswered", "broker_refused", "too_large"
PASSING: tuple[str, ...] = (LINK_CUT, UNANSWERED, REFUSED, "internal_error", "unknown_kiosk", "revoked_kiosk")
"""Reasons that another day may cure: such rows are tried once more after a restart."""

MAX_NAMED = 200
"""A receipt names at most this many missing slices; a list as long as that may not be all of it."""

_INSERT = """INSERT INTO outbox
  (record, seq, slot, priority, state, topic, part, slice, digest, at_wall_ms, size, payload)
  VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)"""
_UNSEEN = """SELECT key, record, seq, priority, size, slot FROM outbox
  WHERE state = 'queued' AND priority = ? AND seq BETWEEN ? AND ? AND (seq, slot) > (?, ?)
  ORDER BY seq, slot LIMIT ?"""
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message to publish now; `key` names it in `acknowledged` and `refused`."""

    key: int
    message: Outbound


@dataclass(frozen=True, slots=True)
class Counts:
    """For boards and the state report. Quarantined records are not in `depth`."""

    depth: int  # records (not messages) without the centre's acceptance
    oldest_s: int
    quarantined: int
    last_seq: int


@dataclass(slots=True)
class Settled:
    """What one receipt batch did. `alarms` are codes."""

    removed: list[str] = field(default_factory=list)
    needed: int = 0
    rejected: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Cursor:
    """How far a range of rows has been looked at."""

    priority: int
    low: int
    high: int
    seq: int = -1
    slot: int = -1


class Outbox:
    """`jitter()` gives 0..1. Time: `now_s` is monotonic, `wall_ms` is for ages and records only."""

    def __init__(self, database: Database, *, jitter: Callable[[], float], limits: Limits | None = None) -> None:
        self._db = database
        self.limits = limits or Limits()
        self.flights = Flights(self.limits, jitter)
        self._next_look_s = float("-inf")
        self._backlog_seq = self._last_seq()
        self._cursors = self._fresh_cursors()
        self._release(PASSING)

    # -- in

    def add(self, packed: Packed, at_wall_ms: int) -> None:
        """Header and slices of one record, inside the caller's transaction."""
        record = packed.record
        names = [(part.sha256, index) for part in record.parts for index in range(part.slices)]
        if len(names) != len(packed.parts):
            raise ValueError(f"{len(packed.parts)} slices packed, {len(names)} named")
        rows = zip([("", 0), *names], (packed.header, *packed.parts), strict=True)
        for slot, ((part, index), message) in enumerate(rows):
            digest = packed.digest if slot == 0 else None
            place = (record.id, record.seq, slot, message.priority, message.topic, part, index)
            self._db.execute(_INSERT, (*place, digest, at_wall_ms, len(message.payload), message.payload))

    def add_alarm(self, id: str, message: Outbound, digest: bytes, at_wall_ms: int) -> None:
        """Goes before everything else, and stays until the centre has it."""
        place = (id, self._last_seq(), 0, Priority.ALARM, message.topic, "", 0)
        self._db.execute(_INSERT, (*place, digest, at_wall_ms, len(message.payload), message.payload))

    # -- out

    def due(self, now_s: float, window_messages: int, window_bytes: int) -> list[Dispatch]:
        """What to publish now, most urgent first, and from now on counted as sent.

        The windows bound what the broker has not acknowledged, these messages included; one message always fits
        an empty wire. A header goes before its slices. Rows that prove to be poison go to quarantine here.
        """
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + 0.25
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
        return [self._dispatch(flight) for flight in chosen]

    def _candidates(self) -> Iterable[Flight]:
        """Ready rows in order of urgency; lazily, because each choice changes the windows."""
        alarms, new_headers, old_headers, new_slices, old_slices = self._cursors
        yield from self.flights.ready(Priority.ALARM)
        yield from self._unseen(alarms)
        yield from self.flights.ready(Priority.HEADER)
        yield from self._unseen(new_headers)
        if self.flights.open_records < self.limits.max_open_records:
            yield from self._unseen(old_headers)
        yield from (flight for flight in self.flights.ready(Priority.PART) if self._may_go(flight))
        yield from self._unseen(new_slices)
        yield from self._unseen(old_slices)

    def _unseen(self, cursor: _Cursor) -> Iterable[Flight]:
        """Rows of a range that were never looked at, one by one, as long as they may go."""
        while True:
            rows = self._rows(cursor, 16)
            for row in rows:
                flight = self._flight(row)
                if flight is not None and not self._may_go(flight):
                    return
                cursor.seq, cursor.slot = row[2], row[5]
                if flight is not None:
                    yield self.flights.add(flight)
            if not rows:
                return

    def _rows(self, cursor: _Cursor, limit: int) -> list[Row]:
        place = (cursor.priority, cursor.low, cursor.high, cursor.seq, cursor.slot, limit)
        return self._db.execute(_UNSEEN, place).fetchall()

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
        if flight.priority == Priority.ALARM:
            return True
        slices = flight.priority != Priority.HEADER
        if slices and not self._header_went(flight.record):
            return False
        return self.flights.may_await(slices=slices, size=flight.size)

    def _header_went(self, record: str) -> bool:
        header = self.flights.header(record)
        return header is not None and header.state is not State.NEW

    def _dispatch(self, flight: Flight) -> Dispatch:
        topic, payload = self._db.execute("SELECT topic, payload FROM outbox WHERE key = ?", (flight.key,)).fetchone()
        return Dispatch(flight.key, Outbound(topic, payload, flight.priority))

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
        self._backlog_seq = self._last_seq()
        self._cursors = self._fresh_cursors()

    # -- what the centre says

    def settle(self, batch: ReceiptBatch, now_s: float, wall_ms: int) -> Settled:
        """Act on a verified batch, all of it in one transaction."""
        result = Settled()
        self.flights.hear_centre(now_s)
        if batch.highest_seq > self._last_seq():
            result.alarms.append("sequence_behind_centre")  # this disk is older than what the centre has from us
        after: list[Callable[[], None]] = []  # the volatile half moves only when the disk has
        with transaction(self._db):
            for receipt in batch.receipts:
                after.append(self._settle(receipt, result, now_s, wall_ms))
        for step in after:
            step()
        return result

    def _settle(self, receipt: Receipt, result: Settled, now_s: float, wall_ms: int) -> Callable[[], None]:
        query = "SELECT digest FROM outbox WHERE record = ? AND slot = 0"
        row = self._db.execute(query, (receipt.id,)).fetchone()
        if row is None:
            return _nothing  # settled before: receipts, too, may come twice
        if row[0] != receipt.digest:
            result.alarms.append("receipt_digest_differs")
            return _nothing
        if receipt.status in (ReceiptStatus.STORED, ReceiptStatus.DUPLICATE):
            return self._accept(receipt.id, result, now_s, wall_ms)
        if receipt.status is ReceiptStatus.REJECT:
            result.rejected.append(receipt.id)
            self._set_aside(receipt.id, receipt.reason, wall_ms)
            return lambda: self.flights.finish(receipt.id, Event.REJECTED)
        result.needed += len(receipt.missing)
        return lambda: self._need(receipt, now_s)

    def _accept(self, record: str, result: Settled, now_s: float, wall_ms: int) -> Callable[[], None]:
        self._delete(record)
        self._db.execute(
            "UPDATE ledger SET accepted_at_wall_ms = ? WHERE record = ? AND accepted_at_wall_ms IS NULL",
            (wall_ms, record),
        )
        result.removed.append(record)

        def step() -> None:
            self.flights.measure(record, now_s)
            self.flights.finish(record, Event.STORED)

        return step

    def _need(self, receipt: Receipt, now_s: float) -> None:
        """The header is there; of its slices, those named are missing and the others are there."""
        missing = set(receipt.missing)
        query = (
            "SELECT key, record, seq, priority, size, slot, part, slice FROM outbox"
            " WHERE record = ? AND state = 'queued' ORDER BY slot"
        )
        for *row, part, index in self._db.execute(query, (receipt.id,)).fetchall():
            flight = self.flights.get(row[0])
            if (part, index) in missing:
                if flight is not None:
                    self.flights.need(flight, now_s)
                continue
            if part and len(missing) >= MAX_NAMED:
                continue
            if flight is None and (flight := self._flight(tuple(row))) is not None:
                self.flights.add(flight)
            if flight is not None:
                self.flights.hold(flight, now_s)

    # -- quarantine

    def _quarantine(self, record: str, reason: str) -> None:
        at = self._db.execute("SELECT at_wall_ms FROM outbox WHERE record = ? LIMIT 1", (record,)).fetchone()
        with transaction(self._db):
            self._set_aside(record, reason, at[0] if at else 0)
        self.flights.finish(record, Event.POISONED)

    def _set_aside(self, record: str, reason: str, wall_ms: int) -> None:
        self._db.execute("UPDATE outbox SET state = 'quarantined' WHERE record = ?", (record,))
        self._db.execute(
            "INSERT INTO quarantine VALUES (?, ?, ?) ON CONFLICT (record) DO UPDATE SET reason = excluded.reason",
            (record, reason, wall_ms),
        )

    def _release(self, reasons: tuple[str, ...]) -> None:
        """Out of quarantine, to be tried once more; their rows keep their place in the order."""
        marks = ", ".join("?" * len(reasons))
        chosen = f"(SELECT record FROM quarantine WHERE reason IN ({marks}))"  # noqa: S608 - marks only
        with transaction(self._db):
            self._db.execute(f"UPDATE outbox SET state = 'queued' WHERE record IN {chosen}", reasons)  # noqa: S608
            self._db.execute(f"DELETE FROM quarantine WHERE reason IN ({marks})", reasons)  # noqa: S608

    def quarantined(self) -> list[tuple[str, str]]:
        """Record ids with their reasons, oldest first."""
        return [
            tuple(r) for r in self._db.execute("SELECT record, reason FROM quarantine ORDER BY at_wall_ms").fetchall()
        ]

    # -- counts

    def counts(self, wall_ms: int) -> Counts:
        depth, oldest = self._db.execute(
            "SELECT count(*), min(at_wall_ms) FROM outbox WHERE state = 'queued' AND priority = ?", (Priority.HEADER,)
        ).fetchone()
        (aside,) = self._db.execute("SELECT count(*) FROM quarantine").fetchone()
        age_s = max(0, wall_ms - oldest) // 1000 if depth else 0
        return Counts(depth, age_s, aside, self._last_seq())

    # -- small things

    def _sent_whole(self, record: str) -> bool:
        flights = self.flights.of_record(record)
        if any(flight.state is State.NEW or flight.on_wire for flight in flights):
            return False
        (rows,) = self._db.execute("SELECT count(*) FROM outbox WHERE record = ?", (record,)).fetchone()
        return bool(rows == len(flights))

    def _delete(self, record: str) -> None:
        self._db.execute("DELETE FROM outbox WHERE record = ?", (record,))
        self._db.execute("DELETE FROM quarantine WHERE record = ?", (record,))

    def _last_seq(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0])

    def _fresh_cursors(self) -> tuple[_Cursor, ...]:
        """Alarms; headers new and old; slices new and old. Old is what was recorded before this connection."""
        edge = self._backlog_seq
        ranges = ((Priority.HEADER, edge + 1, _LAST), (Priority.HEADER, 0, edge))
        slices = ((Priority.PART, edge + 1, _LAST), (Priority.PART, 0, edge))
        return (_Cursor(Priority.ALARM, 0, _LAST), *(_Cursor(*r) for r in (*ranges, *slices)))


def _nothing() -> None:
    return None
