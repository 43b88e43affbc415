"""What the traveller's screen shows now, and what a finger on it can say: values, which the page renders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from appliance.journey.machine import State
from border.encounter import Outcome


class Touch(StrEnum):
    """Every button a traveller can press. Values are also the form values and locale keys (`touch.<value>`)."""

    LANGUAGE = "language"  # with a language code; possible at every step
    ARRIVING = "arriving"
    LEAVING = "leaving"
    HELP = "help"  # calls an officer; the journey goes on
    OFFICER = "officer"  # "I would rather see an officer": hands over without blame
    CANNOT = "cannot"  # cannot do this (turn, then nod; finger): another way where there is one, else without blame
    MORE_TIME = "more_time"
    STOP = "stop"
    PRINT = "print"  # the slip, where it is offered
    NEXT_PERSON = "next_person"
    FINISH = "finish"


class Asked(StrEnum):
    """What the active challenge asks for. Left is the traveller's own left."""

    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LIFT_CHIN = "lift_chin"
    LOWER_CHIN = "lower_chin"


class SlipState(StrEnum):
    """How it stands with the slip on paper; its words are `slip.<value>`."""

    OFFERED = "offered"
    PRINTING = "printing"
    PRINTED = "printed"
    MISSING = "missing"  # the printer failed: the number on the screen is what there is


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the traveller takes away: outcome, a short number to say aloud, and how long he may stay.

    The reasons of a referral are not here: the screen is the same for every referral.
    """

    outcome: Outcome
    number: str  # e.g. "7K4-203"
    day: str  # YYYY-MM-DD
    stay_until: str | None  # YYYY-MM-DD
    direction: str


@dataclass(frozen=True, slots=True)
class View:
    """One screen. `hint` and `asked` are locale keys; `revision` grows with every change."""

    revision: int
    state: State
    language: str
    hint: str | None = None  # one at a time, e.g. "hint.move_closer"
    asked: Asked | None = None
    progress: float | None = None  # 0..1 of the running capture
    seconds_left: int | None = None  # set only while the time-out warning stands
    person: int = 1  # which member of a family or crew
    attempts_left: int | None = None
    help_called: bool = False
    help_seen: bool = False
    receipt: Receipt | None = None
    slip: SlipState | None = None
    headset: bool = False  # somebody listens: everything is spoken, also what a key moves to

    @property
    def camera(self) -> bool:
        """Whether the live mirror picture is shown."""
        return self.state in (State.FACE, State.TURN)


class Journey(Protocol):
    """The side of the runner that pages see."""

    @property
    def view(self) -> View: ...

    def changes(self) -> AsyncIterator[View]:
        """The present view, then each new one; a slow reader sees only the newest."""
        ...

    def touch(self, touch: Touch, language: str | None = None) -> bool:
        """A finger on the screen; False when it means nothing in this state (a late double touch)."""
        ...

    def painted(self, revision: int) -> None:
        """The page has really painted this revision (page-health watchdog)."""
        ...


class Preview(Protocol):
    """The mirror picture, as JPEG."""

    def jpegs(self) -> AsyncIterator[bytes]:
        """Newest first, old ones dropped; ends when the camera step ends."""
        ...
