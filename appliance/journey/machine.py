"""The journey of one traveller as a table: what may follow what, how long each state may last, and the way home."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    IDLE = "idle"  # home: the neutral screen with the languages
    WELCOME = "welcome"  # what is needed, what happens to the data; arriving or leaving
    DOCUMENT = "document"
    CHIP = "chip"  # where the kiosk has a reader for chips
    FACE = "face"
    TURN = "turn"  # the active challenge
    FINGER = "finger"
    DECIDING = "deciding"  # checks, recommendation, commit; the same length for every traveller
    CLEARED = "cleared"
    REFERRED = "referred"
    ABANDONING = "abandoning"  # the traveller left: what was seen is recorded for the officer
    WIPING = "wiping"  # everything personal leaves memory and screen
    OUT_OF_SERVICE = "out_of_service"


class Event(StrEnum):
    LANGUAGE_CHOSEN = "language_chosen"
    DIRECTION_CHOSEN = "direction_chosen"
    DOCUMENT_READ = "document_read"
    CHIP_ASKED = "chip_asked"  # the zone was read, and this kiosk asks the chip too
    CHIP_DONE = "chip_done"  # read or not: the finding says which
    FACE_CAPTURED = "face_captured"
    TURN_PASSED = "turn_passed"
    OTHER_MOVEMENT = "other_movement"  # cannot turn the head: asked only to nod
    FINGER_CAPTURED = "finger_captured"
    FINGER_NOT_ASKED = "finger_not_asked"  # policy: too young, unknown age, no rule
    REFER = "refer"  # retries used up, challenge failed, or the traveller asked for an officer
    DEVICE_FAILED = "device_failed"
    ALL_CLEAR = "all_clear"
    RECORDED = "recorded"
    STORAGE_FULL = "storage_full"
    GAVE_UP = "gave_up"  # touched "stop"
    TIMED_OUT = "timed_out"
    NEXT_PERSON = "next_person"  # same family or crew
    FINISHED = "finished"
    WIPED = "wiped"
    FAULT = "fault"  # ours: a bug, a full disk, a missing part
    RESTORED = "restored"


class IllegalEvent(RuntimeError):
    """A bug of ours: this event cannot happen in this state. Nothing has changed."""


S, E = State, Event

_LEAVING = {E.GAVE_UP: S.ABANDONING, E.TIMED_OUT: S.ABANDONING, E.FAULT: S.OUT_OF_SERVICE}
_HANDING_OVER = {E.REFER: S.DECIDING, E.DEVICE_FAILED: S.DECIDING}
_AFTER = {
    E.NEXT_PERSON: S.DOCUMENT,
    E.FINISHED: S.WIPING,
    E.TIMED_OUT: S.WIPING,
    E.FAULT: S.OUT_OF_SERVICE,
}

TABLE: dict[State, dict[Event, State]] = {
    S.IDLE: {E.LANGUAGE_CHOSEN: S.WELCOME, E.FAULT: S.OUT_OF_SERVICE},
    S.WELCOME: {
        E.DIRECTION_CHOSEN: S.DOCUMENT,
        E.REFER: S.DECIDING,
        E.GAVE_UP: S.WIPING,
        E.TIMED_OUT: S.WIPING,
        E.FAULT: S.OUT_OF_SERVICE,
    },
    S.DOCUMENT: {E.DOCUMENT_READ: S.FACE, E.CHIP_ASKED: S.CHIP, **_HANDING_OVER, **_LEAVING},
    S.CHIP: {E.CHIP_DONE: S.FACE, E.REFER: S.DECIDING, **_LEAVING},
    S.FACE: {E.FACE_CAPTURED: S.TURN, **_HANDING_OVER, **_LEAVING},
    S.TURN: {E.TURN_PASSED: S.FINGER, E.OTHER_MOVEMENT: S.TURN, **_HANDING_OVER, **_LEAVING},
    S.FINGER: {E.FINGER_CAPTURED: S.DECIDING, E.FINGER_NOT_ASKED: S.DECIDING, **_HANDING_OVER, **_LEAVING},
    S.DECIDING: {
        E.ALL_CLEAR: S.CLEARED,
        E.REFER: S.REFERRED,
        E.STORAGE_FULL: S.OUT_OF_SERVICE,
        E.TIMED_OUT: S.OUT_OF_SERVICE,
        E.FAULT: S.OUT_OF_SERVICE,
    },
    S.CLEARED: dict(_AFTER),
    S.REFERRED: dict(_AFTER),
    S.ABANDONING: {
        E.RECORDED: S.WIPING,
        E.STORAGE_FULL: S.OUT_OF_SERVICE,
        E.TIMED_OUT: S.OUT_OF_SERVICE,
        E.FAULT: S.OUT_OF_SERVICE,
    },
    S.WIPING: {E.WIPED: S.IDLE, E.TIMED_OUT: S.OUT_OF_SERVICE, E.FAULT: S.OUT_OF_SERVICE},
    S.OUT_OF_SERVICE: {E.RESTORED: S.IDLE, E.TIMED_OUT: S.OUT_OF_SERVICE, E.FAULT: S.OUT_OF_SERVICE},
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a state may last untouched. People are warned before; one touch starts the time again."""

    seconds: float
    warns: bool  # True: a person is waited for, so warn and let extend (WCAG 2.2.1)


LIMITS: dict[State, Limit] = {
    S.WELCOME: Limit(60.0, warns=True),
    S.DOCUMENT: Limit(60.0, warns=True),
    S.CHIP: Limit(60.0, warns=True),
    S.FACE: Limit(60.0, warns=True),
    S.TURN: Limit(60.0, warns=True),
    S.FINGER: Limit(60.0, warns=True),
    S.DECIDING: Limit(20.0, warns=False),
    S.CLEARED: Limit(45.0, warns=True),
    S.REFERRED: Limit(45.0, warns=True),
    S.ABANDONING: Limit(20.0, warns=False),
    S.WIPING: Limit(10.0, warns=False),
    S.OUT_OF_SERVICE: Limit(10.0, warns=False),  # then it looks again whether it can open
}
"""Every state but home (IDLE) has one."""

WARNING_S = 20.0
"""A warning stands at least this long before a state ends (WCAG 2.2.1)."""

CAPTURING: tuple[State, ...] = (S.DOCUMENT, S.CHIP, S.FACE, S.TURN, S.FINGER)
"""The steps a traveller is led through, in order; that of the chip only where there is a reader for it."""


def after(state: State, event: Event) -> State:
    """The next state. Raises `IllegalEvent` and changes nothing when the table has no such row."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise IllegalEvent(f"{event} in {state}") from None
