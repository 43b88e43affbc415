"""Whether two pictures show one person's face: a chip laid straight by the mesh, 128 numbers of it, their distance.

The net is dlib's published face network (CC0), converted by training/face_comparison; equal embeddings within
what eight bits allow. The numbers are biometric features: they stay in memory, print nothing and are never recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import (
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    NOSE_BASE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from appliance.vision.model import Floats, Model, Pixels
from appliance.vision.picture import laid

MODEL = "face_comparison"
METRIC = "dlib-resnet-1"
"""What a distance limit speaks of: Euclidean distances of this network, whatever its file's precision."""

SIDE = 150  # px, the net's input
VALUES = 128
POINTS = (LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_INNER, NOSE_BASE)
_FACE = np.array([(0.8596, 0.2135), (0.6461, 0.2290), (0.1206, 0.2137), (0.3341, 0.2291), (0.4901, 0.6278)])
MARGIN = 0.25  # of the face's side, on every side of it
TEMPLATE = (MARGIN + _FACE) / (1 + 2 * MARGIN) * SIDE
"""Where dlib's five-point alignment puts POINTS in the chip, in pixels (figures of its published template)."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """128 float32, read-only: what the net makes of one face. Any of them may be NaN, and then no distance is."""

    values: Floats

    def __post_init__(self) -> None:
        if self.values.shape != (VALUES,):
            raise ValueError(f"an embedding has {VALUES} values, not {self.values.shape}")
        self.values.setflags(write=False)

    def __repr__(self) -> str:
        return "<embedding>"  # never the numbers: a face can be drawn from them


class FaceComparer:
    """Makes embeddings; one thread only, as its model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def version(self) -> str:
        """Metric and the file behind it, as a finding cites them: `dlib-resnet-1/0a1b2c3d`."""
        return f"{METRIC}/{self._model.card.sha256[:8]}"

    def embed(self, pixels: Pixels, mesh: FaceMesh) -> Embedding:
        """Of the face under this mesh, in a BGR picture. All NaN when the mesh cannot be laid straight."""
        cut = chip(pixels, mesh)
        if cut is None:
            return Embedding(np.full(VALUES, np.nan, np.float32))
        return Embedding(self._model.run(cut[None].astype(np.float32))[0].ravel())


def chip(pixels: Pixels, mesh: FaceMesh) -> Pixels | None:
    """The face laid straight: 150 x 150 x 3, RGB; None when its points are no finite numbers or all in one place."""
    to_chip = similarity(mesh.points[list(POINTS), :2].astype(np.float64), TEMPLATE)
    if to_chip is None:
        return None
    return np.ascontiguousarray(laid(pixels, to_chip, SIDE, SIDE)[:, :, ::-1])


def similarity(points: NDArray[np.float64], onto: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The 2 x 3 map of n x 2 points with the least squared error: one scale, a rotation, a shift, never a mirror.

    S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, 1991.
    """
    if not np.isfinite(points).all():
        return None
    here, there = points.mean(axis=0), onto.mean(axis=0)
    spread = float(((points - here) ** 2).sum()) / len(points)
    if not spread > 0:
        return None
    left, stretch, right = np.linalg.svd((onto - there).T @ (points - here) / len(points))
    unmirrored = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    turn = (stretch @ unmirrored) / spread * (left @ np.diag(unmirrored) @ right)
    return np.concatenate([turn, (there - turn @ here)[:, None]], axis=1)


def distance(one: Embedding | None, other: Embedding | None) -> float:
    """Euclidean; small for one person, 0 for one picture. NaN when either is absent or holds a NaN."""
    if one is None or other is None:
        return float("nan")
    return float(np.linalg.norm(one.values - other.values))


def median(embeddings: Sequence[Embedding]) -> Embedding | None:
    """The median of every value over a burst, so that one bad frame does not speak; None of no frames."""
    if not embeddings:
        return None
    return Embedding(np.median([one.values for one in embeddings], axis=0).astype(np.float32))


def farthest(embeddings: Sequence[Embedding], middle: Embedding | None) -> float | None:
    """The greatest distance of any of them from this one; NaN when any is; None of no embeddings."""
    return float(np.max([distance(one, middle) for one in embeddings])) if embeddings else None
