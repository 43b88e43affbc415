"""The main journeys on the real page in Chromium, with pictures kept under artefacts/journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance.journey.machine import Event, State
from tests.journeys.in_browser import Touchscreen, at_the_page
from tests.journeys.rows import Step
from tests.journeys.stand import SLOW_MACHINE, Stand

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

FLOOR_S, NOTICEABLE_S = 1.5, 0.25
"""Every decision lasts this long; by design, so what differs is the machine's own haste alone."""


@pytest.fixture
def screen(browser: Browser, stand: Stand) -> Iterator[Touchscreen]:
    with at_the_page(browser, stand) as screen:
        yield screen


def test_a_traveller_is_cleared_step_by_step(screen: Touchscreen, stand: Stand, artefacts: Path) -> None:
    trouble: list[str] = []
    screen.page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    screen.page.on("pageerror", lambda error: trouble.append(str(error)))
    screen.photograph(artefacts, "cleared-0-idle")
    for _ in range(3):
        stand.step_up("skipper")
        screen.wait_for(State.WELCOME)
        screen.photograph(artefacts, "cleared-1-welcome")
        stand.touch("arriving")
        screen.wait_for(State.DOCUMENT)
        screen.photograph(artefacts, "cleared-2-document")
        stand.swipe()
        for number, state in enumerate((State.FACE, State.TURN, State.FINGER), start=3):
            if stand.wait_for(state, State.FINGER, State.REFERRED) is state:
                screen.wait_for(state)
                screen.page.wait_for_timeout(700)  # the mirror's first picture, the first word of guidance
                screen.photograph(artefacts, f"cleared-{number}-{state.value}")
        if stand.wait_for(State.FINGER, State.REFERRED) is State.FINGER:
            stand.place_finger()
            stand.quay.lift()
        if stand.wait_for(State.CLEARED, State.REFERRED) is State.CLEARED:
            break
        assert stand.last().reasons & SLOW_MACHINE
        stand.leave()
    screen.wait_for(State.CLEARED)
    screen.photograph(artefacts, "cleared-6-cleared")
    record = stand.last()
    assert record.outcome == "cleared"
    assert record.reasons == frozenset()
    assert screen.number() == record.number
    assert {sample.kind.value for sample in record.checked.samples} >= {"face", "face_turned", "finger"}
    assert record.checked.document is not None
    assert record.checked.document.document_number not in screen.page.content()
    stand.leave()
    screen.wait_for(State.IDLE)
    assert record.number not in screen.page.content()
    assert trouble == []


def test_two_different_reasons_look_the_same_and_last_the_same(
    screen: Touchscreen, stand: Stand, artefacts: Path
) -> None:
    screens: dict[str, str] = {}
    lasted: dict[str, float] = {}
    reasons: dict[str, frozenset[str]] = {}
    for who in ("expired", "listed"):
        record = stand.cross(who)
        screen.wait_for(State.REFERRED)
        screen.page.wait_for_timeout(500)
        screen.photograph(artefacts, f"referred-{who}")
        assert screen.number() == record.number
        screens[who], lasted[who] = screen.neutral(), decision_s(stand.steps())
        stand.leave()
        reasons[who] = record.reasons
    assert reasons == {"expired": {"document_expired"}, "listed": {"watchlist_match"}}
    assert screens["expired"] == screens["listed"]
    assert min(lasted.values()) >= FLOOR_S
    assert abs(lasted["expired"] - lasted["listed"]) < NOTICEABLE_S


def decision_s(steps: list[Step]) -> float:
    """How long the newest finished decision lasted."""
    end = max(n for n, step in enumerate(steps) if step.state is State.DECIDING)
    return steps[end].at_s - steps[end - 1].at_s


def test_the_language_changes_on_the_page_in_the_middle(screen: Touchscreen, stand: Stand, artefacts: Path) -> None:
    stand.reach(State.DOCUMENT, language="fr")
    screen.wait_for(State.DOCUMENT)
    french = screen.page.inner_text("#title")
    for code in ("ht", "es", "en"):
        stand.touch("language", code)
        screen.page.wait_for_selector(f"html[lang={code}] #screen[data-lang={code}]")
        assert screen.shows(State.DOCUMENT)
        assert screen.page.inner_text("#title") != french
        screen.photograph(artefacts, f"document-{code}")


@pytest.mark.parametrize("state", [State.WELCOME, State.DOCUMENT])
def test_stop_on_the_page_leads_home(screen: Touchscreen, stand: Stand, state: State) -> None:
    stand.reach(state)
    screen.wait_for(state)
    stand.touch("stop")
    screen.wait_for(State.IDLE)
    stand.wait_for_row(state, Event.GAVE_UP)


def test_the_page_outlives_a_kiosk_that_is_killed(screen: Touchscreen, stand: Stand, artefacts: Path) -> None:
    """It says so kindly, and finds the new one by itself."""
    stand.place.process.kill()
    screen.page.wait_for_selector("#lost:not([hidden])", timeout=30_000)
    screen.photograph(artefacts, "kiosk-gone")
    stand.place.process.start()
    stand.wait_until_open()
    stand.wait_for(State.IDLE)
    screen.wait_for(State.IDLE)
    screen.page.wait_for_selector("#lost", state="hidden", timeout=30_000)


def test_the_warning_stands_on_the_page_and_one_touch_takes_it_away(
    browser: Browser, brisk: Stand, artefacts: Path
) -> None:
    with at_the_page(browser, brisk) as screen:
        brisk.reach(State.DOCUMENT)
        screen.page.wait_for_selector("#touch-more_time")
        screen.photograph(artefacts, "warning")
        brisk.touch("more_time")
        screen.page.wait_for_selector("#touch-more_time", state="detached")
        assert screen.shows(State.DOCUMENT)
