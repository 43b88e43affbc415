"""The console in a real Chromium: it updates itself, says when it is offline, and keeps to its own policy."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from border.encounter import ClockState, OfficerOutcome, Outcome
from border.ledger import GENESIS
from border.messages import topics
from border.messages.envelope import Outbound, sign_alarm
from border.messages.values import Alarm, AlarmKind
from scripts import axe
from tests.central.author import Author, Traveller
from tests.central.place import Place, jpeg
from tests.spoiled import spoiled
from tests.web.checks import violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("chromium") is None, reason="the program chromium is not installed"),
]

ARTEFACTS = Path(__file__).parent.parent.parent / "artefacts" / "central"
WAIT_MS = 15_000


def fill(place: Place) -> str:
    """A day's work with everything that can go wrong in it. Returns the encounter worth looking at."""
    author = place.author()
    place.report(author)
    packed = [author.encounter(Traveller(name="ANNA MARIE", number="L898902C3", pictures=(jpeg(90),)))]
    packed.append(author.encounter(Traveller(name="JOHN", number="P0042424", outcome=Outcome.REFERRED)))
    looked = author.encounter(
        Traveller(name="MARIA ISABEL", outcome=Outcome.REFERRED, pictures=(jpeg(), jpeg(200)), clock=ClockState.FLOOR)
    )
    packed += [looked, author.decision(looked.record.id, OfficerOutcome.ADMIT)]
    packed += [author.encounter(Traveller(name=f"TRAVELLER {n}", number=f"N{n:07}")) for n in range(8)]
    place.keep(*packed[:6], *packed[9:])
    author.head = bytes(32)
    place.keep(author.encounter(Traveller(name="AFTER A BREAK")))
    waiting = author.encounter(Traveller(name="PICTURE ON ITS WAY", pictures=(jpeg(),)))
    place.take(waiting.header)
    author.seq += 4
    place.report(author, quarantined=1)
    place.take(replace(packed[0].header, payload=spoiled(packed[0].header.payload)))
    alarm = Alarm("quay-1", author.new_id(), AlarmKind.TAMPER, author.stamp(), "cover_open")
    place.take(Outbound(topics.alarm("quay-1", alarm.id), sign_alarm(alarm, author.signer), 0))
    forger: Author = place.author()
    forger.seq, forger.head = 0, GENESIS
    place.keep(forger.encounter(Traveller(name="FORKED"), id=packed[0].record.id))
    return looked.record.id


def shot(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / f"{name}.png"), full_page=True)


def test_every_page_renders_as_a_person_sees_it(place: Place, page: Page) -> None:
    looked = fill(place)
    base = str(place.web.base_url)
    page.goto(f"{base}/encounters")
    page.get_by_text("Live", exact=True).wait_for(timeout=WAIT_MS)
    assert page.locator("tbody").first.locator("tr").count() == 10
    shot(page, "encounters")
    page.goto(f"{base}/encounters/{looked}")
    assert page.get_by_text("Signature valid").count() == 3
    page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth === 240)", timeout=WAIT_MS)
    assert page.locator(".pictures img").count() == 2
    shot(page, "encounter")
    for path in ("kiosks", "letters"):
        page.goto(f"{base}/{path}")
        shot(page, path)
    page.set_viewport_size({"width": 800, "height": 1100})
    for path, name in (
        ("encounters", "encounters-tablet"),
        (f"encounters/{looked}", "encounter-tablet"),
        ("kiosks", "kiosks-tablet"),
    ):
        page.goto(f"{base}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than the tablet"
        shot(page, name)


def test_a_new_encounter_appears_by_itself_and_the_focus_stays(place: Place, page: Page) -> None:
    author = place.author()
    place.keep(author.encounter(Traveller(name="FIRST")))
    page.goto(f"{place.web.base_url}/encounters")
    page.get_by_text("Live", exact=True).wait_for(timeout=WAIT_MS)
    page.get_by_role("link", name="SPECIMEN, FIRST").focus()
    place.keep(author.encounter(Traveller(name="SECOND")))
    page.get_by_role("link", name="SPECIMEN, SECOND").wait_for(timeout=WAIT_MS)
    assert page.evaluate("document.activeElement.textContent") == "SPECIMEN, FIRST"
    assert page.locator("#news").text_content() == "1 new row"
    assert page.locator("tr.new").count() == 1


def test_an_open_part_stays_open_when_the_page_renews_itself(place: Place, page: Page) -> None:
    author = place.author()
    packed = author.encounter(Traveller(outcome=Outcome.REFERRED))
    place.keep(packed)
    page.goto(f"{place.web.base_url}/encounters/{packed.record.id}")
    page.get_by_text("Raw JSON").click()
    place.keep(author.decision(packed.record.id, OfficerOutcome.REFUSE))
    page.locator("#live .badge.refuse").first.wait_for(timeout=WAIT_MS)
    assert page.locator("details#raw").get_attribute("open") is not None
    assert page.locator("details#raw pre").is_visible()


def test_tabs_reach_everything_from_the_top_with_a_skip_link_first(place: Place, page: Page) -> None:
    fill(place)
    page.goto(f"{place.web.base_url}/encounters")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"kiosk", "outcome", "BUTTON"} <= seen


def test_targets_are_large_enough(place: Place, page: Page) -> None:
    looked = fill(place)
    for path in ("encounters", f"encounters/{looked}", "kiosks", "letters"):
        page.goto(f"{place.web.base_url}/{path}")
        small = page.evaluate(
            """() => [...document.querySelectorAll('a:not(.skip), button, select, summary')]
              .map(one => [one.textContent.trim(), one.getBoundingClientRect()])
              .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
        )
        assert small == [], path


def test_axe_finds_nothing_on_any_page(place: Place, page: Page) -> None:
    looked = fill(place)
    script = axe.fetch().read_text(encoding="utf-8")
    for path in ("encounters", f"encounters/{looked}", "kiosks", "letters", "encounters/unknown"):
        page.goto(f"{place.web.base_url}/{path}")
        assert violations(page, script) == [], path
