"""From quality components to what the traveller could do about them, the most effective first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from border.quality import QualityComponent
from border.rules.policy import FaceLimits


class Cause(StrEnum):
    """What keeps a face from being good, in the order of effect. The values are locale keys (`hint.<value>`)."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    MOVE_CLOSER = "move_closer"
    MOVE_BACK = "move_back"
    CENTRE_LEFT = "centre_left"  # towards the traveller's own left
    CENTRE_RIGHT = "centre_right"
    CENTRE_UP = "centre_up"
    CENTRE_DOWN = "centre_down"
    BACK_LIT = "back_lit"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOOK_STRAIGHT = "look_straight"
    EYES_OPEN = "eyes_open"
    HOLD_STILL = "hold_still"


ORDER = tuple(Cause)

OF_COMPONENT = {
    "InterEyeDistance": Cause.MOVE_CLOSER,
    "HeadPoseYaw": Cause.LOOK_STRAIGHT,
    "HeadPosePitch": Cause.LOOK_STRAIGHT,
    "HeadPoseRoll": Cause.LOOK_STRAIGHT,
    "EyesOpen": Cause.EYES_OPEN,
    "UnderExposurePrevention": Cause.TOO_DARK,
    "DynamicRange": Cause.TOO_DARK,
    "FaceHighlights": Cause.TOO_DARK,
    "OverExposurePrevention": Cause.TOO_BRIGHT,
    "BackLight": Cause.BACK_LIT,
    "Sharpness": Cause.HOLD_STILL,
    "SingleFacePresent": Cause.SEVERAL_FACES,
}
"""What helps when policy's minimum for a component is missed; for any other component, holding still may."""


OPPOSITE = ({Cause.CENTRE_LEFT, Cause.CENTRE_RIGHT}, {Cause.CENTRE_UP, Cause.CENTRE_DOWN})


def causes(components: Sequence[QualityComponent], limits: FaceLimits) -> tuple[Cause, ...]:
    """Everything that is wrong, in the order of effect; empty when the face is good.

    A component that is absent or no number counts as missed. `limits.min_sharpness` speaks of the mapped value.
    """
    seen = {component.name: component for component in components}
    if "InterEyeDistance" not in seen:
        return (Cause.NO_FACE,)
    native = {name: component.native for name, component in seen.items()}
    found = {
        *_place(native, limits),
        *_pose(native, limits),
        *_light(seen, limits.light.min_mapped),
        *_policy(seen, limits),
    }
    if found & {Cause.BACK_LIT}:
        found.discard(Cause.TOO_DARK)  # a face before a bright sky is dark because of the sky
    return tuple(cause for cause in ORDER if cause in found)


def _place(native: dict[str, float], limits: FaceLimits) -> set[Cause]:
    framing = limits.framing
    rows = {
        Cause.SEVERAL_FACES: native.get("SingleFacePresent", 1.0) <= framing.max_second_face,
        Cause.MOVE_CLOSER: native["InterEyeDistance"] >= limits.min_inter_eye_px,
        Cause.MOVE_BACK: native["HeadSize"] <= framing.max_head_size,
        # the picture is not mirrored: too near its left edge means too far to the traveller's own right
        Cause.CENTRE_LEFT: native["LeftwardCropOfTheFaceImage"] >= framing.min_side,
        Cause.CENTRE_RIGHT: native["RightwardCropOfTheFaceImage"] >= framing.min_side,
        Cause.CENTRE_DOWN: native["MarginAboveOfTheFaceImage"] >= framing.min_above,
        Cause.CENTRE_UP: native["MarginBelowOfTheFaceImage"] >= framing.min_below,
    }
    wrong = {cause for cause, good in rows.items() if not good}
    if any(pair <= wrong for pair in OPPOSITE):  # no step aside mends both
        wrong.add(Cause.MOVE_BACK)
    if Cause.MOVE_BACK in wrong:  # then every margin is small, and stepping back mends them all
        wrong -= OPPOSITE[0] | OPPOSITE[1]
    return wrong


def _pose(native: dict[str, float], limits: FaceLimits) -> set[Cause]:
    straight = (
        abs(native["HeadPoseYaw"]) <= limits.max_abs_yaw_deg
        and abs(native["HeadPosePitch"]) <= limits.max_abs_pitch_deg
        and abs(native["HeadPoseRoll"]) <= limits.max_abs_roll_deg
    )
    return set() if straight else {Cause.LOOK_STRAIGHT}


def _light(seen: dict[str, QualityComponent], least: float) -> set[Cause]:
    """An under-lit face has neither highlights nor range. Either alone is skin, not light, and no cause."""
    if any(_reaches(seen[name], least) for name in ("FaceHighlights", "DynamicRange")):
        return set()
    return {Cause.TOO_DARK if _reaches(seen["BackLight"], least) else Cause.BACK_LIT}


def _policy(seen: dict[str, QualityComponent], limits: FaceLimits) -> set[Cause]:
    minima = {**dict(limits.min_component), "Sharpness": limits.min_sharpness}
    missed = {name for name, least in minima.items() if name not in seen or not _reaches(seen[name], least)}
    return {_helping(name, seen) for name in missed}


def _reaches(component: QualityComponent, least: float) -> bool:
    return (component.native if component.mapped is None else component.mapped) >= least


def _helping(name: str, seen: dict[str, QualityComponent]) -> Cause:
    if name == "LuminanceMean" and name in seen:
        return Cause.TOO_DARK if seen[name].native < 0.5 else Cause.TOO_BRIGHT
    return OF_COMPONENT.get(name, Cause.HOLD_STILL)


def rank(components: Sequence[QualityComponent], found: Sequence[Cause]) -> tuple[float, ...]:
    """Which of two frames is the better sample: the greater tuple. What is absent or no number ranks lowest.

    First the effect of the worst cause, then the mapped values from the lowest up, in bands of ten points, so that
    no good component ever makes up for a bad one: a mean would call a sharp frame with closed eyes a good one.
    The bands keep a point more of what the place decides, such as the eye distance, from outweighing a blink.
    Only between frames alike in all bands does the mean speak.
    """
    mapped = {c.name: c.mapped for c in components if c.mapped is not None and math.isfinite(c.mapped)}
    parts = [mapped.get(name, -BAND) for name in RANKED]
    worst = ORDER.index(found[0]) if found else len(ORDER)
    return (worst, *sorted(part // BAND for part in parts), sum(parts) / len(parts))


BAND = 10.0
RANKED = (
    *("InterEyeDistance", "HeadPoseYaw", "HeadPosePitch", "HeadPoseRoll", "EyesOpen", "MouthClosed", "Sharpness"),
    *("UnderExposurePrevention", "OverExposurePrevention"),
)
"""What varies within a visit; what the place decides (background, skin) is left out."""
