"""The lane in a whole port: the gate opens for whom the rules cleared, and an opened housing reaches headquarters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from appliance.journey.machine import State
from practice.port import OFFICERS
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def _in_order(stand: Stand) -> Iterator[None]:
    yield
    stand.quay.at_lane("close_housing")
    stand.quay.disturb("lane", "well")
    stand.quay.disturb("lane", "replug")
    stand.until("the lane is ready", lambda: stand.device("lane") == "ready")


def alarms(harbour: Harbour) -> list[tuple[str, str]]:
    """(kind, detail) of all that headquarters was told."""
    with closing(sqlite3.connect(f"file:{harbour.store}?mode=ro", uri=True)) as store:
        return store.execute("SELECT kind, detail FROM alarms").fetchall()


def officer_does(stand: Stand, path: str) -> None:
    """Sign in and post that one form, as the page does."""
    officer, _, _, pin = OFFICERS[0]
    with httpx.Client(base_url=stand.officer_url, headers={"origin": stand.officer_url}, timeout=20.0) as tablet:
        tablet.post("/sign-in", data={"officer": officer, "pin": pin})
        page = tablet.get("/").text
        assert f'action="{path}"' in page
        token = page.split('name="form_token" value="')[1].split('"')[0]
        assert tablet.post(path, data={"form_token": token}).status_code == 303


def test_the_gate_opens_for_a_cleared_traveller_and_shuts_behind_him(stand: Stand) -> None:
    assert not stand.quay.lane.outputs.gate_is_open
    record = stand.cross("skipper")
    assert record.outcome == State.CLEARED
    stand.until("the gate is open", lambda: stand.quay.lane.outputs.gate_is_open and stand.quay.lane.outputs.green)
    stand.leave()
    stand.until("the gate is shut", lambda: not stand.quay.lane.outputs.gate_is_open and stand.quay.lane.outputs.red)


def test_the_gate_stays_shut_for_a_referred_one(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    stand.until("an officer is coming", lambda: stand.quay.lane.lamp == "wait")
    assert not stand.quay.lane.outputs.gate_is_open
    stand.leave()
    stand.until("stop", lambda: stand.quay.lane.lamp == "stop")


def test_the_button_at_the_lane_calls_an_officer(stand: Stand) -> None:
    stand.quay.at_lane("press")
    stand.until("help is called", lambda: bool(stand.screen()["help_called"]))
    officer_does(stand, "/help-seen")
    assert stand.screen()["help_seen"]
    stand.step_up("skipper")
    stand.touch("stop")  # whoever goes takes the call with him
    stand.until("the call is over", lambda: not stand.screen()["help_called"])


def test_a_lane_that_is_unplugged_shows_on_the_board_and_comes_back(stand: Stand) -> None:
    stand.quay.disturb("lane", "unplug")
    stand.until("it is gone", lambda: stand.device("lane") == "DEV-GONE")
    stand.quay.disturb("lane", "replug")
    stand.until("it is back", lambda: stand.device("lane") == "ready")


def test_an_opened_housing_is_seen_by_officer_and_headquarters_until_somebody_has_looked(
    harbour: Harbour, stand: Stand
) -> None:
    stand.quay.at_lane("open_housing")
    stand.until("the board says so", lambda: stand.device("lane") == "DEV-TAMPER")
    stand.until("headquarters knows", lambda: ("tamper", "lane_opened") in alarms(harbour))
    stand.quay.at_lane("close_housing")
    stand.quay.disturb("lane", "unplug")  # a latch is no matter of power
    stand.until("it is gone", lambda: stand.device("lane") == "DEV-GONE")
    stand.quay.disturb("lane", "replug")
    stand.until("the board still says so", lambda: stand.device("lane") == "DEV-TAMPER")
    officer_does(stand, "/housing-seen")
    stand.until("the board is content", lambda: stand.device("lane") == "ready")
    stand.until("headquarters knows who", lambda: ("tamper", f"lane_cleared {OFFICERS[0][0]}") in alarms(harbour))
