"""Runs phases one after the other and yields what happened; page and command line drive the same generator.

A phase is a function that measures what it declared. What a device does wrong is an ERROR of that phase and the others
go on; a fault of the test itself crashes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError
from hw_tests.board import read_board
from hw_tests.codes import Code
from hw_tests.prompt import Kind, Prompt, Question
from hw_tests.record import (
    NO,
    YES,
    Answer,
    Attachment,
    Expected,
    Measurement,
    Outcome,
    PhaseRecord,
    Record,
    Value,
    Verdict,
    judged,
    outcome_of,
    outcome_of_all,
)
from hw_tests.station import Station


class Skip(Exception):
    """This kiosk has nothing that the phase could measure; the text names what is not there."""


class Refused(Exception):
    """The run does not begin. `code` is stable (docs/errors.md)."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Phase:
    """`measure` gets the `Log` of its run. `flag`: only run when the plan allows it by this name, for it may harm."""

    name: str
    expects: tuple[Expected, ...]
    measure: Callable[[Log], None]
    is_quick: bool = False
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who runs what. `required`: phases that must pass and may not be skipped. `allowed`: flags of what may harm."""

    serial: str  # as typed by the person from the board's label
    by: str
    software: str
    suite: str = "full"  # full, quick, or the name of one phase
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Begun:
    phase: str
    number: int  # from 1
    of: int


@dataclass(frozen=True, slots=True)
class Ended:
    phase: PhaseRecord
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Finished:
    record: Record


Progress = Begun | Ended | Finished


@dataclass(slots=True)
class Log:
    """What one phase sees of the world, and where it writes what it found."""

    station: Station
    phase: Phase
    prompt: Prompt
    left: Deadline  # cancelled when the person leaves
    measured: dict[str, Measurement] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def measure(self, name: str, value: Value | bool) -> None:
        """Beside its limits. A bool is yes or no. `KeyError`: the phase did not declare it."""
        told = (YES if value else NO) if isinstance(value, bool) else value
        self.measured[name] = judged(self._expected(name), told)

    def absent(self, name: str, reason: str) -> None:
        """This kiosk has no sensor for it."""
        each = self._expected(name)
        self.measured[name] = Measurement(each.name, each.unit, each.limits, Verdict.SKIP, None, reason)

    def measure_or(self, name: str, value: Value | bool | None, reason: str) -> None:
        """Measured, or absent for this reason."""
        if value is None:
            self.absent(name, reason)
        else:
            self.measure(name, value)

    def attach(self, name: str, media_type: str, data: bytes) -> None:
        self.attachments.append(Attachment(f"{self.phase.name}-{name}", media_type, data))

    def ask(self, name: str, question: str, kind: Kind = Kind.ANSWER, **values: str) -> Answer:
        """Ask, and measure the answer under this name: not sure never passes."""
        answer = self.answered(question, kind, **values)
        self.measure(name, answer.said)
        return answer

    def answered(self, question: str, kind: Kind = Kind.ANSWER, **values: str) -> Answer:
        asked = Question(question, kind, tuple(sorted(values.items())))
        answer = self.prompt.ask(asked, self.person())
        answer = replace(answer, question=question, at=stamp(self.station.now_s()))
        self.answers.append(answer)
        return answer

    def tell(self, request: str, **values: str) -> Deadline:
        """Show what to do, and how long a device may wait for it. Gone from the screen when the phase ends."""
        self.prompt.tell(Question(request, Kind.ANSWER, tuple(sorted(values.items()))))
        return self.person()

    def person(self) -> Deadline:
        return self.left.within(self.station.pace.person_s)

    def measurements(self, else_: Verdict) -> tuple[Measurement, ...]:
        """In the order of their declaration; what was not measured stands there as `else_`."""
        return tuple(
            self.measured.get(each.name, Measurement(each.name, each.unit, each.limits, else_))
            for each in self.phase.expects
        )

    def _expected(self, name: str) -> Expected:
        return {each.name: each for each in self.phase.expects}[name]


def chosen(phases: Sequence[Phase], plan: Plan) -> tuple[Phase, ...]:
    """What of them the plan runs. Raises `Refused`."""
    if plan.suite == "full":
        return tuple(each for each in phases if not each.flag or each.flag in plan.allowed)
    if plan.suite == "quick":
        return tuple(each for each in phases if each.is_quick and not each.flag)
    found = tuple(each for each in phases if each.name == plan.suite)
    if not found:
        raise Refused(Code.PHASE, f"no phase is called {plan.suite}")
    if found[0].flag and found[0].flag not in plan.allowed:
        raise Refused(Code.FLAG, f"{plan.suite} may harm: it wants the flag {found[0].flag}")
    return found


def guard(station: Station, plan: Plan) -> None:
    """Raises `Refused` unless this is the board that the person means."""
    board = read_board(station.root)
    if not board.serial:
        raise Refused(Code.NO_SERIAL, "this board tells no serial number")
    if plan.serial.strip().lower() != board.serial.lower():
        raise Refused(Code.SERIAL, f"this is board {board.serial}, not {plan.serial.strip() or 'one without a number'}")


def run(
    phases: Sequence[Phase], station: Station, prompt: Prompt, plan: Plan, left: Deadline | None = None
) -> Iterator[Progress]:
    """Begun and Ended for each phase, last Finished. Raises `Refused` before anything is touched.

    Cancel `left` from another thread to end it: the phase that runs and those that follow are ABORTED.
    """
    left = left or Deadline(float("inf"))
    guard(station, plan)
    todo = chosen(phases, plan)
    return _run(todo, station, prompt, plan, left)


def _run(todo: Sequence[Phase], station: Station, prompt: Prompt, plan: Plan, left: Deadline) -> Iterator[Progress]:
    board, begun_at, begun_s = read_board(station.root), stamp(station.now_s()), time.monotonic()
    done: list[PhaseRecord] = []
    for number, phase in enumerate(todo, start=1):
        yield Begun(phase.name, number, len(todo))
        done.append(one(phase, station, prompt, left))
        yield Ended(done[-1], number, len(todo))
    took_s = round(time.monotonic() - begun_s, 3)
    required = tuple(sorted(plan.required)) if plan.suite == "full" else ()
    outcome = outcome_of_all(done, required)
    told = (board.serial, board.model, plan.suite, plan.software, plan.by, begun_at, took_s, outcome)
    yield Finished(Record(*told, tuple(done), required))


def one(phase: Phase, station: Station, prompt: Prompt, left: Deadline) -> PhaseRecord:
    """Run this phase alone."""
    log = Log(station, phase, prompt, left)
    begun_at, begun_s = stamp(station.now_s()), time.monotonic()
    outcome, reason = _outcome(log)
    prompt.tell(None)
    took_s = round(time.monotonic() - begun_s, 3)
    found = log.measurements(Verdict.SKIP if outcome is Outcome.SKIP else Verdict.UNSET)
    more = (tuple(log.attachments), tuple(log.answers))
    return PhaseRecord(phase.name, outcome, begun_at, took_s, found, *more, reason)


def _outcome(log: Log) -> tuple[Outcome, str]:
    """Outcome and reason."""
    try:
        log.left.check("person")
        log.phase.measure(log)
    except Skip as skip:
        return Outcome.SKIP, str(skip)
    except Cancelled as left:
        return Outcome.ABORTED, str(left)
    except DeviceError as failed:
        return Outcome.ERROR, str(failed)
    except OSError as failed:
        return Outcome.ERROR, f"{Code.SYSTEM} {failed.strerror or failed}"
    return outcome_of(log.measurements(Verdict.UNSET)), ""


def stamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
