"""One encounter laid out for an officer's eyes: fields with their evidence, findings with their bars; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from border.documents.chip_trust import Proof
from border.documents.dates import DateSpan, resolve_birth, resolve_expiry
from border.documents.mrz import CheckDigit, Mrz, PartialDate
from border.documents.zone_comparison import Difference
from border.encounter import CheckedFact, FaceArea, SampleKind, SampleRef
from border.findings import Finding, Measure, Verdict

COMPARED: tuple[tuple[SampleKind, ...], ...] = (
    (SampleKind.FACE,),
    (SampleKind.PORTRAIT, SampleKind.PORTRAIT_PRINTED),
    (SampleKind.FACE_TURNED,),
)
"""Shown side by side at equal size, present or not; of one place's kinds the first that is there."""

FACTS = ("document_number", "nationality", "date_of_birth", "sex", "date_of_expiry")
"""What says who somebody is, besides the name; the rest of the document is one touch away."""

TILE = 4 / 5  # width over height of a tile; officer.css draws it so
FACES_HIGH = 2.2  # a tile, in heights of the detector's face box, which ends at brow and chin
EYES_DOWN = 0.5  # where the middle of that box lies, in heights of the tile

SCALES = {"0..100": 100.0, "0..1": 1.0}
"""Units that are a scale themselves."""

_ORDER = {Verdict.REFER: 0, Verdict.NOT_DONE: 1, Verdict.CLEAR: 2}


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the document: `name` is a catalogue key's last part; `digit` None: no digit speaks of it."""

    name: str
    value: str
    digit: CheckDigit | None
    was_repaired: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a picture that a tile shows: in the picture's own pixels, of the tile's shape, around the face."""

    left: float
    top: float
    width: float
    height: float
    picture_width: int
    picture_height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """`cut` None: nobody knows where the face is, and the tile shows the middle."""

    kind: SampleKind
    sha256: str | None
    cut: Cut | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """One measure against its limit, drawn 0..100 long. `kind` is "min" or "max"; "" when nothing was compared."""

    name: str
    value: str
    unit: str
    kind: str
    limit: str
    length: float
    mark: float  # where on the bar the limit stands
    is_missed: bool
    is_drawn: bool  # False: neither scale nor limit says how long it should be


@dataclass(frozen=True, slots=True)
class Line:
    """One finding as it is read: what missed its limit speaks, the rest is folded."""

    finding: Finding
    missed: tuple[Bar, ...]
    rest: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Some characters of a zone's line, all of which the other zone has too, or none."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class ZonePair:
    """One line as it stands on the page and in the chip."""

    page: tuple[Run, ...]
    chip: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ChipPart:
    """What the chip proved. `proofs`: (catalogue key's last part, its outcome); `remarks`: (word, what it is about)."""

    level: int
    proofs: tuple[tuple[str, Proof], ...]
    remarks: tuple[tuple[str, str], ...]
    access: str
    signer: str
    store_version: int
    same_shape: bool
    zone: tuple[ZonePair, ...]  # only the lines that differ


def chip(checked: CheckedFact) -> ChipPart | None:
    """None when no chip was read: the finding says why."""
    fact = checked.chip
    if fact is None:
        return None
    proofs = (
        ("passive", fact.passive_authentication),
        ("active", fact.active_authentication),
        ("authentication", fact.chip_authentication),
    )
    signer = f"{fact.signer_country} {fact.signer[:16]}".strip()
    zone = tuple(
        pair
        for row, line in enumerate(checked.lines)
        if (pair := zone_pair(line, [one for one in fact.zone_differences if one.line == row])) is not None
    )
    return ChipPart(
        fact.assurance, proofs, fact.reasons, fact.access, signer, fact.store_version, fact.zone_same_shape, zone
    )


def zone_pair(line: str, differences: Iterable[Difference]) -> ZonePair | None:
    """Both readings of one line, the differing characters marked; None where none differs."""
    written = {one.position: one.chip for one in differences}
    if not written:
        return None
    other = "".join(written.get(at, char) for at, char in enumerate(line))
    return ZonePair(_runs(line, written), _runs(other, written))


def _runs(line: str, differing: Container[int]) -> tuple[Run, ...]:
    places = groupby(range(len(line)), key=lambda at: at in differing)
    return tuple(Run("".join(line[at] for at in run), differs) for differs, run in places)


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


Faces = Iterable[tuple[str, FaceArea]]
"""Where the face is in a picture, by the picture's hash."""


def compared(samples: Iterable[SampleRef], faces: Faces = ()) -> tuple[Picture, ...]:
    """The faces, always in the same places; a missing one keeps its place empty."""
    by_kind = {sample.kind: sample.sha256 for sample in samples}
    cuts = {sha256: around(face) for sha256, face in faces}
    found = (next((kind for kind in kinds if kind in by_kind), kinds[0]) for kinds in COMPARED)
    return tuple(Picture(kind, by_kind.get(kind), cuts.get(by_kind.get(kind, ""))) for kind in found)


def around(face: FaceArea) -> Cut:
    """The whole head with some shoulder, as in a portrait; less of it where the picture is too small."""
    height = min(FACES_HIGH * face.height, face.picture_height, face.picture_width / TILE)
    left, top = face.left + face.width / 2 - TILE * height / 2, face.top + face.height / 2 - EYES_DOWN * height
    return Cut(
        left=min(max(left, 0.0), face.picture_width - TILE * height),
        top=min(max(top, 0.0), face.picture_height - height),
        width=TILE * height,
        height=height,
        picture_width=face.picture_width,
        picture_height=face.picture_height,
    )


def difference(findings: Iterable[Finding]) -> tuple[str, str] | None:
    """How far live face and portrait are apart, and up to where that counts as one person; None: not compared."""
    measures = (measure for finding in findings for measure in finding.measures)
    found = next((measure for measure in measures if measure.name == "portrait_distance"), None)
    if found is None:
        return None
    return (f"{found.value:.2f}" if found.is_number else "?"), found.limit.removeprefix("max ")


def others(samples: Iterable[SampleRef], faces: Faces = ()) -> tuple[Picture, ...]:
    rows = tuple(samples)
    beside = {one.sha256 for one in compared(rows)}
    cuts = {sha256: around(face) for sha256, face in faces}
    return tuple(Picture(s.kind, s.sha256, cuts.get(s.sha256)) for s in rows if s.sha256 not in beside)


def by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What needs eyes first, then what was not done, then what is clear; else in the order checked."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.verdict]))


def facts(document: Mrz, today: date) -> tuple[Field, ...]:
    """The few fields that stand beside the name."""
    by_name = {row.name: row for row in fields(document, today)}
    return tuple(by_name[name] for name in FACTS if name in by_name)


def lines(findings: Iterable[Finding]) -> tuple[Line, ...]:
    """By weight, each with its bars: what missed its limit by most first."""
    return tuple(_line(finding) for finding in by_weight(findings))


def _line(finding: Finding) -> Line:
    drawn = [bar(measure) for measure in finding.measures]
    missed = sorted((one for one in drawn if one.is_missed), key=lambda one: -abs(one.length - one.mark))
    return Line(finding, tuple(missed), tuple(one for one in drawn if not one.is_missed))


def bar(measure: Measure) -> Bar:
    """A measure drawn. 0..100 and 0..1 have their own scale; of any other the limit stands in the middle.

    A value that is no number has missed any limit.
    """
    compared = re.fullmatch(r"(min|max) (-?[0-9.e+-]+)", measure.limit)
    kind, limit = (compared[1], float(compared[2])) if compared else ("", math.nan)
    scale = SCALES.get(measure.unit, 2 * limit if limit > 0 else math.nan)
    is_within = measure.value >= limit if kind == "min" else measure.value <= limit
    return Bar(
        name=measure.name,
        value=_short(measure.value) if measure.is_number else "?",
        unit="" if measure.unit in (*SCALES, "native") else measure.unit,
        kind=kind,
        limit=f"{limit:g}" if kind else "",
        length=_share(measure.value / scale),
        mark=_share(limit / scale),
        is_missed=bool(kind) and not is_within,
        is_drawn=math.isfinite(scale),
    )


def _short(value: float) -> str:
    """Three digits or so: nobody reads more."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{round(value, decimals):g}" if decimals else str(round(value))


def _share(part: float) -> float:
    """0..100 of the bar, with one decimal; what is no number has no length."""
    return round(100 * min(max(part, 0.0), 1.0), 1) if math.isfinite(part) else 0.0
