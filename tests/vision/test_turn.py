"""What one look of a turn is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.track import Sighting
from appliance.vision.turn import Side, TurnLook, Verdict, is_straight, judge, look
from border.rules.policy import TurnLimits
from tests.vision.heads import as_a_plane, turned

LIMITS = TurnLimits(18, 0.05, turns=2, seconds_per_turn=5, max_track_distance=0.5)


@pytest.mark.parametrize(
    ("yaw_deg", "residual", "verdict"),
    [
        (18.0, 0.05, Verdict.GOOD),
        (40.0, 0.2, Verdict.GOOD),
        (17.99, 0.2, Verdict.NOT_YET),
        (18.0, 0.0499, Verdict.FLAT),
        (-18.0, 0.05, Verdict.WRONG_WAY),
        (-40.0, 0.01, Verdict.NOT_YET),
        (0.0, 0.0, Verdict.NOT_YET),
        (math.nan, 0.2, Verdict.NOT_YET),
        (30.0, math.nan, Verdict.FLAT),
        (math.nan, math.nan, Verdict.NOT_YET),
    ],
)
def test_a_look_is_good_only_when_far_enough_deep_enough_and_the_right_way(
    yaw_deg: float, residual: float, verdict: Verdict
) -> None:
    assert judge(TurnLook(yaw_deg, residual), LIMITS) is verdict


@pytest.mark.parametrize(("asked", "yaw_deg"), [(Side.LEFT, 24.0), (Side.RIGHT, -24.0)])
def test_the_sign_is_that_of_the_asked_side(frontal: Sighting, asked: Side, yaw_deg: float) -> None:
    there = look(frontal.mesh, turned(frontal.mesh, yaw_deg), asked)
    other = look(frontal.mesh, turned(frontal.mesh, -yaw_deg), asked)
    assert there.yaw_change_deg == pytest.approx(24, abs=0.1)
    assert judge(there, LIMITS) is Verdict.GOOD
    assert judge(other, LIMITS) is Verdict.WRONG_WAY


def test_a_plane_that_seems_to_turn_is_flat(frontal: Sighting) -> None:
    seen = look(frontal.mesh, as_a_plane(frontal.mesh, 26), Side.LEFT)
    assert seen.yaw_change_deg > 18
    assert judge(seen, LIMITS) is Verdict.FLAT


@pytest.mark.parametrize("turn", [{"yaw_deg": 16.0}, {"yaw_deg": -16.0}, {"pitch_deg": 35.0}])
def test_a_turned_face_is_not_straight(frontal: Sighting, turn: dict[str, float]) -> None:
    assert is_straight(frontal.mesh)
    assert not is_straight(turned(frontal.mesh, **turn))


def test_a_mesh_of_nan_is_not_straight() -> None:
    assert not is_straight(FaceMesh(np.full((468, 3), np.nan, np.float32), 1.0, 640, 480))
