"""The turn step: the active challenge, in random order; a failed one may be tried again as often as the face."""

from __future__ import annotations

from appliance.checks.evidence import PadEvidence
from appliance.journey.capture import Capture
from appliance.journey.comparing import follow
from appliance.journey.guidance import Guide
from appliance.journey.machine import Event
from appliance.journey.view import Asked
from appliance.vision.challenge import ChallengeView, Phase, TurnChallenge
from border.encounter import SampleKind
from drivers.api import Frame

HINTS_WHILE_TURNING = ("no_face", "several_faces", "too_dark")
"""A turned head is out of the frontal limits by intent: only these causes are said during the challenge."""


async def turn(capture: Capture) -> Event:
    for _left in capture.attempts(capture.policy.retries.face):
        challenge = TurnChallenge(capture.policy.turn, capture.bench.dice, capture.visit.straight)
        event = await _challenge(capture, challenge)
        if event is not None:
            return event
    return Event.REFER


async def _challenge(capture: Capture, challenge: TurnChallenge) -> Event | None:
    guide, scores, turned = Guide(), list[float](), None
    while True:
        shot = await capture.look()
        if shot is None:
            return Event.DEVICE_FAILED
        frame, look = shot
        if look.attack_score is not None:
            scores.append(look.attack_score)
        turns_before = len(challenge.view.turns)
        view = challenge.feed(look.sighting, frame.captured_at_monotonic_s)
        if len(view.turns) > turns_before:
            turned = frame
        causes = tuple(cause for cause in look.causes if cause in HINTS_WHILE_TURNING)
        capture.bench.screen.show(
            asked=Asked(view.prompt) if view.prompt else None,
            progress=view.progress,
            hint=guide.update(causes, frame.captured_at_monotonic_s),
        )
        if view.ended:
            return await _judged(capture, view, tuple(scores), turned)


async def _judged(
    capture: Capture, view: ChallengeView, scores: tuple[float, ...], turned: Frame | None
) -> Event | None:
    """What the challenge was, as evidence; None: not passed, perhaps once more."""
    passed = view.phase is Phase.PASSED
    follow(capture, view.identity_distance)
    capture.visit.pad = PadEvidence(
        turn_passed=passed,
        turn_reason="passed" if passed else str(view.fault),
        turn_measures=view.measures(capture.policy.turn),
        passive_installed=capture.eyes.has_passive,
        passive_scores=scores,
    )
    if not passed:
        return None
    if turned is not None:
        await capture.keep(SampleKind.FACE_TURNED, turned)
    return Event.TURN_PASSED
