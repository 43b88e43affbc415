"""How many stops brighter or darker a region of the picture should become. Pure: pixels and numbers."""

from __future__ import annotations

import math

from drivers.api import Pixels
from drivers.camera.feed import Region

TARGET_LEVEL = 118.0  # mid grey after the sRGB curve: where a face keeps detail in every skin tone's shadows
GAMMA = 2.2
MAX_STOPS = 2.0
SHARE = 0.25  # of the remaining error per picture; the camera answers some pictures late
DEAD_BAND = 0.1  # stops; below this nobody sees a difference


def level_in(pixels: Pixels, region: Region) -> float:
    """Mean level 0..255 of the part of the region (x, y, width, height) inside the picture; NaN: no such part.

    The green channel stands for the whole: it carries most of the brightness.
    """
    x, y, width, height = region
    part = pixels[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width), 1]
    return float(part[::4, ::4].mean()) if part.size else math.nan


def next_stops(stops: float, level: float) -> float:
    """The next exposure value, -2..+2 stops, after seeing `level` under `stops`; NaN changes nothing."""
    if math.isnan(level):
        return stops
    error = GAMMA * math.log2(TARGET_LEVEL / max(level, 1.0))
    if abs(error) < DEAD_BAND:
        return stops
    return min(MAX_STOPS, max(-MAX_STOPS, stops + SHARE * error))
