"""Is the face in this frame still the face of the frame before? Place, size, shape and looks, as numbers.

This is continuity of one track, not recognition: it notices a cut, a swap or a second face sliding in. Two
people of like looks who change places within a gap are told apart by `identity` alone, where both looks have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_comparison import Embedding
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import LEFT_EYE_OUTER, NOSE_BASE, OVAL, RIGHT_EYE_OUTER
from appliance.vision.model import Floats, Pixels
from appliance.vision.picture import laid, rgb_means
from appliance.vision.pose import shape_distance

Values = NDArray[np.float64]

CHIP = 32  # px, side of the patch that stands for a face's looks
FINER = 4  # it is first laid so many times as large
LEAST_CONTRAST = 0.5  # levels, over the whole patch: one pixel beside its neighbours by one level has more
CHIP_POINTS = np.array([[0.1, 0.35], [0.9, 0.35], [0.5, 0.85]]) * CHIP
"""Where the outer eye corners and the nose base come to lie: brows, eyes and nose, no mouth, for mouths speak."""

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601)
MAX_GAP_S = 0.5
MIN_OVERLAP = 0.25  # intersection over union of the two face boxes
MAX_SHAPE_STEP = 0.14  # see `shape_distance`; straight to nodding at once, as a starved camera shows it, reaches 0.13
MIN_LIKENESS = 0.28  # see `likeness`; between neighbouring frames, also of a fast turn or nod (lowest seen 0.34)
MIN_FRONT_LIKENESS = 0.55  # between two straight looks of one visit


class Break(StrEnum):
    """Why two sightings are not one track."""

    GAP = "gap"
    JUMP = "jump"
    SHAPE = "shape"
    LOOKS = "looks"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """One face in one frame. `looks`: unit vector of a small grey patch, zero mean, float32.

    `identity`: the face's embedding; only straight looks have one, for it costs more than all the rest of a frame.
    """

    mesh: FaceMesh
    looks: Floats
    identity: Embedding | None = None


def sighting(pixels: Pixels, mesh: FaceMesh, identity: Embedding | None = None) -> Sighting:
    """What later frames are held against, from a BGR frame and the mesh found in it."""
    return Sighting(mesh, looks_of(pixels, mesh), identity)


def looks_of(pixels: Pixels, mesh: FaceMesh) -> Floats:
    """The upper face laid on a 32 x 32 patch by eyes and nose, grey, with light and contrast taken out."""
    three = mesh.points[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER, NOSE_BASE], :2].astype(np.float64)
    fine_chip = laid(pixels, _map_of(three, CHIP_POINTS * FINER), CHIP * FINER, CHIP * FINER)
    levels = rgb_means(fine_chip, FINER) @ GREY
    fine = levels - _WIDE @ levels @ _WIDE.T  # the lamp moves over a turning face, its features stay
    flat: Floats = fine.ravel() - fine.mean()
    length = float(np.linalg.norm(flat))
    return flat / np.float32(length) if length > LEAST_CONTRAST else np.full_like(flat, np.nan)


def _map_of(three: Values, onto: Values) -> Values:
    """The 2 x 3 map of three points onto three others; NaN when they lie on one line."""
    corners = np.concatenate([three, np.ones((3, 1))], axis=1)
    try:
        return np.linalg.solve(corners, onto).T
    except np.linalg.LinAlgError:
        return np.full((2, 3), np.nan)


def _blur(side: int, sigma: float) -> Floats:
    """The matrix that blurs a column of so many levels, mirrored at its ends, by a Gaussian."""
    reach = 4 * int(sigma)
    bell = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    seen = np.pad(np.eye(side), ((reach, reach), (0, 0)), mode="reflect")
    rows = np.stack([bell @ seen[row : row + len(bell)] for row in range(side)])
    return np.asarray(rows / bell.sum(), np.float32)


_WIDE = _blur(CHIP, CHIP / 4)


def likeness(one: Floats, other: Floats) -> float:
    """-1..1, 1 = the same patch; NaN when a patch is uniform."""
    return float(one @ other)


def breach(before: Sighting, after: Sighting, gap_s: float) -> Break | None:
    """The first thing that speaks against one and the same face; None when nothing does. NaN speaks against."""
    if not gap_s <= MAX_GAP_S:
        return Break.GAP
    if not box_overlap(before.mesh, after.mesh) >= MIN_OVERLAP:
        return Break.JUMP
    if not shape_distance(before.mesh, after.mesh) <= MAX_SHAPE_STEP:
        return Break.SHAPE
    if not likeness(before.looks, after.looks) >= MIN_LIKENESS:
        return Break.LOOKS
    return None


def box_overlap(one: FaceMesh, other: FaceMesh) -> float:
    """Intersection over union of the boxes around the two face outlines, 0..1."""
    low, high = (np.stack([f(m.points[list(OVAL), :2], axis=0) for m in (one, other)]) for f in (np.min, np.max))
    inside = float(np.prod(np.maximum(high.min(axis=0) - low.max(axis=0), 0)))
    union = float(np.prod(high - low, axis=1).sum()) - inside
    return inside / union if union > 0 else 0.0
