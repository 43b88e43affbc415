"""The officer's pages in a real Chromium on a tablet: large targets, axe, keys, live changes, the link lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.post.api import Link
from appliance.web.catalogue import Catalogue
from appliance.web.officer import officer_app
from appliance.web.panel import Panel
from border.encounter import OfficerOutcome
from practice.processes import free_port
from tests.web.checks import SIZES, too_small, violations
from tests.web.conftest import PostOffice, sign_in
from tests.web.post_peer import A_CHIP, ANOTHER_PAGE, FIRST, OWN, HandPost
from tests.web.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def office(catalogue: Catalogue, panel: Panel) -> Iterator[PostOffice]:
    post = HandPost()
    with serving(officer_app(post, catalogue, panel)) as url:
        yield PostOffice(url, post)


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
def test_every_page_has_large_targets_and_is_accessible(
    browser: Browser, office: PostOffice, panel: Panel, axe_script: str, code: str
) -> None:
    office.post.status[0] = replace(OWN, help_called=True)
    context = browser.new_context(viewport={"width": panel.width_px, "height": panel.height_px})
    context.add_cookies([{"name": "language", "value": code, "url": office.url}])
    page = context.new_page()

    def hold(where: str) -> None:
        assert violations(page, axe_script) == [], where
        assert too_small(page.evaluate(SIZES, "body"), panel, with_text=False) == [], where

    page.goto(office.url)
    hold("door")
    page.click("[popovertarget=languages]")
    hold("languages")
    sign_in(page, office.url)
    hold("desk")
    page.click("[data-badge=uplink] >> nth=0")
    expect(page.locator("#about-uplink")).to_be_visible()
    hold("badge")
    page.goto(f"{office.url}/recent")
    hold("recent")
    office.post.chip = ANOTHER_PAGE
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    hold("case")
    for fold in page.locator("details").all():
        fold.locator("summary").click()
    hold("folds")
    page.click("[popovertarget=whole-face]")
    expect(page.locator("#whole-face img")).to_be_visible()
    hold("a picture whole")
    page.keyboard.press("Escape")
    page.click("#take")
    page.click("label:has([value=refuse])")
    hold("decision")
    page.click("label:has([value=entry_ban])")
    page.click("#decision > button")
    hold("confirm")
    assert page.get_attribute("html", "lang") == code
    context.close()


def test_a_case_by_keys_alone(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    arrive(page, "#take")
    page.keyboard.press("t")
    arrive(page, "#decision")
    page.keyboard.press("1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    arrive(page, ".choice")
    page.keyboard.press("Escape")
    arrive(page, "#decision")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    arrive(page, ".choice")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?recorded=1")
    expect(page.locator(".say")).to_have_text("Recorded. Next, please.")
    (fact,) = office.post.decisions
    assert (fact.outcome, fact.reason) == (OfficerOutcome.ADMIT, "identity_confirmed")


def test_the_reason_offered_is_only_of_the_outcome_chosen(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    page.click("#take")
    page.click("label:has([value=refuse])")
    page.click("label:has([value=entry_ban])")
    page.click("label:has([value=admit])")
    expect(page.locator("[value=entry_ban]")).not_to_be_checked()
    expect(page.locator("[data-for=refuse]")).to_be_hidden()
    expect(page.locator("[data-for=admit]")).to_be_visible()


def test_three_faces_stand_at_equal_size(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    page.wait_for_load_state("load")
    assert page.evaluate("[...document.querySelectorAll('.faces img')].every(i => i.complete && i.naturalWidth > 0)")
    sizes = page.evaluate(
        "[...document.querySelectorAll('.faces figure:not(.finger) > :first-child')]"
        ".map(e => [e.offsetWidth, e.offsetHeight].join())"
    )
    assert len(sizes) == 3
    assert len(set(sizes)) == 1


WHOLE = """selectors => selectors.filter((one) => {
  const all = [...document.querySelectorAll(one)].filter((e) => e.checkVisibility());
  const within = (r) => r.top >= 0 && r.left >= 0 && r.bottom <= innerHeight && r.right <= innerWidth && r.height > 0;
  return !all.length || !all.every((e) => within(e.getBoundingClientRect()));
})"""


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
def test_a_referral_is_seen_and_decided_without_scrolling(
    browser: Browser, office: PostOffice, panel: Panel, code: str
) -> None:
    """Who, why, the faces, the finger and every button of the longest list of reasons, on the tablet's one screen."""
    context = browser.new_context(viewport={"width": panel.width_px, "height": panel.height_px})
    context.add_cookies([{"name": "language", "value": code, "url": office.url}])
    page = context.new_page()
    office.post.chip = A_CHIP
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    seen = ["h1", ".head .facts", ".why li", ".faces figure", ".advice"]
    assert page.evaluate(WHOLE, [*seen, "#take"]) == []
    page.click("#take")
    page.wait_for_selector("#decision")
    page.click("label:has([value=refuse])")
    assert page.evaluate(WHOLE, [*seen, ".outcomes label", ".reasons label", "#decision > button"]) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    context.close()


def test_measures_and_clear_checks_are_folded_and_open_by_keys(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    expect(page.get_by_text("No match").first).to_be_hidden()
    summary = page.locator("summary", has_text="clear checks")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("No match").first).to_be_visible()
    speaking = page.locator(".why .findings > li")
    assert speaking.count() == 4
    expect(speaking.locator(".missed .value").first).to_contain_text("at least 0")


def test_what_a_chip_proved_is_said_and_where_the_page_differs_its_characters_are_marked(
    page: Page, office: PostOffice
) -> None:
    sign_in(page, office.url)
    office.post.chip = A_CHIP
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    expect(page.locator("h1")).to_contain_text("Signed by its state")
    summary = page.locator(".proven summary")
    expect(summary).to_contain_text("Signed by its state")
    expect(page.get_by_text("Revocation list too old")).to_be_hidden()
    summary.click()
    expect(page.get_by_text("Revocation list too old")).to_be_visible()
    expect(page.locator(".proven .ok").first).to_contain_text("proven")
    office.post.chip = ANOTHER_PAGE
    page.reload()
    pairs = page.locator(".why .pairs")
    assert pairs.locator("mark").all_inner_texts() == ["SO", "55", "0", "8"]
    assert pairs.locator(".mrz").all_inner_texts()[1].startswith("P<UTOERIKS55N<<")
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


def test_a_picture_opens_whole_and_is_fetched_only_then(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    page.wait_for_load_state("load")
    before = [look for look in office.post.looks if look[0] == "aa"]
    page.click("[popovertarget=whole-face]")
    expect(page.locator("#whole-face img")).to_be_visible()
    page.wait_for_function("document.querySelector('#whole-face img').naturalWidth > 0")
    assert len(before) == 1
    page.click("#whole-face button")
    expect(page.locator("#whole-face")).to_be_hidden()


def test_the_desk_is_live_and_keeps_the_focus(page: Page, office: PostOffice) -> None:
    sign_in(page, office.url)
    page.keyboard.press("j")
    office.post.rows.append(replace(FIRST, encounter="0190-third", number="9ZZ-999"))
    office.post.status[0] = replace(OWN, uplink=Link.DOWN, help_called=True, unreported=3)
    office.post.change()
    expect(page.locator("#row-0190-third")).to_be_visible()
    expect(page.locator("[data-badge=uplink] >> nth=0")).to_have_attribute("data-level", "look")
    assert page.evaluate("document.activeElement.closest('li').id") == f"row-{FIRST.encounter}"
    page.click("#help-seen")
    expect(page.locator("#help-seen")).to_have_count(0)
    assert office.post.calls_seen == 1


def test_waiting_times_run(page: Page, office: PostOffice) -> None:
    page.clock.install()
    sign_in(page, office.url)
    assert page.text_content("[data-waiting] >> nth=0") == "1:15"
    shown = set()
    for _ in range(20):  # a busy machine starts late, and each word from the desk's stream counts from 1:15 again
        page.clock.run_for(1000)
        shown.add(page.text_content("[data-waiting] >> nth=0"))
    assert {"1:16", "1:17"} & shown


def test_a_kiosk_that_goes_is_noticed_and_a_new_run_asks_to_sign_in(
    page: Page, catalogue: Catalogue, panel: Panel
) -> None:
    port = free_port()
    with serving(officer_app(HandPost(), catalogue, panel), port) as url:
        sign_in(page, url)
    expect(page.locator("#lost")).to_contain_text("No contact with the kiosk")
    with serving(officer_app(HandPost(), catalogue, panel), port):
        expect(page.locator("#pin")).to_be_visible(timeout=15_000)


def test_nothing_is_asked_of_another_host_and_nothing_breaks_the_policy(page: Page, office: PostOffice) -> None:
    trouble: list[str] = []
    page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith(office.url) else None)
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    sign_in(page, office.url)
    page.goto(f"{office.url}/case/{FIRST.encounter}")
    page.wait_for_timeout(300)
    assert trouble == []


def arrive(page: Page, selector: str) -> None:
    """The page that holds it, with script and focus in place: a key pressed before would be lost."""
    page.wait_for_selector(selector)
    page.wait_for_load_state("load")
    page.wait_for_function("document.querySelector('[autofocus]')?.matches(':focus') ?? true")
