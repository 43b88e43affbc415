"""How far each eye is open: the lids' contours from the iris net, because the face mesh closes them too little."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import LEFT_EYE_INNER, LEFT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER
from appliance.vision.model import Model, Pixels
from appliance.vision.picture import lay_rgb

MODEL = "iris_landmark"
SIDE = 64  # px, the net's input
MARGIN = 2.3  # side of the cut-out square, in eye widths
CONTOUR = 71  # points; the first 16 run along the lids: 0 and 8 are the corners
LOWER, UPPER = slice(1, 8), slice(9, 16)  # lid points, one below the other


@dataclass(frozen=True, slots=True)
class Lids:
    """The widest gap between the lids of each of the traveller's own eyes, in pixels of the frame."""

    right_gap_px: float
    left_gap_px: float

    @property
    def narrower_px(self) -> float:
        return min(self.right_gap_px, self.left_gap_px)


class LidReader:
    """Measures both eyes under a mesh; one thread only, as its model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def find(self, pixels: Pixels, mesh: FaceMesh) -> Lids:
        """The gaps in a BGR picture; the net runs once for each eye."""
        return Lids(
            right_gap_px=self._gap(pixels, mesh, RIGHT_EYE_OUTER, RIGHT_EYE_INNER, mirrored=False),
            left_gap_px=self._gap(pixels, mesh, LEFT_EYE_OUTER, LEFT_EYE_INNER, mirrored=True),
        )

    def _gap(self, pixels: Pixels, mesh: FaceMesh, outer: int, inner: int, *, mirrored: bool) -> float:
        to_eye = eye_crop(mesh.points[outer, :2].astype(np.float64), mesh.points[inner, :2].astype(np.float64))
        if mirrored:  # outer to inner points left in the frame: turn the picture over, not on its head
            to_eye = np.array([[1.0, 0.0], [0.0, -1.0]]) @ to_eye + np.array([[0.0, 0.0, 0.0], [0.0, 0.0, SIDE]])
        lids = self._model.run_filled(partial(lay_rgb, pixels, to_eye, 1 / 255))[CONTOUR * 3].reshape(CONTOUR, 3)[:, :2]
        gap = float(np.linalg.norm(lids[UPPER] - lids[LOWER], axis=1).max())
        return gap / float(np.sqrt(abs(np.linalg.det(to_eye[:, :2]))))


def eye_crop(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 3 affine from frame to crop that lays the outer corner left and the inner corner right, level."""
    across = inner - outer
    width = max(float(np.linalg.norm(across)), 1.0)
    scale = SIDE / (MARGIN * width)
    turn = scale / width * np.array([[across[0], across[1]], [-across[1], across[0]]])
    return np.concatenate([turn, (SIDE / 2 - turn @ ((outer + inner) / 2))[:, None]], axis=1)
