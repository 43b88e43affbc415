"""The active challenge: look straight, move the head as chance says, look straight again, all in time.

The head turns left or right and the chin is lifted or lowered, mixed; who cannot turn is asked for the chin alone.

What it stops: a flat or bent picture, because a plane neither turns the mesh far enough nor leaves parallax; and a
cut-out worn round a head, because the features printed on it do not move against each other when it nods.
What it does not stop: a worn mask, a puppeteered face on a screen, frames fed in behind the driver, and a replay
that happens to move the right way at the right time (of one turn and one nod one in 8, of two nods one in 4).
One face throughout is held to by place, size, shape and looks (track.py), and by comparing every straight look
with the first: before a turn, while it begins, and after the last one.
Frames of another camera, out of their time, or seen before end it: whatever sent them was not the lane's camera.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from appliance.vision import face_comparison, turn
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.frame_ref import FrameRef
from appliance.vision.pose import pitch_change_deg, pose_of
from appliance.vision.track import MAX_GAP_S, MIN_FRONT_LIKENESS, Sighting, breach, likeness
from appliance.vision.turn import AXES, Movement, Need, Side, TurnLook
from border.findings import Measure
from border.rules.policy import TurnLimits

FRONT_FRAMES = 3  # straight looks in a row before a turn is asked
SURE_FRAMES = 2  # looks in a row that a turn needs, so that one wild mesh passes or fails nobody
HOLD_S = (0.2, 0.8)  # chance waits this long before it asks, so that no recording can be cut to fit
MAX_HOLD_PITCH_DEG = 10.0  # between two straight looks of a nod, or the next one would begin half done
FIRST_LOOK_S = 15.0  # to find the camera at first; afterwards the policy's seconds count


class Prompt(StrEnum):
    """What the traveller is asked for; left is his own left."""

    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LIFT_CHIN = "lift_chin"
    LOWER_CHIN = "lower_chin"


ASKS = {
    Side.LEFT: Prompt.TURN_LEFT,
    Side.RIGHT: Prompt.TURN_RIGHT,
    Side.UP: Prompt.LIFT_CHIN,
    Side.DOWN: Prompt.LOWER_CHIN,
}


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
    OTHER_CAMERA = "frames_other_camera"
    OUT_OF_TIME = "frames_out_of_time"  # a time that does not grow, or is no number
    REPEATED = "frames_repeated"  # a picture came again after others: a loop, not a camera


INJECTED = frozenset({Fault.OTHER_CAMERA, Fault.OUT_OF_TIME, Fault.REPEATED})
"""Faults of the feed, never of the traveller: nobody is asked to try again."""

SURE_FAULTS = INJECTED | {Fault.NO_DEPTH, Fault.OTHER_FACE}
"""What a second try would only give an attacker again; the others are often misunderstandings."""


@dataclass(frozen=True, slots=True)
class TurnMeasure:
    """One accepted turn, with the seconds from its prompt."""

    asked: Side
    seen: TurnLook
    took_s: float
    frame: str  # sha256 of the picture that decided it


@dataclass(frozen=True, slots=True)
class JudgedFrames:
    """The pictures a challenge rests on, by the driver's hashes, all of one camera ("" before the first frame)."""

    camera: str
    straight: tuple[str, ...]  # those that the turns were measured from
    turned: tuple[str, ...]


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
    frames: JudgedFrames

    @property
    def ended(self) -> bool:
        return not TABLE[self.phase]

    def measures(self, limits: TurnLimits) -> tuple[Measure, ...]:
        """The numbers a finding rests on, each with the policy's limit."""
        rows = []
        for n, one in enumerate(self.turns, start=1):
            need, movement = Need.of(limits, one.asked), AXES[one.asked]
            axis = "yaw" if movement is Movement.TURN else "pitch"
            name, deep = f"{movement}_{n}", need.residual_at(one.seen.change_deg)
            rows.append(Measure(f"{name}_{axis}_change", one.seen.change_deg, "deg", f"min {need.min_change_deg:g}"))
            rows.append(Measure(f"{name}_residual", one.seen.residual, "outer eye distances", f"min {deep:.3g}"))
            rows.append(Measure(f"{name}_relief", one.seen.relief, "0..1", f"min {need.min_relief:g}"))
            rows.append(Measure(f"{name}_took", one.took_s, "s", f"max {limits.seconds_per_turn:g}"))
        if self.straight_likeness is not None:
            rows.append(Measure("straight_likeness", self.straight_likeness, "-1..1", f"min {MIN_FRONT_LIKENESS}"))
        return tuple(rows)


class TurnChallenge:
    """A machine without clock or camera: sightings and their times go in, what to show comes out.

    `rng` decides the order and the waits; hand in `random.SystemRandom()`. `expects` is the straight look
    captured before, so that the head that turns is the one whose picture was kept.
    """

    def __init__(
        self,
        limits: TurnLimits,
        rng: random.Random,
        expects: Sighting | None = None,
        movement: Movement = Movement.BOTH,
    ) -> None:
        if limits.turns < 1:
            raise ValueError(f"a challenge of {limits.turns} turns asks nothing")
        self._limits, self._movement = limits, movement
        self._order = turn.order(rng, movement, limits.turns)
        self._holds_s = tuple(rng.uniform(*HOLD_S) for _ in self._order)
        self._phase = Phase.FRONT
        self._fault: Fault | None = None
        self._began_s = -1.0  # of the present phase
        self._newest: FrameRef | None = None
        self._seen_hashes: set[str] = set()  # of frames with a face
        self._last: tuple[Sighting, float] | None = None  # newest of the track, with its time
        self._straight: list[tuple[Sighting, FrameRef]] = []
        self._reference = expects  # the straight look that turns and later straight looks are held against
        self._straight_frames: list[str] = []
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
            frames=JudgedFrames(
                camera=self._newest.camera if self._newest else "",
                straight=tuple(self._straight_frames),
                turned=tuple(one.frame for one in self._turns),
            ),
        )

    @property
    def _asked(self) -> Side:
        return self._order[len(self._turns)]

    @property
    def _at_s(self) -> float:
        return self._newest.at_s if self._newest else -1.0

    def feed(self, seen: Sighting | None, frame: FrameRef) -> ChallengeView:
        """One frame and what was seen in it. None: no face, or more than one.

        Frames without a face must be fed too, for they carry the time. After the end nothing changes.
        """
        if not TABLE[self._phase]:
            return self.view
        fault = self._injected(seen, frame)
        if fault is not None:
            self._go(Turned.BROKE, fault)
            return self.view
        if self._newest is None:
            self._began_s = frame.at_s
        is_new = self._newest is None or frame.sha256 != self._newest.sha256
        self._newest = frame
        if not self._is_late() and self._is_tracked(seen) and seen is not None and is_new:
            (self._hold if self._phase is Phase.FRONT else self._watch)(seen, frame)
        return self.view

    def _injected(self, seen: Sighting | None, frame: FrameRef) -> Fault | None:
        """What no camera of the lane would send. The newest picture once more is a stall, and only judged once."""
        before = self._newest
        if not (math.isfinite(frame.at_s) and (before is None or frame.at_s > before.at_s)):
            return Fault.OUT_OF_TIME
        if before is not None and frame.camera != before.camera:
            return Fault.OTHER_CAMERA
        if seen is None:  # a covered lens may well send the same black twice
            return None
        if frame.sha256 in self._seen_hashes and (before is None or frame.sha256 != before.sha256):
            return Fault.REPEATED
        self._seen_hashes.add(frame.sha256)
        return None

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

    def _hold(self, seen: Sighting, frame: FrameRef) -> None:
        """Collect straight looks; after enough of them, and the random wait, the turn is asked."""
        if not self.is_straight(seen):
            self._straight = []
            return
        self._straight.append((seen, frame))
        held_s = frame.at_s - self._straight[0][1].at_s
        is_last = len(self._turns) == len(self._order)
        if len(self._straight) < FRONT_FRAMES or held_s < (0.0 if is_last else self._holds_s[len(self._turns)]):
            return
        newest = self._straight[-FRONT_FRAMES:]
        straightest = min((one for one, _ in self._straight), key=lambda one: abs(pose_of(one.mesh).yaw_deg))
        self._straight_frames += [ref.sha256 for _, ref in newest]
        if self._is_same_face(straightest) and self._is_same_person(len(self._straight)):
            self._go(Turned.HELD_LAST if is_last else Turned.HELD)
        else:
            self._go(Turned.BROKE, Fault.OTHER_FACE)
        self._reference = replace(straightest, mesh=mean_mesh([one.mesh for one, _ in newest]))

    def is_straight(self, seen: Sighting) -> bool:
        """Whether this look is one that straight looks may be compared with; where nods are asked, no half done nod."""
        if not turn.is_straight(seen.mesh):
            return False
        if self._movement is Movement.TURN or self._reference is None:
            return True
        return abs(pitch_change_deg(self._reference.mesh, seen.mesh)) <= MAX_HOLD_PITCH_DEG

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

    def _watch(self, seen: Sighting, frame: FrameRef) -> None:
        """Judge one look of the asked turn."""
        assert self._reference is not None
        if self.is_straight(seen):  # a nod begins straight too, but a lowered face resembles nobody
            self._straight.append((seen, frame))
            if len(self._straight) >= SURE_FRAMES and not self._is_same_person(SURE_FRAMES):
                self._go(Turned.BROKE, Fault.OTHER_FACE)
                return
        reference, asked = self._reference.mesh, self._asked
        measured = turn.look(reference, seen.mesh, asked)
        verdict = turn.judge(measured, Need.of(self._limits, asked))
        is_mixed = self._movement is Movement.BOTH
        if (
            verdict is turn.Verdict.NOT_YET
            and is_mixed
            and turn.strays(reference, seen.mesh, measured, self._limits, asked)
        ):
            verdict = turn.Verdict.WRONG_WAY
        self._looks.append(verdict)
        sure = set(self._looks[-SURE_FRAMES:]) if len(self._looks) >= SURE_FRAMES else set()
        if sure == {turn.Verdict.WRONG_WAY}:
            self._go(Turned.BROKE, Fault.WRONG_WAY)
        elif sure == {turn.Verdict.GOOD}:
            self._turns.append(TurnMeasure(self._asked, measured, self._at_s - self._began_s, frame.sha256))
            self._go(Turned.DONE)


def mean_mesh(meshes: Sequence[FaceMesh]) -> FaceMesh:
    """What several looks of a head that holds still agree on: the noise of the mesh falls, the pose stays."""
    points = np.asarray(np.mean([mesh.points for mesh in meshes], axis=0, dtype=np.float64), np.float32)
    return replace(meshes[-1], points=points)
