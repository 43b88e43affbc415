"""The four capture steps: each leads the traveller with one hint at a time and ends in one event of the table."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2

from appliance.checks.evidence import FaceEvidence, FingerEvidence, PadEvidence
from appliance.devices import Devices, Nobody
from appliance.journey.burst import Burst
from appliance.journey.guidance import Guide
from appliance.journey.machine import Event, State
from appliance.journey.ports import Eyes, Lists, Look, Stamps
from appliance.journey.screen import Screen
from appliance.journey.view import Asked
from appliance.journey.visit import Visit
from appliance.lane import Lane
from appliance.vision.challenge import ChallengeView, Phase, TurnChallenge
from border.documents.dates import age_bounds, resolve_birth
from border.documents.mrz import Accepted, parse
from border.encounter import Sample, SampleKind
from border.rules.policy import Policy
from drivers.api import FingerImage, Frame, Light
from drivers.errors import DeviceError

T = TypeVar("T")

REOPEN_TRIES = 3
"""How often a device that failed is asked again within one step, a second apart, before the step refers."""
FACE_ATTEMPT_S = 15.0
GOOD_FRAMES = 4
"""So many good frames in a row end the face step; the best of the burst is kept."""
EXPOSE_EVERY = 5
"""Frames between two corrections of the exposure by the face."""
LIFT_S = 2.5
"""To read what was wrong with an impression and to lift the finger; sooner the same one would be judged again."""
HINTS_WHILE_TURNING = ("no_face", "several_faces", "too_dark")
"""A turned head is out of the frontal limits by intent: only these causes are said during the challenge."""
JPEG_QUALITY = 90
PREVIEW_WIDTH_PX = 640


@dataclass(frozen=True, slots=True)
class Bench:
    """What the steps work with, the same for every traveller."""

    devices: Devices
    eyes: Eyes | None  # None: no models installed; then every traveller is referred
    vision: Lane
    lists: Lists
    stamps: Stamps
    screen: Screen
    dice: random.Random  # order and waits of the turns: random.SystemRandom(), except in tests


class Steps:
    """One traveller's four steps. `visit` collects; the returned event moves the journey."""

    def __init__(self, bench: Bench, visit: Visit, policy: Policy) -> None:
        self._bench = bench
        self._visit = visit
        self._policy = policy

    async def document(self) -> Event:
        """Wait for a swipe, read it, ask again when it is in doubt; never guess."""
        left = self._policy.retries.document
        while left and not self._is_long_enough():
            self._bench.screen.show(attempts_left=left)
            try:
                text = await self._insist("document", lambda: self._bench.devices.read_document(3600.0))
            except Nobody:
                continue
            if text is None:
                return Event.DEVICE_FAILED
            self._is_active()
            self._visit.lines_as_read = text.lines
            reading = parse(text.lines, dict(text.doubts))
            left -= 1
            if isinstance(reading, Accepted) and not (reading.mrz.refuted() and left):
                self._accept(reading)
                return Event.DOCUMENT_READ
            reason = "check_digit_refuted" if isinstance(reading, Accepted) else reading.reason
            self._visit.document_reason = f"document_{reason}"
            self._bench.screen.show(hint="swipe_again", attempts_left=left)
        return Event.REFER

    def _accept(self, reading: Accepted) -> None:
        visit, lists = self._visit, self._bench.lists
        visit.document, visit.lines, visit.document_reason = reading.mrz, reading.lines, ""
        visit.hits = lists.hits(reading.mrz)
        visit.list_age_hours = lists.list_age_hours()

    async def face(self) -> Event:
        """A burst of frames until some in a row are good; the best one and a runner-up are kept."""
        if self._bench.eyes is None:
            self._visit.failed_devices.append(("face_model", "MOD-ABSENT"))
            return Event.DEVICE_FAILED
        burst, seen = Burst(), 0
        try:
            for left in self._attempts(self._policy.retries.face):
                self._bench.screen.show(attempts_left=left)
                ends_s = self._bench.stamps.monotonic_s() + FACE_ATTEMPT_S
                event, frames = await self._face_attempt(burst, ends_s)
                seen += frames
                if event is not None:
                    return event
            return Event.REFER
        finally:
            self._keep_faces(burst, seen)

    async def _face_attempt(self, burst: Burst, ends_s: float) -> tuple[Event | None, int]:
        guide, good, frames = Guide(), 0, 0
        while (now_s := self._bench.stamps.monotonic_s()) < ends_s:
            shot = await self._look()
            if shot is None:
                return Event.DEVICE_FAILED, frames
            frame, look = shot
            frames += 1
            if look.box is not None:
                burst.add(frame, look)
                if frames % EXPOSE_EVERY == 1:
                    await self._bench.devices.expose_for(look.box)
            good = 0 if look.causes else good + 1
            self._bench.screen.show(
                hint=guide.update(look.causes or ("hold_still",), now_s), progress=good / GOOD_FRAMES
            )
            if good >= GOOD_FRAMES:
                return Event.FACE_CAPTURED, frames
        return None, frames

    def _keep_faces(self, burst: Burst, frames: int) -> None:
        best = burst.best
        if best is None:
            return
        self._visit.face = FaceEvidence(best.look.components, best.look.causes, frames)
        self._visit.straight = best.look.sighting
        for kind, shot in ((SampleKind.FACE, best), (SampleKind.FACE_RUNNER_UP, burst.runner_up)):
            if shot is not None:
                self._visit.samples.append(_face_sample(kind, shot.frame))

    async def turn(self) -> Event:
        """The active challenge, in random order; a failed one may be tried again as often as the face."""
        for left in self._attempts(self._policy.retries.face):
            self._bench.screen.show(attempts_left=left)
            event = await self._challenge(TurnChallenge(self._policy.turn, self._bench.dice, self._visit.straight))
            if event is not None:
                return event
        return Event.REFER

    async def _challenge(self, challenge: TurnChallenge) -> Event | None:
        guide, scores, turned = Guide(), list[float](), None
        while True:
            shot = await self._look()
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
            self._bench.screen.show(
                asked=Asked(view.prompt) if view.prompt else None,
                progress=view.progress,
                hint=guide.update(causes, frame.captured_at_monotonic_s),
            )
            if view.ended:
                return self._judge_turn(view, tuple(scores), turned)

    def _judge_turn(self, view: ChallengeView, scores: tuple[float, ...], turned: Frame | None) -> Event | None:
        passed = view.phase is Phase.PASSED
        self._visit.pad = PadEvidence(
            turn_passed=passed,
            turn_reason="passed" if passed else str(view.fault),
            turn_measures=view.measures(self._policy.turn),
            passive_installed=self._eyes.has_passive,
            passive_scores=scores,
        )
        if not passed:
            return None
        if turned is not None:
            self._visit.samples.append(_face_sample(SampleKind.FACE_TURNED, turned))
        return Event.TURN_PASSED

    async def finger(self) -> Event:
        """One impression, if policy asks for one of this traveller; the best attempt is kept."""
        not_asked = self._why_no_finger()
        if not_asked:
            self._visit.finger = FingerEvidence(False, not_asked, None, ())
            return Event.FINGER_NOT_ASKED
        try:
            for left in self._attempts(self._policy.retries.finger):
                self._bench.screen.show(attempts_left=left)
                event = await self._finger_attempt()
                if event is not None:
                    return event
            return Event.REFER
        finally:
            await self._bench.devices.light(Light.OFF)

    def _why_no_finger(self) -> str:
        document = self._visit.document
        today = self._bench.stamps.today()
        bounds = None if document is None else age_bounds(resolve_birth(document.date_of_birth, today), today)
        if bounds is None:
            return "finger_not_asked_age_unknown"
        return "finger_not_asked_too_young" if bounds[0] < self._policy.finger.min_age_years else ""

    async def _finger_attempt(self) -> Event | None:
        screen = self._bench.screen
        await self._bench.devices.light(Light.INVITE)
        screen.show(hint=screen.view.hint or "place_finger", progress=None)
        loop = asyncio.get_running_loop()

        def progress(share: float) -> None:  # called in the driver's thread: hand the number to the loop
            loop.call_soon_threadsafe(lambda: screen.show(progress=share))

        try:
            image = await self._insist("fingerprint", lambda: self._bench.devices.capture_finger(20.0, progress))
        except Nobody:
            screen.show(hint="place_finger", progress=None)
            return None
        if image is None:
            return Event.DEVICE_FAILED
        quality, causes = await self._bench.vision.call(
            lambda _deadline: self._eyes.finger(image.pixels, image.pitch_ppi, image.sensor_class.value), 5.0
        )
        self._is_active()
        value = quality.native if quality.mapped is None else quality.mapped
        self._keep_finger(FingerEvidence(True, "", quality, causes), value, image)
        if value >= self._policy.finger.min_quality:
            await self._bench.devices.light(Light.DONE)
            return Event.FINGER_CAPTURED
        await self._bench.devices.light(Light.PROBLEM)
        screen.show(hint=causes[0] if causes else "finger_other", progress=None)
        await asyncio.sleep(LIFT_S)
        return None

    def _keep_finger(self, evidence: FingerEvidence, value: float, image: FingerImage) -> None:
        before = self._visit.finger.quality if self._visit.finger else None
        if before is not None and (before.native if before.mapped is None else before.mapped) >= value:
            return
        self._visit.finger = evidence
        self._visit.samples = [s for s in self._visit.samples if s.kind is not SampleKind.FINGER]
        self._visit.samples.append(_finger_sample(image))

    async def _look(self) -> tuple[Frame, Look] | None:
        """The next frame judged and mirrored; None when the camera is gone."""
        frame = await self._insist("camera", lambda: self._bench.devices.next_frame(3.0))
        if frame is None:
            return None
        bench, limits = self._bench, self._policy.face
        look, jpeg = await bench.vision.call(
            lambda _deadline: (self._eyes.look(frame.pixels, limits), _preview(frame)), 5.0
        )
        bench.screen.draw(jpeg)
        if look.box is not None:
            self._is_active()
        return frame, look

    def _attempts(self, budget: int) -> Iterator[int]:
        """How many are left, counting down; the first is always granted, the others while time in all remains."""
        for left in range(budget, 0, -1):
            if left < budget and self._is_long_enough():
                return
            yield left

    def _is_long_enough(self) -> bool:
        """Retrying has taken policy's total: an officer is the shorter way now."""
        return self._bench.stamps.monotonic_s() - self._visit.began_at_s > self._policy.retries.total_s

    def _is_active(self) -> None:
        self._visit.active_at_s = self._bench.stamps.monotonic_s()

    async def _insist(self, step: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Ask a device, again after a fault, so that a replugged one goes on; None when it stays away."""
        for _ in range(REOPEN_TRIES):
            try:
                return await ask()
            except DeviceError as error:
                last = error
                if not error.retryable:
                    break
                await asyncio.sleep(1.0)
        self._visit.failed_devices.append((step, last.code))
        return None

    @property
    def _eyes(self) -> Eyes:
        assert self._bench.eyes is not None, "no step after the face step runs without models"
        return self._bench.eyes

    def of(self, state: State) -> Callable[[], Awaitable[Event]]:
        """The step that belongs to a state of the table."""
        return {
            State.DOCUMENT: self.document,
            State.FACE: self.face,
            State.TURN: self.turn,
            State.FINGER: self.finger,
        }[state]


def _preview(frame: Frame) -> bytes:
    height, width = frame.pixels.shape[:2]
    size = (PREVIEW_WIDTH_PX, round(height * PREVIEW_WIDTH_PX / width))
    small = frame.pixels if width == PREVIEW_WIDTH_PX else cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()


def _face_sample(kind: SampleKind, frame: Frame) -> Sample:
    data = cv2.imencode(".jpg", frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    return Sample(kind, "image/jpeg", data, frame.sha256, frame.camera)


def _finger_sample(image: FingerImage) -> Sample:
    data = cv2.imencode(".png", image.pixels)[1].tobytes()
    return Sample(SampleKind.FINGER, "image/png", data, image.sha256, image.sensor)
