"""What a hardware test says, in OpenHTF's words: phase, measurement with unit and limits, attachment, outcome, record.

A record is the truth of one run; `Record.canonical` are the bytes that are signed. Pages, JUnit and paper are made
from it and from nothing else.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

FORMAT = "landfall hardware test 1"
Value = float | str
YES, NO, NOT_SURE = "yes", "no", "not sure"
DIGITS = 6


class Verdict(StrEnum):
    """What one measurement came to. Only PASS is good; what nobody measured never is."""

    PASS = "pass"
    FAIL = "fail"
    SKIP = "skip"  # this kiosk has no such sensor; `reason` names it
    UNSET = "unset"  # declared, and not measured
    TOLD = "told"  # has no limits: for the drift curve and the reader


class Outcome(StrEnum):
    """What a phase or a whole run came to."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"  # the device or its wire failed, or the test itself: nothing can be said of the rest
    SKIP = "skip"  # nothing was measured; the reason is named
    ABORTED = "aborted"  # a person ended it


@dataclass(frozen=True, slots=True)
class Limits:
    """Both ends belong to the range; a word must be one of these. NaN is in no range."""

    low: float | None = None
    high: float | None = None
    one_of: tuple[str, ...] = ()

    @property
    def judges(self) -> bool:
        return self.low is not None or self.high is not None or bool(self.one_of)

    def hold(self, value: Value) -> bool:
        if self.one_of or isinstance(value, str):
            return value in self.one_of
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return low <= value <= high

    def __str__(self) -> str:
        if self.one_of:
            return " or ".join(self.one_of)
        if self.low is None:
            return "" if self.high is None else f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"


IS_YES = Limits(one_of=(YES,))
IS_NO = Limits(one_of=(NO,))
TOLD = Limits()


@dataclass(frozen=True, slots=True)
class Expected:
    """One measurement as its phase declares it. `doc`: what is measured; `remedy`: what to do when it fails."""

    name: str
    unit: str  # of SI where there is one; empty: a word or a count
    limits: Limits
    doc: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement as it came out. `value` None: not measured, `reason` says why."""

    name: str
    unit: str
    limits: Limits
    verdict: Verdict
    value: Value | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """What explains a number: a map of pixels, a certificate. Never the picture of a person or a finger.

    The record holds its digest; the bytes lie beside the record under `name`.
    """

    name: str
    media_type: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said to one question, and who. `said`: yes, no, not sure; a touch grid also hands over touches."""

    question: str
    said: str
    by: str
    at: str = ""  # UTC, set by the runner
    touches: tuple[tuple[int, float], ...] = ()  # cell, and how far from its middle the finger came down in millimetres

    def __post_init__(self) -> None:
        if self.said not in (YES, NO, NOT_SURE):
            raise ValueError(f"an answer is yes, no or not sure, not {self.said!r}")
        if not self.by:
            raise ValueError("an answer without who gave it")


@dataclass(frozen=True, slots=True)
class PhaseRecord:
    """One phase as it went. `reason`: why it was skipped, or the error, with its code."""

    name: str
    outcome: Outcome
    begun_at: str  # UTC
    took_s: float
    measurements: tuple[Measurement, ...]
    attachments: tuple[Attachment, ...] = ()
    answers: tuple[Answer, ...] = ()
    reason: str = ""

    def failed(self) -> tuple[str, ...]:
        """Names of what is not good: `phase.measurement`, and `phase:CODE` for an error."""
        if self.outcome is Outcome.ERROR:
            named = [each.name for each in self.measurements if each.verdict is Verdict.FAIL]
            return (f"{self.name}:{self.reason.split()[0]}", *(f"{self.name}.{name}" for name in named))
        if self.outcome is Outcome.ABORTED:
            return (f"{self.name}:aborted",)
        bad = (Verdict.FAIL, Verdict.UNSET)
        return tuple(f"{self.name}.{each.name}" for each in self.measurements if each.verdict in bad)


@dataclass(frozen=True, slots=True)
class Record:
    """One run over one board."""

    serial: str
    model: str
    suite: str  # quick, full, or the name of one phase that was repeated
    software: str
    by: str  # who ran it
    begun_at: str  # UTC
    took_s: float
    outcome: Outcome
    phases: tuple[PhaseRecord, ...]
    required: tuple[str, ...] = ()  # phases that must pass: a skip of one of them fails the run
    format: str = FORMAT

    @property
    def canonical(self) -> bytes:
        """UTF-8 JSON, keys in order, no blanks; the same record always gives the same bytes."""
        plain = json.dumps(_plain(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return plain.encode()

    @property
    def sha256(self) -> str:
        """Hex, over `canonical`."""
        return hashlib.sha256(self.canonical).hexdigest()

    def failed(self) -> tuple[str, ...]:
        """Names of all that is not good: `phase.measurement`, `phase:CODE`, `phase:skipped` for a required one."""
        skipped = (f"{name}:skipped" for name in self.skipped() if name in self.required)
        return (*(name for phase in self.phases for name in phase.failed()), *skipped)

    def skipped(self) -> tuple[str, ...]:
        """Names of the phases that say nothing about this board."""
        return tuple(phase.name for phase in self.phases if phase.outcome is Outcome.SKIP)

    def values(self) -> Mapping[str, Value]:
        """`phase.measurement` to what was measured."""
        told = ((f"{phase.name}.{each.name}", each.value) for phase in self.phases for each in phase.measurements)
        return {name: value for name, value in told if value is not None}


def judged(expected: Expected, value: Value) -> Measurement:
    """The value beside its limits. What is not a finite number fails."""
    if isinstance(value, float | int) and not math.isfinite(value):
        return Measurement(expected.name, expected.unit, expected.limits, Verdict.FAIL, None, "not a number")
    value = value if isinstance(value, str) else float(f"{value:.{DIGITS}g}")
    if not expected.limits.judges:
        return Measurement(expected.name, expected.unit, expected.limits, Verdict.TOLD, value)
    verdict = Verdict.PASS if expected.limits.hold(value) else Verdict.FAIL
    return Measurement(expected.name, expected.unit, expected.limits, verdict, value)


def outcome_of(measurements: Iterable[Measurement]) -> Outcome:
    """Of a phase that ran to its end."""
    verdicts = {each.verdict for each in measurements}
    if verdicts & {Verdict.FAIL, Verdict.UNSET}:
        return Outcome.FAIL
    return Outcome.PASS if Verdict.PASS in verdicts else Outcome.SKIP


def outcome_of_all(phases: Iterable[PhaseRecord], required: Iterable[str] = ()) -> Outcome:
    """Of a run: the worst of its phases. A required phase that was skipped or never ran is a failure."""
    phases = tuple(phases)
    by_name = {phase.name: phase.outcome for phase in phases}
    for worst in (Outcome.ABORTED, Outcome.ERROR, Outcome.FAIL):
        if worst in by_name.values():
            return worst
    if any(by_name.get(name) is not Outcome.PASS for name in required):
        return Outcome.FAIL
    return Outcome.PASS if Outcome.PASS in by_name.values() else Outcome.SKIP


def repeated(whole: Record, again: Record) -> Record:
    """The run with the phases of a later one in their place, judged anew. Both stay in the folder as they were."""
    later = {phase.name: phase for phase in again.phases if phase.outcome is not Outcome.ABORTED}
    if whole.serial != again.serial:
        raise ValueError("records of two boards")
    phases = tuple(later.get(phase.name, phase) for phase in whole.phases)
    return replace(whole, phases=phases, outcome=outcome_of_all(phases, whole.required))


def read(data: bytes) -> Record:
    """A record as it was stored; its attachments come back without their bytes. Raises `ValueError`."""
    try:
        told = json.loads(data)
        if told.pop("format") != FORMAT:
            raise ValueError("a record of another format")
        phases = tuple(_phase(each) for each in told.pop("phases"))
        whole = {"outcome": Outcome(told["outcome"]), "phases": phases, "required": tuple(told["required"])}
        return Record(**(told | whole))
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"no record of a hardware test: {problem}") from problem


def _plain(record: Record) -> dict[str, Any]:
    told = asdict(record)
    for phase, plain in zip(record.phases, told["phases"], strict=True):
        plain["attachments"] = [
            {"name": each.name, "media_type": each.media_type, "bytes": len(each.data), "sha256": each.sha256}
            for each in phase.attachments
        ]
    return told


def _phase(told: dict[str, Any]) -> PhaseRecord:
    return PhaseRecord(
        told["name"],
        Outcome(told["outcome"]),
        told["begun_at"],
        told["took_s"],
        tuple(_measurement(each) for each in told["measurements"]),
        (),
        tuple(_answer(each) for each in told["answers"]),
        told["reason"],
    )


def _measurement(told: dict[str, Any]) -> Measurement:
    limits = Limits(told["limits"]["low"], told["limits"]["high"], tuple(told["limits"]["one_of"]))
    return Measurement(told["name"], told["unit"], limits, Verdict(told["verdict"]), told["value"], told["reason"])


def _answer(told: dict[str, Any]) -> Answer:
    touches = tuple((int(cell), float(off_mm)) for cell, off_mm in told["touches"])
    return Answer(told["question"], told["said"], told["by"], told["at"], touches)
