"""What all capture steps share: the devices asked again after a fault, frames judged and mirrored, bounded retries."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from appliance.devices import Devices
from appliance.journey import mirror
from appliance.journey.ports import Box, Eyes, Lists, Look, Stamps
from appliance.journey.screen import Screen
from appliance.journey.visit import Visit
from appliance.lane import Lane
from border.encounter import FaceArea, Sample, SampleKind
from border.rules.policy import Policy
from drivers.api import Frame
from drivers.errors import DeviceError

T = TypeVar("T")

REOPEN_TRIES = 3
"""How often a device that failed is asked again within one step, a second apart, before the step refers."""
JPEG_QUALITY = 90
BOX_STAYS_S = 1.5
"""How long the place of the last face says where to look for its light."""


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


@dataclass(frozen=True, slots=True)
class Capture:
    """One traveller at the bench: what the steps read from, write to, and are limited by."""

    bench: Bench
    visit: Visit
    policy: Policy

    @property
    def eyes(self) -> Eyes:
        assert self.bench.eyes is not None, "no step after the face step runs without models"
        return self.bench.eyes

    def attempts(self, budget: int) -> Iterator[int]:
        """How many are left, counting down; the first is always granted, the others while time in all remains."""
        for left in range(budget, 0, -1):
            if left < budget and self._is_long_enough():
                return
            self.bench.screen.show(attempts_left=left)
            yield left

    def _is_long_enough(self) -> bool:
        """Retrying has taken policy's total: an officer is the shorter way now."""
        return self.bench.stamps.monotonic_s() - self.visit.began_at_s > self.policy.retries.total_s

    def is_active(self) -> None:
        """A sign of life: the time-out starts again."""
        self.visit.active_at_s = self.bench.stamps.monotonic_s()

    async def insist(
        self, step: str, ask: Callable[[], Awaitable[T]], *, but: tuple[type[DeviceError], ...] = ()
    ) -> T | None:
        """Ask a device, again after a fault, so that a replugged one goes on; None when it stays away.

        An error of a kind in `but` is the caller's to understand and passes through.
        """
        for _ in range(REOPEN_TRIES):
            try:
                return await ask()
            except but:
                raise
            except DeviceError as error:
                last = error
                if not error.retryable:
                    break
                await asyncio.sleep(1.0)
        self.visit.failed_devices.append((step, last.code))
        return None

    async def look(self) -> tuple[Frame, Look] | None:
        """The next frame judged and mirrored, the lamp set by it; None when the camera is gone."""
        bench, visit = self.bench, self.visit
        frame = await self.insist("camera", lambda: bench.devices.next_frame(3.0))
        if frame is None:
            return None
        now_s = bench.stamps.monotonic_s()
        window = visit.mirror or mirror.start(frame.pixels.shape)
        look, jpeg = await bench.vision.call(
            lambda _deadline: (
                self.eyes.look(frame.pixels, self.policy.face, self._last_box(now_s)),
                mirror.jpeg(frame, window),
            ),
            5.0,
        )
        bench.screen.draw(jpeg)
        visit.mirror = mirror.follow(window, frame.pixels.shape, look.box)
        if look.box is not None:
            visit.face_box = (look.box, now_s)
            self.is_active()
        await bench.devices.fill(visit.fill.update(look.face_level, look.causes, now_s))
        return frame, look

    def _last_box(self, now_s: float) -> Box | None:
        """Where the face was a moment ago; after that it may be anywhere, and a model has to look."""
        known = self.visit.face_box
        return known[0] if known is not None and now_s - known[1] <= BOX_STAYS_S else None

    async def keep(self, kind: SampleKind, frame: Frame, box: Box | None) -> None:
        """The frame as a sample of the visit, if it is still what the driver hashed; else only that it is not.

        Hashed and encoded where frames are judged, for the loop has no time for it.
        """
        data = await self.bench.vision.call(lambda _deadline: _jpeg(frame) if is_unaltered(frame) else None, 5.0)
        if data is None:
            self.visit.altered.append(frame.sha256)
            return
        self.visit.samples.append(
            Sample(kind, "image/jpeg", data, frame.sha256, frame.camera, face=_area(frame, box) if box else None)
        )


def is_unaltered(frame: Frame) -> bool:
    """Whether the pixels still have the hash that was taken of them in the driver."""
    return hashlib.sha256(np.ascontiguousarray(frame.pixels).data).hexdigest() == frame.sha256


def _jpeg(frame: Frame) -> bytes:
    return cv2.imencode(".jpg", frame.pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _area(frame: Frame, box: Box) -> FaceArea:
    height, width = frame.pixels.shape[:2]
    return FaceArea(*box, picture_width=width, picture_height=height)
