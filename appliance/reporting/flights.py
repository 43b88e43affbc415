"""All rows on their way: windows, time-outs, and which row is poison. Pure: times and jitter are handed in.

Two windows. *Wire*: what the broker has not acknowledged; small, so that an alarm never waits long behind
pictures. *Un-receipted*: what the centre has not answered; bounds what a silent centre can make us send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from appliance.reporting.flight import Event, Flight, State, backoff_s
from border.messages.values import Priority

AWAITED = (State.SENT, State.WAIT)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds. Bytes are of payloads; seconds are monotonic."""

    max_unreceipted: int = 64  # headers; and slices apart
    max_unreceipted_bytes: int = 2 * 1024 * 1024  # slices
    max_open_records: int = 1024  # of the backlog: header at the centre, slices still here
    max_message_bytes: int = 250_000  # brokers are set to 262 144 with topic and header
    resend_s: float = 3.0
    resend_rtts: float = 4.0
    max_resend_s: float = 60.0
    silence_s: float = 10.0  # the centre was away if it said nothing for so long
    max_unanswered: int = 8
    max_refusals: int = 5
    suspect_after_cuts: int = 2
    max_cuts: int = 6


class Flights:
    """The volatile half of the outbox; owned by the journal's thread."""

    def __init__(self, limits: Limits, jitter: Callable[[], float]) -> None:
        self.limits = limits
        self._jitter = jitter
        self._all: dict[int, Flight] = {}
        self._headers: dict[str, Flight] = {}
        self._slices: dict[str, dict[int, Flight]] = {}
        self._wire: dict[int, Flight] = {}
        self._ready: dict[int, Flight] = {}
        self._refused: dict[int, Flight] = {}
        self._suspects: dict[int, Flight] = {}
        self._awaited = {False: [0, 0], True: [0, 0]}  # is a slice -> messages, bytes
        self._rtt_s = 0.0
        self._heard_at_s = float("-inf")
        self._link_has_worked = False

    # -- what there is

    def __contains__(self, key: int) -> bool:
        return key in self._all

    def __len__(self) -> int:
        return len(self._all)

    def get(self, key: int) -> Flight | None:
        return self._all.get(key)

    def header(self, record: str) -> Flight | None:
        return self._headers.get(record)

    def of_record(self, record: str) -> list[Flight]:
        slices = self._slices.get(record, {}).values()
        header = self._headers.get(record)
        return [header, *slices] if header is not None else list(slices)

    def add(self, flight: Flight) -> Flight:
        """A row of the disk that now needs watching; NEW, and ready."""
        self._all[flight.key] = flight
        self._ready[flight.key] = flight
        if is_slice(flight):
            self._slices.setdefault(flight.record, {})[flight.key] = flight
        else:
            self._headers[flight.record] = flight
        return flight

    def finish(self, record: str, event: Event) -> None:
        """The record has left the outbox (STORED), or lies in quarantine (REJECTED, POISONED).

        What the broker has not acknowledged still fills the wire.
        """
        for flight in self.of_record(record):
            self._move(flight, event)
            for index in (self._all, self._ready, self._refused, self._suspects):
                index.pop(flight.key, None)
        self._headers.pop(record, None)
        self._slices.pop(record, None)

    # -- windows

    @property
    def wire_messages(self) -> int:
        return len(self._wire)

    @property
    def wire_bytes(self) -> int:
        return sum(flight.size for flight in self._wire.values())

    @property
    def open_records(self) -> int:
        return len(self._headers)

    def may_await(self, *, slices: bool, size: int) -> bool:
        """Whether one more row may go un-receipted."""
        messages, waiting = self._awaited[slices]
        if messages >= self.limits.max_unreceipted:
            return False
        return not slices or messages == 0 or waiting + size <= self.limits.max_unreceipted_bytes

    def suspect(self) -> Flight | None:
        """A row that may be what breaks the link: it goes alone, so that no innocent row is blamed."""
        return min(self._suspects.values(), key=lambda f: (f.seq, f.key), default=None)

    def ready(self, priority: int) -> list[Flight]:
        """Seen before, and to be sent (again) now; oldest first."""
        chosen = [flight for flight in self._ready.values() if flight.priority == priority]
        return sorted(chosen, key=lambda f: (f.seq, f.key))

    # -- what happens

    def publish(self, flight: Flight, now_s: float) -> None:
        """It is given to the broker now."""
        self._move(flight, Event.PUBLISHED)
        flight.attempts += 1
        flight.sent_at_s = now_s
        flight.on_wire = True
        self._wire[flight.key] = flight
        self._ready.pop(flight.key, None)
        self._refused.pop(flight.key, None)

    def acknowledge(self, keys: Iterable[int], now_s: float) -> None:
        """PUBACK. It frees the wire and starts the wait for the receipt; it is no receipt."""
        for key in keys:
            flight = self._wire.pop(key, None)
            if flight is not None:
                flight.on_wire = False
                flight.cuts = 0
                self._suspects.pop(key, None)
                flight.due_at_s = now_s + self._patience_s(flight.attempts)

    def link_works(self) -> None:
        """Something was acknowledged on this connection."""
        self._link_has_worked = True

    def refuse(self, key: int, now_s: float) -> Flight | None:
        """PUBACK with a reason >= 0x80. Returns the row when it is poison."""
        flight = self._wire.pop(key, None)
        if flight is None or key not in self._all:
            return None
        flight.on_wire = False
        flight.refusals += 1
        self._move(flight, Event.REFUSED)
        flight.due_at_s = now_s + self._patience_s(flight.refusals)
        self._refused[key] = flight
        return flight if flight.refusals >= self.limits.max_refusals else None

    def lose_link(self, now_s: float) -> list[Flight]:
        """All un-receipted go again, but for slices the broker took: the centre will say whether it has those.

        Returns rows that are poison: alone on a link that worked, it broke with them time after time.
        """
        poison = [flight for key, flight in self._wire.items() if key in self._all and self._blame(flight)]
        for flight in self._all.values():
            if is_slice(flight) and flight.state is State.SENT and not flight.on_wire:
                continue
            flight.on_wire = False
            flight.attempts = 0
            self._move(flight, Event.LINK_LOST)
            flight.due_at_s = now_s
        self._wire.clear()
        self._refused.clear()
        self._link_has_worked = False
        return poison

    def _blame(self, flight: Flight) -> bool:
        if self._link_has_worked:
            flight.cuts += 1
        if flight.cuts >= self.limits.suspect_after_cuts:
            self._suspects[flight.key] = flight
        return flight.cuts >= self.limits.max_cuts

    def hear_centre(self, now_s: float) -> None:
        """A receipt batch came and was true: the centre is alive; if it was silent, all may be asked again soon."""
        if now_s - self._heard_at_s > self.limits.silence_s:
            patient = (flight for flight in self._headers.values() if flight.due_at_s > now_s + self.limits.resend_s)
            for flight in patient:
                flight.attempts = 0
                flight.due_at_s = now_s + self.limits.resend_s * self._jitter()
        self._heard_at_s = now_s

    def measure(self, record: str, now_s: float) -> None:
        """The whole record is answered: from its last row to the answer is a round trip, if nothing went twice."""
        flights = self.of_record(record)
        if flights and all(flight.attempts == 1 for flight in flights):
            sample = now_s - max(flight.sent_at_s for flight in flights)
            self._rtt_s = sample if not self._rtt_s else 0.8 * self._rtt_s + 0.2 * sample

    def hold(self, flight: Flight, now_s: float) -> None:
        """The centre has this row."""
        self._move(flight, Event.HELD)
        flight.attempts, flight.unanswered = 0, 0
        flight.due_at_s = now_s + self._patience_s(1)

    def need(self, flight: Flight, now_s: float) -> None:
        """The centre misses this row. What is on the wire or was sent just now is given time to arrive."""
        young = now_s - flight.sent_at_s < self._patience_s(1)
        if flight.on_wire or (flight.state is State.SENT and young):
            return
        self._move(flight, Event.NEEDED)

    def expire(self, now_s: float, sent_whole: Callable[[str], bool]) -> list[Flight]:
        """Headers whose answer is overdue become ready again; returns those that were never answered: poison.

        `sent_whole(record)`: every row of it has been given to the broker, so only the centre's word is missing.
        """
        poison = []
        for flight in self._headers.values():
            overdue = flight.state is not State.NEW and not flight.on_wire and now_s >= flight.due_at_s
            if not overdue or flight.key in self._ready:
                continue
            whole = sent_whole(flight.record)
            if flight.state is State.RECEIPTED and not whole and not self._has_more_to_learn(flight.record):
                flight.due_at_s = now_s + self._patience_s(1)
                continue
            if whole and self._heard_at_s > flight.sent_at_s:
                flight.unanswered += 1
            if flight.state is State.SENT:
                self._move(flight, Event.TIMED_OUT)
            self._ready[flight.key] = flight
            if flight.unanswered >= self.limits.max_unanswered:
                poison.append(flight)
        for key in [key for key, flight in self._refused.items() if now_s >= flight.due_at_s]:
            self._ready[key] = self._refused.pop(key)
        return poison

    def _has_more_to_learn(self, record: str) -> bool:
        """Some slice is with the broker, and only the centre knows whether it came through."""
        return any(f.state is State.SENT and not f.on_wire for f in self._slices.get(record, {}).values())

    def _patience_s(self, attempt: int) -> float:
        base = max(self.limits.resend_s, self.limits.resend_rtts * self._rtt_s)
        return backoff_s(base, attempt, highest_s=self.limits.max_resend_s, jitter=self._jitter())

    def _move(self, flight: Flight, event: Event) -> None:
        """The one place where a state changes, so that the counts stay true."""
        self._count(flight, -1)
        flight.hear(event)
        self._count(flight, +1)
        if flight.state is State.NEW:
            self._ready[flight.key] = flight
        elif flight.state is State.RECEIPTED:
            self._ready.pop(flight.key, None)
            self._suspects.pop(flight.key, None)

    def _count(self, flight: Flight, sign: int) -> None:
        if flight.state in AWAITED:
            counts = self._awaited[is_slice(flight)]
            counts[0] += sign
            counts[1] += sign * flight.size


def is_slice(flight: Flight) -> bool:
    return flight.priority >= Priority.PART
