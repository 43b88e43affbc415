"""The technician's page in a real Chromium: questions, failures, phone, keyboard, axe and millimetres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.web.panel import KNOWN
from hw_tests.record import Outcome
from provisioning.steps import hardware
from scripts import axe
from tests.docs.pages import ROOT
from tests.image import sealed
from tests.image.tools import disk_tools
from tests.provisioning.chips import Maker
from tests.provisioning.command import with_screen
from tests.provisioning.guide import PATIENCE_MS, asks, follow, register, rows
from tests.provisioning.headquarters import CUSTODIANS, Headquarters
from tests.provisioning.test_unlock import made as unlocking
from tests.provisioning.world import ANSWERS, SERIAL, Board
from tests.web.checks import SIZES, too_small, violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
PANEL = KNOWN["10.1in-1280x800"]
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


WHOLE = ("storage", "lane_hands", "touch", "screen", "speaker")


def facts(board: Board, step: str) -> dict[str, str]:
    """What the sheet says of this step."""
    return next(dict(each.evidence) for each in board.runner().view().steps if each.name == step)


def test_the_first_timers_walk_as_the_guide_tells_it(screen: Page, axe_script: str, tmp_path: Path) -> None:
    """Each row of the guide's table: what the screen says, then what the reader is told to do, and nothing else."""
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    walk = rows("The walk")
    register(screen, board)
    with board.page(with_screen) as url:
        screen.goto(url)
        for number, (says, do) in enumerate(walk):
            asks(screen, *says)
            is_well(screen, axe_script, f"walk-{number:02}")
            if "Put in the stick" in do:
                headquarters.voucher(board.stick)
            if "Let headquarters answer" in do:
                headquarters.answer(board.stick)
            follow(screen, do)
    assert board.runner().is_finished
    assert len(walk) > 12
    assert facts(board, "acceptance")["signed in with"] == "passkey"
    record = hardware.kept(board.runner().bench)
    assert record is not None
    assert {phase.name: phase.outcome for phase in record.phases} == dict.fromkeys(WHOLE, Outcome.PASS)
    assert facts(board, "hardware")["not asked on its own screen"] == "none"


def test_the_disk_of_a_broken_board_as_the_guide_tells_it(
    screen: Page, axe_script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_tools(tmp_path, monkeypatch)
    maker = Maker(tmp_path / "maker")
    with maker.make("old").powered() as old, maker.make("new").powered() as new:
        desk = unlocking(tmp_path, maker, (old, new))
        walk = rows("The disk of a broken board")
        with desk.opener(desk.disk), desk.new.page() as url:
            screen.goto(url)
            for number, (says, do) in enumerate(walk):
                asks(screen, *says)
                is_well(screen, axe_script, f"unlock-{number:02}")
                if "Let headquarters answer" in do:
                    desk.headquarters.answer(desk.new.stick)
                if "Let two custodians" in do:
                    desk.headquarters.release(*CUSTODIANS[:2])
                    desk.headquarters.answer_again(desk.new.stick)
                follow(screen, do.partition("Then touch")[0])  # what follows is done after another start
        assert sealed.opens(desk.disk, new.tcti)
    assert len(walk) == 6


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
