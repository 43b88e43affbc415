"""Which controls of libcamera make one region well exposed and sharp, of those it has. Pure: no camera here.

libcamera meters no region of ours. Where it has an exposure value, its own automatic is told to be brighter or darker
until the region is mid grey; where it has none, time and gain are set by hand; where it has neither, nothing is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drivers.api import Pixels
from drivers.camera.exposure import Limits, level_in, next_by_hand, next_stops
from drivers.camera.feed import Region

Advertised = Mapping[str, tuple[Any, Any, Any]]
"""Least, most and default by control."""
Told = Mapping[str, Any]
"""The metadata of one picture."""

AF_CONTINUOUS = 2
AF_METERING_AUTO, AF_METERING_WINDOWS = 0, 1
MOVED = 0.1  # of its own size; a region that moved less keeps its focus window


@dataclass(frozen=True, slots=True)
class Asked:
    """What the camera was last asked for."""

    stops: float = 0.0
    by_hand: bool = False
    window: Region | None = None  # of the focus, in pixels of the picture


def at_start(advertised: Advertised, fps: float) -> dict[str, Any]:
    """What is asked once, when the camera is opened."""
    wishes: dict[str, Any] = {}
    if "FrameDurationLimits" in advertised:
        wishes["FrameRate"] = fps
    if "AfMode" in advertised:
        wishes["AfMode"] = AF_CONTINUOUS
    return wishes


def steer(
    asked: Asked, advertised: Advertised, pixels: Pixels, told: Told, region: Region | None, longest_us: float
) -> tuple[Asked, dict[str, Any]]:
    """What has then been asked, and what to ask now. `region`: x, y, width, height in pixels; None: the whole."""
    if "ExposureValue" in advertised:
        stops, wishes = _by_value(asked, pixels, region)
        by_hand = False
    else:
        stops = 0.0
        by_hand, wishes = _by_hand(asked, advertised, pixels, told, region, longest_us)
    window, focus = _focus(asked, advertised, pixels, told, region)
    return Asked(stops, by_hand, window), {**wishes, **focus}


def on_sensor(region: Region, width_px: int, height_px: int, crop: Region) -> Region | None:
    """The region in pixels of the sensor: `crop` is the part of it that the picture shows. None: it is outside."""
    left, top = max(0, region[0]), max(0, region[1])
    right, bottom = min(width_px, region[0] + region[2]), min(height_px, region[1] + region[3])
    if right <= left or bottom <= top:
        return None
    across, down = crop[2] / width_px, crop[3] / height_px
    return (
        crop[0] + round(left * across),
        crop[1] + round(top * down),
        max(1, round((right - left) * across)),
        max(1, round((bottom - top) * down)),
    )


def _by_value(asked: Asked, pixels: Pixels, region: Region | None) -> tuple[float, dict[str, Any]]:
    stops = 0.0 if region is None else next_stops(asked.stops, level_in(pixels, region))
    return stops, {} if stops == asked.stops else {"ExposureValue": stops}


def _by_hand(
    asked: Asked, advertised: Advertised, pixels: Pixels, told: Told, region: Region | None, longest_us: float
) -> tuple[bool, dict[str, Any]]:
    has_automatic = "AeEnable" in advertised
    if region is None and has_automatic:
        return False, {"AeEnable": True} if asked.by_hand else {}
    if not {"ExposureTime", "AnalogueGain"} <= advertised.keys() or not {"ExposureTime", "AnalogueGain"} <= told.keys():
        return asked.by_hand, {}
    now_us, gain = float(told["ExposureTime"]), float(told["AnalogueGain"])
    exposure, gains = _limits(advertised["ExposureTime"]), _limits(advertised["AnalogueGain"])
    whole = (0, 0, pixels.shape[1], pixels.shape[0])
    level = level_in(pixels, whole if region is None else region)
    next_us, next_gain = next_by_hand(now_us, gain, level, (exposure[0], min(exposure[1], longest_us)), gains)
    if (round(next_us), next_gain) == (round(now_us), gain):
        return asked.by_hand, {}
    off = {"AeEnable": False} if has_automatic else {}
    return True, {**off, "ExposureTime": round(next_us), "AnalogueGain": next_gain}


def _limits(control: tuple[Any, Any, Any]) -> Limits:
    return float(control[0]), float(control[1])


def _focus(
    asked: Asked, advertised: Advertised, pixels: Pixels, told: Told, region: Region | None
) -> tuple[Region | None, dict[str, Any]]:
    if not {"AfWindows", "AfMetering"} <= advertised.keys():
        return None, {}
    if region is None:
        return None, {"AfMetering": AF_METERING_AUTO} if asked.window is not None else {}
    if "ScalerCrop" not in told or (asked.window is not None and not _has_moved(asked.window, region)):
        return asked.window, {}
    window = on_sensor(region, pixels.shape[1], pixels.shape[0], tuple(told["ScalerCrop"]))
    if window is None:
        return asked.window, {}
    return region, {"AfMetering": AF_METERING_WINDOWS, "AfWindows": [window]}


def _has_moved(before: Region, now: Region) -> bool:
    size = max(before[2], before[3], 1)
    return any(abs(b - n) > MOVED * size for b, n in zip(before, now, strict=True))
