"""The quay and its page: what a mouse does a script can do, and both are told what was not understood."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from practice.papers import KINDS, Papers
from practice.port import HardwareWrong, KioskPlace, Port, hardware_of
from practice.processes import Process, free_port
from practice.quay import CHIPS, Quay
from practice.quay_page import QuayPage
from practice.uplink import Uplink
from scripts import axe
from simulators.pcscd import Missing
from simulators.travellers import TRAVELLERS
from tests.chromium import CHROMIUM, SWITCHES
from tests.web.checks import violations
from tests.web.serving import serving


@pytest.fixture(scope="module")
def quay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quay]:
    quay = Quay(tmp_path_factory.mktemp("quay"), fps=2.0)
    yield quay
    quay.close()


@pytest.fixture(scope="module")
def url(quay: Quay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page over a port whose kiosk, broker and centre have not been started: it must say so, not fall over."""
    folder = tmp_path_factory.mktemp("port")
    port = Port(folder, ("practice-kiosk-1",))
    port.broker = Process("broker", ["sleep", "60"], folder / "broker.log")
    port.centre = Process("centre", ["sleep", "60"], folder / "centre.log")
    process = Process("kiosk", ["sleep", "60"], folder / "kiosk.log")
    kiosk = KioskPlace("practice-kiosk-1", folder, free_port(), free_port(), Uplink(free_port()), process)
    with serving(QuayPage(quay, port, kiosk).app()) as url:
        yield url
    port.broker.kill()


def test_every_button_of_the_page_is_a_call_that_is_understood(url: str) -> None:
    page = httpx.get(url).text
    calls = [part.split('"')[0] for part in page.split('data-do="')[1:]]
    assert len(calls) >= len(TRAVELLERS) + 30
    slow = ("world/", "present/", "face/")  # tried one by one below: each draws a head or moves a process
    for call in (one for one in calls if not one.startswith(slow)):
        assert httpx.post(f"{url}/do/{call}", timeout=60).status_code == 200, call


def test_what_is_done_is_told(url: str) -> None:
    told = httpx.post(f"{url}/do/present/deckhand", timeout=60).json()
    assert (told["who"], told["face"], told["finger"]) == ("deckhand", "bona_fide", "none")
    assert httpx.post(f"{url}/do/finger/dry", timeout=60).json()["finger"] == "dry"
    assert httpx.post(f"{url}/do/walk_away/now", timeout=60).json()["face"] == "nobody"
    assert (told["broker"], told["uplink"], told["screen"]) == (False, False, None)


@pytest.mark.parametrize("call", ["present/nobody_we_know", "swipe/upside_down", "fly/now", "world/end", "camera/eat"])
def test_what_is_not_understood_gets_the_words_that_are(url: str, call: str) -> None:
    answer = httpx.post(f"{url}/do/{call}", timeout=60)
    assert answer.status_code == 404
    assert "world" in answer.json()["understood"]


@pytest.fixture
def chip_quay(tmp_path: Path) -> Iterator[Quay]:
    try:
        quay = Quay(tmp_path / "quay", fps=2.0, papers=Papers())
    except Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(f"no virtual chip reader: {missing}")
    yield quay
    quay.close()


def test_a_documents_chip_is_put_down_with_it_leaves_once_and_is_taken_up(chip_quay: Quay) -> None:
    for kind in KINDS:
        chip_quay.show_chip(kind)
        chip_quay.put_down()
        assert chip_quay.chip_lies, kind
        chip_quay.take_up()
        assert not chip_quay.chip_lies
    chip_quay.show_chip("absent")
    chip_quay.put_down()
    assert not chip_quay.chip_lies
    with pytest.raises(ValueError, match="golden"):
        chip_quay.show_chip("golden")


def test_a_quay_with_a_chip_reader_has_its_buttons_and_each_is_understood(chip_quay: Quay, tmp_path: Path) -> None:
    port = Port(tmp_path, ("practice-kiosk-1",))
    process = Process("kiosk", ["sleep", "60"], tmp_path / "kiosk.log")
    kiosk = KioskPlace("practice-kiosk-1", tmp_path, free_port(), free_port(), Uplink(free_port()), process)
    with serving(QuayPage(chip_quay, port, kiosk).app()) as url:
        page = httpx.get(url).text
        wanted = {f"chip/{kind}" for kind in CHIPS} | {"document/put_down", "document/take_up", "chip_reader/replug"}
        assert {call for call in wanted if f'data-do="{call}"' not in page} == set()
        for call in sorted(wanted):
            assert httpx.post(f"{url}/do/{call}", timeout=60).status_code == 200, call
        assert httpx.post(f"{url}/do/chip/golden", timeout=60).status_code == 404


def test_another_page_cannot_press_the_buttons(url: str) -> None:
    assert (
        httpx.post(f"{url}/do/swipe/well", headers={"Origin": "http://elsewhere.example"}, timeout=60).status_code
        == 403
    )


def test_a_process_is_killed_and_started_again(url: str) -> None:
    assert httpx.post(f"{url}/do/world/start_broker", timeout=60).json()["broker"] is True
    assert httpx.post(f"{url}/do/world/kill_broker", timeout=60).json()["broker"] is False


def test_the_page_is_accessible_and_follows_what_happens(url: str, quay: Quay) -> None:
    with sync_playwright() as chromium:
        browser = chromium.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        expect(page.locator('[data-now="screen"]')).to_have_text("not answering")
        page.get_by_role("button", name="partial").click()
        expect(page.locator('[data-finger="partial"]')).to_have_attribute("aria-pressed", "true")
        assert quay.finger == "partial"
        assert violations(page, axe.fetch().read_text(encoding="utf-8")) == []
        browser.close()


def test_a_hardware_file_names_all_its_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "my-kiosk.toml"
    path.write_text('[devices]\ncamera = 1\ncolour = "blue"\n')
    with pytest.raises(HardwareWrong) as caught:
        hardware_of(path)
    assert "unknown: colour" in str(caught.value)
    assert "missing: document_reader" in str(caught.value)
    assert "camera: wants text" in str(caught.value)
