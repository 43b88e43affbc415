"""The journey's eyes: the vision models put together, frame in, judgement out; used from the vision lane alone."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from numpy.typing import NDArray

from appliance.journey.ports import Look
from appliance.vision import finger_quality, framing
from appliance.vision.errors import ModelAbsent
from appliance.vision.eye_lids import LidReader
from appliance.vision.face_detection import DetectedFace, FaceDetector
from appliance.vision.face_landmarks import FaceMesher
from appliance.vision.face_pad import PassivePad
from appliance.vision.face_quality import assess, single_face
from appliance.vision.model import MODELS, Model
from appliance.vision.track import sighting
from border.encounter import QualityComponent
from border.rules.policy import FaceLimits

log = logging.getLogger(__name__)


class TfliteEyes:
    """journey.ports.Eyes. Loading raises `ModelAbsent` (refer everybody) or `ModelTampered` (do not start)."""

    def __init__(self, models: Path = MODELS, passive: PassivePad | None = None) -> None:
        self._detector = FaceDetector(Model.load("face_detection_short_range", models))
        self._mesher = FaceMesher(Model.load("face_landmark", models))
        self._lids = LidReader(Model.load("iris_landmark", models))
        self._passive = passive

    @property
    def has_passive(self) -> bool:
        return self._passive is not None

    def look(self, pixels: NDArray[np.uint8], limits: FaceLimits) -> Look:
        """One face is judged whole; none or several are a cause by themselves."""
        faces = self._detector.find(pixels)
        alone = single_face(faces)
        face = faces[0] if faces else None
        mesh = self._mesher.find(pixels, face) if face is not None else None
        if face is None or mesh is None:
            return Look((framing.Cause.NO_FACE,), (alone,), None, None, None, float("-inf"))
        components = (alone, *assess(pixels, mesh, self._lids.find(pixels, mesh)))
        causes = framing.causes(components, limits)
        several = framing.Cause.SEVERAL_FACES in causes
        return Look(
            causes=causes,
            components=components,
            box=_box(face),
            sighting=None if several else sighting(pixels, mesh),
            attack_score=None if self._passive is None else self._passive.attack_score(pixels, face),
            rank=framing.rank(components) - len(causes),
        )

    def finger(
        self, pixels: NDArray[np.uint8], pitch_ppi: int, sensor_class: str
    ) -> tuple[QualityComponent, tuple[str, ...]]:
        found = finger_quality.assess(pixels, pitch_ppi, sensor_class)
        return found.component, found.causes


def _box(face: DetectedFace) -> tuple[int, int, int, int]:
    return round(face.left), round(face.top), round(face.width), round(face.height)


def open_eyes(bundle: Path, key: EllipticCurvePublicKey) -> TfliteEyes | None:
    """All that is installed: None without the face models. A bundle or model that was altered raises."""
    try:
        passive = PassivePad.load(bundle, key)
    except ModelAbsent:
        passive = None  # the active challenge stands alone then, and the technician's page says so
    try:
        return TfliteEyes(passive=passive)
    except ModelAbsent as error:
        log.error("%s; every traveller is referred until it is installed", error)
        return None
