"""The active challenge: look straight, turn left or right as chance says, look straight again, all in time.

What it stops: a flat or bent picture, because a plane neither turns the mesh far enough nor leaves parallax.
What it does not stop: a worn mask, a puppeteered face on a screen, frames fed in behind the camera, and a
replay that happens to turn the right way at the right time (one chance in 2 ** turns, less the short time).
One face throughout is held to by place, size, shape and looks (track.py), and by comparing every straight look
with the first: before a turn, while it begins, and after the last one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

from appliance.vision import face_comparison, turn
from appliance.vision.pose import pose_of
from appliance.vision.track import MAX_GAP_S, MIN_FRONT_LIKENESS, Sighting, breach, likeness
from appliance.vision.turn import Side, TurnLook
from border.findings import Measure
from border.rules.policy import TurnLimits

FRONT_FRAMES = 3  # straight looks in a row before a turn is asked
SURE_FRAMES = 2  # looks in a row that a turn needs, so that one wild mesh passes or fails nobody
HOLD_S = (0.2, 0.8)  # chance waits this long before it asks, so that no recording can be cut to fit
FIRST_LOOK_S = 15.0  # to find the camera at first; afterwards the policy's seconds count


class Prompt(StrEnum):
    """What the traveller is asked for; left is his own left."""

    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"


ASKS = {Side.LEFT: Prompt.TURN_LEFT, Side.RIGHT: Prompt.TURN_RIGHT}


class Phase(StrEnum):
    FRONT = "front"
    TURN = "turn"
    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class Turned(StrEnum):
    """What happened to the challenge; the left side of `TABLE`."""

    HELD = "held"  # straight for long enough
    HELD_LAST = "held_last"  # straight again after the last turn
    DONE = "done"  # the asked turn was seen
    BROKE = "broke"
    LATE = "late"


_ENDING = {Turned.BROKE: Phase.FAILED, Turned.LATE: Phase.TIMED_OUT}

TABLE: dict[Phase, dict[Turned, Phase]] = {
    Phase.FRONT: {Turned.HELD: Phase.TURN, Turned.HELD_LAST: Phase.PASSED, **_ENDING},
    Phase.TURN: {Turned.DONE: Phase.FRONT, **_ENDING},
    Phase.PASSED: {},
    Phase.FAILED: {},
    Phase.TIMED_OUT: {},
}


class Fault(StrEnum):
    """Why a challenge ended without being passed: stable words, fit for a finding's reason."""

    NO_RESPONSE = "turn_no_response"  # time is up and nothing turned far enough
    WRONG_WAY = "turn_wrong_way"
    NO_DEPTH = "turn_without_depth"  # it turned, but as a plane turns
    TRACK_LOST = "turn_track_lost"  # no single face for too long, or a cut
    OTHER_FACE = "turn_other_face"  # the straight looks of one visit are not one person's


@dataclass(frozen=True, slots=True)
class TurnMeasure:
    """One accepted turn, with the seconds from its prompt."""

    asked: Side
    seen: TurnLook
    took_s: float


@dataclass(frozen=True, slots=True)
class ChallengeView:
    """Where the challenge stands. `prompt` is None once it has ended; `progress` 0..1 is of the whole challenge."""

    phase: Phase
    prompt: Prompt | None
    progress: float
    fault: Fault | None
    turns: tuple[TurnMeasure, ...]
    straight_likeness: float | None  # smallest between straight looks, -1..1; None before there were two
    identity_distance: float | None  # greatest of a straight look from the first; None where none had an embedding

    @property
    def ended(self) -> bool:
        return not TABLE[self.phase]

    def measures(self, limits: TurnLimits) -> tuple[Measure, ...]:
        """The numbers a finding rests on, each with the policy's limit."""
        rows = []
        for n, one in enumerate(self.turns, start=1):
            yaw, depth = f"min {limits.min_yaw_change_deg:g}", f"min {limits.min_residual:g}"
            rows.append(Measure(f"turn_{n}_yaw_change", one.seen.yaw_change_deg, "deg", yaw))
            rows.append(Measure(f"turn_{n}_residual", one.seen.residual, "outer eye distances", depth))
            rows.append(Measure(f"turn_{n}_took", one.took_s, "s", f"max {limits.seconds_per_turn:g}"))
        if self.straight_likeness is not None:
            rows.append(Measure("straight_likeness", self.straight_likeness, "-1..1", f"min {MIN_FRONT_LIKENESS}"))
        return tuple(rows)


class TurnChallenge:
    """A machine without clock or camera: sightings and their times go in, what to show comes out.

    `rng` decides the order and the waits; hand in `random.SystemRandom()`. `expects` is the straight look
    captured before, so that the head that turns is the one whose picture was kept.
    """

    def __init__(self, limits: TurnLimits, rng: random.Random, expects: Sighting | None = None) -> None:
        if limits.turns < 1:
            raise ValueError(f"a challenge of {limits.turns} turns asks nothing")
        self._limits = limits
        self._order = tuple(rng.choice((Side.LEFT, Side.RIGHT)) for _ in range(limits.turns))
        self._holds_s = tuple(rng.uniform(*HOLD_S) for _ in self._order)
        self._phase = Phase.FRONT
        self._fault: Fault | None = None
        self._began_s = self._at_s = -1.0  # of the present phase; of the newest frame
        self._last: tuple[Sighting, float] | None = None  # newest of the track, with its time
        self._straight: list[tuple[Sighting, float]] = []
        self._reference = expects  # the straight look that turns and later straight looks are held against
        self._looks: list[turn.Verdict] = []
        self._turns: list[TurnMeasure] = []
        self._likeness: float | None = None
        self._identity = None if expects is None else expects.identity  # of the first straight look
        self._apart: float | None = None  # the farthest straight look from it

    @property
    def view(self) -> ChallengeView:
        """What to show now."""
        prompt = ASKS[self._asked] if self._phase is Phase.TURN else Prompt.LOOK_STRAIGHT
        steps = 2 * len(self._turns) + (self._phase is Phase.TURN) + (self._phase is Phase.PASSED)
        return ChallengeView(
            phase=self._phase,
            prompt=prompt if TABLE[self._phase] else None,
            progress=steps / (2 * len(self._order) + 1),
            fault=self._fault,
            turns=tuple(self._turns),
            straight_likeness=self._likeness,
            identity_distance=self._apart,
        )

    @property
    def _asked(self) -> Side:
        return self._order[len(self._turns)]

    def feed(self, seen: Sighting | None, at_s: float) -> ChallengeView:
        """One frame, captured at `at_s` (monotonic). None: no face, or more than one.

        Frames without a face must be fed too, for they carry the time. After the end nothing changes.
        Raises `ValueError` when the time does not grow, which would be a bug of the caller.
        """
        if not at_s > self._at_s:
            raise ValueError(f"a frame of {at_s} s after one of {self._at_s} s")
        if self._at_s < 0:
            self._began_s = at_s
        self._at_s = at_s
        if TABLE[self._phase] and not self._is_late() and self._is_tracked(seen) and seen is not None:
            (self._hold if self._phase is Phase.FRONT else self._watch)(seen)
        return self.view

    def _go(self, what: Turned, fault: Fault | None = None) -> None:
        self._phase = TABLE[self._phase][what]
        self._began_s, self._fault = self._at_s, fault
        self._straight, self._looks = [], []

    def _is_late(self) -> bool:
        finding_camera = self._phase is Phase.FRONT and not self._turns
        if self._at_s - self._began_s <= (FIRST_LOOK_S if finding_camera else self._limits.seconds_per_turn):
            return False
        if turn.Verdict.FLAT in self._looks:
            self._go(Turned.BROKE, Fault.NO_DEPTH)
        else:
            self._go(Turned.LATE, Fault.NO_RESPONSE)
        return True

    def _is_tracked(self, seen: Sighting | None) -> bool:
        """Whether the one face of before is still there; ends the challenge when it is not, once it has begun."""
        if self._last is not None:
            last, last_s = self._last
            gap_s = self._at_s - last_s
            broken = gap_s > MAX_GAP_S if seen is None else breach(last, seen, gap_s) is not None
            if broken and (self._turns or self._phase is Phase.TURN):
                self._go(Turned.BROKE, Fault.TRACK_LOST)
                return False
            if broken:  # nothing was asked yet: whoever stands there now begins afresh
                self._last, self._straight = None, []
        if seen is not None:
            self._last = (seen, self._at_s)
        return True

    def _hold(self, seen: Sighting) -> None:
        """Collect straight looks; after enough of them, and the random wait, the turn is asked."""
        if not turn.is_straight(seen.mesh):
            self._straight = []
            return
        self._straight.append((seen, self._at_s))
        held_s = self._at_s - self._straight[0][1]
        is_last = len(self._turns) == len(self._order)
        if len(self._straight) < FRONT_FRAMES or held_s < (0.0 if is_last else self._holds_s[len(self._turns)]):
            return
        straightest = min((one for one, _ in self._straight), key=lambda one: abs(pose_of(one.mesh).yaw_deg))
        if self._is_same_face(straightest) and self._is_same_person(len(self._straight)):
            self._go(Turned.HELD_LAST if is_last else Turned.HELD)
        else:
            self._go(Turned.BROKE, Fault.OTHER_FACE)
        self._reference = straightest

    def _is_same_face(self, straight: Sighting) -> bool:
        if self._reference is None:
            return True
        alike = likeness(self._reference.looks, straight.looks)
        self._likeness = alike if self._likeness is None else min(alike, self._likeness)
        return alike >= MIN_FRONT_LIKENESS

    def _is_same_person(self, looks: int) -> bool:
        """By the median embedding of the newest straight looks; NaN is nobody.

        Where no look has an embedding nothing is said, and the face_comparison check refers.
        """
        seen = [one.identity for one, _ in self._straight[-looks:] if one.identity is not None]
        now = face_comparison.median(seen)
        if self._identity is None and self._reference is None:
            self._identity = now
        if self._identity is None and now is None:
            return True
        apart = face_comparison.distance(self._identity, now)
        self._apart = apart if self._apart is None or not apart <= self._apart else self._apart
        return apart <= self._limits.max_track_distance

    def _watch(self, seen: Sighting) -> None:
        """Judge one look of the asked turn."""
        assert self._reference is not None
        if turn.is_straight(seen.mesh):
            self._straight.append((seen, self._at_s))
            if len(self._straight) >= SURE_FRAMES and not self._is_same_person(SURE_FRAMES):
                self._go(Turned.BROKE, Fault.OTHER_FACE)
                return
        measured = turn.look(self._reference.mesh, seen.mesh, self._asked)
        self._looks.append(turn.judge(measured, self._limits))
        sure = set(self._looks[-SURE_FRAMES:]) if len(self._looks) >= SURE_FRAMES else set()
        if sure == {turn.Verdict.WRONG_WAY}:
            self._go(Turned.BROKE, Fault.WRONG_WAY)
        elif sure == {turn.Verdict.GOOD}:
            took_s = self._at_s - self._began_s
            self._turns.append(TurnMeasure(self._asked, measured, took_s))
            self._go(Turned.DONE)
