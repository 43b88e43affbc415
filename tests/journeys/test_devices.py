"""Devices pulled out in the middle of a step and put back: the traveller meets an officer, nobody restarts anything."""

from __future__ import annotations

import time

import pytest

from appliance.devices import CAMERA, READER, SENSOR
from appliance.journey.machine import Event, State
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(180)

STEPS = [
    (State.DOCUMENT, READER, "document_device_failed"),
    (State.FACE, CAMERA, "camera_device_failed"),
    (State.TURN, CAMERA, "camera_device_failed"),
    (State.FINGER, SENSOR, "fingerprint_device_failed"),
]


@pytest.mark.parametrize(("state", "device", "reason"), STEPS)
def test_a_device_pulled_in_its_step_refers_and_is_back_when_it_is_put_back(
    stand: Stand, state: State, device: str, reason: str
) -> None:
    pid = stand.place.process.pid
    stand.reach(state, face="nobody" if state is State.FACE else "bona_fide")
    stand.quay.disturb(device, "unplug")
    stand.wait_for(State.REFERRED)
    stand.wait_for_row(state, Event.DEVICE_FAILED)
    assert reason in stand.last().reasons
    assert stand.device(device) == "DEV-GONE"
    stand.quay.disturb(device, "replug")
    stand.leave()
    stand.until("the board says ready", lambda: stand.device(device) == "ready")
    assert stand.place.process.pid == pid
    assert stand.place.process.is_running


def test_a_reader_put_back_within_seconds_costs_the_traveller_nothing(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    stand.quay.disturb(READER, "unplug")
    time.sleep(0.5)
    stand.quay.disturb(READER, "replug")
    time.sleep(2.0)
    assert stand.state is State.DOCUMENT
    stand.swipe()
    stand.wait_for(State.FACE)


def test_a_device_pulled_while_nobody_is_there_shows_on_the_board(stand: Stand) -> None:
    for device in (READER, CAMERA, SENSOR):
        stand.quay.disturb(device, "unplug")
    stand.until("all gone", lambda: {stand.device(d) for d in (READER, CAMERA, SENSOR)} <= {"DEV-GONE", "DEV-TIME"})
    assert stand.state is State.IDLE
    for device in (READER, CAMERA, SENSOR):
        stand.quay.disturb(device, "replug")
    stand.until("all ready", lambda: {stand.device(d) for d in (READER, CAMERA, SENSOR)} == {"ready"})


def test_a_noisy_line_never_ends_the_kiosk(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    stand.quay.disturb(READER, "noisy")
    for _ in range(3):
        time.sleep(0.6)
        stand.quay.swipe()
    stand.quay.disturb(READER, "well")
    if stand.state is State.DOCUMENT:  # else a garbled swipe has used up the tries, or one came through whole
        stand.swipe()  # until it is noticed
    assert stand.place.process.is_running


@pytest.mark.full
def test_a_mute_sensor_refers_and_speaks_again(stand: Stand) -> None:
    stand.reach(State.FINGER)
    stand.quay.disturb(SENSOR, "mute")
    stand.wait_for(State.REFERRED)
    assert "fingerprint_device_failed" in stand.last().reasons
    assert stand.device(SENSOR) == "DEV-TIME"
    stand.quay.disturb(SENSOR, "well")
    stand.leave()
    stand.until("the board says ready", lambda: stand.device(SENSOR) == "ready")
