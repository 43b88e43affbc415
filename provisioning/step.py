"""What a step of provisioning is, what it may ask, and how it says that it could not.

A step is three functions over the same bench: `is_done` looks at the world and never at what was said before, `do`
changes it, `evidence` tells what anybody may check afterwards. The runner asks `is_done` before and after `do`, so a
step that was cut in the middle is simply done again, and one that is done is never done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

Facts = tuple[tuple[str, str], ...]
"""Name and value, in the order in which a person reads them. No name, no picture, no PIN of anybody."""

Answers = Mapping[str, str]
"""What a person has answered in this step so far, by the question's key."""


class Kind(StrEnum):
    """How a question is answered."""

    CHOICE = "choice"  # one of at most four large buttons
    TEXT = "text"
    SECRET = "secret"  # noqa: S105 - typed, not shown, and never written down
    PASSKEY = "passkey"  # signed by a key in this very browser, or one of the choices
    PAGE = "page"  # on another page, whose address is the choice's value; the step sees what was done there


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Question:
    """One at a time. `detail`: a sentence of help; `picture`: an address on the page; `measured`: beside its limits.

    `passkey`: what the browser is to have signed, JSON of WebAuthn.
    """

    key: str
    words: str
    kind: Kind = Kind.CHOICE
    choices: tuple[Choice, ...] = ()
    detail: str = ""
    picture: str = ""
    measured: Facts = ()
    passkey: str = ""

    def __post_init__(self) -> None:
        if (self.kind in (Kind.TEXT, Kind.SECRET)) == bool(self.choices):
            raise ValueError(f"{self.key}: choices belong to a choice, and what is typed has none")


class Refused(Exception):
    """A step could not be done. `code` is stable; the three sentences are for the technician.

    `again`: the same step may do better without anybody changing anything here (no link yet, an answer not there yet).
    """

    def __init__(self, code: str, what: str, *, why: str, then: str, again: bool = False) -> None:
        super().__init__(f"{code}: {what} {why} {then}")
        self.code, self.what, self.why, self.then, self.again = code, what, why, then, again


class Unanswered(Exception):
    """Nobody is there who could answer this now; it is asked again when the step is run again."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.words)
        self.question = question


class Talk(Protocol):
    """How a step that takes long says where it is, and asks in the middle of its work."""

    def say(self, words: str) -> None:
        """Returns at once."""
        ...

    def ask(self, question: Question) -> str:
        """Waits. Raises `Unanswered` where nobody can answer, or nobody did in time."""
        ...


B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Step(Generic[B]):
    """`do` returns a question when it cannot go on without an answer, and is then called again with it.

    All three raise `Refused` and nothing else that a person could cure.
    """

    name: str
    title: str
    is_done: Callable[[B], bool]
    do: Callable[[B, Answers], Question | None]
    evidence: Callable[[B], Facts]
    attachment: Callable[[B], bytes] | None = None  # JSON that goes into the sheet beside the facts; empty: none
