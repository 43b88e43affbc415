"""How good an impression is, 0..100, and why it is not better: Landfall finger quality, by a small net of our own.

The score rank-correlates with NFIQ 2, whose measures the net gets; it is no NFIQ 2 score. It ranks impressions of one
kind of sensor: every score carries its metric and sensor class, and scores of two of either are never compared. It
measures whether ridges can be seen, not whether they are skin (finger_pad.py).
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.errors import ModelUnfit
from appliance.vision.finger_features import FingerFeatures, measure, resampled
from appliance.vision.finger_measures import NAMES, measured
from appliance.vision.finger_pad import FingerPad, look_closer
from appliance.vision.finger_region import Region, segmented
from appliance.vision.model import MODELS, Floats, Model, Pixels
from border.quality import QualityComponent

NAME = "finger"
METRIC = "landfall-finger-2"

MIN_CONTACT_MM2 = 12.0  # less is a smudge, not a finger
MIN_BEND = 0.02  # ridges of a finger bend; stripes that do not are the sensor's own, or a picture of stripes
RHYTHM = (0.06, 0.16)  # of the ridge energy: nothing like ridges, and enough to leave the net's score as it is
DIRECTION = (0.15, 0.35)  # of the coherence, the same
LIKELY = 0.25  # of a cause, to be named when it is likelier that something is wrong than that nothing is
FAULT_COST = 0.3  # of the score, for a fault that is certain: what a better touch would give
ALIKE = 0.8  # correlation of two impressions in the same place; a finger put anew lies differently
FAINTER = 0.7  # of the contrast before: what it left on the glass, not the finger


class Cause(StrEnum):
    """What would make the next impression better. The values are locale keys, each its own hint."""

    EMPTY = "place_finger"
    SAME = "lift_finger"  # the finger was not lifted since the impression before
    RESIDUE = "finger_residue"  # a print left on the glass, without a finger
    PARTIAL = "finger_whole"  # too little of the fingertip touches
    OFF_CENTRE = "finger_centre"
    LIGHT = "press_harder"
    HARD = "press_lighter"
    DRY = "finger_dry"
    WET = "finger_wet"
    UNCLEAR = "finger_clean"  # ridges without direction: dirt, wear, or no finger


FAULTS: tuple[Cause | None, ...] = (
    None,
    Cause.DRY,
    Cause.WET,
    Cause.LIGHT,
    Cause.HARD,
    Cause.PARTIAL,
    Cause.OFF_CENTRE,
    Cause.RESIDUE,
    Cause.EMPTY,
)
"""What the net's second answer speaks of, in its order; None: nothing is wrong."""

INPUTS = len(NAMES) + len(fields(FingerFeatures))
UNCLEAR = (0.5, 0.18)  # coherence and ridge energy; less of either, for no other cause, is dirt or wear


@dataclass(frozen=True, slots=True)
class FingerReading:
    """The score with its sensor class, why it is not higher (most effective first), and what it rests on.

    `quality.native` is the score; `quality.mapped`, of which the policy's limit speaks, is less where a better touch
    of the same finger would give more.
    """

    quality: QualityComponent
    causes: tuple[Cause, ...]
    features: FingerFeatures
    region: Region
    pad: FingerPad

    is_finger: bool  # False: the glass shows what the finger before left there


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An impression measured: the net's `inputs`, and the parts of it that are used beside the net."""

    inputs: Floats
    grey: Floats  # at 500 ppi
    features: FingerFeatures
    region: Region


class FingerReader:
    """The finger net. One thread only, as its model."""

    def __init__(self, model: Model) -> None:
        """Raises `ModelUnfit` when the net takes other numbers or gives other answers."""
        found = sorted(model.run_by_size(np.zeros(model.card.input_shape, np.float32)))
        if model.card.input_shape != (1, INPUTS) or found != [1, len(FAULTS)]:
            raise ModelUnfit(model.card.name, f"it is no net of {INPUTS} numbers to a score and {len(FAULTS)} faults")
        self._model = model

    @staticmethod
    def load(models: Path = MODELS) -> FingerReader:
        """The net in that folder. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return FingerReader(Model.load(NAME, models))

    def assess(self, pixels: Pixels, pitch_ppi: int, sensor_class: str, before: Pixels | None = None) -> FingerReading:
        """Judge one impression (height x width, uint8, 0 = ridge); `before`: the one before it on the same glass.

        Equal pixels give equal scores. Raises `ValueError` for a pitch that no sensor has.
        """
        seen = look(pixels, pitch_ppi)
        answers = self._model.run_by_size(seen.inputs[None])
        shares = _shares(answers[len(FAULTS)])
        score = round(_bounded(float(answers[1][0])) * _plausible(seen.features), 1)
        mapped = round(score * (1 - FAULT_COST * (1 - shares[0])), 1)
        left = left_behind(pixels, before)
        causes = _causes(shares, seen.features, left)
        quality = QualityComponent("FingerQuality", score, mapped, METRIC, sensor_class)
        pad = look_closer(seen.grey, seen.features, seen.region)
        return FingerReading(quality, causes, seen.features, seen.region, pad, is_finger=left is not Cause.RESIDUE)


@lru_cache(maxsize=1)
def _reader() -> FingerReader:
    return FingerReader.load()


def assess(pixels: Pixels, pitch_ppi: int, sensor_class: str, before: Pixels | None = None) -> FingerReading:
    """`FingerReader.assess` of a reader shared by evaluations and benches; the kiosk has its own."""
    return _reader().assess(pixels, pitch_ppi, sensor_class, before)


def look(pixels: Pixels, pitch_ppi: int) -> Seen:
    """Measure an impression. Raises `ValueError` for a pitch that no sensor has."""
    grey = resampled(pixels, pitch_ppi)
    soft = grey.astype(np.float32)
    region = segmented(soft)
    features = measure(soft, region)
    values = np.concatenate([measured(grey).values, astuple(features)])
    return Seen(np.nan_to_num(values).astype(np.float32), soft, features, region)


def left_behind(pixels: Pixels, before: Pixels | None) -> Cause | None:
    """SAME or RESIDUE when this impression lies exactly where the one before lay; None otherwise."""
    if before is None or before.shape != pixels.shape or min(pixels.shape) < 32:
        return None
    now, then = (cv2.GaussianBlur(one.astype(np.float32), (0, 0), 1.0) for one in (pixels, before))
    margin = 4  # px that the glass may seem to have moved by
    match = cv2.matchTemplate(now, then[margin:-margin, margin:-margin], cv2.TM_CCOEFF_NORMED)
    if not float(match.max()) > ALIKE:
        return None
    return Cause.RESIDUE if float(now.std()) < FAINTER * float(then.std()) else Cause.SAME


def _bounded(score: float) -> float:
    return min(max(score, 0.0), 100.0) if math.isfinite(score) else 0.0


def _shares(logits: NDArray[np.float32]) -> tuple[float, ...]:
    """Of each of FAULTS, together 1; an answer that is no number is taken for a fault."""
    powers = np.exp(logits.astype(np.float64) - logits.max())
    shares = powers / powers.sum()
    return tuple(float(share) if math.isfinite(share) else 0.0 for share in shares)


def _plausible(seen: FingerFeatures) -> float:
    """0 for what has no ridges of a finger, whatever the net thinks of it; 1 for nearly all that has."""
    if seen.contact_mm2 < MIN_CONTACT_MM2 or not seen.bend >= MIN_BEND:
        return 0.0
    return ramp(seen.ridge_energy, *RHYTHM) * ramp(seen.coherence, *DIRECTION)


def ramp(value: float, nothing: float, all_of_it: float) -> float:
    """0 up to `nothing`, 1 from `all_of_it`, a straight line between; NaN gives 0."""
    share = (value - nothing) / (all_of_it - nothing)
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0


def _causes(shares: tuple[float, ...], seen: FingerFeatures, left: Cause | None) -> tuple[Cause, ...]:
    if seen.contact_mm2 < MIN_CONTACT_MM2:
        return (Cause.EMPTY,)
    if left is not None:
        return (left,)
    found = [(share, cause) for share, cause in zip(shares, FAULTS, strict=True) if cause is not None]
    named = [cause for share, cause in sorted(found, reverse=True) if share > LIKELY and not shares[0] >= 0.5]
    if Cause.EMPTY in named:
        return (Cause.EMPTY,)
    is_unclear = not (seen.coherence >= UNCLEAR[0] and seen.ridge_energy >= UNCLEAR[1] and seen.bend >= MIN_BEND)
    return tuple(named) or ((Cause.UNCLEAR,) if is_unclear else ())
