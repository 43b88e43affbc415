"""The Pi camera against a stand-in for picamera2; the real one is in test_virtual_camera.py, a Pi on the bench."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import time
from collections.abc import Iterator

import pytest

from drivers.api import Camera, Frame
from drivers.camera.picamera import PicameraSource, taken_at_s
from drivers.catalogue import CAMERA
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceRefused, DeviceTimeout
from tests.drivers import picamera2_stand_in as stand_in
from tests.drivers.picamera2_stand_in import Knobs

SMALL, WIDE = "0?size=64x48&fps=20", "0?size=1280x720&fps=20"


@pytest.fixture
def knobs() -> Iterator[Knobs]:
    with stand_in.installed(sys.modules, stand_in) as knobs:
        yield knobs


def frames(camera: Camera, seconds: float = 20) -> Iterator[Frame]:
    deadline = Deadline(seconds)
    return (camera.next_frame(deadline) for _ in itertools.count())


@pytest.mark.skipif(importlib.util.find_spec("picamera2") is not None, reason="picamera2 is installed here")
def test_without_the_pis_software_the_camera_is_gone() -> None:
    camera = CAMERA["picamera"]("0", "c")
    with pytest.raises(DeviceGone, match="picamera2"):
        camera.next_frame(Deadline(5))
    camera.close()


def test_frames_carry_what_the_camera_tells_and_every_buffer_goes_back(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](SMALL, "c")
    for frame in itertools.islice(frames(camera), 8):
        assert frame.pixels[0, 0].tolist() == [10, 40, 30]  # a picture of our own: the stand-in wipes its buffers
        assert frame.metadata == {"exposure_us": 9000.0, "gain": 1.0, "lux": 310.0, "focus": 900.0}
        assert 0.02 <= time.monotonic() - frame.captured_at_monotonic_s < 10
        assert frame.preview is None  # the picture is no wider than what the mirror shows
    camera.close()
    assert (knobs.held, knobs.open) == (0, 0)


def test_a_wide_camera_shows_by_its_small_stream(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](WIDE, "c")
    frame = next(frames(camera))
    assert frame.pixels.shape == (720, 1280, 3)
    assert frame.preview is not None and frame.preview.shape == (360, 640, 3)
    assert abs(int(frame.preview[100, 100, 1]) - 28) < 3  # level 40 of YUV's limited range
    assert not frame.preview.flags.writeable
    camera.close()


@pytest.mark.parametrize(("layout", "seen"), [("NV12", [28, 28, 28]), ("XBGR8888", [10, 40, 30])])
def test_a_camera_of_one_stream_and_another_layout_is_taken_as_it_is(
    knobs: Knobs, layout: str, seen: list[int]
) -> None:
    knobs.has_two_streams, knobs.layout = False, layout
    camera = CAMERA["picamera"](WIDE, "c")
    frame = next(frames(camera))
    assert frame.pixels.shape == (720, 1280, 3) and frame.preview is None
    assert frame.pixels[5, 5].tolist() == pytest.approx(seen, abs=1)
    camera.close()


def test_a_layout_that_nobody_reads_is_refused_by_name(knobs: Knobs) -> None:
    knobs.layout = "R8"
    camera = CAMERA["picamera"](SMALL, "c")
    with pytest.raises(DeviceRefused, match="R8"):
        next(frames(camera))
    camera.close()
    assert knobs.open == 0


def test_exposure_is_steered_until_the_region_is_mid_grey(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](SMALL, "c")
    camera.expose_for((8, 8, 32, 32))
    next(frame for frame in frames(camera) if frame.pixels[0, 0, 1] >= 70)
    camera.expose_for(None)
    next(frame for frame in frames(camera) if frame.pixels[0, 0, 1] == 40)
    camera.close()
    assert knobs.asked[0] == {"FrameRate": 20.0, "AfMode": 2}
    stops = [asked["ExposureValue"] for asked in knobs.asked if "ExposureValue" in asked]
    assert all(-2 <= value <= 2 for value in stops) and stops[-1] == 0.0
    windows = [asked["AfWindows"] for asked in knobs.asked if "AfWindows" in asked]
    assert windows == [[(1080, 580, 320, 320)]]  # 64 x 48 px show 640 x 480 of the sensor, from 1000, 500
    assert knobs.last("AfMetering", None) == 0


def test_a_camera_without_an_exposure_value_is_set_by_hand_and_given_back_to_its_automatic(knobs: Knobs) -> None:
    knobs.controls = dict(stand_in.USB)
    camera = CAMERA["picamera"](SMALL, "c")
    camera.expose_for((8, 8, 32, 32))
    next(frame for frame in frames(camera) if 108 <= frame.pixels[0, 0, 1] <= 128)
    assert knobs.last("AeEnable", None) is False
    assert 9000 < knobs.last("ExposureTime", 0) <= 50_000  # never longer than a picture lasts
    camera.expose_for(None)
    next(frame for frame in frames(camera) if frame.pixels[0, 0, 1] == 40)
    camera.close()
    assert knobs.last("AeEnable", None) is True


def test_a_camera_without_any_control_is_asked_for_nothing(knobs: Knobs) -> None:
    knobs.controls = dict(stand_in.BARE)
    camera = CAMERA["picamera"](SMALL, "c")
    for region in ((8, 8, 32, 32), (-50, -50, 10, 10), None):
        camera.expose_for(region)
        list(itertools.islice(frames(camera), 3))
    camera.close()
    assert knobs.asked == []


def test_a_stalled_camera_is_a_timeout_is_opened_again_and_goes_on_later(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](SMALL, "c")
    next(frames(camera))
    knobs.stalled = True
    until(camera, DeviceTimeout, "opening again")
    knobs.stalled = False
    eventually(camera)
    camera.close()
    assert (knobs.held, knobs.open) == (0, 0)


def test_a_stalled_camera_can_be_closed(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](SMALL, "c")
    next(frames(camera))
    knobs.stalled = True
    with pytest.raises(DeviceTimeout):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    camera.close()  # the stand-in, as the real one, would wait for the picture that never comes
    assert (knobs.held, knobs.open) == (0, 0)


def test_a_camera_that_fails_is_gone_and_opened_again(knobs: Knobs) -> None:
    camera = CAMERA["picamera"](SMALL, "c")
    next(frames(camera))
    knobs.fails = True
    with pytest.raises(DeviceGone):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    knobs.fails = False
    eventually(camera)
    camera.close()
    assert (knobs.held, knobs.open) == (0, 0)


def test_a_camera_that_is_not_there_yet_leaves_nothing_open_and_is_found_when_it_comes(knobs: Knobs) -> None:
    knobs.cameras = 0
    camera = CAMERA["picamera"](SMALL, "c")
    with pytest.raises(DeviceGone, match="no camera number 0"):
        camera.next_frame(Deadline(5))
    knobs.cameras, knobs.opens = 1, False
    until(camera, DeviceGone, "did not complete")
    knobs.opens = True
    eventually(camera)
    camera.close()
    assert knobs.pipes == 1  # of the one that was opened and closed by picamera2 itself


def test_a_number_without_a_camera_is_gone(knobs: Knobs) -> None:
    camera = CAMERA["picamera"]("3", "c")
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    camera.close()


def test_nothing_is_held_by_a_source_that_was_never_opened() -> None:
    PicameraSource("c", 0, size=(64, 48), fps=20).close()


def test_the_sensors_stamp_is_told_on_the_monotonic_clock() -> None:
    boot_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    assert time.monotonic() - taken_at_s({"SensorTimestamp": boot_ns - 250_000_000}) == pytest.approx(0.25, abs=0.2)


@pytest.mark.parametrize("told", [{}, {"SensorTimestamp": 5}, {"SensorTimestamp": 1 << 62}], ids=str)
def test_a_stamp_that_cannot_be_is_now(told: dict[str, int]) -> None:
    before_s = time.monotonic()
    assert before_s <= taken_at_s(told) <= time.monotonic()


def until(camera: Camera, kind: type[DeviceError], detail: str) -> None:
    """Ask until the camera fails in this way."""
    deadline = Deadline(20)
    while True:
        deadline.check("c")
        try:
            camera.next_frame(deadline)
        except kind as error:
            if detail in error.detail:
                return


def eventually(camera: Camera) -> Frame:
    """The next frame, past the errors of the time before."""
    deadline = Deadline(20)
    while True:
        try:
            return camera.next_frame(deadline)
        except DeviceError:
            deadline.pause("c", 0.1)
