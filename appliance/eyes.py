"""The journey's eyes: a frame or an impression in, a judgement against the policy's limits out."""

from __future__ import annotations

import logging
import math
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from numpy.typing import NDArray

from appliance.journey.ports import Box, FingerLook, Look
from appliance.vision import frame_light, framing, pad_bundle
from appliance.vision.errors import ModelAbsent
from appliance.vision.face_comparison import METRIC, Embedding
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from appliance.vision.frame_light import FrameLight
from appliance.vision.framing import Cause
from appliance.vision.model import MODELS
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

    @property
    def passive_name(self) -> str:
        return self._reader.passive_name

    @property
    def comparison(self) -> tuple[str, str]:
        return METRIC, self._reader.comparison

    def portrait(self, pixels: NDArray[np.uint8]) -> Embedding | None:
        return self._reader.portrait(pixels)

    def look(self, pixels: NDArray[np.uint8], limits: FaceLimits, last_box: Box | None = None) -> Look:
        light = frame_light.measure(pixels, last_box)
        if cause := frame_light.hopeless(light, limits.light):
            return _unseen(cause, light if last_box else _of_middle(pixels))
        read = self._reader.read(pixels, limits.framing.max_second_face)
        if not read.faces:
            light = _of_middle(pixels)
            return _unseen(frame_light.hopeless(light, limits.light) or Cause.NO_FACE, light)
        causes = framing.causes(read.components, limits)
        return Look(
            causes=causes,
            components=read.components,
            box=read.box,
            sighting=read.sighting,
            attack_score=read.attack_score,
            rank=framing.rank(read.components, causes),
            face_level=frame_light.face_middle(pixels, read.box) if read.box else math.nan,
            cues=read.cues,
        )

    def finger(
        self, pixels: NDArray[np.uint8], pitch_ppi: int, sensor_class: str, before: NDArray[np.uint8] | None
    ) -> FingerLook:
        read = self._fingers.assess(pixels, pitch_ppi, sensor_class, before)
        return FingerLook(read.quality, read.causes, read.pad.cues, read.is_finger)


def _of_middle(pixels: NDArray[np.uint8]) -> FrameLight:
    return frame_light.measure(pixels, frame_light.middle(pixels))


def _unseen(cause: Cause, light: FrameLight) -> Look:
    """A frame in which no face was seen, or could have been."""
    return Look((cause,), (), None, None, None, framing.rank((), (cause,)), light.face_middle)


def open_eyes(bundle: Path, key: EllipticCurvePublicKey, models: Path = MODELS) -> TfliteEyes | None:
    """All that is installed; None without one of the models. `models`: where the nets lie, `bundle`: the passive ones.

    A model or bundle that was altered raises `ModelTampered` or `ModelUnfit`, and the kiosk does not start.
    """
    try:
        passive = pad_bundle.load(bundle, key)
    except ModelAbsent:
        passive = None  # the active challenge stands alone then, and the board says so
    try:
        return TfliteEyes(FaceReader.load(models, passive), FingerReader.load(models))
    except ModelAbsent as error:
        log.error("%s; every traveller is referred until it is installed", error)
        return None
