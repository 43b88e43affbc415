"""A headset in a real Chromium: plugged in, the page speaks; keys say what they move to; pulled out, silence."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from appliance.journey.view import SlipState
from tests.web.conftest import Kiosk
from tests.web.hands import is_playing, open_at, wait_for, wait_until

pytestmark = pytest.mark.browser


def clip(page: Page) -> str:
    """What is being said, as language/key."""
    return str(page.evaluate("document.getElementById('voice').src")).partition("/speech/")[2].removesuffix(".wav")


def test_plugged_in_the_page_says_the_screen_and_pulled_out_it_is_silent(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "document")
    kiosk.journey.show(headset=True)
    wait_until(lambda: is_playing(page))
    assert clip(page) == "en/say.document"
    kiosk.journey.show(headset=False)
    wait_for(page, kiosk)
    wait_until(lambda: not is_playing(page))


def test_at_home_a_headset_is_greeted_in_every_language(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "idle")
    assert not is_playing(page)
    kiosk.journey.show(headset=True)
    wait_until(lambda: is_playing(page))
    assert clip(page) == "en/say.idle"


def test_a_page_that_loads_while_a_headset_is_in_speaks_by_itself(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "document", headset=True)
    wait_until(lambda: clip(page) == "en/say.document")


def test_with_a_headset_a_key_says_where_it_has_moved(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "document")
    page.keyboard.press("ArrowRight")
    assert clip(page) == ""
    kiosk.journey.show(headset=True)
    wait_until(lambda: clip(page) == "en/say.document")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        focused = page.evaluate("document.activeElement.dataset.say ?? ''")
        assert focused
        wait_until(lambda wanted=focused: clip(page) == wanted)


def test_every_button_says_its_name_in_a_clip_that_exists(page: Page, kiosk: Kiosk) -> None:
    for name in ("idle", "welcome", "turn", "cleared, slip offered", "warning"):
        open_at(page, kiosk, name)
        said = page.evaluate("[...document.querySelectorAll('button')].map((b) => b.dataset.say ?? '')")
        assert said
        for token in said:
            assert page.request.get(f"{kiosk.url}/speech/{token}.wav").ok, (name, token)


def test_a_printed_slip_is_said_after_the_sentence_that_is_being_said(page: Page, kiosk: Kiosk) -> None:
    open_at(page, kiosk, "referred")
    kiosk.journey.show(slip=SlipState.PRINTED)
    wait_for(page, kiosk)
    wait_until(lambda: clip(page) == "en/slip.printed")
