"""A case laid out: dates with holes, digits beside fields, faces in their places, the worst finding first."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from appliance.web.case_view import by_weight, compared, date_text, fields, measure_text, others
from border.documents.mrz import CheckDigit, PartialDate
from border.encounter import SampleKind
from border.findings import Measure, Verdict
from tests.web.post_peer import DOCUMENT, FIRST, a_case


@pytest.mark.parametrize(
    ("date", "text"),
    [
        (PartialDate(1974, 8, 12, True), "1974-08-12"),
        (PartialDate(1974, None, None, True), "1974-??-??"),
        (PartialDate(None, None, None, True), "????-??-??"),
        (PartialDate(2001, 2, 31, False), "2001-02-31 (!)"),
    ],
)
def test_dates_are_numeric_and_honest(date: PartialDate, text: str) -> None:
    assert date_text(date) == text


def test_each_field_stands_beside_its_digit_and_its_repair() -> None:
    rows = {row.name: row for row in fields(DOCUMENT)}
    assert (rows["document_number"].digit, rows["document_number"].was_repaired) == (CheckDigit.VERIFIED, True)
    assert rows["date_of_expiry"].digit is CheckDigit.REFUTED
    assert rows["primary_identifier"].digit is None
    assert rows["composite"].value == ""


def test_a_cut_name_says_so_and_an_empty_field_is_left_out() -> None:
    rows = {row.name: row for row in fields(replace(DOCUMENT, name_truncated=True, sex=""))}
    assert rows["primary_identifier"].value == "ERIKSSON …"
    assert "sex" not in rows


def test_faces_keep_their_places_and_the_rest_comes_after() -> None:
    samples = a_case(FIRST).checked.samples
    assert [(one.kind, one.sha256) for one in compared(samples)] == [
        (SampleKind.FACE, "aa"),
        (SampleKind.FACE_TURNED, "bb"),
        (SampleKind.FACE_RUNNER_UP, None),
    ]
    assert [one.kind for one in others(samples)] == [SampleKind.FINGER]


def test_what_needs_eyes_comes_first() -> None:
    verdicts = [finding.verdict for finding in by_weight(a_case(FIRST).checked.findings)]
    assert verdicts == [Verdict.REFER] * 2 + [Verdict.NOT_DONE] * 2 + [Verdict.CLEAR] * 2


@pytest.mark.parametrize(("value", "text"), [(0.8312, "0.8312 deg"), (-4965.0, "-4965 deg"), (math.nan, "? deg")])
def test_measures_have_units_and_admit_what_is_no_number(value: float, text: str) -> None:
    assert measure_text(Measure("m", value, "deg")) == text
