"""A case laid out: dates with holes, digits beside fields, faces in their places, the worst finding first."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest

from appliance.web.case_view import by_weight, compared, date_text, fields, measure_text, others
from border.documents.dates import resolve_birth
from border.documents.mrz import CheckDigit, PartialDate
from border.encounter import SampleKind
from border.findings import Measure, Verdict
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


def test_what_needs_eyes_comes_first() -> None:
    verdicts = [finding.verdict for finding in by_weight(a_case(FIRST).checked.findings)]
    assert verdicts == [Verdict.REFER] * 2 + [Verdict.NOT_DONE] * 2 + [Verdict.CLEAR] * 2


@pytest.mark.parametrize(("value", "text"), [(0.8312, "0.8312 deg"), (-4965.0, "-4965 deg"), (math.nan, "? deg")])
def test_measures_have_units_and_admit_what_is_no_number(value: float, text: str) -> None:
    assert measure_text(Measure("m", value, "deg")) == text
