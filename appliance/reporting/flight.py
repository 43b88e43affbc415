"""One outbox row on its way to the centre, as a table: what may happen to it, and the only ways out.

    NEW -> SENT -> RECEIPTED -> PURGED          side states: WAIT (backing off), QUARANTINED (kept, not sent)

What a power cut may forget is only that something was already sent; sending again is always safe (the id is the
record's, slices are named by their hash). So the disk knows "queued" and "quarantined"; the rest lives here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    NEW = "new"  # to be sent, or to be sent again
    SENT = "sent"  # given to the broker; a PUBACK changes nothing here
    WAIT = "wait"  # no answer or refused: again later
    RECEIPTED = "receipted"  # the centre has this row, but not yet the whole record
    QUARANTINED = "quarantined"  # stays on the disk, is counted, blocks nobody
    PURGED = "purged"  # gone from the disk


class Event(StrEnum):
    PUBLISHED = "published"
    TIMED_OUT = "timed_out"  # no receipt in time
    LINK_LOST = "link_lost"
    REFUSED = "refused"  # by the broker: PUBACK reason >= 0x80
    NEEDED = "needed"  # the centre names it as missing
    HELD = "held"  # the centre has the header and does not name this row as missing
    STORED = "stored"  # receipt `stored` or `duplicate` with our own digest
    REJECTED = "rejected"  # receipt `reject` with our own digest
    POISONED = "poisoned"  # too big, refused too often, or never answered while others are
    RELEASED = "released"  # out of quarantine: try once more


class IllegalEvent(RuntimeError):
    """A bug of ours: this cannot happen to a row in this state. Nothing has changed."""


S, E = State, Event

_JUDGED = {E.STORED: S.PURGED, E.REJECTED: S.QUARANTINED, E.POISONED: S.QUARANTINED}

TABLE: dict[State, dict[Event, State]] = {
    S.NEW: {E.PUBLISHED: S.SENT, E.LINK_LOST: S.NEW, E.NEEDED: S.NEW, E.HELD: S.RECEIPTED, **_JUDGED},
    S.SENT: {
        E.TIMED_OUT: S.WAIT,
        E.REFUSED: S.WAIT,
        E.LINK_LOST: S.NEW,
        E.NEEDED: S.NEW,
        E.HELD: S.RECEIPTED,
        **_JUDGED,
    },
    S.WAIT: {
        E.PUBLISHED: S.SENT,
        E.REFUSED: S.WAIT,  # the same bytes, refused once more before their wait was over
        E.LINK_LOST: S.NEW,
        E.NEEDED: S.NEW,
        E.HELD: S.RECEIPTED,
        **_JUDGED,
    },
    S.RECEIPTED: {
        E.PUBLISHED: S.RECEIPTED,  # a header goes again to ask what is still missing
        E.TIMED_OUT: S.RECEIPTED,
        E.REFUSED: S.RECEIPTED,
        E.LINK_LOST: S.RECEIPTED,
        E.NEEDED: S.NEW,
        E.HELD: S.RECEIPTED,
        **_JUDGED,
    },
    S.QUARANTINED: {E.STORED: S.PURGED, E.RELEASED: S.NEW},
    S.PURGED: {},
}


def after(state: State, event: Event) -> State:
    """The next state. Raises `IllegalEvent` when the table has no such row."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise IllegalEvent(f"{event} in {state}") from None


@dataclass(slots=True)
class Flight:
    """One row that has been looked at. Times are monotonic seconds; owned by the journal's thread."""

    key: int
    record: str
    seq: int
    priority: int
    size: int
    state: State = State.NEW
    sent_at_s: float = 0.0
    due_at_s: float = 0.0
    attempts: int = 0  # sends since the centre last said something about this row
    unanswered: int = 0  # of these, how many passed in silence while the centre answered others
    refusals: int = 0
    cuts: int = 0  # times the link broke while only this row was on the wire unacknowledged
    on_wire: bool = False  # published, and the broker has not acknowledged it

    def hear(self, event: Event) -> None:
        self.state = after(self.state, event)


def backoff_s(base_s: float, attempt: int, *, highest_s: float, jitter: float) -> float:
    """How long after send number `attempt` (1, 2, ...) to send again: doubling, up to half as much again by jitter.

    `jitter` is 0..1 and handed in. The result never exceeds 1.5 x `highest_s`.
    """
    doubled: float = base_s * 2.0 ** min(attempt - 1, 16)
    return min(highest_s, doubled) * (1.0 + 0.5 * jitter)
