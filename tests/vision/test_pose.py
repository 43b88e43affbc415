"""Pose and depth from meshes: angles come back, signs are the traveller's, planes leave nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.face_reading import FaceReader
from appliance.vision.pose import (
    homography_residual,
    off_plane,
    pose_of,
    rigid_points,
    rotation,
    shape_distance,
    yaw_change_deg,
)
from appliance.vision.track import Sighting
from simulators.faces import Identity, Pose, render
from tests.vision.heads import as_a_plane, moved, turned


@pytest.mark.parametrize("yaw_deg", [-35.0, -18.0, -3.0, 0.0, 3.0, 18.0, 35.0])
def test_yaw_change_is_the_angle_turned_and_positive_to_the_own_left(frontal: Sighting, yaw_deg: float) -> None:
    assert yaw_change_deg(frontal.mesh, turned(frontal.mesh, yaw_deg)) == pytest.approx(yaw_deg, abs=0.01)


def test_turning_left_moves_the_nose_to_the_right_of_the_picture(frontal: Sighting) -> None:
    after = turned(frontal.mesh, 20)
    eyes_middle = after.points[[33, 263], 0].mean()
    assert after.points[1, 0] > eyes_middle


@pytest.mark.parametrize(("angle", "turn"), [("yaw_deg", {"yaw_deg": 15.0}), ("pitch_deg", {"pitch_deg": 15.0})])
def test_absolute_pose_follows_a_turn(frontal: Sighting, angle: str, turn: dict[str, float]) -> None:
    before, after = pose_of(frontal.mesh), pose_of(turned(frontal.mesh, **turn))
    assert getattr(after, angle) - getattr(before, angle) == pytest.approx(15.0, abs=1.5)


def test_roll_is_positive_towards_the_own_right_shoulder(frontal: Sighting) -> None:
    tilted = turned(frontal.mesh, roll_deg=12)
    assert pose_of(tilted).roll_deg == pytest.approx(12, abs=1.5)
    assert tilted.points[33, 1] > tilted.points[263, 1]  # his right eye sinks


@pytest.mark.parametrize("pose", [Pose(yaw_deg=25), Pose(yaw_deg=-25)])
def test_the_nets_see_a_rendered_head_turn_the_way_it_turns(reader: FaceReader, frontal: Sighting, pose: Pose) -> None:
    seen = reader.read(render(Identity.of(2), pose)).sighting
    assert seen is not None
    change = yaw_change_deg(frontal.mesh, seen.mesh)
    assert change == pytest.approx(pose.yaw_deg * 1.1, abs=6)
    assert homography_residual(frontal.mesh, seen.mesh) > 0.06


def test_place_and_size_change_neither_angle_nor_shape_nor_residual(frontal: Sighting) -> None:
    there = moved(frontal.mesh, 60, -25, 1.4)
    assert yaw_change_deg(frontal.mesh, there) == pytest.approx(0, abs=0.01)
    assert shape_distance(frontal.mesh, there) == pytest.approx(0, abs=1e-3)
    assert homography_residual(frontal.mesh, there) == pytest.approx(0, abs=1e-3)


def test_a_turned_head_leaves_parallax_and_a_turned_plane_does_not(frontal: Sighting) -> None:
    assert homography_residual(frontal.mesh, turned(frontal.mesh, 22)) > 0.05
    assert homography_residual(frontal.mesh, as_a_plane(frontal.mesh, 22)) < 0.001


def test_any_perspective_view_of_a_plane_leaves_no_residual(frontal: Sighting) -> None:
    corners = np.array([[0, 0], [640, 0], [640, 480], [0, 480]], np.float32)
    seen_from_the_side = np.array([[90, 30], [520, 80], [500, 400], [70, 470]], np.float32)
    plane = cv2.getPerspectiveTransform(corners, seen_from_the_side)
    xy = cv2.perspectiveTransform(frontal.mesh.points[None, :, :2], plane)[0]
    points = np.concatenate([xy, frontal.mesh.points[:, 2:]], axis=1).astype(np.float32)
    assert homography_residual(frontal.mesh, replace(frontal.mesh, points=points)) < 0.001


def rms(left: NDArray[np.float64]) -> float:
    return float(np.sqrt((left**2).sum(axis=1).mean()))


@given(
    depth=st.sampled_from([0.0, 0.02, 0.3, 0.6]),
    axis=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda axis: math.hypot(*axis) > 0.1),
    degrees=st.floats(0, 50),
    distance=st.sampled_from([3.0, 5.0, 8.0]),
    noise=st.sampled_from([0.0, 0.02]),
    size=st.sampled_from([1.0, 80.0]),
    seed=st.integers(0, 1000),
)
@settings(deadline=None)
def test_the_best_plane_is_opencvs_and_never_a_worse_one(
    depth: float,
    axis: tuple[float, float, float],
    degrees: float,
    distance: float,
    noise: float,
    size: float,
    seed: int,
) -> None:
    chance = np.random.default_rng(seed)
    solid = chance.normal(0, 1, (49, 3)) * (1, 1, depth)
    turn = cv2.Rodrigues(np.array(axis) / math.hypot(*axis) * math.radians(degrees))[0]
    before, after = (
        size * (points[:, :2] / (points[:, 2:] + distance) * distance + chance.normal(0, noise, (49, 2)))
        for points in (solid, solid @ turn.T)
    )
    plane, _ = cv2.findHomography(before, after, 0)
    opencvs = rms(after - cv2.perspectiveTransform(before[None], plane)[0]) / size
    assert opencvs - 1e-3 <= rms(off_plane(before, after)) / size <= opencvs + 1e-6


def test_points_in_one_place_or_too_few_leave_no_number_and_a_line_no_depth() -> None:
    line = np.linspace(0, 1, 49)[:, None] * (1.0, 2.0)
    assert np.isnan(off_plane(np.zeros((49, 2)), line)).all() and np.isnan(off_plane(line, np.ones((49, 2)))).all()
    assert not rms(off_plane(line, line)) > 1e-6


def test_a_mesh_without_extent_gives_no_number(frontal: Sighting) -> None:
    nothing = FaceMesh(np.zeros((468, 3), np.float32), 1.0, 640, 480)
    pose = pose_of(nothing)
    assert math.isnan(pose.yaw_deg) and math.isnan(pose.pitch_deg) and math.isnan(pose.roll_deg)
    assert math.isnan(yaw_change_deg(nothing, frontal.mesh))
    assert math.isnan(homography_residual(nothing, frontal.mesh))
    assert math.isnan(shape_distance(frontal.mesh, nothing))


def test_a_mesh_of_nan_gives_no_number(frontal: Sighting) -> None:
    broken = FaceMesh(np.full((468, 3), np.nan, np.float32), 1.0, 640, 480)
    assert math.isnan(yaw_change_deg(frontal.mesh, broken))
    assert math.isnan(homography_residual(frontal.mesh, broken))


def test_the_rotation_is_never_a_mirror_image(frontal: Sighting) -> None:
    points = rigid_points(frontal.mesh)
    assert np.linalg.det(rotation(points, points * (-1, 1, 1))) == pytest.approx(1)
