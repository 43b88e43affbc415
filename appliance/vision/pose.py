"""How a head is turned: from one mesh, and between two meshes of one head.

Angles in degrees. Yaw is positive when the traveller turns to his own left, pitch when he looks down,
roll when he tilts towards his own right shoulder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import (
    CHIN,
    FOREHEAD,
    LEFT_EYE_OUTER,
    MIRRORED,
    RIGHT_EYE_OUTER,
    RIGID,
)

Values = NDArray[np.float64]

LEVEL_PITCH_DEG = 8.0
"""What the mesh says of a level face: median of 73 press photographs 7.9, of level synthetic heads 11.6.

1.1 of it is the lean of the line from forehead to chin on an average head; the rest is the net's own habit.
"""

ROUNDS = 10
DAMPING = 1e-3
NOTHING = 1e-24
ENOUGH = 1e-5
"""A round of the search for a plane that takes less than this share of the squared distances is the last."""

_RIGHT, _LEFT = (list(side) for side in zip(*MIRRORED, strict=True))
_RIGID = list(RIGID)


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees; (0, 0, 0) looks straight into the camera. Each is NaN when the mesh has no extent."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def pose_of(mesh: FaceMesh) -> Pose:
    """Absolute pose from the mesh alone: its left-right axis from mirrored pairs, its upright axis from the middle.

    No reference head is needed, so pitch is only as exact as foreheads and chins are alike (a few degrees).
    """
    points = mesh.points.astype(np.float64)
    across = _unit((points[_LEFT] - points[_RIGHT]).mean(axis=0))
    down = points[CHIN] - points[FOREHEAD]
    down = _unit(down - across * (down @ across))
    ahead = np.cross(down, across)  # out of the face, towards the camera: z is negative
    return Pose(
        yaw_deg=math.degrees(math.atan2(ahead[0], -ahead[2])),
        pitch_deg=math.degrees(math.asin(np.clip(ahead[1], -1, 1))) - LEVEL_PITCH_DEG,
        roll_deg=math.degrees(math.atan2(across[1], across[0])) * -1,
    )


def _unit(vector: Values) -> Values:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.full(3, np.nan)


def yaw_change_deg(before: FaceMesh, after: FaceMesh) -> float:
    """Degrees the head turned about its upright axis from one mesh to the other; positive to its own left.

    Kabsch: the rotation that best lays the 49 rigid points of the one on the other.
    """
    turn = rotation(rigid_points(before), rigid_points(after))
    return math.degrees(math.atan2(-turn[0, 2], turn[2, 2]))


def pitch_change_deg(before: FaceMesh, after: FaceMesh) -> float:
    """Degrees the head nodded from one mesh to the other; positive downwards. As `yaw_change_deg` otherwise."""
    turn = rotation(rigid_points(before), rigid_points(after))
    return math.degrees(math.asin(np.clip(-turn[1, 2], -1, 1)))


def rigid_points(mesh: FaceMesh) -> Values:
    """The 49 x 3 rigid points, centred on their mean, divided by their root mean square size."""
    points = mesh.points[_RIGID].astype(np.float64)
    points -= points.mean(axis=0)
    size = math.sqrt(float((points**2).sum(axis=1).mean()))
    return points / size if size > 0 else np.full_like(points, np.nan)


def rotation(before: Values, after: Values) -> Values:
    """The 3 x 3 rotation R with R @ before ~ after, for centred n x 3 points; NaN when they are not finite."""
    cross = after.T @ before
    if not np.isfinite(cross).all():
        return np.full((3, 3), np.nan)
    left, _, right = np.linalg.svd(cross)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    out: Values = left @ flip @ right
    return out


def shape_distance(one: FaceMesh, other: FaceMesh) -> float:
    """How far the rigid shapes differ once laid over each other: RMS over points, in RMS head sizes; 0 = alike."""
    before, after = rigid_points(one), rigid_points(other)
    return float(np.sqrt(((before @ rotation(before, after).T - after) ** 2).sum(axis=1).mean()))


def homography_residual(before: FaceMesh, after: FaceMesh) -> float:
    """What no flat picture can explain: RMS error of the best plane-to-plane map, in outer-eye distances of `before`.

    A turned plane leaves only noise, a turned head leaves parallax. NaN when no map exists.
    """
    eyes = float(np.linalg.norm(mesh_xy(before)[LEFT_EYE_OUTER] - mesh_xy(before)[RIGHT_EYE_OUTER]))
    if not eyes > 0:
        return math.nan
    left = off_plane(mesh_xy(before)[_RIGID], mesh_xy(after)[_RIGID])
    return float(np.sqrt((left**2).sum(axis=1).mean())) / eyes


def off_plane(before: Values, after: Values) -> Values:
    """How far each point (n x 2) came to lie from where the best plane-to-plane map says; NaN when there is none.

    The best is that of the least squared distances (Levenberg and Marquardt, from the algebraic solution on). Only
    steps to smaller distances are taken: a search that fails can make a plane look deeper by no more than its start.
    """
    flat, there = (_standing(points) for points in (before, after))
    if not (np.isfinite(flat).all() and np.isfinite(there).all()):
        return np.full_like(after, np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # of a map that leads to infinity
        try:
            left = _left_over(np.concatenate([flat, np.ones((len(flat), 1))], axis=1), there)
        except np.linalg.LinAlgError:  # too few of them, or all on one line
            return np.full_like(after, np.nan)
    return left * _size(after)


def _standing(points: Values) -> Values:
    """Around their mean, of size 1; NaN when they have none."""
    size = _size(points)
    return (points - points.mean(axis=0)) / size if size > 0 else np.full_like(points, np.nan)


def _size(points: Values) -> float:
    centred = points - points.sum(axis=0) / len(points)
    return math.sqrt(float(np.vdot(centred, centred)) / len(points))


def _left_over(flat: Values, there: Values) -> Values:
    """`there` (n x 2) less what the best plane-to-plane map makes of `flat` (n x 3, the last 1)."""
    slopes = np.zeros((2, len(flat), 8))
    plane = _algebraic(flat, there)
    left, error = _left_by(plane, flat, there)
    damping = DAMPING
    for _ in range(ROUNDS):
        if not error > NOTHING:
            break
        weights = flat / (flat[:, :2] @ plane[6:] + 1)[:, None]
        slopes[0, :, :3] = slopes[1, :, 3:6] = weights
        np.multiply((left - there).T[:, :, None], weights[:, :2], out=slopes[:, :, 6:])
        slope = slopes.reshape(-1, 8)
        normal = slope.T @ slope
        normal.ravel()[::9] *= 1 + damping  # its diagonal
        tried = plane + np.linalg.solve(normal, slope.T @ left.T.ravel())
        now_left, now = _left_by(tried, flat, there)
        if now < error:
            gained = 1 - now / error
            plane, left, error = tried, now_left, now
            damping /= 10
            if gained < ENOUGH:
                break
        else:
            damping *= 10
    return left


def _left_by(plane: Values, flat: Values, there: Values) -> tuple[Values, float]:
    """What a map of eight numbers leaves, and the sum of its squares."""
    left = there - flat @ plane[:6].reshape(2, 3).T / (flat[:, :2] @ plane[6:] + 1)[:, None]
    return left, float(np.vdot(left, left))


def _algebraic(flat: Values, there: Values) -> Values:
    """The map whose equations, multiplied out, fit best: eight numbers, the ninth is 1."""
    rows = np.zeros((2, len(flat), 9))
    rows[0, :, :3] = rows[1, :, 3:6] = flat
    np.multiply(-there.T[:, :, None], flat, out=rows[:, :, 6:])
    row = rows.reshape(-1, 9)
    best = np.linalg.eigh(row.T @ row)[1][:, 0]
    plane: Values = best[:8] / best[8]
    return plane


def mesh_xy(mesh: FaceMesh) -> Values:
    """The 468 x 2 points in the picture."""
    return mesh.points[:, :2].astype(np.float64)
