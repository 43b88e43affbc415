"""Adapter to the product's face: a recording through the nets, the turn rule and the check that weighs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.checks import face_pad
from appliance.checks.evidence import PadEvidence, PadFrames, ScreenEvidence
from appliance.vision import turn
from appliance.vision.challenge import SURE_FRAMES
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.face_reading import FaceReader, FaceReading
from appliance.vision.pose import pose_of
from appliance.vision.turn import Need, Side
from border.findings import Verdict
from border.rules.policy import Policy, TurnLimits
from evaluation import pictures
from evaluation.layout import Recording
from evaluation.visit import only
from evaluation.work import Answer

SURE = SURE_FRAMES
"""Looks in a row that the product wants of a turn."""
SIDES = (Side.LEFT, Side.RIGHT)


@dataclass(frozen=True, slots=True)
class Sampling:
    """What is taken from a recording: every n-th picture, with so many pixels of its edge replicated around it."""

    every: int = 1
    border_px: int = 0


def judge_recording(reader: FaceReader, limits: TurnLimits, sampling: Sampling, recording: Recording) -> Answer:
    """Every look of one recording against its straightest, both ways; and the passive scores, where installed.

    `looks`: yaw change (towards the traveller's left, degrees), residual (outer eye distances), share of the relief
    that moved, the sides to which it would pass, and whether it turned far enough as a plane turns. None stands for a
    picture without one face, and the straightest look itself is left out. `straight`: whether the product would take
    that one for straight.
    `moire`, `bezel`: signs of a screen in each straight picture, as the challenge takes them.
    """
    chosen = recording.pictures[:: sampling.every]
    seen = [reader.read(pictures.colour(path, sampling.border_px)) for path in chosen]
    meshes = [one.sighting.mesh if one.sighting else None for one in seen]
    faces = [mesh for mesh in meshes if mesh is not None]
    reference = min(faces, key=lambda mesh: abs(pose_of(mesh).yaw_deg)) if faces else None
    is_straight = reference is not None and turn.is_straight(reference)
    return {
        "pictures": len(chosen),
        "faces": len(faces),
        "straight": is_straight,
        "looks": _looks(reference, meshes, Need.of(limits, Side.LEFT)) if reference is not None else [],
        "scores": _scores(seen),
        **_signs_of_a_screen(seen),
    }


def _scores(seen: Sequence[FaceReading]) -> list[float]:
    return [one.attack_score for one in seen if one.attack_score is not None]


def _signs_of_a_screen(seen: Sequence[FaceReading]) -> Answer:
    straight = (one for one in seen if one.sighting is not None and turn.is_straight(one.sighting.mesh))
    cues = [one.cues for one in straight if one.cues is not None]
    return {"moire": [one.moire for one in cues], "bezel": [one.bezel for one in cues]}


def _looks(straight: FaceMesh, meshes: Sequence[FaceMesh | None], need: Need) -> list[Answer | None]:
    others = [mesh for mesh in meshes if mesh is not straight]
    return [None if mesh is None else _look(straight, mesh, need) for mesh in others]


def _look(straight: FaceMesh, mesh: FaceMesh, need: Need) -> Answer:
    seen = {side: turn.look(straight, mesh, side) for side in SIDES}
    words = {side: turn.judge(one, need) for side, one in seen.items()}
    return {
        "yaw": seen[Side.LEFT].change_deg,
        "residual": seen[Side.LEFT].residual,
        "relief": seen[Side.LEFT].relief,
        "passes": [side.value for side, word in words.items() if word is turn.Verdict.GOOD],
        "flat": turn.Verdict.FLAT in words.values(),
    }


def is_bona_fide(
    policy: Policy, *, turn_passed: bool, scores: Sequence[float] | None, screen: ScreenEvidence | None
) -> tuple[Verdict, str]:
    """What the product's check says of a presentation: its verdict and reason.

    `scores` None: no passive bundle; `screen` None: as of pictures without a sign of one.
    """
    pad = PadEvidence(
        turn_passed=turn_passed,
        turn_reason="passed" if turn_passed else "turn_without_depth",
        turn_measures=(),
        passive_installed=scores is not None,
        passive_scores=tuple(scores or ()),
        frames=_bound(len(scores or ())),
        screen=screen or without_a_screen(policy),
        blinks=0,
        earlier=(),
    )
    finding = face_pad.check(only(pad=pad), policy)
    return finding.verdict, finding.reason


def without_a_screen(policy: Policy) -> ScreenEvidence:
    """What pictures show that have no sign of a screen."""
    nothing = (0.0,) * policy.screen.min_frames
    return ScreenEvidence(moire=nothing, bezel=nothing, banding=math.nan)


def screen_of(answer: Answer) -> ScreenEvidence:
    """What a recording shows of a screen. Bands run over it in time, which a folder does not tell."""
    return ScreenEvidence(tuple(answer["moire"]), tuple(answer["bezel"]), banding=math.nan)


def _bound(scores: int) -> PadFrames:
    """A folder has no driver: its pictures are taken to be those that were judged."""
    judged = ("0" * 64,)
    return PadFrames(camera="folder", captured=judged, straight=judged, turned=judged, passive=judged * scores)
