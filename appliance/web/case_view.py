"""One encounter laid out for an officer's eyes: fields with their evidence, findings, pictures; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from border.documents.dates import DateSpan, resolve_birth, resolve_expiry
from border.documents.mrz import CheckDigit, Mrz, PartialDate
from border.encounter import SampleKind, SampleRef
from border.findings import Finding, Measure, Verdict

COMPARED: tuple[tuple[SampleKind, ...], ...] = (
    (SampleKind.FACE,),
    (SampleKind.PORTRAIT, SampleKind.PORTRAIT_PRINTED),
    (SampleKind.FACE_TURNED,),
)
"""Shown side by side at equal size, present or not; of one place's kinds the first that is there."""

_ORDER = {Verdict.REFER: 0, Verdict.NOT_DONE: 1, Verdict.CLEAR: 2}


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the document: `name` is a catalogue key's last part; `digit` None: no digit speaks of it."""

    name: str
    value: str
    digit: CheckDigit | None
    was_repaired: bool


@dataclass(frozen=True, slots=True)
class Picture:
    kind: SampleKind
    sha256: str | None


def fields(document: Mrz, today: date) -> tuple[Field, ...]:
    """Every field with what its check digit says and whether a character of it was repaired.

    `today`: the day of the encounter; it settles the century of the two dates.
    """
    values = {
        "document_code": document.document_code,
        "issuing_state": document.issuing_state,
        "primary_identifier": document.primary_identifier + (" …" if document.name_truncated else ""),
        "secondary_identifier": document.secondary_identifier,
        "document_number": document.document_number,
        "nationality": document.nationality,
        "date_of_birth": date_text(document.date_of_birth, resolve_birth(document.date_of_birth, today)),
        "sex": document.sex,
        "date_of_expiry": date_text(document.date_of_expiry, resolve_expiry(document.date_of_expiry, today)),
        "optional_data": " ".join(document.optional_data),
    }
    digits = dict(document.check_digits)
    repaired = {repair.proved_by for repair in document.repairs}
    rows = [Field(name, value, digits.get(name), name in repaired) for name, value in values.items()]
    others = [Field(name, "", digit, name in repaired) for name, digit in digits.items() if name not in values]
    return tuple(row for row in (*rows, *others) if row.value or row.digit is not None)


def date_text(printed: PartialDate, span: DateSpan | None) -> str:
    """YYYY-MM-DD with ? for what is not known; a date that cannot be is marked, and shown as printed."""
    short = "????" if printed.year is None else f"??{printed.year:02}"
    year = short if span is None else f"{span.earliest.year:04}"
    month = "??" if printed.month is None else f"{printed.month:02}"
    day = "??" if printed.day is None else f"{printed.day:02}"
    return f"{year}-{month}-{day}" + ("" if printed.is_possible else " (!)")


def compared(samples: Iterable[SampleRef]) -> tuple[Picture, ...]:
    """The faces, always in the same places; a missing one keeps its place empty."""
    by_kind = {sample.kind: sample.sha256 for sample in samples}
    found = (next((kind for kind in kinds if kind in by_kind), kinds[0]) for kinds in COMPARED)
    return tuple(Picture(kind, by_kind.get(kind)) for kind in found)


def difference(findings: Iterable[Finding]) -> tuple[str, str] | None:
    """How far live face and portrait are apart, and up to where that counts as one person; None: not compared."""
    measures = (measure for finding in findings for measure in finding.measures)
    found = next((measure for measure in measures if measure.name == "portrait_distance"), None)
    if found is None:
        return None
    return (f"{found.value:.2f}" if found.is_number else "?"), found.limit.removeprefix("max ")


def others(samples: Iterable[SampleRef]) -> tuple[Picture, ...]:
    rows = tuple(samples)
    beside = {one.sha256 for one in compared(rows)}
    return tuple(Picture(s.kind, s.sha256) for s in rows if s.sha256 not in beside)


def by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What needs eyes first, then what was not done, then what is clear; else in the order checked."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.verdict]))


def measure_text(measure: Measure) -> str:
    """The value with its unit; a value that is no number says so."""
    value = f"{measure.value:.4g}" if measure.is_number else "?"
    return f"{value} {measure.unit}".strip()
