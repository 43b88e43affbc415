"""What is made of a record: JUnit, one page with curves against earlier records, PDF, and the folder that keeps it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hw_tests import drift, report, store
from hw_tests.phases import phases
from hw_tests.record import (
    Answer,
    Attachment,
    Expected,
    Limits,
    Measurement,
    Outcome,
    PhaseRecord,
    Record,
    Verdict,
    judged,
    read,
)
from hw_tests.station import Station
from hw_tests.words import words
from tests.drivers.conftest import without

WARM = Expected("at_load_C", "°C", Limits(0, 80), "warmest")
BEGUN = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)


def record(warm_c: float, *, days: int = 0, serial: str = "10000000deadbeef") -> Record:
    at = (BEGUN + timedelta(days=days)).isoformat().replace("+00:00", "Z")
    warm = judged(WARM, warm_c)
    outcome = Outcome.PASS if warm.verdict is Verdict.PASS else Outcome.FAIL
    fan = Measurement("fan_rpm", "1/min", Limits(500), Verdict.SKIP, None, "no fan")
    told = (
        PhaseRecord("temperature", outcome, at, 5.0, (warm, fan)),
        PhaseRecord("camera", Outcome.ERROR, at, 1.0, (), (), (), "DEV-GONE camera: unplugged <&>"),
        PhaseRecord("tpm", Outcome.SKIP, at, 0.1, (), (), (), "no TPM answers"),
    )
    return Record(serial, "Raspberry Pi 5", "full", "1.2.3", "T. Technician", at, 6.1, Outcome.ERROR, told)


def here(folder: Path) -> Station:
    return Station(folder)


def test_junit_tells_failures_errors_and_skips_apart() -> None:
    suite = ElementTree.fromstring(report.junit(record(91.0)))
    told = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "hostname")}
    assert told == {"tests": "3", "failures": "1", "errors": "1", "skipped": "1", "hostname": "10000000deadbeef"}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "91 °C, wanted 0 to 80"


def test_the_page_stands_alone_and_says_what_to_do(tmp_path: Path) -> None:
    page = report.page(record(91.0), phases(here(tmp_path)), words())
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)
    assert "91 °C" in page
    assert "0 to 80 °C" in page
    assert "clean the vents" in page
    assert "DEV-GONE camera: unplugged &lt;&amp;&gt;" in page
    assert record(91.0).sha256 in page


def test_the_page_draws_earlier_records_of_this_board(tmp_path: Path) -> None:
    before = tuple(record(60.0 + day, days=day) for day in range(9))
    page = report.page(record(69.0, days=9), phases(here(tmp_path)), words(), before)
    assert "temperature.at_load_C: 10 records, first 60, last 69 °C" in page
    assert "68 °C (2026-12-03)" in page
    assert page.count("<polyline") == 1


def test_one_record_draws_nothing() -> None:
    assert drift.curve("any", "", drift.points("temperature.at_load_C", [record(60.0)]), Limits()) == ""


def test_a_curve_that_does_not_move_is_a_line() -> None:
    along = drift.points("temperature.at_load_C", [record(60.0, days=day) for day in range(3)])
    assert "NaN" not in drift.curve("temperature.at_load_C", "°C", along, WARM.limits)


def test_a_record_is_kept_whole_and_found_again(tmp_path: Path) -> None:
    taken = Attachment("map.png", "image/png", b"picture")
    first = record(60.0)
    first = replace(first, phases=(replace(first.phases[0], attachments=(taken,)), *first.phases[1:]))
    path = store.keep(tmp_path, first)
    assert path.read_bytes() == first.canonical
    assert (path.with_suffix("") / "map.png").read_bytes() == b"picture"
    assert store.keep(tmp_path, first) != path  # never overwritten
    store.keep(tmp_path, record(61.0, days=-1))
    store.keep(tmp_path, record(62.0, serial="another"))
    (tmp_path / "torn.json").write_bytes(first.canonical[:40])
    found = store.earlier(tmp_path, first.serial)
    assert [each.begun_at[:10] for each in found] == ["2026-11-24", "2026-11-25", "2026-11-25"]


def test_answers_stand_in_the_record_and_on_the_page(tmp_path: Path) -> None:
    said = Answer("speaker_heard", "not sure", "A. Nother", "2026-11-25T06:00:00Z")
    told = replace(record(60.0), phases=(PhaseRecord("speaker", Outcome.FAIL, "", 1.0, (), (), (said,)),))
    assert read(told.canonical).phases[0].answers == (said,)
    page = report.page(told, phases(here(tmp_path)), words())
    assert "Did you hear three tones?" in page
    assert "A. Nother" in page


@pytest.mark.browser
def test_the_page_is_printed(tmp_path: Path) -> None:
    page = report.page(record(91.0), phases(here(tmp_path)), words())
    try:
        printed = report.pdf(page)
    except report.NoBrowser as missing:
        without(str(missing))
        return
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 5000


def test_every_phase_and_question_has_its_words(tmp_path: Path) -> None:
    told = words()
    assert all(told.phase(each.name) for each in phases(here(tmp_path)))
    assert told.phase("camera_2_focus") == "Camera, focus (2)"
