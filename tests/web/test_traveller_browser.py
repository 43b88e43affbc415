"""The traveller's page in a real Chromium: it fits, is large enough, accessible, and lives through trouble."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.journey.machine import State
from appliance.journey.view import Touch
from appliance.web.catalogue import Catalogue
from appliance.web.panel import MIN_CAP_DEG, MIN_TARGET_MM, Panel
from appliance.web.speech import Speech
from appliance.web.traveller import traveller_app
from practice.processes import free_port
from tests.web.checks import SIZES, too_small, violations
from tests.web.conftest import Kiosk
from tests.web.hands import is_playing, open_at, wait_for, wait_until
from tests.web.peers import HandJourney, HandMirror
from tests.web.serving import serving
from tests.web.views import view_of

pytestmark = pytest.mark.browser


def test_the_millimetre_test_can_tell_small_from_large(page: Page, kiosk: Kiosk, panel: Panel) -> None:
    open_at(page, kiosk, "document")
    page.evaluate("document.getElementById('title').attributeStyleMap.set('font-size', CSS.px(58))")
    page.evaluate("document.getElementById('touch-stop').attributeStyleMap.set('max-height', CSS.px(100))")
    page.evaluate("document.getElementById('touch-stop').attributeStyleMap.set('min-height', CSS.px(100))")
    wrong = too_small(page.evaluate(SIZES, "#screen"), panel)
    assert len(wrong) == 2
    assert any(f"{MIN_CAP_DEG}" in line for line in wrong)
    assert any(f"{MIN_TARGET_MM}" in line for line in wrong)


def test_the_language_dialog_is_large_and_accessible_and_changes_the_language(
    page: Page, kiosk: Kiosk, panel: Panel, axe_script: str
) -> None:
    open_at(page, kiosk, "face")
    page.click("#open-languages")
    assert too_small(page.evaluate(SIZES, "dialog"), panel) == []
    assert violations(page, axe_script, is_modal=True) == []
    page.click("dialog button[value=ht]")
    expect(page.locator("dialog")).to_be_hidden()
    wait_until(lambda: kiosk.journey.touches[-1] == (Touch.LANGUAGE, "ht"))
    kiosk.journey.show(language="ht")
    expect(page.locator("h1")).to_have_text("Gade kamera a")
    assert page.get_attribute("html", "lang") == "ht"


def test_a_journey_by_touch(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "idle")
    kiosk.journey.touches.clear()
    page.click("#language-es")
    wait_until(lambda: kiosk.journey.touches == [(Touch.LANGUAGE, "es")])
    kiosk.journey.show(**view_of("welcome", language="es"))
    expect(page.locator("h1")).to_be_focused()
    page.click("#touch-arriving")
    page.click("#touch-help")
    page.click("#touch-officer")
    page.click("#touch-stop")
    wanted = [Touch.ARRIVING, Touch.HELP, Touch.OFFICER, Touch.STOP]
    wait_until(lambda: [touch for touch, _ in kiosk.journey.touches[1:]] == wanted)
    kiosk.journey.show(help_called=True)
    expect(page.locator("#touch-help")).to_contain_text("Avisado")
    expect(page.locator("#announce")).to_have_text("Se ha avisado a un oficial")


def test_a_journey_with_the_keyboard_alone(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "turn")
    kiosk.journey.touches.clear()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert {"open-languages", "sound-repeat", "touch-cannot", "touch-help", "touch-officer", "touch-stop"} <= set(
        reached
    )
    page.focus("#touch-cannot")
    page.keyboard.press("Enter")
    page.keyboard.press("F1")
    wait_until(lambda: [touch for touch, _ in kiosk.journey.touches] == [Touch.CANNOT, Touch.HELP])
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "touch-help"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_focus_stays_on_its_button_when_the_screen_around_it_changes(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "finger")
    page.focus("#touch-help")
    kiosk.journey.show(help_called=True)
    wait_for(page, kiosk)
    expect(page.locator("#touch-help")).to_be_focused()


def test_a_hint_is_live_text_and_the_rest_is_left_alone(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "face")
    page.evaluate("document.getElementById('mirror').dataset.mark = 'same'")
    kiosk.journey.show(hint="move_closer", progress=0.2)
    expect(page.locator("[data-region=hint][aria-live=polite]")).to_contain_text("Please come closer")
    kiosk.journey.show(**view_of("turn"))
    wait_for(page, kiosk)
    assert page.get_attribute("#mirror", "data-mark") == "same"


def test_the_warning_counts_down_takes_the_focus_and_gives_it_back(page: Page, kiosk: Kiosk) -> None:
    page.clock.install()
    open_at(page, kiosk, "finger")
    page.focus("#touch-cannot")
    kiosk.journey.show(seconds_left=20)
    expect(page.locator("[role=alertdialog] button")).to_be_focused()
    assert page.text_content("[data-countdown]") == "20"
    page.clock.run_for(4000)
    assert page.text_content("[data-countdown]") == "16"
    assert page.evaluate("document.querySelector('main').inert")
    kiosk.journey.show(seconds_left=15)
    wait_for(page, kiosk)
    assert page.text_content("[data-countdown]") == "15"
    expect(page.locator("#touch-more_time")).to_be_focused()
    kiosk.journey.touches.clear()
    page.keyboard.press("Enter")
    wait_until(lambda: kiosk.journey.touches == [(Touch.MORE_TIME, None)])
    kiosk.journey.show(seconds_left=None)
    expect(page.locator("[role=alertdialog]")).to_have_count(0)
    expect(page.locator("#touch-cannot")).to_be_focused()
    assert not page.evaluate("document.querySelector('main').inert")


def test_the_mirror_is_painted_and_mirrored(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "face")
    wait_until(lambda: int(page.get_attribute("#mirror", "data-frames") or 0) > 3)
    pixel = "x => [...document.getElementById('mirror').getContext('2d').getImageData(x, 240, 1, 1).data]"
    assert page.evaluate(pixel, 50)[0] > 200  # the camera's left is red in the canvas itself
    assert page.evaluate("new DOMMatrix(getComputedStyle(document.getElementById('mirror')).transform).a") == -1
    kiosk.journey.show(**view_of("finger"))
    expect(page.locator("#mirror")).to_have_count(0)


def test_each_screen_painted_is_reported_and_goes_on_being_reported(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "document")
    revision = kiosk.journey.show(hint="swipe_again").revision
    wait_until(lambda: revision in kiosk.journey.painted_revisions)
    kiosk.journey.painted_revisions.clear()
    wait_until(lambda: revision in kiosk.journey.painted_revisions, 6)  # with the beat, while nothing changes


def test_each_screen_and_hint_is_spoken_and_can_be_repeated_or_silenced(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "welcome")
    with page.expect_request("**/speech/fr/say.document.wav"):
        kiosk.journey.show(**view_of("document", language="fr"))
    wait_until(lambda: is_playing(page), 8)
    page.evaluate("document.getElementById('voice').pause()")
    page.click("#sound-repeat")
    wait_until(lambda: is_playing(page))
    for _ in range(3):
        page.click("#sound-quieter")
    expect(page.locator("#announce")).to_have_text("Volume 0 sur 4")
    clips: list[str] = []
    page.on("request", lambda request: clips.append(request.url) if "/speech/" in request.url else None)
    kiosk.journey.show(**view_of("face", language="fr"))
    wait_for(page, kiosk)
    page.wait_for_timeout(300)
    assert clips == []
    page.click("#sound-louder")
    with page.expect_request("**/speech/fr/hint.move_closer.wav"):
        kiosk.journey.show(hint="move_closer")


def test_the_page_begins_anew_after_each_traveller(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "wiping")
    page.click("#sound-quieter")
    page.evaluate("window.left_over = 'something of the last traveller'")
    kiosk.journey.show(**view_of("idle", language="en"))
    expect(page.locator("#language-en")).to_be_visible()
    assert page.evaluate("window.left_over") is None
    expect(page.locator("body")).to_have_attribute("data-volume", "3")


AS_THE_SCREEN_CHANGES = """() => {
  window.first = null;
  new MutationObserver(() => {
    const finish = document.getElementById("touch-finish");
    if (finish && window.first === null) window.first = getComputedStyle(finish).pointerEvents;
  }).observe(document.body, { attributes: true, childList: true, subtree: true });
}"""
"""Looked at in the page itself: from outside, a busy machine may look when the moment has passed."""


def test_a_second_tap_of_a_double_touch_does_not_hit_the_next_screen(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "document")
    page.evaluate(AS_THE_SCREEN_CHANGES)
    kiosk.journey.show(**view_of("cleared"))
    page.wait_for_selector("body:not(.settling) #touch-finish")
    assert page.evaluate("window.first") == "none"
    assert page.evaluate("getComputedStyle(document.getElementById('touch-finish')).pointerEvents") == "auto"


def test_a_server_that_goes_is_noticed_calmly_and_found_again(
    page: Page, catalogue: Catalogue, panel: Panel, tmp_path: Path
) -> None:
    port, speech = free_port(), Speech(catalogue, tmp_path, program="no-such-voice")
    journey = HandJourney()
    journey.show(state=State.DOCUMENT)
    with serving(traveller_app(journey, HandMirror(), speech, catalogue, panel), port) as url:
        page.goto(url)
        expect(page.locator("h1")).to_have_text("Swipe your passport or card")
        expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#lost")).to_have_text("One moment: reconnecting")
    expect(page.locator("#lost")).to_be_visible()
    after = HandJourney()
    after.show(state=State.FACE, language="fr")
    after.show(hint="hold_still")
    with serving(traveller_app(after, HandMirror(), speech, catalogue, panel), port):
        expect(page.locator("h1")).to_have_text(re.compile("Regardez la caméra"), timeout=10_000)
        expect(page.locator("#lost")).to_be_hidden()
        wait_until(lambda: 3 in after.painted_revisions)


def test_the_page_asks_nobody_but_its_own_server(page: Page, kiosk: Kiosk) -> None:
    asked: set[str] = set()
    trouble: list[str] = []
    page.on("request", lambda request: asked.add(re.sub(r"(//[^/]+).*", r"\1", request.url)))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    open_at(page, kiosk, "face")
    page.wait_for_timeout(300)
    assert asked <= {kiosk.url, "about:blank"}
    assert trouble == []
