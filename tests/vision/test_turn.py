"""What one look of a turn is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.track import Sighting
from appliance.vision.turn import Movement, Need, Side, TurnLook, Verdict, is_straight, judge, look
from border.rules.policy import TurnLimits
from tests.vision.heads import as_a_plane, turned

LIMITS = TurnLimits(
    min_yaw_change_deg=18.0,
    min_residual=0.05,
    min_relief=0.5,
    turns=2,
    seconds_per_turn=5.0,
    max_track_distance=0.5,
    min_pitch_change_deg=20.0,
)
NEED = Need.of(LIMITS, Movement.TURN)


@pytest.mark.parametrize(
    ("yaw_deg", "residual", "verdict"),
    [
        (18.0, 0.05, Verdict.GOOD),
        (40.0, 0.2, Verdict.GOOD),
        (17.99, 0.2, Verdict.NOT_YET),
        (18.0, 0.0499, Verdict.FLAT),
        (40.0, 0.08, Verdict.FLAT),  # deep enough at 18 degrees, not at 40
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
    assert judge(TurnLook(yaw_deg, residual, relief=0.9), NEED) is verdict


@pytest.mark.parametrize("relief", [0.0, 0.499, -1.0, math.nan])
def test_a_look_whose_relief_did_not_move_is_flat_however_deep(relief: float) -> None:
    assert judge(TurnLook(30.0, 0.2, relief), NEED) is Verdict.FLAT
    assert judge(TurnLook(-30.0, 0.2, relief), NEED) is Verdict.NOT_YET


@pytest.mark.parametrize(("asked", "yaw_deg"), [(Side.LEFT, 24.0), (Side.RIGHT, -24.0)])
def test_the_sign_is_that_of_the_asked_side(frontal: Sighting, asked: Side, yaw_deg: float) -> None:
    there = look(frontal.mesh, turned(frontal.mesh, yaw_deg), asked)
    other = look(frontal.mesh, turned(frontal.mesh, -yaw_deg), asked)
    assert there.change_deg == pytest.approx(24, abs=0.1)
    assert judge(there, NEED) is Verdict.GOOD
    assert judge(other, NEED) is Verdict.WRONG_WAY


@pytest.mark.parametrize(("asked", "pitch_deg"), [(Side.UP, -24.0), (Side.DOWN, 24.0)])
def test_a_nod_is_measured_by_its_pitch(frontal: Sighting, asked: Side, pitch_deg: float) -> None:
    need = Need.of(LIMITS, Movement.NOD)
    there = look(frontal.mesh, turned(frontal.mesh, pitch_deg=pitch_deg), asked)
    assert there.change_deg == pytest.approx(24, abs=0.1)
    assert judge(there, need) is Verdict.GOOD
    assert judge(look(frontal.mesh, turned(frontal.mesh, yaw_deg=24), asked), need) is Verdict.NOT_YET


def test_the_wanted_depth_grows_with_the_angle_and_never_shrinks() -> None:
    assert [round(NEED.residual_at(angle), 3) for angle in (0, 18, -18, 30, 40, 90, 170)] == [
        *(0.05, 0.05, 0.05, 0.069, 0.082, 0.117, 0.117)
    ]


def test_a_plane_that_seems_to_turn_is_flat(frontal: Sighting) -> None:
    seen = look(frontal.mesh, as_a_plane(frontal.mesh, 26), Side.LEFT)
    assert seen.change_deg > 18
    assert judge(seen, NEED) is Verdict.FLAT


@pytest.mark.parametrize("turn", [{"yaw_deg": 16.0}, {"yaw_deg": -16.0}, {"pitch_deg": 35.0}])
def test_a_turned_face_is_not_straight(frontal: Sighting, turn: dict[str, float]) -> None:
    assert is_straight(frontal.mesh)
    assert not is_straight(turned(frontal.mesh, **turn))


def test_a_mesh_of_nan_is_not_straight() -> None:
    assert not is_straight(FaceMesh(np.full((468, 3), np.nan, np.float32), 1.0, 640, 480))
