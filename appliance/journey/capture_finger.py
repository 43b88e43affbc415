"""The finger step: one impression, if policy asks for one of this traveller; the best attempt is kept."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.checks.evidence import FingerEvidence
from appliance.devices import Nobody
from appliance.journey.capture import Capture
from appliance.journey.machine import Event
from border.documents.dates import age_bounds, resolve_birth
from border.encounter import Sample, SampleKind
from border.finger_record import MEDIA_TYPE, FingerPosition, FingerRecord, level_of, write
from border.quality import QualityComponent
from drivers.api import FingerImage, Light

WAIT_S = 20.0
LIFT_S = 2.5
"""To read what was wrong with an impression and to lift the finger; sooner the same one would be judged again."""


@dataclass(slots=True)
class _Glass:
    """What the sensor saw last of this traveller; gone with the step."""

    before: NDArray[np.uint8] | None = None


async def finger(capture: Capture) -> Event:
    not_asked = _why_not_asked(capture)
    if not_asked:
        capture.visit.finger = FingerEvidence(False, not_asked, None, (), ())
        return Event.FINGER_NOT_ASKED
    glass = _Glass()
    try:
        for _left in capture.attempts(capture.policy.retries.finger):
            event = await _attempt(capture, glass)
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


async def _attempt(capture: Capture, glass: _Glass) -> Event | None:
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
    return await _judged(capture, image, glass)


async def _judged(capture: Capture, image: FingerImage, glass: _Glass) -> Event | None:
    """Keep the impression if it is the best; None: not good enough, the hint says why."""
    before, glass.before = glass.before, image.pixels
    seen = await capture.bench.vision.call(
        lambda _deadline: capture.eyes.finger(image.pixels, image.pitch_ppi, image.sensor_class.value, before), 5.0
    )
    if seen.is_finger:
        await _keep(capture, FingerEvidence(True, "", seen.quality, seen.causes, seen.cues), image)
    if seen.is_finger and _value(seen.quality) >= capture.policy.finger.least(image.sensor_class.value):
        await capture.bench.devices.light(Light.DONE)
        return Event.FINGER_CAPTURED
    await capture.bench.devices.light(Light.PROBLEM)
    capture.bench.screen.show(hint=seen.causes[0] if seen.causes else "finger_other", progress=None)
    await asyncio.sleep(LIFT_S)
    return None


async def _keep(capture: Capture, evidence: FingerEvidence, image: FingerImage) -> None:
    """The best impression, and the cues of every one: a copy does not become a finger by a second try."""
    visit = capture.visit
    held = visit.finger
    cues = tuple(dict.fromkeys((*(held.cues if held else ()), *evidence.cues)))
    if held and held.quality and evidence.quality and _value(held.quality) >= _value(evidence.quality):
        visit.finger = replace(held, cues=cues)
        return
    visit.finger = replace(evidence, cues=cues)
    visit.samples = [sample for sample in visit.samples if sample.kind is not SampleKind.FINGER]
    if evidence.quality:
        value = _value(evidence.quality)
        visit.samples.append(await capture.bench.vision.call(lambda _deadline: finger_sample(image, value), 5.0))


def finger_sample(image: FingerImage, quality: float) -> Sample:
    """The impression as a finger image record, its quality rounded into the record's one byte."""
    height, width = image.pixels.shape
    record = FingerRecord(
        position=FingerPosition.UNKNOWN,
        quality=round(min(max(quality, 0.0), 100.0)) if math.isfinite(quality) else 0,
        level=level_of(image.pitch_ppi, len(np.unique(image.pixels))),
        pitch_ppi=image.pitch_ppi,
        width_px=width,
        height_px=height,
        png=cv2.imencode(".png", image.pixels)[1].tobytes(),
    )
    return Sample(SampleKind.FINGER, MEDIA_TYPE, write(record), image.sha256, image.sensor)


def _value(quality: QualityComponent) -> float:
    return quality.native if quality.mapped is None else quality.mapped
