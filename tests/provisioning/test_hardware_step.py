"""The hardware tests while a lane is set up: on their own page, from a phone, and with nobody at the screen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from border.enrolment.values import StepResult
from hw_tests import store
from hw_tests.record import Outcome
from provisioning.steps import hardware
from tests.provisioning.command import with_screen
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import ANSWERS, SERIAL, Board, walk

pytestmark = pytest.mark.timeout(900)
PATIENCE_MS = 40_000
PHONE = "127.0.0.2"  # loopback too, and yet not the address of the board's own browser
TOKEN = "a token"
ON_SCREEN = ("touch", "screen", "speaker")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Enrolled and configured; the hardware tests come next."""
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    headquarters.voucher(board.stick)
    board.officers()
    board.go()
    headquarters.answer(board.stick)
    answers = {key: value for key, value in ANSWERS.items() if not key.startswith("hw-")}
    view = walk(board.runner(with_screen), answers)
    assert view.current is not None and view.current.name == "hardware"
    return board


def results(board: Board) -> list[StepResult]:
    """What the sheet says of the hardware tests, in order."""
    return [entry.result for entry in board.runner().bench.desk.entries() if entry.step == "hardware"]


def say(page: Page, words: str, answer: str) -> None:
    expect(page.locator("h1")).to_contain_text(words, timeout=PATIENCE_MS)
    page.click(f".answers button[value='{answer}']")


@pytest.mark.browser
def test_what_failed_stands_in_the_sheet_and_is_repeated_alone(browser: Browser, board: Board) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    with board.page(with_screen) as url:
        page.goto(f"{url}/tests/")
        expect(page.locator("main h1")).to_have_text("Hardware test")
        page.click("text=Full test")
        say(page, "Is it green?", "no")
        expect(page.locator(".cell")).to_have_count(40, timeout=PATIENCE_MS)
        for cell in page.locator(".cell").all():
            cell.click()
        say(page, "one colour after the other", "yes")
        say(page, "three tones", "yes")
        expect(page.locator("h1")).to_have_text("Full test: fail", timeout=PATIENCE_MS)
        page.click("text=Back to the steps")
        expect(page.locator("main .failure")).to_contain_text("lane_hands.seen", timeout=PATIENCE_MS)
        expect(page.locator("main .failure")).to_contain_text("Look at its cable.")
        page.click("button:text-is('Run this step again')")
        page.click("text=To the tests")
        page.locator("details", has_text="Lane's lamps").locator("button").click()
        say(page, "Is it green?", "yes")
        expect(page.locator("h1")).to_have_text("Full test: pass", timeout=PATIENCE_MS)
        page.click("text=Go on with the steps")
        expect(page.locator("main h2")).to_contain_text("Is a label on the housing", timeout=PATIENCE_MS)
    context.close()
    assert results(board) == [StepResult.FAILED, StepResult.DONE]
    kept = store.earlier(board.state / hardware.RECORDS, SERIAL)
    runs = {("full", Outcome.FAIL), ("lane_hands", Outcome.PASS), ("full", Outcome.PASS)}
    assert {(record.suite, record.outcome) for record in kept} == runs


@contextmanager
def reader(url: str, address: str) -> Iterator[httpx.Client]:
    """Somebody who reads the page from this address."""
    origin = {"host": f"localhost:{urlsplit(url).port}", "origin": f"http://localhost:{urlsplit(url).port}"}
    with httpx.Client(
        base_url=url, headers=origin, transport=httpx.HTTPTransport(local_address=address), timeout=60
    ) as it:
        yield it


def until(client: httpx.Client, words: str) -> str:
    """The tests' page as soon as it says so."""
    ends, revision = time.monotonic() + 60, -1
    while time.monotonic() < ends:
        told = client.get(f"/tests/state?after={revision}").json()
        revision = int(told["revision"])
        if words in told["main"]:
            return str(told["main"])
    raise AssertionError(f"never said: {words}")


def test_a_phone_cannot_answer_for_the_screen(board: Board) -> None:
    with board.page(with_screen) as url, reader(url, "127.0.0.1") as screen, reader(url, PHONE) as phone:
        assert phone.get("/tests/").status_code == 403
        assert phone.get(f"/?t={TOKEN.replace(' ', '+')}").status_code == 303
        assert phone.get("/tests/").status_code == 200
        assert screen.post("/tests/begin", data={"suite": "full"}).status_code == 303
        until(phone, "Is it green?")
        lamp = {"question": "lane_green", "number": "1", "said": "yes"}
        assert phone.post("/tests/answer", data=lamp).status_code == 303
        assert 'class="cell"' in until(screen, "Touch the middle of each square.")
        assert 'class="cell"' not in until(phone, "This is asked on the kiosk's own screen.")
        touched = {"question": "touch_grid", "number": "2", "said": "yes", "touches": "0:1"}
        assert phone.post("/tests/answer", data=touched).status_code == 403
        assert screen.post("/tests/answer", data=touched).status_code == 303


def test_from_a_phone_the_screen_is_not_asked_and_the_officer_is_told(board: Board) -> None:
    with board.page(with_screen) as url, reader(url, PHONE) as phone:
        phone.get(f"/?t={TOKEN.replace(' ', '+')}")
        assert phone.post("/tests/begin", data={"suite": "full"}).status_code == 303
        until(phone, "Is it green?")
        phone.post("/tests/answer", data={"question": "lane_green", "number": "1", "said": "yes"})
        until(phone, "Go on with the steps")
        assert phone.get("/tests/record.json").status_code == 200
    is_named_as_not_asked(board)


def test_by_command_the_screen_is_not_asked_and_the_officer_is_told(board: Board) -> None:
    answers = {key: value for key, value in ANSWERS.items() if key != "accepts"}
    walk(board.runner(with_screen), answers)
    is_named_as_not_asked(board)


def is_named_as_not_asked(board: Board) -> None:
    view = walk(board.runner(with_screen), {"stuck": "yes"})
    told = next(dict(step.evidence) for step in view.steps if step.name == "hardware")
    assert told["not asked on its own screen"] == ", ".join(ON_SCREEN)
    assert told["not fitted, not tested"] == "none"
    record = hardware.kept(board.runner().bench)
    assert record is not None
    assert {each.name for each in record.phases if each.outcome is Outcome.SKIP} == set(ON_SCREEN)
    assert view.current is not None and view.current.question is not None
    assert view.current.question.key == "accepts"
    assert "Nobody was asked about these of its screen: Touch, Screen, Loudspeaker." in view.current.question.detail


def test_the_tests_are_closed_while_it_is_not_their_turn(tmp_path: Path) -> None:
    board = Board(tmp_path / "board", tmp_path)
    with board.page(with_screen) as url, reader(url, "127.0.0.1") as screen:
        for answer in (screen.get("/tests/"), screen.post("/tests/begin", data={"suite": "full"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
