"""How a region of the picture should be exposed: in stops, or as time and gain. Pure: pixels and numbers."""

from __future__ import annotations

import math

from drivers.api import Pixels
from drivers.camera.feed import Region

TARGET_LEVEL = 118.0  # mid grey after the sRGB curve: where a face keeps detail in every skin tone's shadows
GAMMA = 2.2
MAX_STOPS = 2.0
SHARE = 0.25  # of the remaining error per picture; the camera answers some pictures late
DEAD_BAND = 0.1  # stops; below this nobody sees a difference

Limits = tuple[float, float]
"""The least and the most that a control takes."""


def level_in(pixels: Pixels, region: Region) -> float:
    """Mean level 0..255 of the part of the region (x, y, width, height) inside the picture; NaN: no such part.

    The green channel stands for the whole: it carries most of the brightness.
    """
    x, y, width, height = region
    part = pixels[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width), 1]
    return float(part[::4, ::4].mean()) if part.size else math.nan


def error_stops(level: float) -> float:
    """How many stops brighter the scene has to become; 0 inside the dead band and for NaN."""
    if math.isnan(level):
        return 0.0
    error = GAMMA * math.log2(TARGET_LEVEL / max(level, 1.0))
    return error if abs(error) >= DEAD_BAND else 0.0


def next_stops(stops: float, level: float) -> float:
    """The next exposure value, -2..+2 stops, after seeing `level` under `stops`; NaN changes nothing."""
    step = SHARE * error_stops(level)
    return min(MAX_STOPS, max(-MAX_STOPS, stops + step)) if step else stops


def next_by_hand(
    exposure_us: float, gain: float, level: float, exposure_limits: Limits, gain_limits: Limits
) -> tuple[float, float]:
    """The next exposure time and gain of a camera that has no automatic of its own to steer, after seeing `level`.

    Time before gain: a longer exposure costs no noise. The caller's longest time is one that still keeps the rate.
    """
    product = exposure_us * gain * 2.0 ** (SHARE * error_stops(level))
    time_us = _between(product / max(gain_limits[0], 1e-6), exposure_limits)
    return time_us, _between(product / time_us, gain_limits)


def _between(value: float, limits: Limits) -> float:
    return min(limits[1], max(limits[0], value))
