"""Signs that a face is shown on a screen, one number each: moire, a frame around it, bands that run over it.

A number alone proves nothing. What each does on photographs of people and on simulated screens stands in
docs/rules.md; a sign that could not be told from bona fide pictures is recorded and has no limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import OVAL
from appliance.vision.model import Floats, Pixels

Values = NDArray[np.float64]

SIDE = 96  # px of the patch that is looked at for moire, at the frame's own resolution
LOW, HIGH = 0.10, 0.48  # cycles per pixel between which a pixel grid shows
AXIS = 0.03  # so near to an axis JPEG's own blocks show

DARK = (30, 45, 60, 80, 100, 120)  # grey levels below which a bezel is looked for
BRIGHT = (170, 200)  # and above which the white margin of a print
CORE = 0.8  # of the face box, which the frame's opening must hold
MAX_OPENING = 0.9  # of the picture: the picture's own border is no frame

ROWS = 48  # of a face's profile from above to below
BANDS = slice(2, 5)  # cycles per face height that a refresh shows


@dataclass(frozen=True, slots=True, eq=False)
class ScreenCues:
    """Of one frame. `moire`: decades by which the strongest line of the face's spectrum stands out; NaN where the
    face does not fill the patch. `bezel`: how rectangular the best opening around the face is in a frame of one
    tone, 0..1; 0 without one. `rows`: log brightness of the face from above to below; None at the picture's edge."""

    moire: float
    bezel: float
    rows: Floats | None = None


def cues(pixels: Pixels, mesh: FaceMesh) -> ScreenCues:
    """Of one BGR frame and the mesh of its one face."""
    oval = mesh.points[list(OVAL), :2].astype(np.float64)
    low, high = oval.min(axis=0), oval.max(axis=0)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)
    return ScreenCues(moire(pixels, (low + high) / 2), bezel(grey, low, high), profile(grey, low, high))


def moire(pixels: Pixels, middle: Values) -> float:
    """The spectrum of the middle of the face, luminance and red against green; the larger of the two peaks."""
    left, top = (int(v) for v in np.round(middle - SIDE / 2))
    patch = pixels[max(top, 0) : max(top, 0) + SIDE, max(left, 0) : max(left, 0) + SIDE]
    if patch.shape[:2] != (SIDE, SIDE):
        return math.nan
    blue, green, red = (patch[..., n].astype(np.float32) for n in range(3))
    grey = np.float32(0.114) * blue + np.float32(0.587) * green + np.float32(0.299) * red
    return max(_peak(grey), _peak(red - green))


_WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE)).astype(np.float32)
_FY, _FX = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
_RADIUS = np.hypot(_FX, _FY)
_RING = (_RADIUS > LOW) & (_RADIUS < HIGH) & (np.abs(_FX) > AXIS) & (np.abs(_FY) > AXIS)


def _peak(patch: Floats) -> float:
    power = np.abs(np.fft.rfft2((patch - patch.mean()) * _WINDOW)) ** 2 + 1.0
    level = np.log10(power).astype(np.float32)
    line, around = (cv2.blur(level, (side, side), borderType=cv2.BORDER_REFLECT) for side in (3, 15))
    return float(np.subtract(line, around)[_RING].max())


def bezel(grey: Pixels, low: Values, high: Values) -> float:
    """The most rectangular opening around the face in something dark, or bright, that closes around it."""
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(half, (3, 3), 0)
    low, high = low / 2, high / 2
    masks = [soft < level for level in DARK] + [soft > level for level in BRIGHT]
    return max(_opening(mask.astype(np.uint8), low, high) for mask in masks)


def _opening(mask: Pixels, low: Values, high: Values) -> float:
    """Among the holes of a mask that hold the face, the largest share that one fills of its own rectangle."""
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if tree is None:
        return 0.0
    holes = (contour for contour, (_, _, _, parent) in zip(contours, tree[0], strict=True) if parent >= 0)
    return max((_filled(hole) for hole in holes if _holds(hole, low, high, mask.size)), default=0.0)


def _holds(hole: cv2.typing.MatLike, low: Values, high: Values, picture: int) -> bool:
    left, top, width, height = cv2.boundingRect(hole)
    if not float(np.prod(high - low)) <= width * height <= MAX_OPENING * picture:
        return False
    core = (high - low) / 2 * CORE
    first, last = (low + high) / 2 - core, (low + high) / 2 + core
    return bool(left <= first[0] and top <= first[1] and left + width >= last[0] and top + height >= last[1])


def _filled(hole: cv2.typing.MatLike) -> float:
    _, (width, height), _ = cv2.minAreaRect(hole)
    return cv2.contourArea(hole) / (width * height) if width * height > 0 else 0.0


def profile(grey: Pixels, low: Values, high: Values) -> Floats | None:
    """The mean log brightness of each of `ROWS` slices of the face; None when it leaves the picture."""
    left, top, right, bottom = int(low[0]), int(low[1]), int(high[0]), int(high[1])
    if left < 0 or top < 0 or bottom > grey.shape[0] or right > grey.shape[1] or bottom - top < ROWS or left >= right:
        return None
    rows = np.log(np.maximum(grey[top:bottom, left:right].mean(axis=1), 1)).astype(np.float32)
    return np.asarray(cv2.resize(rows[:, None], (1, ROWS), interpolation=cv2.INTER_AREA)[:, 0], np.float32)


def banding(profiles: Sequence[Floats]) -> float:
    """How strongly bands run over a face that holds still, in log brightness; NaN of fewer than five profiles."""
    if len(profiles) < 5:
        return math.nan
    stack = np.stack(profiles)
    moved = stack - np.median(stack, axis=0)
    moved -= moved.mean(axis=1, keepdims=True)
    waves = np.abs(np.fft.rfft(moved * np.hanning(ROWS), axis=1)) * 4 / ROWS
    return float(np.median(waves[:, BANDS].max(axis=1)))
