"""The technician's page in a real Chromium: questions, failures, phone, keyboard, axe and millimetres."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from appliance.web.panel import KNOWN
from scripts import axe
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import ANSWERS, SERIAL, Board
from tests.web.checks import SIZES, too_small, violations
from tests.web.conftest import CHROMIUM, SWITCHES

pytestmark = pytest.mark.browser
PANEL = KNOWN["10.1in-1280x800"]
PATIENCE_MS = 40_000
SHOTS = os.environ.get("LANDFALL_SHOTS", "")
"""A folder for pictures of what was seen; empty: none are taken."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield chromium
        chromium.close()


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": PANEL.width_px, "height": PANEL.height_px})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def axe_script() -> str:
    return axe.fetch().read_text(encoding="utf-8")


def is_well(page: Page, axe_script: str, name: str) -> None:
    """What every state of the page is held to."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
    assert violations(page, axe_script) == []
    assert too_small(page.evaluate(SIZES, "body"), PANEL, with_text=False) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def asks(page: Page, words: str) -> None:
    expect(page.locator("main h2")).to_contain_text(words, timeout=PATIENCE_MS)


def test_a_whole_commissioning_by_touch(screen: Page, axe_script: str, tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    with board.page() as url:
        screen.goto(url)
        asks(screen, "What is to be done?")
        is_well(screen, axe_script, "begin")
        screen.click("text=Commission a lane")
        asks(screen, "What is your name?")
        is_well(screen, axe_script, "name")
        screen.fill("#value", ANSWERS["who"])
        screen.keyboard.press("Enter")
        asks(screen, "There is no voucher.")
        is_well(screen, axe_script, "no-voucher")
        board.officers()
        headquarters.voucher(board.stick)  # it is noticed by itself, and it goes on
        asks(screen, "last 4 characters")
        screen.fill("#value", "9999")
        screen.keyboard.press("Enter")
        asks(screen, "This is not the board that you have before you.")
        screen.click("text=Run this step again")
        asks(screen, "last 4 characters")
        screen.fill("#value", SERIAL[-4:])
        screen.keyboard.press("Enter")
        asks(screen, "The answer of headquarters is not here yet.")
        is_well(screen, axe_script, "no-answer")
        headquarters.answer(board.stick)
        asks(screen, "Lamp seen")
        is_well(screen, axe_script, "hardware")
        screen.click("button:has-text('Yes')")
        asks(screen, "Is a label on the housing")
        assert screen.evaluate("document.querySelector('.picture').naturalWidth") > 0
        is_well(screen, axe_script, "label")
        screen.click("text=It is on")
        asks(screen, "do you take over lane quay-1?")
        screen.keyboard.press("Enter")  # the first button has the focus
        asks(screen, "your name in the roster")
        screen.fill("#value", ANSWERS["officer"])
        screen.keyboard.press("Enter")
        asks(screen, "what is your PIN?")
        is_well(screen, axe_script, "pin")
        assert screen.get_attribute("#value", "type") == "password"
        screen.fill("#value", ANSWERS["pin"])
        screen.keyboard.press("Enter")
        asks(screen, "All done")
        is_well(screen, axe_script, "done")
    assert board.runner().is_finished


def test_a_phone_is_let_in_by_the_code_of_the_screen(tmp_path: Path) -> None:
    board = Board(tmp_path / "board", tmp_path)
    with board.page() as url:
        assert httpx.get(f"{url}/phone.svg").status_code == 200
        assert httpx.get(f"{url}/", headers={"host": "elsewhere.example"}).status_code == 421
        assert httpx.post(f"{url}/go", content=b"").status_code == 403  # no Origin: another page's form
