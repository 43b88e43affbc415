"""What a page or a terminal shows of a run: frozen values that hold no secret and no object that works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioning.step import Facts, Question


class StepState(StrEnum):
    WAITING = "waiting"  # an earlier step is not done
    NEXT = "next"
    RUNNING = "running"
    ASKING = "asking"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Failure:
    """As `Refused` said it."""

    code: str
    what: str
    why: str
    then: str
    again: bool


@dataclass(frozen=True, slots=True)
class StepView:
    name: str
    title: str
    state: StepState
    evidence: Facts = ()
    question: Question | None = None
    failure: Failure | None = None
    progress: tuple[str, ...] = ()  # newest last


@dataclass(frozen=True, slots=True)
class ClockView:
    """`state`: trusted, floor or untrusted, as on every record. Times are ISO 8601, UTC."""

    state: str
    now: str
    floor: str
    floor_from: str  # build, voucher, answer, list or saved


@dataclass(frozen=True, slots=True)
class View:
    """`operation`: commission, replace-board, replace-storage, move-site or retire. `revision` grows with changes."""

    operation: str
    kiosk: str  # empty until a voucher named it
    place: str
    identity_level: str  # tpm, pkcs11 or software
    clock: ClockView
    steps: tuple[StepView, ...]
    revision: int

    @property
    def is_finished(self) -> bool:
        return all(step.state is StepState.DONE for step in self.steps)

    @property
    def current(self) -> StepView | None:
        """The one step that is not done and that everything waits for."""
        return next((step for step in self.steps if step.state is not StepState.DONE), None)
