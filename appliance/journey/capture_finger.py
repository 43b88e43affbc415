"""The finger step: one impression, if policy asks for one of this traveller; the best attempt is kept."""

from __future__ import annotations

import asyncio

import cv2

from appliance.checks.evidence import FingerEvidence
from appliance.devices import Nobody
from appliance.journey.capture import Capture
from appliance.journey.machine import Event
from border.documents.dates import age_bounds, resolve_birth
from border.encounter import QualityComponent, Sample, SampleKind
from drivers.api import FingerImage, Light

WAIT_S = 20.0
LIFT_S = 2.5
"""To read what was wrong with an impression and to lift the finger; sooner the same one would be judged again."""


async def finger(capture: Capture) -> Event:
    not_asked = _why_not_asked(capture)
    if not_asked:
        capture.visit.finger = FingerEvidence(False, not_asked, None, ())
        return Event.FINGER_NOT_ASKED
    try:
        for _left in capture.attempts(capture.policy.retries.finger):
            event = await _attempt(capture)
            if event is not None:
                return event
        return Event.REFER
    finally:
        await capture.bench.devices.light(Light.OFF)


def _why_not_asked(capture: Capture) -> str:
    """Policy's age limit; who may be younger is not asked."""
    document, today = capture.visit.document, capture.bench.stamps.today()
    bounds = None if document is None else age_bounds(resolve_birth(document.date_of_birth, today), today)
    if bounds is None:
        return "finger_not_asked_age_unknown"
    return "finger_not_asked_too_young" if bounds[0] < capture.policy.finger.min_age_years else ""


async def _attempt(capture: Capture) -> Event | None:
    screen, devices = capture.bench.screen, capture.bench.devices
    await devices.light(Light.INVITE)
    screen.show(hint=screen.view.hint or "place_finger", progress=None)
    loop = asyncio.get_running_loop()

    def progress(share: float) -> None:  # called in the driver's thread: hand the number to the loop
        loop.call_soon_threadsafe(lambda: screen.show(progress=share))

    try:
        image = await capture.insist("fingerprint", lambda: devices.capture_finger(WAIT_S, progress))
    except Nobody:
        screen.show(hint="place_finger", progress=None)
        return None
    if image is None:
        return Event.DEVICE_FAILED
    capture.is_active()
    return await _judged(capture, image)


async def _judged(capture: Capture, image: FingerImage) -> Event | None:
    """Keep the impression if it is the best; None: not good enough, the hint says why."""
    quality, causes = await capture.bench.vision.call(
        lambda _deadline: capture.eyes.finger(image.pixels, image.pitch_ppi, image.sensor_class.value), 5.0
    )
    await _keep(capture, FingerEvidence(True, "", quality, causes), image)
    if _value(quality) >= capture.policy.finger.min_quality:
        await capture.bench.devices.light(Light.DONE)
        return Event.FINGER_CAPTURED
    await capture.bench.devices.light(Light.PROBLEM)
    capture.bench.screen.show(hint=causes[0] if causes else "finger_other", progress=None)
    await asyncio.sleep(LIFT_S)
    return None


async def _keep(capture: Capture, evidence: FingerEvidence, image: FingerImage) -> None:
    visit = capture.visit
    before = visit.finger.quality if visit.finger else None
    if before is not None and evidence.quality is not None and _value(before) >= _value(evidence.quality):
        return
    visit.finger = evidence
    data = await capture.bench.vision.call(lambda _deadline: cv2.imencode(".png", image.pixels)[1].tobytes(), 5.0)
    visit.samples = [sample for sample in visit.samples if sample.kind is not SampleKind.FINGER]
    visit.samples.append(Sample(SampleKind.FINGER, "image/png", data, image.sha256, image.sensor))


def _value(quality: QualityComponent) -> float:
    return quality.native if quality.mapped is None else quality.mapped
