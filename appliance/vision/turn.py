"""One look of a moving head against the straight look before it: how far, which way, and whether it has depth."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.pose import homography_residual, pitch_change_deg, pose_of, yaw_change_deg
from appliance.vision.relief import relief_share
from border.rules.policy import TurnLimits

MAX_STRAIGHT_YAW_DEG = 12.0
MAX_STRAIGHT_PITCH_DEG = 25.0  # wide: the kiosk's camera looks up at tall travellers and down at none

GROWTH = 0.6
"""Of the wanted depth with the angle, as a share of a head's own: heads differ, the noise of the mesh does not grow.

At 40 degrees a simulated head shows 0.098 or more in 99 of 100, a sheet worn round a head at most 0.062 (noise 0.02).
"""


class Movement(StrEnum):
    """What a head is asked to do: both turn and nod or, for a neck that cannot turn, lift and lower the chin alone.

    A mesh net takes a cut-out worn round a head for a head that turns, and not for one that nods; so turning alone
    proves too little, and is here to be measured.
    """

    BOTH = "both"
    TURN = "turn"
    NOD = "nod"


class Side(StrEnum):
    """The traveller's own."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


SIDES: dict[Movement, tuple[Side, ...]] = {
    Movement.BOTH: tuple(Side),
    Movement.TURN: (Side.LEFT, Side.RIGHT),
    Movement.NOD: (Side.UP, Side.DOWN),
}

_MEASURED = {
    Side.LEFT: (yaw_change_deg, 1.0),
    Side.RIGHT: (yaw_change_deg, -1.0),
    Side.UP: (pitch_change_deg, -1.0),
    Side.DOWN: (pitch_change_deg, 1.0),
}


AXES: dict[Side, Movement] = {side: axis for axis in (Movement.TURN, Movement.NOD) for side in SIDES[axis]}
"""Of each side, whether it is a turn or a nod."""


def order(rng: random.Random, movement: Movement, count: int) -> tuple[Side, ...]:
    """So many sides by chance; of `BOTH` each axis comes at least once, as far as the count allows."""
    if movement is not Movement.BOTH:
        return tuple(rng.choice(SIDES[movement]) for _ in range(count))
    sides = [rng.choice(SIDES[axis]) for axis in (Movement.TURN, Movement.NOD)]
    sides += [rng.choice(SIDES[movement]) for _ in range(count - len(sides))]
    rng.shuffle(sides)
    return tuple(sides[:count])


class Verdict(StrEnum):
    NOT_YET = "not_yet"
    GOOD = "good"
    FLAT = "flat"  # far enough, but as a plane turns, or a sheet that is bowed
    WRONG_WAY = "wrong_way"  # far enough and with depth, but not to the asked side


@dataclass(frozen=True, slots=True)
class TurnLook:
    """`change_deg` is positive towards the asked side; `residual` is in outer-eye distances; `relief`: share of a
    solid head's own (see relief.py). Each may be NaN."""

    change_deg: float
    residual: float
    relief: float


@dataclass(frozen=True, slots=True)
class Need:
    """What one movement, a turn or a nod, must reach. `min_residual` is meant at `min_change_deg`."""

    min_change_deg: float
    min_residual: float
    min_relief: float

    @staticmethod
    def of(limits: TurnLimits, asked: Side) -> Need:
        is_turn = AXES[asked] is Movement.TURN
        degrees = limits.min_yaw_change_deg if is_turn else limits.min_pitch_change_deg
        return Need(degrees, limits.min_residual, limits.min_relief)

    def residual_at(self, change_deg: float) -> float:
        """The depth wanted of a look that moved so far, because parallax grows with the sine of the angle.

        So a bent picture gains nothing by being turned further than was asked.
        """
        further = math.sin(math.radians(min(abs(change_deg), 90.0))) / math.sin(math.radians(self.min_change_deg)) - 1
        return self.min_residual * (1 + GROWTH * max(0.0, further))


def is_straight(mesh: FaceMesh) -> bool:
    """Whether a face looks straight enough to be what a turn is measured from; NaN does not."""
    pose = pose_of(mesh)
    return abs(pose.yaw_deg) <= MAX_STRAIGHT_YAW_DEG and abs(pose.pitch_deg) <= MAX_STRAIGHT_PITCH_DEG


def look(straight: FaceMesh, now: FaceMesh, asked: Side) -> TurnLook:
    """Measure one look of a movement."""
    change, sign = _MEASURED[asked]
    return TurnLook(sign * change(straight, now), homography_residual(straight, now), relief_share(straight, now))


def judge(seen: TurnLook, need: Need) -> Verdict:
    """What one look is worth. A value that is no number is never GOOD."""
    deep = _is_deep(seen, seen.change_deg, need)
    if seen.change_deg >= need.min_change_deg:
        return Verdict.GOOD if deep else Verdict.FLAT
    if deep and -seen.change_deg >= need.min_change_deg:
        return Verdict.WRONG_WAY
    return Verdict.NOT_YET


def strays(straight: FaceMesh, now: FaceMesh, seen: TurnLook, limits: TurnLimits, asked: Side) -> bool:
    """Whether a head nodded that was asked to turn, or turned that was asked to nod, as far as would have passed."""
    other = Side.UP if AXES[asked] is Movement.TURN else Side.LEFT
    need, change_deg = Need.of(limits, other), _MEASURED[other][0](straight, now)
    return abs(change_deg) >= need.min_change_deg and _is_deep(seen, change_deg, need)


def _is_deep(seen: TurnLook, change_deg: float, need: Need) -> bool:
    return seen.residual >= need.residual_at(change_deg) and seen.relief >= need.min_relief
