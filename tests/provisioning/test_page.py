"""The technician's page in a real Chromium: questions, failures, phone, keyboard, axe and millimetres."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.web.panel import KNOWN
from scripts import axe
from tests.docs.pages import DOCS, ROOT, sections
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import ANSWERS, SERIAL, Board
from tests.web.checks import SIZES, too_small, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PANEL = KNOWN["10.1in-1280x800"]
PATIENCE_MS = 40_000
ARTEFACTS = ROOT / "artefacts" / "provisioning"


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
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / f"{name}.png"))
    assert violations(page, axe_script) == []
    assert too_small(page.evaluate(SIZES, "body"), PANEL, with_text=False) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def asks(page: Page, words: str) -> None:
    expect(page.locator("main h2")).to_contain_text(words, timeout=PATIENCE_MS)


def test_the_first_timers_walk_as_the_guide_tells_it(screen: Page, axe_script: str, tmp_path: Path) -> None:
    """Each row of the guide's table: what the screen says, then what the reader is told to do, and nothing else."""
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    rows = sections(DOCS / "technician.md")["The walk"]
    with board.page() as url:
        screen.goto(url)
        for number, (says, do) in enumerate(rows):
            asks(screen, *re.findall(r"\*([^*]+)\*", says))
            is_well(screen, axe_script, f"walk-{number:02}")
            if "Put in the stick" in do:
                board.officers()
                headquarters.voucher(board.stick)
            if "Let headquarters answer" in do:
                headquarters.answer(board.stick)
            for act, what in re.findall(r"(Type|touch|Touch)[^`*]*(?:`|\*\*)([^`*]+)(?:`|\*\*)", do):
                if act == "Type":
                    for key in what:
                        screen.click(f"#keys button[data-key='{key}']")  # with a finger, on the screen's own keys
                else:
                    screen.click(f"main button:text-is('{what}')")
    assert board.runner().is_finished
    assert len(rows) > 8


def test_a_failure_says_what_why_and_next_and_is_tried_again(screen: Page, axe_script: str, tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    headquarters.voucher(board.stick)
    with board.page() as url:
        screen.goto(url)
        screen.click("text=Commission a lane")
        asks(screen, "What is your name?")
        screen.fill("#value", ANSWERS["who"])
        screen.keyboard.press("Enter")
        asks(screen, "last 4 characters")
        screen.fill("#value", "9999")
        screen.keyboard.press("Enter")
        asks(screen, "This is not the board that you have before you.")
        is_well(screen, axe_script, "other-board")
        for word in ("Why", "Next", "PRO-OTHER-SERIAL"):
            expect(screen.locator("main .failure")).to_contain_text(word)
        screen.keyboard.press("Enter")  # the one button has the focus
        asks(screen, "last 4 characters")
        expect(screen.locator("#value")).to_be_focused()
        screen.fill("#value", SERIAL[-4:])
        screen.keyboard.press("Enter")
        asks(screen, "The answer of headquarters is not here yet.")


def test_a_phone_is_let_in_by_the_code_of_the_screen(tmp_path: Path) -> None:
    board = Board(tmp_path / "board", tmp_path)
    with board.page() as url:
        assert httpx.get(f"{url}/phone.svg").status_code == 200
        assert httpx.get(f"{url}/", headers={"host": "elsewhere.example"}).status_code == 421
        assert httpx.post(f"{url}/go", content=b"").status_code == 403  # no Origin: another page's form
