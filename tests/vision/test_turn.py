"""What one look of a turn is worth."""

from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
import pytest

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.track import Sighting
from appliance.vision.turn import (
    AXES,
    SIDES,
    Movement,
    Need,
    Side,
    TurnLook,
    Verdict,
    is_straight,
    judge,
    look,
    order,
    strays,
)
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
NEED = Need.of(LIMITS, Side.LEFT)


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
    need = Need.of(LIMITS, Side.UP)
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


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_mixed_order_has_a_turn_and_a_nod_and_every_such_order_comes(count: int) -> None:
    rng = random.Random(count)
    drawn = {order(rng, Movement.BOTH, count) for _ in range(200 * 4**count)}
    mixed = {way for way in product(Side, repeat=count) if {AXES[side] for side in way} == {*AXES.values()}}
    assert drawn == mixed


@pytest.mark.parametrize("movement", [Movement.TURN, Movement.NOD])
def test_an_order_of_one_axis_stays_on_it(movement: Movement) -> None:
    assert {side for _ in range(30) for side in order(random.Random(_), movement, 3)} == {*SIDES[movement]}


def test_one_movement_of_both_is_any(frontal: Sighting) -> None:
    assert {order(random.Random(seed), Movement.BOTH, 1) for seed in range(60)} == {(side,) for side in Side}


@pytest.mark.parametrize(
    ("asked", "movement", "is_stray"),
    [
        (Side.LEFT, {"pitch_deg": 26.0}, True),
        (Side.LEFT, {"pitch_deg": -26.0}, True),
        (Side.LEFT, {"pitch_deg": 12.0}, False),
        (Side.LEFT, {"yaw_deg": 30.0}, False),
        (Side.UP, {"yaw_deg": -26.0}, True),
        (Side.UP, {"pitch_deg": -30.0}, False),
    ],
)
def test_who_nods_when_asked_to_turn_strays(
    frontal: Sighting, asked: Side, movement: dict[str, float], is_stray: bool
) -> None:
    there = turned(frontal.mesh, **movement)
    assert strays(frontal.mesh, there, look(frontal.mesh, there, asked), LIMITS, asked) is is_stray


def test_a_plane_never_strays(frontal: Sighting) -> None:
    there = as_a_plane(frontal.mesh, 30)
    assert not strays(frontal.mesh, there, look(frontal.mesh, there, Side.UP), LIMITS, Side.UP)
