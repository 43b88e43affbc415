"""The kiosk's own eyes, so that the synthetic faces are judged by what must see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.vision.face_detection import FaceDetector
from appliance.vision.face_landmarks import FaceMesh, FaceMesher
from appliance.vision.model import Model, Pixels

Seen = tuple[float, FaceMesh | None]
Eyes = Callable[[Pixels], Seen]


@pytest.fixture(scope="session")
def eyes() -> Eyes:
    """A picture's best detection score (0.0: no face) and the mesh laid over that face."""
    detector = FaceDetector(Model.load("face_detection_short_range"))
    mesher = FaceMesher(Model.load("face_landmark"))

    def look(pixels: Pixels) -> Seen:
        found = detector.find(pixels)
        return (found[0].score, mesher.find(pixels, found[0])) if found else (0.0, None)

    return look
