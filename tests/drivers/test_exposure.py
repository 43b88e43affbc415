"""Steering exposure by a region."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.exposure import DEAD_BAND, GAMMA, MAX_STOPS, TARGET_LEVEL, level_in, next_stops


def test_only_the_region_counts() -> None:
    pixels = np.zeros((100, 100, 3), dtype=np.uint8)
    pixels[20:60, 30:70] = 200
    assert level_in(pixels, (30, 20, 40, 40)) == 200
    assert level_in(pixels, (0, 0, 20, 20)) == 0


@pytest.mark.parametrize("region", [(-50, -50, 10, 10), (200, 0, 10, 10), (10, 10, 0, 0), (10, 10, -5, 20)])
def test_a_region_outside_the_picture_says_nothing_and_changes_nothing(region: tuple[int, int, int, int]) -> None:
    level = level_in(np.zeros((100, 100, 3), dtype=np.uint8), region)
    assert math.isnan(level)
    assert next_stops(0.7, level) == 0.7


def test_a_region_half_outside_counts_with_its_inner_half() -> None:
    assert level_in(np.full((100, 100, 3), 90, dtype=np.uint8), (-20, -20, 40, 40)) == 90


@pytest.mark.parametrize("true_stops", [-1.5, -0.5, 0.0, 0.8, 1.9])
def test_a_scene_so_many_stops_off_is_brought_to_the_target(true_stops: float) -> None:
    stops = 0.0
    for _ in range(40):
        level = TARGET_LEVEL * 2 ** ((stops - true_stops) / GAMMA)
        stops = next_stops(stops, min(255.0, level))
    assert stops == pytest.approx(true_stops, abs=2 * DEAD_BAND)


@given(stops=st.floats(-MAX_STOPS, MAX_STOPS), level=st.floats(0, 255))
def test_the_camera_is_never_asked_for_more_than_it_may(stops: float, level: float) -> None:
    assert -MAX_STOPS <= next_stops(stops, level) <= MAX_STOPS
