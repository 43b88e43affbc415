"""An officer's passkey takes a lane over, in a real Chromium with its virtual security key; and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.web.catalogue import load as load_words
from appliance.web.passkeys import Registration
from border import webauthn
from border.enrolment.acceptance import signed_with
from border.enrolment.sheet import is_accepted, link, open_sheet
from border.enrolment.values import ACCEPTANCE, CommissioningSheet
from border.webauthn import User
from practice.processes import free_port
from provisioning import officers
from provisioning.steps import acceptance
from provisioning.steps.handover import SHEET
from tests.provisioning.guide import PATIENCE_MS, asks, follow, register, rows
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import ANSWERS, OFFICER, Board, walk
from tests.web.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
UNTIL_OFFICER = {key: value for key, value in ANSWERS.items() if key != "accepts"}


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


def to_the_officer(board: Board, headquarters: Headquarters, lane: str = "quay-1") -> None:
    """Everything is done but the acceptance."""
    headquarters.voucher(board.stick, lanes=(lane,))
    board.go()
    headquarters.answer(board.stick)
    view = walk(board.runner(), UNTIL_OFFICER)
    assert view.current is not None and view.current.question is not None
    assert view.current.question.key == "accepts"


def options(page: Page) -> str:
    """What the page wants to have signed."""
    return str(page.locator("button[data-passkey]").get_attribute("data-passkey"))


def to_the_key(page: Page) -> None:
    """From a refusal, or from the beginning, to the question for the key."""
    again = page.locator("button:text-is('Run this step again'), button:text-is('Go on')")
    if again.count():
        again.click()
    asks(page, "do you take over")
    page.click("text=I take it over")
    asks(page, "Officer: sign with your key")


def send(page: Page, told: str) -> None:
    """As a page would that the board did not make."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
    answer = httpx.post(
        f"{origin.replace('localhost', '127.0.0.1')}/answer",
        data={"key": "passkey", "value": told},
        headers={"origin": origin, "host": urlsplit(origin).netloc},
        timeout=60,
    )
    assert answer.status_code == 303


def is_refused(page: Page, told: str, code: str) -> None:
    send(page, told)
    expect(page.locator("main .failure")).to_contain_text(code, timeout=PATIENCE_MS)
    for word in ("Why", "Next"):
        expect(page.locator("main .failure")).to_contain_text(word)


def sheet_of(board: Board) -> CommissioningSheet:
    """As headquarters opens it."""
    bench = board.runner().bench
    public_key = bench.backend.public_key()
    assert public_key is not None
    return open_sheet(bench.desk.read(SHEET), public_key)


def test_what_is_signed_wrongly_is_refused_by_its_cause_and_what_is_right_takes_the_lane_over(
    screen: Page, tmp_path: Path
) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    key = register(screen, board)
    to_the_officer(board, headquarters)
    with board.page() as url:
        screen.goto(url)
        to_the_key(screen)
        own = screen.url

        old, first = json.loads(options(screen))["challenge"], key.sign(options(screen))
        is_refused(screen, first[:-1], "PRO-PASSKEY-UNREADABLE")
        to_the_key(screen)
        is_refused(screen, first, "PRO-PASSKEY-REPLAYED")  # good when it was made, and its question is over

        to_the_key(screen)
        is_refused(screen, key.sign(options(screen), challenge=old), "PRO-PASSKEY-REPLAYED")  # signed anew
        to_the_key(screen)
        is_refused(screen, key.sign(options(screen), challenge="A" * 43), "PRO-PASSKEY-SHEET")

        to_the_key(screen)
        asked = options(screen)
        with serving(Registration(board.stick, OFFICER, port := free_port(), load_words()).app(), port):
            screen.goto(f"http://localhost:{port}")  # the same name, and another page
            elsewhere = key.sign(asked)
        screen.goto(own)
        is_refused(screen, elsewhere, "PRO-PASSKEY-ORIGIN")

        to_the_key(screen)
        stranger = webauthn.registered(
            key.make(webauthn.registration_options(User("stranger", "Stranger"), bytes(32), [])),
            bytes(32),
            own.rstrip("/"),
        )
        only = json.loads(webauthn.assertion_options(bytes(32), [stranger]))["allowCredentials"]
        is_refused(screen, key.sign(options(screen), allowCredentials=only), "PRO-PASSKEY-UNKNOWN")

        to_the_key(screen)
        key.knows_its_owner(False)
        is_refused(screen, key.sign(options(screen), userVerification="discouraged"), "PRO-PASSKEY-UNVERIFIED")
        to_the_key(screen)
        screen.click("text=Sign with my key")
        expect(screen.locator("#unsigned")).to_contain_text("The key did not sign (NotAllowedError)")
        key.knows_its_owner(True)

        screen.click("text=Sign with my key")
        asks(screen, "All done")
    sheet = sheet_of(board)
    (passkey,) = officers.roster(board.state)[OFFICER].passkeys
    assert is_accepted(sheet)
    used = signed_with(sheet)
    assert used is not None and used.credential == passkey.credential
    told = next(dict(step.evidence) for step in board.runner().view().steps if step.name == ACCEPTANCE)
    assert told["signed in with"] == "passkey"
    assert (told["accepted by"], told["passkey"], told["algorithm"]) == (OFFICER, passkey.fingerprint, "ES256")


def test_what_was_signed_for_one_lane_takes_no_other_over(screen: Page, tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    boards = [Board(tmp_path / name, headquarters.people, serial=f"10000000abcdef0{name}") for name in "12"]
    key = register(screen, boards[0])
    (boards[1].stick / "officers.toml").write_bytes((boards[0].stick / "officers.toml").read_bytes())
    for number, board in enumerate(boards, 1):
        to_the_officer(board, headquarters, f"quay-{number}")
    with boards[0].page() as one, boards[1].page() as two:
        screen.goto(one)
        to_the_key(screen)
        of_the_first = json.loads(options(screen))["challenge"]
        screen.goto(two)
        to_the_key(screen)
        is_refused(screen, key.sign(options(screen), challenge=of_the_first), "PRO-PASSKEY-SHEET")


def test_a_copy_of_the_key_is_noticed_by_its_count(screen: Page, tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    key = register(screen, board)
    to_the_officer(board, headquarters)
    (credential,) = key.credentials()
    assert credential["signCount"] > 0
    key.set_back(credential["signCount"] - 1)
    with board.page() as url:
        screen.goto(url)
        to_the_key(screen)
        screen.click("text=Sign with my key")
        expect(screen.locator("main .failure")).to_contain_text("PRO-PASSKEY-REPLAYED", timeout=PATIENCE_MS)


def test_a_word_for_a_sheet_that_has_grown_since_is_asked_for_again(tmp_path: Path) -> None:
    """The plug was pulled between the officer's word and the sheet, and another step had something new to say."""
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    board.officers()
    to_the_officer(board, headquarters)
    desk = board.runner().bench.desk
    given = {"officer": OFFICER, "role": "officer", "by": "passkey", "head": link(desk.entries()[-1]).hex()}
    for head, key in ((bytes(32).hex(), "accepts"), (given["head"], "")):
        desk.put_table(acceptance.FILE, {**given, "head": head})
        view = board.runner().go()
        assert (view.current.question.key if view.current and view.current.question else "") == key


@pytest.mark.parametrize(
    ("has_key", "why"), [(True, "not at hand"), (False, "none registered")], ids=["no key at hand", "no key registered"]
)
def test_a_pin_still_takes_it_over_and_the_sheet_says_why(
    screen: Page, tmp_path: Path, has_key: bool, why: str
) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    if has_key:
        register(screen, board)
    else:
        board.officers()
    to_the_officer(board, headquarters)
    with board.page() as url:
        screen.goto(url)
        screen.click("text=Go on")
        screen.click("text=I take it over")
        for says, do in rows("Without a security key")[0 if has_key else 1 :]:
            asks(screen, *says)
            follow(screen, do)
        asks(screen, "All done")
    told = next(dict(step.evidence) for step in board.runner().view().steps if step.name == ACCEPTANCE)
    assert (told["signed in with"], told["no passkey"]) == ("PIN", why)
    assert signed_with(sheet_of(board)) is None
