"""The printed portrait of a document's page, cut out for an officer's eyes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import DetectedFace, FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import FaceMesher
from appliance.vision.model import MODELS, Model, Pixels

ACROSS, DOWN = 1.7, 2.1  # of the face box: hair, chin and a little of the shoulders
RAISED = 0.12  # of the face box's height: the box stops at the brows
FACE = (0.06, 0.27)  # of the page's width; a smaller face is a ghost image, a larger one a pattern of the paper


class PagePortraits:
    """Finds the largest face on a page. One thread only, as its nets: that of the document reader's lane."""

    def __init__(self, detector: FaceDetector, mesher: FaceMesher) -> None:
        self._detector, self._mesher = detector, mesher

    @staticmethod
    def load(models: Path = MODELS) -> PagePortraits:
        """With nets of its own. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return PagePortraits(FaceDetector(Model.load(FACES, models)), FaceMesher(Model.load(MESH, models)))

    def find(self, pixels: Pixels, rotation_deg: int) -> Pixels | None:
        """From a BGR page that its zone reads upright when turned so far, as `PageReading` says; None: no face.

        Half a page is looked at besides the whole: a portrait is small on a page that the net sees in 128 px. Printed
        patterns may look like faces to the detector; the mesh must see one too.
        """
        page = np.ascontiguousarray(np.rot90(pixels, rotation_deg // 90))
        least, most = (share * page.shape[1] for share in FACE)
        for width in (page.shape[1], page.shape[1] // 2):
            for face in self._detector.find(page[:, :width]):
                if least <= face.width <= most and self._mesher.find(page, face) is not None:
                    return cut(page, face)
        return None


def cut(page: Pixels, face: DetectedFace) -> Pixels:
    """Head and shoulders around the face, as far as the page goes."""
    middle_x, middle_y = face.centre[0], face.centre[1] - RAISED * face.height
    left, right = (round(middle_x + side * ACROSS / 2 * face.width) for side in (-1, 1))
    top, bottom = (round(middle_y + side * DOWN / 2 * face.height) for side in (-1, 1))
    height, width = page.shape[:2]
    return np.ascontiguousarray(page[max(0, top) : min(height, bottom), max(0, left) : min(width, right)])
