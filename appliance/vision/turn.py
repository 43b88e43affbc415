"""One look of a turning head against the straight look before it: how far, which way, and whether it has depth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.pose import homography_residual, pose_of, yaw_change_deg
from border.rules.policy import TurnLimits

MAX_STRAIGHT_YAW_DEG = 12.0
MAX_STRAIGHT_PITCH_DEG = 25.0  # wide: the kiosk's camera looks up at tall travellers and down at none


class Side(StrEnum):
    """The traveller's own."""

    LEFT = "left"
    RIGHT = "right"


class Verdict(StrEnum):
    NOT_YET = "not_yet"
    GOOD = "good"
    FLAT = "flat"  # far enough, but as a plane turns
    WRONG_WAY = "wrong_way"  # far enough and with depth, to the other side


@dataclass(frozen=True, slots=True)
class TurnLook:
    """`yaw_change_deg` is positive towards the asked side; `residual` is in outer-eye distances. Both may be NaN."""

    yaw_change_deg: float
    residual: float


def is_straight(mesh: FaceMesh) -> bool:
    """Whether a face looks straight enough to be what a turn is measured from; NaN does not."""
    pose = pose_of(mesh)
    return abs(pose.yaw_deg) <= MAX_STRAIGHT_YAW_DEG and abs(pose.pitch_deg) <= MAX_STRAIGHT_PITCH_DEG


def look(straight: FaceMesh, now: FaceMesh, asked: Side) -> TurnLook:
    """Measure one look of a turn."""
    change = yaw_change_deg(straight, now)
    return TurnLook(change if asked is Side.LEFT else -change, homography_residual(straight, now))


def judge(seen: TurnLook, limits: TurnLimits) -> Verdict:
    """What one look is worth. A value that is no number is never GOOD."""
    deep = seen.residual >= limits.min_residual
    if seen.yaw_change_deg >= limits.min_yaw_change_deg:
        return Verdict.GOOD if deep else Verdict.FLAT
    if deep and -seen.yaw_change_deg >= limits.min_yaw_change_deg:
        return Verdict.WRONG_WAY
    return Verdict.NOT_YET
