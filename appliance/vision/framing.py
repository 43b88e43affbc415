"""From quality components to what the traveller could do about them, the most effective first."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from border.encounter import QualityComponent
from border.rules.policy import FaceLimits

MAX_HEAD_SIZE = 0.48  # of the frame's height, from between the eyes to the chin
MIN_SIDE = 1.2  # eye distances from an eye to the side of the frame
MIN_ABOVE = 0.75  # face lengths from between the eyes to the upper edge
MIN_BELOW = 1.15  # face lengths to the lower edge: the chin and a little
MIN_LIGHT = 50.0  # mapped; what a face needs of highlights or of dynamic range
MAX_SECOND_FACE = 0.5  # a smaller face stands behind the traveller and may stay


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


def causes(components: Sequence[QualityComponent], limits: FaceLimits) -> tuple[Cause, ...]:
    """Everything that is wrong, in the order of effect; empty when the face is good.

    A component that is absent or no number counts as missed. `limits.min_sharpness` speaks of the mapped value.
    """
    seen = {component.name: component for component in components}
    if "InterEyeDistance" not in seen:
        return (Cause.NO_FACE,)
    native = {name: component.native for name, component in seen.items()}
    found = {*_place(native, limits), *_pose(native, limits), *_light(seen), *_policy(seen, limits)}
    if found & {Cause.BACK_LIT}:
        found.discard(Cause.TOO_DARK)  # a face before a bright sky is dark because of the sky
    return tuple(cause for cause in ORDER if cause in found)


def _place(native: dict[str, float], limits: FaceLimits) -> set[Cause]:
    size = native["HeadSize"]
    rows = {
        Cause.SEVERAL_FACES: native.get("SingleFacePresent", 1.0) <= MAX_SECOND_FACE,
        Cause.MOVE_CLOSER: native["InterEyeDistance"] >= limits.min_inter_eye_px,
        Cause.MOVE_BACK: size <= MAX_HEAD_SIZE,
        # the picture is not mirrored: too near its left edge means too far to the traveller's own right
        Cause.CENTRE_LEFT: native["LeftwardCropOfTheFaceImage"] >= MIN_SIDE,
        Cause.CENTRE_RIGHT: native["RightwardCropOfTheFaceImage"] >= MIN_SIDE,
        Cause.CENTRE_DOWN: native["MarginAboveOfTheFaceImage"] >= MIN_ABOVE,
        Cause.CENTRE_UP: native["MarginBelowOfTheFaceImage"] >= MIN_BELOW,
    }
    wrong = {cause for cause, good in rows.items() if not good}
    if Cause.MOVE_BACK in wrong:  # then every margin is small, and stepping back mends them all
        wrong -= {Cause.CENTRE_LEFT, Cause.CENTRE_RIGHT, Cause.CENTRE_UP, Cause.CENTRE_DOWN}
    return wrong


def _pose(native: dict[str, float], limits: FaceLimits) -> set[Cause]:
    straight = (
        abs(native["HeadPoseYaw"]) <= limits.max_abs_yaw_deg
        and abs(native["HeadPosePitch"]) <= limits.max_abs_pitch_deg
        and abs(native["HeadPoseRoll"]) <= limits.max_abs_roll_deg
    )
    return set() if straight else {Cause.LOOK_STRAIGHT}


def _light(seen: dict[str, QualityComponent]) -> set[Cause]:
    """An under-lit face has neither highlights nor range. Either alone is skin, not light, and no cause."""
    if any(_reaches(seen[name], MIN_LIGHT) for name in ("FaceHighlights", "DynamicRange")):
        return set()
    return {Cause.TOO_DARK if _reaches(seen["BackLight"], MIN_LIGHT) else Cause.BACK_LIT}


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


def rank(components: Sequence[QualityComponent]) -> float:
    """Which of two frames is the better sample: the higher. NaN without a face, so that it never wins.

    The mean of what varies within a visit; what the place decides (background, skin) is left out.
    """
    mapped = {c.name: c.mapped for c in components if c.mapped is not None}
    parts = [mapped.get(name, float("nan")) for name in RANKED]
    return sum(parts) / len(parts)


RANKED = ("InterEyeDistance", "HeadPoseYaw", "HeadPosePitch", "HeadPoseRoll", "EyesOpen", "MouthClosed", "Sharpness")
