"""The relief of a head moves with it; that of a sheet, flat or bowed, does not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.pose import homography_residual
from appliance.vision.relief import relief_share
from appliance.vision.track import Sighting
from border.rules.default import DEVELOPMENT
from tests.vision.heads import as_a_plane, moved, turned, worn

LIMITS = DEVELOPMENT.turn
MOVEMENTS = ({"yaw_deg": 24.0}, {"yaw_deg": -24.0}, {"pitch_deg": 24.0}, {"pitch_deg": -24.0})


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_a_head_moves_its_whole_relief_wherever_it_stands(frontal: Sighting, movement: dict[str, float]) -> None:
    there = turned(frontal.mesh, **movement)
    assert relief_share(frontal.mesh, there) == pytest.approx(1, abs=1e-3)
    assert relief_share(frontal.mesh, moved(there, x_px=40, scale=1.2)) == pytest.approx(1, abs=1e-3)


def test_a_plane_whose_depth_a_net_believes_moves_none(frontal: Sighting) -> None:
    assert abs(relief_share(frontal.mesh, as_a_plane(frontal.mesh, 24))) < 0.01


@pytest.mark.parametrize("radius", [0.4, 0.6, 1.0])
@pytest.mark.parametrize("movement", MOVEMENTS)
def test_a_cut_out_worn_round_a_head_moves_hardly_any(
    frontal: Sighting, radius: float, movement: dict[str, float]
) -> None:
    straight = worn(frontal.mesh, radius)
    assert relief_share(straight, worn(frontal.mesh, radius, **movement)) < 0.6 * LIMITS.min_relief


def test_what_parallax_alone_would_have_let_through(frontal: Sighting) -> None:
    straight, nodded = worn(frontal.mesh, 0.4), worn(frontal.mesh, 0.4, pitch_deg=24)
    assert homography_residual(straight, nodded) > LIMITS.min_residual


def test_a_mesh_that_tells_of_no_relief_is_not_divided_by_nothing(frontal: Sighting) -> None:
    rng = np.random.default_rng(5)
    flat = replace(frontal.mesh, points=frontal.mesh.points * np.array((1, 1, 0), np.float32))
    width = float(np.ptp(flat.points[:, 0]))
    noisy = flat.points + rng.normal(0, 0.002 * width, flat.points.shape).astype(np.float32)
    assert abs(relief_share(flat, replace(flat, points=noisy))) < LIMITS.min_relief


def test_a_mesh_without_extent_or_number_gives_no_number(frontal: Sighting) -> None:
    nothing = FaceMesh(np.zeros((468, 3), np.float32), 1.0, 640, 480)
    broken = FaceMesh(np.full((468, 3), np.nan, np.float32), 1.0, 640, 480)
    assert math.isnan(relief_share(nothing, frontal.mesh)) and math.isnan(relief_share(frontal.mesh, nothing))
    assert math.isnan(relief_share(broken, frontal.mesh)) and math.isnan(relief_share(frontal.mesh, broken))
