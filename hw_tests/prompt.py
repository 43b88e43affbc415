"""How a hardware test speaks with a person: one question, one picture, yes, no or not sure, and who said it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from drivers.deadline import Deadline
from hw_tests.record import Answer


class Kind(StrEnum):
    """What the screen shows for it."""

    ANSWER = "answer"  # picture, words, two buttons and 'not sure'
    TOUCH_GRID = "touch_grid"  # a field of cells to be touched one after the other; yes once all are
    COLOUR = "colour"  # the whole screen in one colour after the other, then the buttons
    TONES = "tones"  # three tones from the loudspeaker, again on a touch, and the buttons


@dataclass(frozen=True, slots=True)
class Question:
    """`name` is the key of its words in every language and of its picture. `values` fill the places in the words."""

    name: str
    kind: Kind = Kind.ANSWER
    values: tuple[tuple[str, str], ...] = ()


class Prompt(Protocol):
    """The page, the terminal, or a test's hands. Called from the thread that runs the suite."""

    @property
    def has_screen(self) -> bool:
        """Whether it is asked on the device's own screen; else touch, screen and sound are skipped."""
        ...

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        """Wait for the answer. Raises `DeviceError` of the device `person`: `Cancelled`, or `DeviceTimeout`."""
        ...

    def tell(self, request: Question | None) -> None:
        """Show what to do now, while a device waits for it; None: it was done. Returns at once."""
        ...
