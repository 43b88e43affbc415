"""What every camera must keep, on a simulator and on the bench."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.api import Camera, Frame
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceTimeout
from hw_tests.conformance.rig import needs, soon, within

FIRST_FRAME_S = 10.0  # a camera stack may take seconds to start
MAX_AGE_S = 1.5


@dataclass(frozen=True, slots=True)
class CameraRig:
    """One camera and the scene before it. A knob that is None cannot be turned here: its tests are skipped."""

    camera: Camera
    shape: tuple[int, int]  # height, width
    unplug: Callable[[], object] | None = None
    replug: Callable[[], object] | None = None
    level: tuple[float, float, float] | None = None  # mean B, G, R of the scene, where it is known
    stall: Callable[[bool], None] | None = None
    refuse: Callable[[bool], None] | None = None


class CameraConformance:
    """Subclass it as `Test...` and give it a fixture `rig`."""

    def frame(self, rig: CameraRig) -> Frame:
        return rig.camera.next_frame(Deadline(FIRST_FRAME_S))

    def test_a_frame_is_the_scene_in_bgr(self, rig: CameraRig) -> None:
        frame = self.frame(rig)
        assert frame.pixels.shape == (*rig.shape, 3)
        assert frame.camera == rig.camera.device
        if rig.level is not None:
            assert frame.pixels.mean(axis=(0, 1)) == pytest.approx(rig.level, abs=6)

    def test_a_frame_is_sealed_by_its_hash_and_cannot_be_written(self, rig: CameraRig) -> None:
        frame = self.frame(rig)
        assert frame.sha256 == hashlib.sha256(frame.pixels.tobytes()).hexdigest()
        assert not frame.pixels.flags.writeable

    def test_each_frame_is_newer_than_the_one_before(self, rig: CameraRig) -> None:
        stamps = [self.frame(rig).captured_at_monotonic_s for _ in range(5)]
        assert all(earlier < later for earlier, later in itertools.pairwise(stamps))
        assert stamps[-1] <= time.monotonic()

    def test_a_slow_caller_gets_the_newest_frame_not_the_oldest(self, rig: CameraRig) -> None:
        self.frame(rig)
        time.sleep(2 * MAX_AGE_S)
        frame = self.frame(rig)
        assert time.monotonic() - frame.captured_at_monotonic_s < MAX_AGE_S

    def test_a_deadline_already_over_is_a_timeout(self, rig: CameraRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.camera.next_frame(Deadline(0))

    def test_stalled_frames_are_a_timeout_and_recover(self, rig: CameraRig) -> None:
        stall = needs(rig.stall, "stall the camera")
        self.frame(rig)
        stall(True)
        time.sleep(0.3)
        with within(4), pytest.raises(DeviceTimeout):
            for _ in range(3):
                rig.camera.next_frame(Deadline(30))
        stall(False)
        assert self.eventually_a_frame(rig).pixels.shape == (*rig.shape, 3)

    def test_a_caller_who_leaves_is_let_go_at_once(self, rig: CameraRig) -> None:
        stall = needs(rig.stall, "stall the camera")
        self.frame(rig)
        stall(True)
        time.sleep(0.3)
        deadline = Deadline(60)
        with within(0.5), soon(deadline.cancel), pytest.raises(Cancelled):
            for _ in range(3):
                rig.camera.next_frame(deadline)
        stall(False)
        self.eventually_a_frame(rig)

    def test_unplugged_is_gone_and_replugged_shows_again(self, rig: CameraRig) -> None:
        unplug, replug = needs(rig.unplug, "unplug the camera"), needs(rig.replug, "plug it in again")
        self.frame(rig)
        unplug()
        with within(3), pytest.raises(DeviceGone):
            for _ in range(3):  # a frame from before may still be waiting
                rig.camera.next_frame(Deadline(5))
        with within(2), pytest.raises(DeviceGone):
            rig.camera.next_frame(Deadline(5))
        replug()
        assert self.eventually_a_frame(rig).pixels.shape == (*rig.shape, 3)

    def test_a_camera_that_says_no_is_a_device_error_and_recovers(self, rig: CameraRig) -> None:
        refuse = needs(rig.refuse, "make the camera refuse")
        self.frame(rig)
        refuse(True)
        with within(5), pytest.raises(DeviceError):
            for _ in range(20):
                rig.camera.next_frame(Deadline(5))
        refuse(False)
        self.eventually_a_frame(rig)

    def test_exposure_follows_a_region_without_failing(self, rig: CameraRig) -> None:
        self.frame(rig)
        height, width = rig.shape
        rig.camera.expose_for((width // 4, height // 4, width // 2, height // 2))
        self.frame(rig)
        rig.camera.expose_for((-50, -50, 10, 10))  # a face may leave the picture
        self.frame(rig)
        rig.camera.expose_for(None)
        self.frame(rig)

    def test_close_is_safe_twice_leaves_no_thread_and_a_later_call_opens_again(self, rig: CameraRig) -> None:
        for _ in range(2):
            self.frame(rig)
            rig.camera.close()
            rig.camera.close()
            assert not [thread.name for thread in threading.enumerate() if rig.camera.device in thread.name]

    def eventually_a_frame(self, rig: CameraRig) -> Frame:
        """The next frame, past the errors of the time before."""
        deadline = Deadline(FIRST_FRAME_S)
        while True:
            try:
                return rig.camera.next_frame(deadline)
            except DeviceError:
                deadline.pause(rig.camera.device, 0.1)
