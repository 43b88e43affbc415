"""The face mesh: 468 points in three dimensions for one detected face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from appliance.vision.face_detection import DetectedFace
from appliance.vision.model import Floats, Model, Pixels
from appliance.vision.picture import inverse, lay_rgb

MODEL = "face_landmark"
SIDE = 192  # px, the net's input
POINTS = 468
MARGIN = 1.5  # side of the cut-out square, in longer sides of the face box
MIN_PRESENCE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class FaceMesh:
    """`points`: 468 x 3 float32, read-only. x, y in pixels of the frame, z in the same unit, away from the camera.

    The point numbers are MediaPipe's (appliance/vision/mesh_points.py names those we use).
    """

    points: Floats
    presence: float  # 0..1, 1 = surely a face under the mesh
    frame_width: int
    frame_height: int

    def __post_init__(self) -> None:
        if self.points.shape != (POINTS, 3):
            raise ValueError(f"a mesh is {POINTS} x 3, not {self.points.shape}")
        self.points.setflags(write=False)


class FaceMesher:
    """Lays the mesh over a face; one thread only, as its model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def find(self, pixels: Pixels, face: DetectedFace) -> FaceMesh | None:
        """The mesh of this face in a BGR picture; None when the net sees no face there."""
        to_crop = crop_of(face)
        out = self._model.run_filled(partial(lay_rgb, pixels, to_crop, 1 / 255))
        presence = 1 / (1 + math.exp(-min(max(float(out[1][0]), -80.0), 80.0)))
        if not presence > MIN_PRESENCE or not np.isfinite(out[POINTS * 3]).all():
            return None
        points = _in_frame(out[POINTS * 3].reshape(POINTS, 3), to_crop)
        return FaceMesh(points, presence, frame_width=pixels.shape[1], frame_height=pixels.shape[0])


def crop_of(face: DetectedFace) -> Floats:
    """The 2 x 3 affine from frame to crop: a square around the box, turned so that the eyes are level."""
    (right_x, right_y), (left_x, left_y) = face.key_points[0], face.key_points[1]
    angle = math.atan2(left_y - right_y, left_x - right_x)
    scale = SIDE / (MARGIN * max(face.width, face.height, 1.0))
    along, across = scale * math.cos(angle), scale * math.sin(angle)
    x, y = face.centre
    shift = (SIDE / 2 - along * x - across * y, SIDE / 2 + across * x - along * y)
    return np.array([[along, across, shift[0]], [-across, along, shift[1]]], np.float32)


def _in_frame(points: Floats, to_crop: Floats) -> Floats:
    (a, b, x), (c, d, y) = inverse(to_crop).tolist()
    placed: Floats = points @ np.array([[a, c, 0], [b, d, 0], [0, 0, math.hypot(a, c)]], np.float32)
    placed += np.array([x, y, 0], np.float32)
    return placed
