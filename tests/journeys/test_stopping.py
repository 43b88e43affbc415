"""`landfall stop` and `start`: nobody is thrown out, nothing is lost, and headquarters hears of both."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from appliance import durable
from appliance.journey.machine import CAPTURING, State
from appliance.standing import STOPPED
from appliance.web import catalogue
from practice.quay import Quay
from tests.journeys.arriving import assert_all_is_there
from tests.journeys.harness import Harbour
from tests.journeys.in_browser import at_the_page
from tests.journeys.lanes import Island, devices
from tests.journeys.stand import PATIENCE_S, Stand
from tests.journeys.test_commissioned import through
from tests.provisioning.world import Board, failure


@pytest.fixture(autouse=True)
def opened(stand: Stand, brisk: Stand) -> Iterator[None]:
    """Whatever comes of a test, both lanes are open before they are sent home."""
    yield
    for one in (stand, brisk):
        (one.place.folder / STOPPED).unlink(missing_ok=True)


pytestmark = pytest.mark.timeout(400)
TELLS = "SELECT detail FROM alarms WHERE kiosk = ? AND detail IN ('lane_stopped', 'lane_started') ORDER BY received_ms"


def landfall(stand: Stand, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "appliance.operations", "--config", str(stand.place.folder / "kiosk.toml")]
    return subprocess.Popen([*command, "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(command: subprocess.Popen[str], code: int = 0) -> str:
    out, complaint = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == code, complaint
    return str(json.loads(out)["lane"]) if out else complaint


def told(harbour: Harbour, stand: Stand) -> list[str]:
    """What the centre has been told of this lane's stops and starts."""
    with closing(sqlite3.connect(f"file:{harbour.store}?mode=ro", uri=True, timeout=10.0)) as store:
        return [row[0] for row in store.execute(TELLS, (stand.place.id,))]


def test_a_lane_closes_after_who_is_there_stays_closed_and_opens_again(
    harbour: Harbour, stand: Stand, browser: Browser
) -> None:
    closed = catalogue.load().text("en", "title.out_of_service")
    before = len(told(harbour, stand))
    with at_the_page(browser, stand) as screen, stand.recording() as recorded:
        stand.reach(State.FACE)
        stop = landfall(stand, "stop")
        stand.until("the lane is marked", (stand.place.folder / STOPPED).exists)
        assert stand.state in CAPTURING, "he goes on as if nothing were"
        stand.touch("officer")
        stand.wait_for(State.REFERRED)
        assert screen.number()
        assert stop.poll() is None, "somebody is still there"
        screen.press("finish", None)
        assert said(stop) == "closed"
        screen.wait_for(State.OUT_OF_SERVICE)
        assert closed in screen.page.inner_text("#screen")
    assert len(recorded) == 1
    stand.touch("language", "en")
    assert stand.state is State.OUT_OF_SERVICE
    stand.until("headquarters knows", lambda: told(harbour, stand)[before:] == ["lane_stopped"])

    stand.place.process.kill()
    stand.place.process.start()
    stand.wait_until_open()
    assert said(landfall(stand, "stop")) == "closed"
    assert stand.state is State.OUT_OF_SERVICE, "a restart opens nothing"
    doctor = landfall(stand, "doctor").communicate(timeout=PATIENCE_S)[0]
    assert "was closed by hand" in doctor

    assert said(landfall(stand, "start")) == "open"
    stand.wait_for(State.IDLE)
    stand.until("headquarters knows", lambda: told(harbour, stand)[before:] == ["lane_stopped", "lane_started"])
    assert_all_is_there(harbour, stand)


def test_who_gives_up_waiting_has_closed_it_all_the_same(stand: Stand) -> None:
    stand.reach(State.FACE)
    assert "asked for, and it will be so; now it is: " in said(landfall(stand, "stop", "--wait", "0"), 75)
    assert stand.state in CAPTURING
    stand.touch("stop")
    stand.wait_for(State.OUT_OF_SERVICE)
    assert said(landfall(stand, "start")) == "open"


def test_without_its_program_a_lane_can_be_closed_and_says_so(brisk: Stand) -> None:
    brisk.place.process.stop()
    assert "does not run" in said(landfall(brisk, "stop"))
    brisk.place.process.start()
    brisk.wait_until_open()
    assert said(landfall(brisk, "stop")) == "closed"
    assert said(landfall(brisk, "start")) == "open"


def test_a_second_program_in_the_same_folder_does_not_start(brisk: Stand) -> None:
    config = str(brisk.place.folder / "kiosk.toml")
    second = subprocess.run(
        [sys.executable, "-m", "appliance", "--config", config], capture_output=True, text=True, check=False, timeout=60
    )
    assert second.returncode == 2
    assert "CFG-TWICE" in second.stderr
    assert brisk.state is State.IDLE


def test_a_kiosk_whose_board_becomes_another_lane_ends_before_anything_is_wiped(tmp_path: Path) -> None:
    """Its program is running all the time; whoever supervises it starts it again, here the test."""
    island, quay = Island(tmp_path / "island"), Quay(tmp_path / "quay")
    try:
        board = Board(tmp_path / "board", island.office.people, devices=devices(quay))
        through(board, island.office, "commission", "enrol")
        quay.belong_to(board.state / "keys" / "device.crt")
        with island.kiosk(board, quay) as stand:
            stand.wait_for(State.IDLE)
            for path in board.stick.glob("voucher-*"):
                path.unlink()
            island.office.voucher(board.stick, "--purpose", "move_site", lanes=("quay-2",))
            assert failure(board.go("move-site")).code == "PRO-NO-ANSWER"
            log = (board.folder / "kiosk.log").read_text()
            assert "the program ends, to begin anew" in log, "it was not wiped under a program that runs"
            assert not (board.state / "running").is_file() or not durable.is_locked(board.state / "running")
            assert island.office.answer(board.stick)
            view = board.go("move-site")
            assert view.is_finished, view
            assert not stand.place.process.is_running
            assert not (board.state / "journal.sqlite").exists(), "nobody wrote it anew after the wipe"
            stand.place.process.start()
            stand.wait_until_open()
            assert stand.board()["kiosk"] == "quay-2"
            stand.wait_for(State.IDLE)
    finally:
        quay.close()
        island.close()
