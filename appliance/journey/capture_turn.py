"""The turn step: the active challenge, in random order; a failed one may be tried again as often as the face.

Each further try asks one movement more, and the wrong way may be taken only once: a film that has the right order by
chance must not gain by trying again. Who cannot turn is asked to lift and lower the chin alone, and what he tried
before is remembered; whoever cannot do that either meets an officer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from appliance.checks.evidence import PadEvidence, PadFrames, ScreenEvidence
from appliance.journey.capture import Capture
from appliance.journey.comparing import follow
from appliance.journey.guidance import Guide
from appliance.journey.machine import Event
from appliance.journey.ports import Box, Look
from appliance.journey.view import Asked
from appliance.vision.blink import BlinkCounter
from appliance.vision.challenge import SURE_FAULTS, ChallengeView, Fault, Phase, TurnChallenge
from appliance.vision.frame_ref import FrameRef
from appliance.vision.model import Floats
from appliance.vision.screen_cues import banding
from border.encounter import SampleKind
from drivers.api import Frame

HINTS_WHILE_TURNING = ("no_face", "several_faces", "too_dark")
"""A turned head is out of the frontal limits by intent: only these causes are said during the challenge."""


@dataclass(slots=True)
class Gathered:
    """What one try leaves besides the challenge's own view: judged on straight looks, where it means something."""

    passive: list[tuple[float, str]] = field(default_factory=list)  # score, frame
    moire: list[float] = field(default_factory=list)
    bezel: list[float] = field(default_factory=list)
    rows: list[Floats] = field(default_factory=list)
    blinks: BlinkCounter = field(default_factory=BlinkCounter)
    turned: tuple[Frame, Box | None] | None = None

    def add(self, frame: Frame, look: Look) -> None:
        """One straight look."""
        self.blinks.feed(lid_gap(look), frame.captured_at_monotonic_s)
        if look.attack_score is not None:
            self.passive.append((look.attack_score, frame.sha256))
        if look.cues is not None:
            self.moire.append(look.cues.moire)
            self.bezel.append(look.cues.bezel)
            if look.cues.rows is not None:
                self.rows.append(look.cues.rows)


def lid_gap(look: Look) -> float:
    """Of the narrower eye, in face heights; NaN when the eyes were not measured."""
    return next((c.native for c in look.components if c.name == "EyesOpen"), math.nan)


async def turn(capture: Capture) -> Event:
    earlier = capture.visit.failed_tries
    for _left in capture.attempts(max(1, capture.policy.retries.face - len(earlier))):
        limits = replace(capture.policy.turn, turns=capture.policy.turn.turns + len(earlier))
        challenge = TurnChallenge(limits, capture.bench.dice, capture.visit.straight, capture.visit.movement)
        gathered = Gathered()
        view = await _challenge(capture, challenge, gathered)
        if view is None:
            return Event.DEVICE_FAILED
        follow(capture, view.identity_distance)
        capture.visit.pad = _evidence(capture, view, gathered, tuple(earlier))
        if view.phase is Phase.PASSED:
            if gathered.turned is not None:
                await capture.keep(SampleKind.FACE_TURNED, *gathered.turned)
            return Event.TURN_PASSED
        is_over = view.fault in SURE_FAULTS or (view.fault is Fault.WRONG_WAY and Fault.WRONG_WAY in earlier)
        if view.fault is not None:
            earlier.append(view.fault)
        if is_over:
            return Event.REFER
    return Event.REFER


async def _challenge(capture: Capture, challenge: TurnChallenge, gathered: Gathered) -> ChallengeView | None:
    """One try, shown and judged to its end; None when the camera is gone."""
    guide = Guide()
    while True:
        shot = await capture.look()
        if shot is None:
            return None
        frame, look = shot
        if look.sighting is not None and challenge.is_straight(look.sighting):
            gathered.add(frame, look)
        turns_before = len(challenge.view.turns)
        view = challenge.feed(look.sighting, reference(frame))
        if len(view.turns) > turns_before:
            gathered.turned = (frame, look.box)
        causes = tuple(cause for cause in look.causes if cause in HINTS_WHILE_TURNING)
        capture.bench.screen.show(
            asked=Asked(view.prompt) if view.prompt else None,
            progress=view.progress,
            hint=guide.update(causes, frame.captured_at_monotonic_s),
        )
        if view.ended:
            return view


def reference(frame: Frame) -> FrameRef:
    """What binds a judgement to this frame."""
    return FrameRef(frame.sha256, frame.camera, frame.captured_at_monotonic_s)


def _evidence(capture: Capture, view: ChallengeView, gathered: Gathered, earlier: tuple[Fault, ...]) -> PadEvidence:
    passed = view.phase is Phase.PASSED
    return PadEvidence(
        turn_passed=passed,
        turn_reason="passed" if passed else str(view.fault),
        turn_measures=view.measures(capture.policy.turn),
        passive_installed=capture.eyes.has_passive,
        passive_scores=tuple(score for score, _ in gathered.passive),
        frames=PadFrames(
            camera=view.frames.camera,
            captured=capture.visit.captured,
            straight=view.frames.straight,
            turned=view.frames.turned,
            passive=tuple(sha256 for _, sha256 in gathered.passive),
        ),
        screen=ScreenEvidence(tuple(gathered.moire), tuple(gathered.bezel), banding(gathered.rows)),
        blinks=gathered.blinks.blinks,
        earlier=tuple(fault.value for fault in earlier),
    )
