"""How good an impression is, 0..100: Landfall finger quality. It ranks impressions of one kind of sensor.

It is not NFIQ 2 and not comparable with it; the limit in the policy names the metric it speaks of. It measures
whether ridges can be seen, not whether they are skin: a well-made artefact scores well (PAD is another matter).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from appliance.vision.finger_features import FingerFeatures, measure
from appliance.vision.model import Pixels
from border.encounter import QualityComponent

METRIC = "landfall-finger-1"

ENOUGH_MM2 = 150.0  # clear ridges; more does not help a comparison much
MIN_CONTACT_MM2 = 12.0  # less is a smudge, not a finger
MIN_BEND = 0.02  # ridges of a finger bend; stripes that do not are the sensor's own, or a picture of stripes


class Cause(StrEnum):
    """What would make the next impression better, in the order of effect. The values are locale keys."""

    EMPTY = "place_finger"
    OFF_CENTRE = "finger_centre"  # or only a part of the finger
    FAINT = "press_harder"
    DRY = "finger_dry"
    WET = "finger_wet"
    UNCLEAR = "finger_clean"  # ridges without direction: dirt, wear, or no finger


@dataclass(frozen=True, slots=True)
class FingerReading:
    """The score with its sensor class, why it is not higher (most effective first), and what it rests on."""

    quality: QualityComponent
    causes: tuple[Cause, ...]
    features: FingerFeatures


def assess(pixels: Pixels, pitch_ppi: int, sensor_class: str) -> FingerReading:
    """Judge one impression (height x width, uint8, 0 = ridge). Equal pixels give equal scores.

    Raises `ValueError` for a pitch that no sensor has.
    """
    features = measure(pixels, pitch_ppi)
    score = round(100 * _share(features), 1)
    return FingerReading(
        QualityComponent("FingerQuality", score, None, METRIC, sensor_class), _causes(features), features
    )


def _share(seen: FingerFeatures) -> float:
    """The product of what a comparison needs: area, direction, rhythm, contrast, wholeness, separate ridges."""
    if seen.contact_mm2 < MIN_CONTACT_MM2 or not seen.bend >= MIN_BEND:
        return 0.0
    area = min(1.0, seen.clear_mm2 / ENOUGH_MM2)
    direction = ramp(seen.coherence, 0.35, 1.0)
    rhythm = ramp(seen.ridge_energy, 0.12, 0.50)
    contrast = ramp(seen.deviation, 5.0, 60.0)
    whole = ramp(-seen.fine_energy, -0.16, -0.005)
    separate = min(ramp(-seen.dark_share, -0.95, -0.45), ramp(seen.dark_share, 0.05, 0.35))
    return float(area * (direction * rhythm * contrast) ** 0.5 * whole * separate)


def ramp(value: float, nothing: float, all_of_it: float) -> float:
    """0 up to `nothing`, 1 from `all_of_it`, a straight line between; NaN gives 0."""
    share = (value - nothing) / (all_of_it - nothing)
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _causes(seen: FingerFeatures) -> tuple[Cause, ...]:
    if seen.contact_mm2 < MIN_CONTACT_MM2:
        return (Cause.EMPTY,)
    faint = seen.contrast < 90 and seen.dark_share < 0.4
    rows = {
        Cause.OFF_CENTRE: max(abs(place - 0.5) for place in seen.centre) > 0.12 or seen.contact_mm2 < 55,
        Cause.FAINT: faint,
        Cause.DRY: seen.fine_energy > 0.035 and seen.dark_share < 0.33 and not faint,
        Cause.WET: seen.dark_share > 0.55,
        Cause.UNCLEAR: seen.coherence < 0.6 or seen.ridge_energy < 0.2 or not seen.bend >= MIN_BEND,
    }
    return tuple(cause for cause, holds in rows.items() if holds)
