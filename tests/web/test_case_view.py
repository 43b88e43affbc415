"""A case laid out: dates with holes, digits beside fields, faces in their places, the worst finding first."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest

from appliance.web.case_view import around, bar, by_weight, compared, date_text, facts, fields, lines, others
from border.documents.dates import resolve_birth
from border.documents.mrz import CheckDigit, PartialDate
from border.encounter import FaceArea, SampleKind
from border.findings import Finding, Measure, Verdict
from tests.web.post_peer import DOCUMENT, FIRST, a_case

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (PartialDate(74, 8, 12, True), "1974-08-12"),
        (PartialDate(19, 8, 12, True), "2019-08-12"),
        (PartialDate(74, None, None, True), "1974-??-??"),
        (PartialDate(None, None, None, True), "????-??-??"),
        (PartialDate(1, 2, 31, False), "??01-02-31 (!)"),
    ],
)
def test_dates_are_numeric_and_honest(printed: PartialDate, text: str) -> None:
    assert date_text(printed, resolve_birth(printed, TODAY)) == text


def test_each_field_stands_beside_its_digit_and_its_repair() -> None:
    rows = {row.name: row for row in fields(DOCUMENT, TODAY)}
    assert (rows["document_number"].digit, rows["document_number"].was_repaired) == (CheckDigit.VERIFIED, True)
    assert rows["date_of_expiry"].digit is CheckDigit.REFUTED
    assert rows["primary_identifier"].digit is None
    assert rows["composite"].value == ""


def test_a_cut_name_says_so_and_an_empty_field_is_left_out() -> None:
    rows = {row.name: row for row in fields(replace(DOCUMENT, name_truncated=True, sex=""), TODAY)}
    assert rows["primary_identifier"].value == "ERIKSSON …"
    assert "sex" not in rows


def test_faces_keep_their_places_and_the_rest_comes_after() -> None:
    samples = a_case(FIRST).checked.samples
    assert [(one.kind, one.sha256) for one in compared(samples)] == [
        (SampleKind.FACE, "aa"),
        (SampleKind.PORTRAIT, None),
        (SampleKind.FACE_TURNED, "bb"),
    ]
    assert [one.kind for one in others(samples)] == [SampleKind.FINGER]


@pytest.mark.parametrize(
    ("face", "left", "top", "width", "height"),
    [
        (FaceArea(270, 170, 100, 120, 640, 480), 214.4, 98.0, 211.2, 264.0),  # in the middle: 2.2 faces high
        (FaceArea(500, 170, 100, 120, 640, 480), 428.8, 98.0, 211.2, 264.0),  # at the right edge, which it keeps to
        (FaceArea(-20, -30, 100, 120, 640, 480), 0.0, 0.0, 211.2, 264.0),
        (FaceArea(120, 80, 360, 400, 640, 480), 108.0, 0.0, 384.0, 480.0),  # no taller than the picture
    ],
)
def test_a_tile_shows_the_face_and_nothing_outside_the_picture(
    face: FaceArea, left: float, top: float, width: float, height: float
) -> None:
    cut = around(face)
    assert (cut.left, cut.top, cut.width, cut.height) == pytest.approx((left, top, width, height))
    assert (cut.picture_width, cut.picture_height) == (640, 480)


def test_only_a_picture_whose_face_is_known_is_cut() -> None:
    case = a_case(FIRST)
    assert [one.cut is not None for one in compared(case.checked.samples, case.faces)] == [True, False, False]
    assert [one.cut for one in others(case.checked.samples, case.faces)] == [None]


def test_what_needs_eyes_comes_first() -> None:
    verdicts = [finding.verdict for finding in by_weight(a_case(FIRST).checked.findings)]
    assert verdicts == [Verdict.REFER] * 2 + [Verdict.NOT_DONE] * 2 + [Verdict.CLEAR] * 2


def test_who_somebody_is_stands_beside_the_name() -> None:
    assert [fact.name for fact in facts(DOCUMENT, TODAY)] == [
        *("document_number", "nationality", "date_of_birth", "sex", "date_of_expiry"),
    ]
    assert "sex" not in [fact.name for fact in facts(replace(DOCUMENT, sex=""), TODAY)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8312, "0.83"), (14.916, "14.9"), (-4965.0, "-4965"), (0.001, "0"), (100.0, "100"), (math.nan, "?")],
)
def test_a_value_has_the_digits_that_are_read_and_admits_what_is_no_number(value: float, text: str) -> None:
    assert bar(Measure("m", value, "deg")).value == text


@pytest.mark.parametrize(
    ("measure", "length", "mark", "is_missed"),
    [
        (Measure("m", 63.0, "0..100", "min 90"), 63.0, 90.0, True),
        (Measure("m", 90.0, "0..100", "min 90"), 90.0, 90.0, False),
        (Measure("m", 0.83, "0..1", "max 0.5"), 83.0, 50.0, True),
        (Measure("m", 5.0, "deg", "max 10"), 25.0, 50.0, False),
        (Measure("m", 44.0, "deg", "max 10"), 100.0, 50.0, True),
        (Measure("m", 30.0, "px", "min 60"), 25.0, 50.0, True),
        (Measure("m", math.nan, "px", "min 60"), 0.0, 50.0, True),
        (Measure("m", math.nan, "0..1", "max 0.5"), 0.0, 50.0, True),
    ],
)
def test_a_bar_is_as_long_as_its_value_and_its_limit_is_marked(
    measure: Measure, length: float, mark: float, is_missed: bool
) -> None:
    drawn = bar(measure)
    assert (drawn.length, drawn.mark, drawn.is_missed, drawn.is_drawn) == (length, mark, is_missed, True)


@pytest.mark.parametrize(
    "measure",
    [Measure("m", -4965.0, "days", "min 0"), Measure("m", 1.0, "characters"), Measure("m", 1.0, "x", "odd")],
)
def test_what_has_no_scale_is_not_drawn(measure: Measure) -> None:
    assert not bar(measure).is_drawn


def test_what_missed_its_limit_by_most_speaks_first_and_the_rest_is_folded() -> None:
    measures = (
        Measure("near", 48.0, "0..100", "min 50"),
        Measure("held", 80.0, "0..100", "min 50"),
        Measure("told", 80.0, "0..100"),
        Measure("far", 5.0, "0..100", "min 50"),
    )
    (line,) = lines([Finding("face_quality", Verdict.REFER, "face_quality_low", measures)])
    assert [one.name for one in line.missed] == ["far", "near"]
    assert [one.name for one in line.rest] == ["held", "told"]
