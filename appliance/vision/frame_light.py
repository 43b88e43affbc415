"""What the light in a frame is before any model has looked: a few hundred pixels of it and of where the face was."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_light import percentile
from appliance.vision.framing import Cause
from appliance.vision.model import Pixels
from border.rules.policy import LightLimits

Box = tuple[int, int, int, int]
"""x, y, width, height in pixels; may reach outside the frame."""

STEP = 8  # every so many pixels, along and down
GAMMA = 2.2  # levels to light, near enough for a ratio of many times
LIGHT_OF = (np.arange(256) / 255) ** GAMMA
HEAD = 0.4  # of the face box's width on both sides, which hair and hats may fill
LEAST = 16  # pixels looked at that can speak for a face


@dataclass(frozen=True, slots=True)
class FrameLight:
    """Levels 0..255 of the green channel, which carries most of the brightness. NaN: no such part in the frame."""

    brightest: float  # 99th percentile of the frame
    darkest: float  # 1st
    face_bright: float  # 95th percentile of the face: eye white and shine, whatever the skin
    face_middle: float  # 50th: skin and light together, and nothing of a bright rim from behind
    surround_ratio: float  # light around the head over that of the face; above 1 = light from behind


def measure(pixels: Pixels, face: Box | None) -> FrameLight:
    """One BGR frame; `face` is where the last frame had it, None: nobody knows."""
    levels = np.ascontiguousarray(pixels[::STEP, ::STEP, 1])
    counts = _counts(levels)
    darkest, brightest = percentile(counts, 1), percentile(counts, 99)
    if face is None:
        return FrameLight(brightest, darkest, math.nan, math.nan, math.nan)
    x, y, width, height = (round(n / STEP) for n in face)
    inside = _counts(levels[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)])
    above = levels[: max(0, y + height)]  # what is below the chin is the traveller's own clothes
    beside = round(HEAD * width)
    around = _counts(above[:, : max(0, x - beside)]) + _counts(above[:, max(0, x + width + beside) :])
    bright, middle = (_level(inside, share) for share in (95, 50))
    return FrameLight(brightest, darkest, bright, middle, _ratio(around, inside))


def face_middle(pixels: Pixels, face: Box) -> float:
    """The median level of the face alone, 0..255; NaN when it is not in the frame."""
    x, y, width, height = face
    inside = _counts(pixels[max(0, y) : max(0, y + height) : STEP, max(0, x) : max(0, x + width) : STEP, 1])
    return _level(inside, 50)


def middle(pixels: Pixels) -> Box:
    """Where a face would be if one could be seen."""
    height, width = pixels.shape[:2]
    return width // 3, height // 4, width // 3, height // 2


def hopeless(light: FrameLight, limits: LightLimits) -> Cause | None:
    """Why no model need look at this frame; None: one should. What is not known does not keep a model from looking."""
    if light.surround_ratio > limits.max_surround_ratio:
        return Cause.BACK_LIT
    if light.brightest < limits.min_frame_level or light.face_bright < limits.min_face_level:
        return Cause.TOO_DARK
    return Cause.TOO_BRIGHT if light.darkest > limits.max_frame_level else None


def _counts(levels: Pixels) -> NDArray[np.int64]:
    return np.bincount(levels.ravel(), minlength=256)


def _level(counts: NDArray[np.int64], share: float) -> float:
    return percentile(counts, share) if counts.sum() >= LEAST else math.nan


def _ratio(around: NDArray[np.int64], inside: NDArray[np.int64]) -> float:
    if around.sum() < LEAST or inside.sum() < LEAST:
        return math.nan
    face = max(percentile(inside, 50), 1.0) / 255
    return float(around @ LIGHT_OF) / float(around.sum()) / float(face**GAMMA)
