"""docs/errors.md against the code, both ways: a new word without a row fails, and so does a row without a word."""

from __future__ import annotations

import pytest

from appliance.checks import chip_trust
from appliance.devices import PAPER_LOW
from appliance.post.severity import SEVERITY
from appliance.reporting import outbox
from appliance.reporting.inbox import Verdict
from appliance.standing import LANE_STARTED, LANE_STOPPED
from border.documents import errors as document_errors
from border.documents.chip_trust import CAPS
from border.enrolment.refusals import REFUSALS, Refusal
from border.messages import errors
from border.messages.values import AlarmKind
from border.rules.engine import RULE_LINES
from central import reasons
from drivers.errors import ALL
from hw_tests.codes import Code as HardwareCode
from ota.refusals import Code, PublishCode
from provisioning import refusals as provisioning
from provisioning.image.board.faults import Code as BoardCode
from tests.docs import stable_words
from tests.docs.pages import DOCS, sections, words

PAGE = DOCS / "errors.md"

TAMPERS = stable_words.tampers()
EXPECTED: dict[str, set[str]] = {
    "Codes": {
        *stable_words.codes(),
        *(str(code) for codes in (Code, PublishCode, HardwareCode, BoardCode, provisioning.Code) for code in codes),
        PAPER_LOW,
    },
    "Findings that refer": stable_words.referring(),
    "Findings that clear": stable_words.clearing(),
    "Rules": set(RULE_LINES),
    "Held back on the kiosk": {outbox.LINK_CUT, outbox.UNANSWERED, outbox.REFUSED, outbox.TOO_LARGE},
    "Message reasons": set(errors.REASONS),
    "Reasons of the centre": set(reasons.REASONS),
    "Refusals of enrolment": set(map(str, Refusal)),
    "Content from headquarters": {*map(str, Verdict), "unreadable"},
    "Remarks on a chip": set(CAPS) - chip_trust.REFERRING,
    "Document bytes": set(document_errors.REASONS),
    "Alarms": {*map(str, AlarmKind), *TAMPERS, LANE_STOPPED, LANE_STARTED},
}


@pytest.mark.parametrize("heading", EXPECTED)
def test_every_word_has_one_row_and_every_row_a_word(heading: str) -> None:
    rows = words(PAGE, heading)
    assert sorted(rows) == sorted(EXPECTED[heading])


def test_the_page_has_no_table_that_nobody_compares() -> None:
    assert set(sections(PAGE)) == set(EXPECTED)


@pytest.mark.parametrize("heading", EXPECTED)
def test_no_cell_is_empty(heading: str) -> None:
    assert [row for row in sections(PAGE)[heading] if not all(row)] == []


def test_a_refusal_reads_on_the_page_as_the_technician_reads_it() -> None:
    said = {(f"`{reason}`", why.cause, why.next_step) for reason, why in REFUSALS.items()}
    assert set(map(tuple, sections(PAGE)["Refusals of enrolment"])) == said


def test_the_sources_are_really_read() -> None:
    assert {error.code for error in ALL} < EXPECTED["Codes"]
    assert {"document_expired", "face_model_device_failed", "turn_without_depth"} < EXPECTED["Findings that refer"]
    assert {"bona_fide", "finger_not_asked_too_young"} < EXPECTED["Findings that clear"]
    assert {"sequence_behind_centre"} < TAMPERS


def test_a_word_of_the_reason_tables_of_urgency_is_one_we_know() -> None:
    """Words that severity ranks ahead of time may be more than the checks say, but each is explained or reserved."""
    unknown = set(SEVERITY) - EXPECTED["Findings that refer"]
    assert unknown <= {"protection", "help"}  # an officer's ground and a call: neither is said by a check today


def test_the_outbox_names_no_reason_in_passing_that_nobody_says() -> None:
    known = EXPECTED["Held back on the kiosk"] | set(errors.REASONS) | set(reasons.REASONS)
    assert set(outbox.PASSING) <= known
