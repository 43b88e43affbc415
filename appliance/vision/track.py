"""Is the face in this frame still the face of the frame before? Place, size, shape and looks, as numbers.

This is continuity of one track, not recognition: it notices a cut, a swap or a second face sliding in. Two
people of like looks who change places within a gap are told apart by `identity` alone, where both looks have one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from appliance.vision.face_comparison import Embedding
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import LEFT_EYE_OUTER, NOSE_BASE, OVAL, RIGHT_EYE_OUTER
from appliance.vision.model import Floats, Pixels
from appliance.vision.pose import shape_distance

CHIP = 32  # px, side of the patch that stands for a face's looks
CHIP_POINTS = np.array([[0.1, 0.35], [0.9, 0.35], [0.5, 0.85]], np.float32) * CHIP
"""Where the outer eye corners and the nose base come to lie: brows, eyes and nose, no mouth, for mouths speak."""

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
    three = mesh.points[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER, NOSE_BASE], :2]
    fine_map = cv2.getAffineTransform(np.ascontiguousarray(three, np.float32), CHIP_POINTS * 4)
    fine_chip = cv2.warpAffine(pixels, fine_map, (CHIP * 4, CHIP * 4))
    grey = cv2.cvtColor(cv2.resize(fine_chip, (CHIP, CHIP), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    grey = grey.astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), CHIP / 4)  # the lamp moves over a turning face, its features stay
    flat: Floats = fine.ravel() - fine.mean()
    length = float(np.linalg.norm(flat))
    return flat / np.float32(length) if length > 0 else np.full_like(flat, np.nan)


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
