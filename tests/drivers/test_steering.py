"""What a camera is asked for, by the controls it has: tables of what is advertised, seen and wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Pixels
from drivers.camera.exposure import TARGET_LEVEL, next_by_hand
from drivers.camera.steering import Asked, at_start, on_sensor, steer

LONGEST_US = 33_333.0
VALUE = {"ExposureValue": (-8.0, 8.0, 0.0)}
BY_HAND = {"ExposureTime": (100, 200_000, None), "AnalogueGain": (1.0, 16.0, None)}
AUTOMATIC = {**BY_HAND, "AeEnable": (False, True, True)}
FOCUS = {"AfWindows": (None, None, None), "AfMetering": (0, 1, 0)}
TOLD = {"ExposureTime": 10_000, "AnalogueGain": 2.0, "ScalerCrop": (100, 200, 4000, 3000)}
FACE = (100, 100, 50, 60)


def grey(level: int) -> Pixels:
    return np.full((300, 400, 3), level, dtype=np.uint8)


def asked(advertised: dict[str, Any], level: int, region: Any, before: Asked = Asked()) -> tuple[Asked, dict[str, Any]]:  # noqa: B008
    return steer(before, advertised, grey(level), TOLD, region, LONGEST_US)


@pytest.mark.parametrize(
    ("advertised", "wishes"),
    [
        ({}, {}),
        ({"AfMode": (0, 2, 0)}, {"AfMode": 2}),
        ({"FrameDurationLimits": (1, 2, 1)}, {"FrameRate": 25.0}),
    ],
    ids=str,
)
def test_only_what_is_advertised_is_asked_at_the_start(advertised: dict[str, Any], wishes: dict[str, Any]) -> None:
    assert at_start(advertised, 25.0) == wishes


def test_a_dark_face_asks_for_more_and_nobody_asks_for_none() -> None:
    after, wishes = asked(VALUE, 60, FACE)
    assert 0 < wishes["ExposureValue"] == after.stops <= 2
    assert asked(VALUE, 60, None, after) == (Asked(), {"ExposureValue": 0.0})
    assert asked(VALUE, 60, None) == (Asked(), {})


def test_by_hand_time_grows_before_gain() -> None:
    after, wishes = asked(AUTOMATIC, 60, FACE)
    assert after.by_hand and wishes["AeEnable"] is False
    assert 20_000 < wishes["ExposureTime"] < LONGEST_US and wishes["AnalogueGain"] == 1.0
    assert asked(AUTOMATIC, 60, None, after) == (Asked(), {"AeEnable": True})
    assert asked(AUTOMATIC, 60, None) == (Asked(), {})


def test_a_camera_without_any_automatic_is_exposed_for_the_whole_picture_too() -> None:
    after, wishes = asked(BY_HAND, 60, None)
    assert after.by_hand and wishes.keys() == {"ExposureTime", "AnalogueGain"}


def test_a_camera_that_does_not_tell_its_exposure_is_left_alone() -> None:
    assert steer(Asked(), AUTOMATIC, grey(60), {}, FACE, LONGEST_US) == (Asked(), {})


def test_focus_follows_a_face_that_moved_and_is_let_go() -> None:
    after, wishes = asked(FOCUS, 118, FACE)
    assert wishes == {"AfMetering": 1, "AfWindows": [(1100, 1200, 500, 600)]}
    swayed = (FACE[0] + 3, *FACE[1:])
    assert asked(FOCUS, 118, swayed, after) == (after, {})
    assert asked(FOCUS, 118, (160, 100, 50, 60), after)[1]["AfWindows"] == [(1700, 1200, 500, 600)]
    assert asked(FOCUS, 118, (900, 900, 9, 9), after) == (after, {})
    assert asked(FOCUS, 118, None, after) == (Asked(), {"AfMetering": 0})


@given(st.tuples(*(st.integers(-500, 900) for _ in range(4))))
def test_a_window_lies_inside_what_the_picture_shows(region: tuple[int, int, int, int]) -> None:
    window = on_sensor(region, 400, 300, (100, 200, 4000, 3000))
    if window is not None:
        x, y, width, height = window
        assert x >= 100 and y >= 200 and x + width <= 4100 and y + height <= 3200
        assert width >= 1 and height >= 1


@given(st.floats(100, 200_000), st.floats(1, 16), st.floats(0, 255))
def test_time_and_gain_stay_within_their_limits(time_us: float, gain: float, level: float) -> None:
    next_us, next_gain = next_by_hand(time_us, gain, level, (100.0, LONGEST_US), (1.0, 16.0))
    assert 100.0 <= next_us <= LONGEST_US and 1.0 <= next_gain <= 16.0


@pytest.mark.parametrize("scene", [0.002, 0.02, 0.2])
def test_by_hand_a_scene_comes_to_mid_grey(scene: float) -> None:
    time_us, gain = 5000.0, 1.0
    for _ in range(80):
        level = min(255.0, 255.0 * (scene * time_us * gain / 1000) ** (1 / 2.2))
        time_us, gain = next_by_hand(time_us, gain, level, (10.0, LONGEST_US), (1.0, 16.0))
    assert level == pytest.approx(TARGET_LEVEL, rel=0.06)
