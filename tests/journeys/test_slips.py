"""Slips and headsets on the whole appliance: printed at the wire, seen as a picture, spoken of; never in the way."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.devices import LANE, PRINTER
from appliance.journey.machine import State
from tests.codes import read_code
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(180)


def refer(stand: Stand, language: str = "en") -> None:
    stand.reach(State.DOCUMENT, language=language)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)


def slip_is(stand: Stand, state: str) -> None:
    stand.until(f"the slip is {state}", lambda: stand.screen()["slip"] == state)


@pytest.mark.parametrize("language", ["en", "es", "fr", "ht"])
def test_who_is_referred_takes_a_slip_whose_code_opens_his_case(stand: Stand, artefacts: Path, language: str) -> None:
    printed = len(stand.quay.printer.sheets)
    refer(stand, language)
    slip_is(stand, "printed")
    assert len(stand.quay.printer.sheets) == printed + 1
    picture = stand.quay.slip()
    assert picture is not None
    (artefacts / f"slip-{language}.png").write_bytes(picture)
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    assert read_code(pixels).decode().endswith(f"/case/{stand.last().id}")
    assert stand.quay.printer.unknown == []


def test_paper_that_ends_in_a_slip_stops_nobody_and_the_next_slip_is_the_next_travellers(stand: Stand) -> None:
    stand.quay.printer.rows_left = 4
    refer(stand)
    slip_is(stand, "missing")
    first = stand.last().id
    stand.until("the board says it", lambda: stand.device(PRINTER) == "DEV-PAPER")
    stand.leave()
    stand.quay.at_printer("new_roll")
    stand.until("the board says ready", lambda: stand.device(PRINTER) == "ready")
    before = len(stand.quay.printer.sheets)
    refer(stand)
    slip_is(stand, "printed")
    new = stand.quay.printer.sheets[before:]
    assert [first in code for sheet in new for code in sheet.codes] == [False]


def test_a_printer_pulled_out_is_on_the_board_and_comes_back(stand: Stand) -> None:
    pid = stand.place.process.pid
    stand.quay.at_printer("unplug")
    refer(stand)
    slip_is(stand, "missing")
    stand.until("the board says it", lambda: stand.device(PRINTER) == "DEV-GONE")
    stand.quay.at_printer("replug")
    stand.leave()
    stand.until("the board says ready", lambda: stand.device(PRINTER) == "ready")
    assert stand.place.process.pid == pid


def test_a_headset_is_seen_by_the_page_and_forgotten_when_the_board_is_gone(stand: Stand) -> None:
    def headset_is(is_in: bool) -> None:
        stand.until(f"a headset: {is_in}", lambda: stand.screen()["headset"] is is_in)

    stand.quay.at_lane("headset_in")
    headset_is(True)
    stand.quay.disturb("lane", "unplug")
    headset_is(False)
    stand.until("the board says it", lambda: stand.device(LANE) == "DEV-GONE")
    stand.quay.disturb("lane", "replug")
    headset_is(True)
    stand.quay.at_lane("headset_out")
    headset_is(False)
    stand.until("the board says ready", lambda: stand.device(LANE) == "ready")


def test_the_button_at_the_lane_calls_for_help(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    stand.quay.at_lane("press")
    stand.until("help is called", lambda: bool(stand.screen()["help_called"]))
