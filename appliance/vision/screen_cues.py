"""Signs that a face is shown on a screen, one number each: moire, a bezel around it, bands that run over it.

A number alone proves nothing. What each does on photographs of people, and on simulated screens, is in
docs/rules.md; a cue that could not be told from bona fide pictures is recorded and has no limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import OVAL
from appliance.vision.model import Floats, Pixels

SIDE = 96  # px of the patch that is looked at for moire, at the frame's own resolution
LOW, HIGH = 0.10, 0.48  # cycles per pixel between which a pixel grid shows
AXIS = 0.03  # so near to an axis JPEG's own blocks show


@dataclass(frozen=True, slots=True)
class ScreenCues:
    """`moire`: how far the strongest line of the patch's spectrum stands above its surroundings, in decades.
    `bezel`: share, 0..1, of the sides of the best frame around the face that are straight edges. NaN: not measured."""

    moire: float
    bezel: float


def cues(pixels: Pixels, mesh: FaceMesh) -> ScreenCues:
    """Of one BGR frame and the mesh of its one face."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    oval = mesh.points[list(OVAL), :2]
    low, high = oval.min(axis=0), oval.max(axis=0)
    return ScreenCues(moire(pixels, low, high), bezel(grey, low, high))


def moire(pixels: Pixels, low: Floats, high: Floats) -> float:
    """The spectrum of the middle of the face, luminance and red against green; the larger of the two peaks."""
    middle = (low + high) / 2
    left, top = (int(v) for v in np.round(middle - SIDE / 2))
    patch = pixels[max(top, 0) : max(top, 0) + SIDE, max(left, 0) : max(left, 0) + SIDE]
    if patch.shape[:2] != (SIDE, SIDE):
        return float("nan")
    blue, green, red = (patch[..., n].astype(np.float32) for n in range(3))
    return max(_peak(0.114 * blue + 0.587 * green + 0.299 * red), _peak(red - green))


_WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE)).astype(np.float32)
_FY, _FX = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.rfftfreq(SIDE), indexing="ij")
_RADIUS = np.hypot(_FX, _FY)
_RING = (_RADIUS > LOW) & (_RADIUS < HIGH) & (np.abs(_FX) > AXIS) & (np.abs(_FY) > AXIS)


def _peak(patch: Floats) -> float:
    power = np.abs(np.fft.rfft2((patch - patch.mean()) * _WINDOW)) ** 2 + 1.0
    level = np.log10(power).astype(np.float32)
    around = cv2.blur(level, (15, 15), borderType=cv2.BORDER_REFLECT)
    return float((cv2.blur(level, (3, 3), borderType=cv2.BORDER_REFLECT) - around)[_RING].max())


def bezel(grey: NDArray[np.uint8], low: Floats, high: Floats) -> float:
    """Left, right, upper and lower edge of a frame around the face: the weakest but one of its four sides.

    One side may lie outside the picture or behind a hand. A side is an upright or level edge of one and the same
    direction of contrast over the whole height (width) of the face, at most two faces away.
    """
    soft = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA).astype(np.float32)
    left, top, right, bottom = (*np.asarray(low) / 4, *np.asarray(high) / 4)
    wide, tall = right - left, bottom - top
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    rows = slice(max(int(top), 0), max(int(bottom), 1))
    columns = slice(max(int(left), 0), max(int(right), 1))
    sides = sorted(
        (
            _edge(across[rows].T, left - 1.2 * wide, left),
            _edge(across[rows].T, right, right + 1.2 * wide),
            _edge(down[:, columns], top - 1.2 * tall, top - 0.15 * tall),
            _edge(down[:, columns], bottom, bottom + 1.2 * tall),
        )
    )
    return sides[1]


EDGE = 24.0  # Sobel response of a clear edge


def _edge(lines: Floats, first: float, last: float) -> float:
    """The best share of one row's neighbours (+-1, for tilt) that is a clear edge of one sign."""
    lines = lines[max(int(first), 0) : max(int(last), 0)]
    if len(lines) < 3 or lines.shape[1] < 8:
        return 0.0
    shares = [cv2.dilate((sign * lines > EDGE).astype(np.uint8), np.ones((3, 1), np.uint8)).mean(1) for sign in (1, -1)]
    return float(np.max(shares))
