"""The face mesh: 468 points in three dimensions for one detected face."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from appliance.vision.face_detection import DetectedFace
from appliance.vision.model import Floats, Model, Pixels, rgb_batch

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
        crop = cv2.warpAffine(pixels, to_crop, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        out = self._model.run_by_size(rgb_batch(np.asarray(crop, np.uint8)) / np.float32(255))
        presence = float(1 / (1 + np.exp(-np.clip(float(out[1][0]), -80, 80))))
        if not presence > MIN_PRESENCE or not np.isfinite(out[POINTS * 3]).all():
            return None
        points = _in_frame(out[POINTS * 3].reshape(POINTS, 3), to_crop)
        return FaceMesh(points, presence, frame_width=pixels.shape[1], frame_height=pixels.shape[0])


def crop_of(face: DetectedFace) -> Floats:
    """The 2 x 3 affine from frame to crop: a square around the box, turned so that the eyes are level."""
    (right_x, right_y), (left_x, left_y) = face.key_points[0], face.key_points[1]
    angle = math.atan2(left_y - right_y, left_x - right_x)
    scale = SIDE / (MARGIN * max(face.width, face.height, 1.0))
    turn = scale * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    shift = SIDE / 2 - turn @ np.array(face.centre)
    return np.concatenate([turn, shift[:, None]], axis=1).astype(np.float32)


def _in_frame(points: Floats, to_crop: Floats) -> Floats:
    back = cv2.invertAffineTransform(to_crop)
    scale = math.hypot(float(back[0, 0]), float(back[1, 0]))
    xy = points[:, :2] @ back[:, :2].T + back[:, 2]
    return np.concatenate([xy, points[:, 2:] * scale], axis=1).astype(np.float32)
