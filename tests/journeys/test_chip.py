"""The chip of the document in the real journey: read, contradicted, copied, absent, taken up too soon."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from appliance.journey.machine import Event, State
from border.encounter import SampleKind
from border.findings import Finding, Verdict
from practice.papers import Papers
from simulators.pcscd import Missing
from tests.journeys import records
from tests.journeys.conftest import CHIP
from tests.journeys.harness import Harbour
from tests.journeys.in_browser import at_the_page, sign_in
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def papers() -> Papers:
    return Papers()


@pytest.fixture(scope="module")
def chip_stand(harbour: Harbour, papers: Papers) -> Stand:
    try:
        return harbour.open_kiosk(CHIP, papers=papers)
    except Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(f"no virtual chip reader: {missing}")


@pytest.fixture
def stand(chip_stand: Stand) -> Iterator[Stand]:
    chip_stand.go_home()
    yield chip_stand
    chip_stand.go_home()


@pytest.fixture(scope="module")
def believing(chip_stand: Stand, harbour: Harbour, papers: Papers) -> Stand:
    """The centre has published its trust store, and the kiosk has it."""
    folder = harbour.folder / "trust"
    papers.publish(folder)
    harbour.port.publish_trust(folder, 1)
    kept = chip_stand.place.folder / "lists" / "trust.cose"
    chip_stand.until("the trust store came", kept.exists)
    return chip_stand


def finding(record: records.Encounter, check: str) -> Finding:
    return next(one for one in record.checked.findings if one.check == check)


def as_far_as_the_face(stand: Stand, who: str) -> records.Encounter:
    """His chip is asked; then, with nobody before the camera, he wants an officer: that spares the rest of the way."""
    stand.reach(State.FACE, who, face="nobody")
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    return stand.last()


def test_without_a_trust_store_a_good_chip_refers_and_says_why(stand: Stand) -> None:
    assert not (stand.place.folder / "lists" / "trust.cose").exists()
    record = as_far_as_the_face(stand, "skipper")
    assert "trust_store_absent" in record.reasons
    assert finding(record, "chip_trust").verdict is Verdict.NOT_DONE
    assert record.checked.chip is not None
    assert (record.checked.chip.assurance, record.checked.chip.store_version) == (1, 0)


def test_a_good_chip_clears_and_its_portrait_is_what_the_face_is_compared_with(believing: Stand, stand: Stand) -> None:
    record = stand.cross("skipper")
    assert (record.outcome, record.reasons) == ("cleared", frozenset())
    assert finding(record, "chip_trust").reason == "chip_genuine"
    assert finding(record, "chip_matches_zone").reason == "zone_agrees"
    assert finding(record, "face_comparison").reason == "portrait_agrees"
    assert [sample.device for sample in record.checked.samples if sample.kind is SampleKind.PORTRAIT] == ["chip_reader"]
    chip = record.checked.chip
    assert chip is not None
    assert (chip.assurance, chip.reasons, chip.zone_differences) == (3, (), ())
    assert chip.access.startswith("pace_mrz: ")


@pytest.mark.parametrize("who", ["bosun", "cook", "caricom"])
def test_a_chip_of_any_format_and_of_a_state_that_only_a_master_list_knows_is_proven(
    believing: Stand, stand: Stand, who: str
) -> None:
    record = as_far_as_the_face(stand, who)
    assert finding(record, "chip_trust").reason == "chip_genuine"
    assert finding(record, "chip_matches_zone").reason == "zone_agrees"


@pytest.mark.parametrize(
    ("kind", "reason", "assurance"),
    [
        ("tampered", "dg_hash_mismatch", 0),
        ("cloned", "clone_suspected", 0),
        ("wrong_authority", "signer_unknown", 1),
    ],
)
def test_a_chip_that_is_not_as_issued_refers_with_its_own_reason(
    believing: Stand, stand: Stand, kind: str, reason: str, assurance: int
) -> None:
    stand.quay.show_chip(kind)
    record = as_far_as_the_face(stand, "skipper")
    assert reason in record.reasons
    assert finding(record, "chip_trust").verdict is Verdict.REFER
    assert record.checked.chip is not None
    assert record.checked.chip.assurance == assurance
    assert SampleKind.PORTRAIT in {sample.kind for sample in record.checked.samples}  # for the officer's eyes


def test_a_page_that_is_not_the_chips_refers_and_every_character_is_on_record(believing: Stand, stand: Stand) -> None:
    stand.quay.show_chip("other_page")
    record = as_far_as_the_face(stand, "skipper")
    assert "zone_differs" in record.reasons
    assert finding(record, "chip_trust").reason == "chip_genuine"
    assert record.checked.chip is not None
    printed, written = record.checked.lines, record.checked.chip.zone_differences
    assert written
    assert all(printed[one.line][one.position] == one.printed != one.chip for one in written)


def test_a_document_without_a_chip_is_waited_for_and_refers(believing: Stand, stand: Stand) -> None:
    stand.quay.show_chip("absent")
    record = as_far_as_the_face(stand, "skipper")
    assert "chip_absent" in record.reasons
    assert record.checked.chip is None


def test_taken_up_while_it_is_read_it_is_asked_for_again_and_then_read(believing: Stand, stand: Stand) -> None:
    stand.quay.show_chip("leaves")
    stand.reach(State.DOCUMENT, face="nobody")
    stand.swipe()
    stand.wait_for(State.CHIP)
    stand.until("it is asked for again", lambda: stand.screen()["hint"] == "put_down_again")
    assert stand.screen()["attempts_left"] == 2
    stand.quay.put_down()
    stand.wait_for(State.FACE)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    assert finding(stand.last(), "chip_trust").reason == "chip_genuine"


@pytest.mark.browser
def test_the_traveller_is_shown_where_to_leave_it_and_the_officer_what_differs(
    believing: Stand, stand: Stand, browser: Browser, artefacts: Path
) -> None:
    stand.quay.show_chip("absent")
    with at_the_page(browser, stand) as screen:
        stand.reach(State.CHIP, face="nobody")
        screen.wait_for(State.CHIP)
        expect(screen.page.locator("h1")).to_have_text("Leave it on the reader")
        screen.photograph(artefacts, "chip-asked")
        stand.quay.show_chip("other_page")
        stand.quay.put_down()
        expect(screen.page.locator("progress")).to_be_visible(timeout=20_000)
        screen.photograph(artefacts, "chip-being-read")
        screen.wait_for(State.FACE)
        screen.press("officer", None)
        stand.wait_for(State.REFERRED)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    sign_in(page, stand)
    page.goto(f"{stand.officer_url}/case/{stand.last().id}")
    page_marks, chip_marks = (page.locator(f".why .pairs tr:nth-child({row}) mark") for row in (1, 2))
    assert "".join(page_marks.all_inner_texts()) == "ANSGAR"
    assert "".join(chip_marks.all_inner_texts()) == "RAGSNA"
    expect(page.locator("figure.portrait img")).to_be_visible()
    page.screenshot(path=artefacts / "chip-differs-at-the-desk.png")
    page.close()


def test_who_cannot_goes_on_without_and_an_officer_is_told(believing: Stand, stand: Stand) -> None:
    stand.quay.show_chip("absent")
    stand.reach(State.CHIP, face="nobody")
    stand.touch("cannot")
    stand.wait_for(State.FACE)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    assert {"chip_not_presented", "officer_asked_for"} <= stand.last().reasons


def test_who_asks_for_an_officer_or_leaves_while_the_chip_is_asked_is_let_go(believing: Stand, stand: Stand) -> None:
    stand.quay.show_chip("absent")
    stand.reach(State.CHIP, face="nobody")
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    stand.wait_for_row(State.CHIP, Event.REFER)
    stand.leave()
    stand.reach(State.CHIP, face="nobody")
    stand.touch("stop")
    stand.wait_for(State.IDLE)
    stand.wait_for_row(State.CHIP, Event.GAVE_UP)


def test_a_reader_pulled_in_its_step_is_gone_without_and_is_back_when_it_is_put_back(
    believing: Stand, stand: Stand
) -> None:
    stand.quay.show_chip("absent")
    stand.reach(State.CHIP, face="nobody")
    stand.quay.disturb("chip_reader", "unplug")
    stand.wait_for(State.FACE)
    assert stand.device("chip_reader") == "DEV-GONE"
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    assert finding(stand.last(), "chip_trust") == Finding("chip_trust", Verdict.NOT_DONE, "chip_reader_failed")
    stand.quay.disturb("chip_reader", "replug")
    stand.leave()
    stand.until("the board says ready", lambda: stand.device("chip_reader") == "ready")
