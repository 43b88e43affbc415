"""The life of one update as a table: which state follows on which event, and nothing else.

Every state is in the journal before its work begins, and every piece of work may be done twice, so the client may be
killed anywhere and goes on from the last line.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What is true of the release in hand."""

    CHOSEN = "chosen"  # both repositories agree on it; its bytes are on their way
    FETCHED = "fetched"  # they are here, and are those that were signed
    INSTALLED = "installed"  # beside the old, not running; waits for a window
    TRYING = "trying"  # the switch to it has been asked for
    PROVING = "proving"  # it runs, and has to show that it is well
    TAKING_BACK = "taking_back"  # the reason is known; the old one is being put back
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"  # nothing was switched

    @property
    def is_end(self) -> bool:
        return self in ENDS


class Event(StrEnum):
    """What happened."""

    GOT = "got"
    PUT = "put"
    SWITCHED = "switched"
    NEW_RUNS = "new_runs"
    OLD_RUNS = "old_runs"  # it was switched to, and the old one came up
    PROVED = "proved"
    BACK = "back"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # the director wants something else now


WITHDRAWN = "the director wants another one now"
"""The reason of whoever refused it for no fault of its own."""
ENDS = frozenset({State.KEPT, State.ROLLED_BACK, State.REFUSED})

TABLE: dict[tuple[State, Event], State] = {
    (State.CHOSEN, Event.GOT): State.FETCHED,
    (State.CHOSEN, Event.FAILED): State.REFUSED,
    (State.CHOSEN, Event.WITHDRAWN): State.REFUSED,
    (State.FETCHED, Event.PUT): State.INSTALLED,
    (State.FETCHED, Event.FAILED): State.REFUSED,
    (State.FETCHED, Event.WITHDRAWN): State.REFUSED,
    (State.INSTALLED, Event.SWITCHED): State.TRYING,
    (State.INSTALLED, Event.FAILED): State.REFUSED,
    (State.INSTALLED, Event.WITHDRAWN): State.REFUSED,
    # from here on the old one may be gone from memory: only the gate, or the old one itself, decides
    (State.TRYING, Event.NEW_RUNS): State.PROVING,
    (State.TRYING, Event.OLD_RUNS): State.TAKING_BACK,
    (State.TRYING, Event.FAILED): State.TAKING_BACK,
    (State.PROVING, Event.PROVED): State.KEPT,
    (State.PROVING, Event.FAILED): State.TAKING_BACK,
    (State.PROVING, Event.OLD_RUNS): State.TAKING_BACK,
    (State.TAKING_BACK, Event.BACK): State.ROLLED_BACK,
}


def following(state: State, event: Event) -> State:
    """Raises `KeyError`: that cannot happen in this state, so it is a bug."""
    return TABLE[state, event]
