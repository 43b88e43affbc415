"""Each thing a traveller may do wrong before the real kiosk's camera brings up the hint that mends it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from appliance.journey.machine import State
from practice.quay import STANCES
from simulators.travellers import traveller
from tests.journeys.stand import Stand

WITHIN_S = 25.0
"""A face nobody has drawn before takes the simulated camera a while."""

HINTS = {
    "nobody": "no_face",
    "two_people": "several_faces",
    "too_far": "move_closer",
    "too_near": "move_back",
    "too_far_left": "centre_right",
    "too_far_right": "centre_left",
    "below_the_picture": "centre_up",
    "above_the_picture": "centre_down",
    "looking_away": "look_straight",
    "eyes_closed": "eyes_open",
    "against_the_light": "back_lit",
}
GOOD_ENOUGH = ("seated",)
"""Stances that need no hint."""


@pytest.fixture
def at_the_camera(stand: Stand) -> Iterator[Stand]:
    """A traveller whose face the kiosk looks for; nobody stands there yet."""
    stand.go_home()
    stand.step_up("skipper")
    stand.quay.show_face("nobody")
    stand.touch("arriving")
    stand.wait_for(State.DOCUMENT)
    stand.swipe()
    stand.wait_for(State.FACE)
    yield stand
    stand.go_home()


def test_every_stance_has_its_hint_or_needs_none() -> None:
    assert set(STANCES) <= {*HINTS, *GOOD_ENOUGH}


@pytest.mark.parametrize("face", HINTS)
def test_what_is_wrong_before_the_camera_is_said(at_the_camera: Stand, face: str) -> None:
    if face == "against_the_light":
        at_the_camera.quay.who = traveller("bosun")  # light skin is still seen well enough
    at_the_camera.quay.show_face(face)
    assert hint_comes(at_the_camera, HINTS[face]), f"{face}: {at_the_camera.screen()}"


@pytest.mark.parametrize("face", GOOD_ENOUGH)
def test_who_is_seen_whole_is_not_asked_to_move(at_the_camera: Stand, face: str) -> None:
    at_the_camera.quay.show_face(face)
    at_the_camera.wait_for(State.TURN)


def test_the_lamp_lights_a_face_in_the_dark_and_goes_out_afterwards(at_the_camera: Stand) -> None:
    camera = at_the_camera.quay.camera
    assert camera.light == 0.0
    at_the_camera.quay.show_face("in_the_dark")
    at_the_camera.until("the lamp shines", lambda: camera.light > 0.0)
    at_the_camera.wait_for(State.TURN)  # lit, the same face is good enough
    at_the_camera.touch("stop")
    at_the_camera.until("the lamp is out", lambda: camera.light == 0.0)


def hint_comes(stand: Stand, hint: str) -> bool:
    """Whether the screen says it in time; a warning is answered and a try that ended is followed by the next."""
    ends_s = time.monotonic() + WITHIN_S
    while time.monotonic() < ends_s:
        now = stand.screen()
        if now["hint"] == hint:
            return True
        if now["seconds_left"] is not None:
            stand.touch("more_time")
        time.sleep(0.05)
    return False
