"""Presentation attack detection for the finger: UNEVALUATED. A few sanity cues that can refer, and never pass anybody.

No prints of real artefacts are free to measure on, so no error rate against attacks is known, and none is claimed.
A good mould shows none of these cues. What is known is how often they alarm without cause (training/README.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.finger_features import FingerFeatures
from appliance.vision.finger_region import STEP, Mask, Region, levels_at

EVALUATED = False  # nothing may turn this on but a test to ISO/IEC 30107-3 with real artefacts

PERIOD_PX = (5.5, 13.0)  # of ridges at 500 ppi, 0.28 to 0.66 mm: children's to large men's
MIN_BEND = 0.02  # straight stripes have less
MIN_AREA_MM2 = 40.0  # less shows too little of either
BUBBLE_PX = 9  # across; valleys and pores are narrower, but where valleys meet some are as wide
ROUND = 0.62  # of the circle around it that a bubble fills
MAX_BUBBLES = 3.5  # per cm2
MAX_FILM = 0.33  # of the contrast, by which valleys are duller than bare glass
MAX_DARK = 0.56  # share of dark pixels; more is water, which dulls valleys too
MIN_GLASS_PX = 800  # bare glass, to compare valleys with


class Cue(StrEnum):
    """What a living finger seldom shows. Each only says: an officer should look at the finger."""

    PERIOD = "ridge_period"  # ridges nearer or farther than a human's
    STRAIGHT = "straight_ridges"
    CASTING = "casting"  # a film in the valleys and air bubbles across ridges


@dataclass(frozen=True, slots=True)
class FingerPad:
    """`cues`: none says nothing at all. The numbers are 0 where too little is seen."""

    cues: tuple[Cue, ...]
    bubbles_per_cm2: float
    film: float  # how much duller than bare glass the valleys are, as share of the contrast


def look_closer(grey: NDArray[np.float32], seen: FingerFeatures, region: Region) -> FingerPad:
    """Cues of one impression at 500 ppi (height x width, 0 = ridge), segmented and measured before."""
    if not seen.contact_mm2 >= MIN_AREA_MM2:
        return FingerPad((), 0.0, 0.0)
    inside, outside = _parts(region, grey.shape)
    if not inside.any():
        return FingerPad((), 0.0, 0.0)
    low, high = levels_at(grey[inside], (0.05, 0.95))
    bubbles = 100 * _bubbles((grey > (low + high) / 2) & inside) / seen.contact_mm2
    film = _film(grey, inside, outside) / max(high - low, 1.0)
    return FingerPad(tuple(_cues(seen, bubbles, film)), bubbles, film)


def _cues(seen: FingerFeatures, bubbles_per_cm2: float, film: float) -> Iterator[Cue]:
    if not PERIOD_PX[0] <= seen.period_px <= PERIOD_PX[1]:
        yield Cue.PERIOD
    if not seen.bend >= MIN_BEND:
        yield Cue.STRAIGHT
    if not (bubbles_per_cm2 <= MAX_BUBBLES or film <= MAX_FILM or seen.dark_share >= MAX_DARK):
        yield Cue.CASTING


def _parts(region: Region, shape: tuple[int, ...]) -> tuple[Mask, Mask]:
    """Pixels well inside the contact, and well outside."""
    mask = region.mask.astype(np.uint8)
    inner = cv2.erode(mask, np.ones((7, 7), np.uint8), borderValue=0)
    outer = 1 - cv2.dilate(mask, np.ones((5, 5), np.uint8))
    inside, outside = (
        np.repeat(np.repeat(cells, STEP, axis=0), STEP, axis=1)[: shape[0], : shape[1]] > 0 for cells in (inner, outer)
    )
    return inside, outside


def _bubbles(light: Mask) -> int:
    """How many round light spots there are, wider than a valley."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (BUBBLE_PX, BUBBLE_PX))
    spots = cv2.morphologyEx(light.astype(np.uint8), cv2.MORPH_OPEN, disc)
    boxes = cv2.connectedComponentsWithStats(spots)[2][1:].astype(np.float64)
    across = np.maximum(boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT])
    return int((boxes[:, cv2.CC_STAT_AREA] > ROUND * np.pi / 4 * across**2).sum())


def _film(grey: NDArray[np.float32], inside: Mask, outside: Mask) -> float:
    """Grey levels by which the lightest parts of the valleys are darker than bare glass; 0 without any in sight."""
    if int(outside.sum()) < MIN_GLASS_PX:
        return 0.0
    calm = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)
    return float(np.median(calm[outside])) - _level(calm[inside], 0.92)


def _level(values: NDArray[np.float32], share: float) -> float:
    """The value below which this share (0..1) lies, between two interpolated as numpy's quantile does; sorts less."""
    place = share * (values.size - 1)
    low = int(place)
    high = min(low + 1, values.size - 1)
    values.partition((low, high))  # a copy of what was looked at
    return float(values[low] + (values[high] - values[low]) * np.float32(place - low))
