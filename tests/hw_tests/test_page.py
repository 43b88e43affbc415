"""The technician's page in a real Chromium: a run with questions, touch grid, results, a repeat, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.web.panel import Panel
from hw_tests import store
from hw_tests.page import Desk, hardware_app
from hw_tests.phases import phases
from hw_tests.record import NO, NOT_SURE, Outcome, Record
from hw_tests.session import Session
from simulators.board_tree import SERIAL
from tests.hw_tests.simulated import Kiosk, kiosk
from tests.web.checks import SIZES, too_small, violations
from tests.web.conftest import axe_script, page, panel
from tests.web.serving import serving

__all__ = ["axe_script", "page", "panel"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
ASKED = frozenset({"printer_slip", "lane_hands", "lane_gate", "touch", "screen", "speaker", "watchdog"})


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    session: Session
    here: Kiosk

    @property
    def records(self) -> tuple[Record, ...]:
        return store.earlier(self.here.folder / "records", SERIAL)


@contextmanager
def served(folder: Path, names: frozenset[str]) -> Iterator[Served]:
    """A page over these phases of a simulated kiosk."""
    with kiosk(folder, names) as here:
        records = folder / "records"
        session = Session(
            lambda: replace(here.station(), earlier=store.earlier(records, SERIAL)),
            lambda station: [each for each in phases(station) if each.name in names],
            lambda record: store.keep(records, record),
        )
        with serving(hardware_app(Desk(session, "0.1.0"))) as url:
            try:
                yield Served(f"{url}/", session, here)
            finally:
                session.stop()


def begin(page: Page, served: Served, suite: str = "full", serial: str = SERIAL) -> None:
    page.goto(served.url)
    page.fill("input[name=serial]", serial)
    page.fill("input[name=by]", "T. Technician")
    for flag in page.locator(".flag input").all():
        flag.check()
    page.click(f"button[value={suite}]")


def say(page: Page, words: str, answer: str) -> None:
    expect(page.locator("h1")).to_have_text(words, timeout=30_000)
    page.click(f".answers button[value='{answer}']")


def test_a_run_on_the_page_from_the_serial_number_to_the_record(page: Page, tmp_path: Path) -> None:
    with served(tmp_path, ASKED) as here:
        begin(page, here)
        say(page, "Look at the slip. Are all letters and the code whole?", "yes")
        say(page, "Look at the lane's lamp. Is it red?", "yes")
        say(page, "Look at the lane's lamp. Is it green?", NO)
        expect(page.locator("h1")).to_have_text("Press the lane's button once.")
        here.here.lane.press()
        expect(page.locator("h1")).to_have_text("Plug a headset into the lane's socket.")
        here.here.lane.plug_headset(True)
        say(page, "The gate will move. Is it free of people and things?", "yes")
        say(page, "Did the gate open wholly and close again?", "yes")
        expect(page.locator(".cell")).to_have_count(40, timeout=30_000)
        for cell in page.locator(".cell").all():
            cell.click()
        page.click("text=Show the colours")
        for _ in range(5):
            page.click(".colour")
        say(page, "Touch the screen to see one colour after the other. Was each even, without dots or lines?", "yes")
        say(page, "Did you hear three tones?", NOT_SURE)
        expect(page.locator("h1")).to_have_text("Full test: fail", timeout=30_000)
        record = here.records[-1]
        assert record.failed() == ("lane_hands.green", "speaker.heard")
        assert {(each.said, each.by) for phase in record.phases for each in phase.answers} == {
            (said, "T. Technician") for said in ("yes", "no", "not sure")
        }
        assert page.locator("details[open]").count() == 2
        # repeat what failed, alone
        page.locator("details", has_text="Loudspeaker").locator("button").click()
        say(page, "Did you hear three tones?", "yes")
        expect(page.locator("details[open]")).to_have_count(1, timeout=30_000)
        whole = here.session.view().record
        assert whole is not None
        assert (whole.suite, whole.failed()) == ("full", ("lane_hands.green",))
        assert {each.suite for each in here.records} == {"full", "speaker"}


def test_every_view_is_accessible_and_has_large_targets(
    page: Page, tmp_path: Path, axe_script: str, panel: Panel
) -> None:
    def hold(where: str) -> None:
        assert violations(page, axe_script) == [], where
        assert too_small(page.evaluate(SIZES, "body"), panel, with_text=False) == [], where

    with served(tmp_path, frozenset({"printer_slip", "touch", "watchdog", "screen"})) as here:
        page.goto(here.url)
        hold("begin")
        begin(page, here)
        expect(page.locator("h1")).to_have_text("Look at the slip. Are all letters and the code whole?", timeout=30_000)
        hold("question")
        page.click(".answers button[value=no]")
        expect(page.locator(".grid")).to_be_visible()
        hold("touch grid")
        expect(page.locator(".cell")).to_have_count(40, timeout=30_000)
        for cell in page.locator(".cell").all():
            cell.click()
        expect(page.locator(".colours")).to_be_visible()
        hold("colours")
        page.click(".answers button[value=yes]")
        expect(page.locator("h1")).to_have_text("Full test: fail", timeout=30_000)
        while page.locator("details:not([open])").count():
            page.locator("details:not([open]) summary").first.click()
        hold("result")


def test_a_phone_shows_it_without_sideways_scrolling_and_skips_the_screen(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    phone = context.new_page()
    with served(tmp_path, frozenset({"printer_slip", "watchdog"})) as here:
        begin(phone, here)
        expect(phone.locator(".answers")).to_be_visible(timeout=30_000)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
        phone.click(".answers button[value=yes]")
        expect(phone.locator("h1")).to_have_text("Full test: pass", timeout=30_000)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_another_serial_number_is_refused_and_the_page_says_so(page: Page, tmp_path: Path) -> None:
    with served(tmp_path, frozenset({"watchdog"})) as here:
        begin(page, here, serial="10000000deadbee0")
        expect(page.locator("h1")).to_have_text("Not begun")
        expect(page.locator("main")).to_contain_text("HW-SERIAL")
        assert here.records == ()


def test_stop_ends_it_and_the_record_says_aborted(page: Page, tmp_path: Path) -> None:
    with served(tmp_path, frozenset({"printer_slip", "watchdog"})) as here:
        begin(page, here)
        expect(page.locator(".answers")).to_be_visible(timeout=30_000)
        page.click("text=Stop")
        expect(page.locator("h1")).to_have_text("Full test: aborted", timeout=30_000)
        assert here.records[-1].outcome is Outcome.ABORTED


def test_an_answer_to_a_question_that_is_over_is_refused(tmp_path: Path) -> None:
    with served(tmp_path, frozenset({"printer_slip"})) as here, httpx.Client(base_url=here.url) as client:
        origin = {"origin": here.url.rstrip("/")}
        told = {"serial": SERIAL, "by": "T. Technician", "suite": "full"}
        assert client.post("begin", data=told, headers=origin).status_code == 303
        view = here.session.view(after=0, wait_s=10)
        while view.asked is None:
            view = here.session.view(after=view.revision, wait_s=10)
        late = {"question": "printer_slip", "number": str(view.asked_number + 1), "said": "yes"}
        assert client.post("answer", data=late, headers=origin).status_code == 409
        assert client.post("answer", data={**late, "said": "maybe"}, headers=origin).status_code == 400
        assert client.post("answer", data={**late, "number": str(view.asked_number)}).status_code == 403
        assert client.post("begin", data=told, headers=origin).status_code == 409


def test_what_comes_from_another_page_is_refused(tmp_path: Path) -> None:
    with served(tmp_path, frozenset({"watchdog"})) as here, httpx.Client(base_url=here.url) as client:
        for address in ("begin", "answer", "stop"):
            assert client.post(address, headers={"origin": "http://elsewhere.example"}).status_code == 403
        assert client.get("record.json").status_code == 404
        assert "default-src 'none'" in client.get("").headers["content-security-policy"]


def test_the_record_in_every_form(page: Page, tmp_path: Path) -> None:
    with served(tmp_path, frozenset({"watchdog"})) as here:
        begin(page, here, "quick")
        expect(page.locator("h1")).to_have_text("Quick test: pass", timeout=30_000)
        with httpx.Client(base_url=here.url, timeout=60) as client:
            assert client.get("record.json").content == here.records[-1].canonical
            assert client.get("record.pdf").content.startswith(b"%PDF-")
            assert b"<testsuite" in client.get("record.xml").content
            assert here.records[-1].sha256 in client.get("record.html").text
