"""The journey's eyes: a frame or an impression in, a judgement against the policy's limits out."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from numpy.typing import NDArray

from appliance.journey.ports import FingerLook, Look
from appliance.vision import framing
from appliance.vision.errors import ModelAbsent
from appliance.vision.face_pad import PassivePad
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from border.rules.policy import FaceLimits

log = logging.getLogger(__name__)


class TfliteEyes:
    """journey.ports.Eyes over the TFLite models; one thread only, the vision lane's."""

    def __init__(self, reader: FaceReader, fingers: FingerReader) -> None:
        self._reader = reader
        self._fingers = fingers

    @property
    def has_passive(self) -> bool:
        return self._reader.has_passive

    def look(self, pixels: NDArray[np.uint8], limits: FaceLimits) -> Look:
        read = self._reader.read(pixels)
        causes = framing.causes(read.components, limits)
        return Look(
            causes=causes,
            components=read.components,
            box=read.box,
            sighting=read.sighting,
            attack_score=read.attack_score,
            rank=framing.rank(read.components) - len(causes),
        )

    def finger(
        self, pixels: NDArray[np.uint8], pitch_ppi: int, sensor_class: str, before: NDArray[np.uint8] | None
    ) -> FingerLook:
        read = self._fingers.assess(pixels, pitch_ppi, sensor_class, before)
        return FingerLook(read.quality, read.causes, read.pad.cues, read.is_finger)


def open_eyes(bundle: Path, key: EllipticCurvePublicKey) -> TfliteEyes | None:
    """All that is installed; None without one of the models.

    A model or bundle that was altered raises `ModelTampered` or `ModelUnfit`, and the kiosk does not start.
    """
    try:
        passive = PassivePad.load(bundle, key)
    except ModelAbsent:
        passive = None  # the active challenge stands alone then, and the board says so
    try:
        return TfliteEyes(FaceReader.load(passive=passive), FingerReader.load())
    except ModelAbsent as error:
        log.error("%s; every traveller is referred until it is installed", error)
        return None
