"""The face step: a burst of frames until some in a row are good; the best one and a runner-up are kept."""

from __future__ import annotations

from appliance.checks.evidence import FaceEvidence
from appliance.journey.burst import Burst, Shot
from appliance.journey.capture import Capture
from appliance.journey.comparing import compare
from appliance.journey.guidance import Guide
from appliance.journey.machine import Event
from appliance.vision.track import MIN_FRONT_LIKENESS, likeness
from border.encounter import SampleKind

ATTEMPT_S = 15.0
GOOD_FRAMES = 4
"""So many good frames in a row end the step."""
EXPOSE_EVERY = 5
"""Frames between two corrections of the exposure by the face."""


async def face(capture: Capture) -> Event:
    """Frames are judged as they come; without models nobody is judged, and everybody meets an officer."""
    if capture.bench.eyes is None:
        capture.visit.failed_devices.append(("face_model", "MOD-ABSENT"))
        return Event.DEVICE_FAILED
    burst, seen = Burst(), 0
    try:
        for _left in capture.attempts(capture.policy.retries.face):
            event, frames = await _attempt(capture, burst)
            seen += frames
            if event is not None:
                return event
        return Event.REFER
    finally:
        await _keep(capture, burst, seen)


async def _attempt(capture: Capture, burst: Burst) -> tuple[Event | None, int]:
    guide, good, frames = Guide(), 0, 0
    ends_s = capture.bench.stamps.monotonic_s() + ATTEMPT_S
    while (now_s := capture.bench.stamps.monotonic_s()) < ends_s:
        shot = await capture.look()
        if shot is None:
            return Event.DEVICE_FAILED, frames
        frame, look = shot
        frames += 1
        if look.box is not None:
            burst.add(frame, look)
            if frames % EXPOSE_EVERY == 1:
                await capture.bench.devices.expose_for(look.box)
        burst.follow(look)
        good = 0 if look.causes else good + 1
        hint = guide.update(look.causes or ("hold_still",), now_s)
        capture.bench.screen.show(hint=hint, progress=good / GOOD_FRAMES)
        if good >= GOOD_FRAMES:
            return Event.FACE_CAPTURED, frames
    return None, frames


async def _keep(capture: Capture, burst: Burst, frames: int) -> None:
    best = burst.best
    if best is None:
        return
    capture.visit.face = FaceEvidence(best.look.components, best.look.causes, frames)
    capture.visit.straight = best.look.sighting
    compare(capture, burst.live, best.look.sighting.identity if best.look.sighting else None)
    kept = [(SampleKind.FACE, best)]
    if burst.runner_up is not None and _is_same_face(best, burst.runner_up):
        kept.append((SampleKind.FACE_RUNNER_UP, burst.runner_up))
    capture.visit.captured = tuple(shot.frame.sha256 for _, shot in kept)
    for kind, shot in kept:
        await capture.keep(kind, shot.frame, shot.look.box)


def _is_same_face(best: Shot, other: Shot) -> bool:
    """The challenge is held against the best picture; another is kept only if it shows that face from that camera."""
    one, two = best.look.sighting, other.look.sighting
    if one is None or two is None or best.frame.camera != other.frame.camera:
        return False
    return likeness(one.looks, two.looks) >= MIN_FRONT_LIKENESS
