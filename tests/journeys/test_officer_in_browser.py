"""The officer's tablet, from sign-in to the decision, which reaches the centre as a signed fact of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.journey.machine import Event, State
from tests.journeys import records
from tests.journeys.arriving import assert_all_is_there, cross_quickly, kept
from tests.journeys.harness import Harbour
from tests.journeys.in_browser import sign_in
from tests.journeys.stand import Stand

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DECISIONS = [("admit", "identity_confirmed"), ("refuse", "document_not_valid"), ("refer_on", "second_line")]

PICTURES_ARE_THERE = "[...document.querySelectorAll('.faces img')].every(i => i.complete && i.naturalWidth > 0)"
"""Asked from outside: the page's policy forbids `eval`, with which playwright itself would wait."""


@pytest.fixture
def tablet(browser: Browser, stand: Stand) -> Iterator[Page]:
    """Signed in, at the desk."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    sign_in(page, stand)
    yield page
    context.close()


def refer_somebody(stand: Stand, who: str = "expired") -> records.Encounter:
    """Somebody with a document and a face, who cannot turn his head."""
    stand.reach(State.TURN, who)
    stand.touch("cannot")  # he is asked to nod instead
    stand.wait_for_row(State.TURN, Event.OTHER_MOVEMENT)
    stand.touch("cannot")
    stand.wait_for(State.REFERRED)
    record = stand.last()
    stand.leave()
    return record


FOLDED = "open => document.querySelectorAll('details').forEach(one => { one.open = open; })"
"""Unfolds every measure and check of a case, or folds them again."""

SQUEEZED = """[...document.querySelectorAll(".bars .what")]
  .filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"""
"""Measures whose words reach into their number."""


@pytest.mark.parametrize(("outcome", "reason"), DECISIONS)
def test_a_decision_is_taken_on_the_tablet_and_reaches_the_centre(
    harbour: Harbour, stand: Stand, tablet: Page, artefacts: Path, outcome: str, reason: str
) -> None:
    record = refer_somebody(stand)
    row = tablet.locator(f"#row-{record.id}")
    expect(row).to_be_visible(timeout=15_000)
    tablet.screenshot(path=artefacts / f"officer-{outcome}-1-queue.png")
    tablet.goto(f"{stand.officer_url}/case/{record.id}")
    tablet.click("#take")
    tablet.wait_for_selector("#decision")
    stand.until("all pictures", lambda: bool(tablet.evaluate(PICTURES_ARE_THERE)))
    assert record.number in tablet.inner_text("h1")
    tablet.screenshot(path=artefacts / f"officer-{outcome}-2-compare.png", full_page=True)
    tablet.evaluate(FOLDED, True)
    assert tablet.evaluate(SQUEEZED) == []
    tablet.screenshot(path=artefacts / f"officer-{outcome}-2-components.png", full_page=True)
    tablet.evaluate(FOLDED, False)
    tablet.click(f"label:has([value={outcome}])")
    tablet.click(f"label:has([value={reason}])")
    tablet.screenshot(path=artefacts / f"officer-{outcome}-3-decision.png")
    tablet.click("#decision > button")
    tablet.wait_for_selector(".choice")
    tablet.fill("#note", "Seen at the desk.")
    tablet.screenshot(path=artefacts / f"officer-{outcome}-4-confirm.png")
    tablet.click("form.card button.main")
    tablet.wait_for_url("**/?recorded=1")
    expect(row).to_have_count(0)
    assert_all_is_there(harbour, stand)
    decided = kept(harbour, stand).decisions
    assert (record.id, outcome, reason) in decided


def test_officers_work_on_with_the_uplink_down_and_see_how_much_waits(
    harbour: Harbour, stand: Stand, tablet: Page, artefacts: Path
) -> None:
    stand.pull_uplink()
    record = cross_quickly(stand, "expired")
    expect(tablet.locator("[data-badge=uplink] >> nth=0")).to_have_attribute("data-level", "look", timeout=30_000)
    expect(tablet.locator(f"#row-{record.id}")).to_be_visible(timeout=15_000)
    tablet.screenshot(path=artefacts / "officer-uplink-down.png")
    tablet.goto(f"{stand.officer_url}/case/{record.id}")
    tablet.click("#take")
    tablet.click("label:has([value=admit])")
    tablet.click("label:has([value=identity_confirmed])")
    tablet.click("#decision > button")
    tablet.click("form.card button.main")
    tablet.wait_for_url("**/?recorded=1")
    assert not [one for one in kept(harbour, stand).decisions if one[0] == record.id]
    stand.put_uplink()
    assert_all_is_there(harbour, stand)
    assert (record.id, "admit", "identity_confirmed") in kept(harbour, stand).decisions


def test_a_call_for_help_is_seen_on_the_tablet(stand: Stand, tablet: Page, artefacts: Path) -> None:
    stand.reach(State.DOCUMENT)
    stand.touch("help")
    tablet.wait_for_selector("#help-seen", timeout=15_000)
    tablet.screenshot(path=artefacts / "officer-help.png")
    tablet.click("#help-seen")
    stand.until("help seen", lambda: bool(stand.screen()["help_seen"]))


def test_the_board_shows_a_device_that_is_gone(stand: Stand, tablet: Page, artefacts: Path) -> None:
    stand.reach(State.DOCUMENT)
    stand.quay.disturb("document_reader", "unplug")
    stand.wait_for(State.REFERRED)
    badge = tablet.locator("[data-badge=device]", has_text="Document reader").first
    expect(badge).to_have_attribute("data-level", "act", timeout=15_000)
    expect(badge).to_contain_text("DEV-GONE")
    tablet.screenshot(path=artefacts / "officer-device-gone.png")
