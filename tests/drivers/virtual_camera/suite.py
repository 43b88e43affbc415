"""Run beside picamera2: the conformance class of cameras, and the pixels against the pictures that were put in."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.api import Pixels
from drivers.camera.feed import LiveCamera
from drivers.camera.picamera import PicameraSource
from drivers.deadline import Deadline
from drivers.errors import DeviceGone
from hw_tests.conformance.camera import CameraConformance, CameraRig
from tests.drivers.virtual_camera.adapted import SIZE, SMALL, WIDE, adapt

FRAMES = Path(os.environ["LANDFALL_VIRTUAL_FRAMES"])
WIDTH, HEIGHT = SIZE
CLOSE = 3.0  # grey levels in the mean: colour has half the resolution, and two decoders of JPEG round differently


@pytest.fixture(scope="module", autouse=True)
def stack() -> None:
    adapt()


@pytest.fixture
def camera() -> Iterator[LiveCamera]:
    camera = LiveCamera("camera-1", PicameraSource("camera-1", 0, size=SIZE, fps=30))
    yield camera
    camera.close()


def put_in() -> list[Pixels]:
    """The pictures as the virtual camera gives them: a JPEG's YUV, of full range, under the name of limited range."""
    found = (cv2.imread(str(path)) for path in sorted(FRAMES.glob("*.jpg")))
    return [read_as_limited(np.asarray(picture, dtype=np.uint8)) for picture in found]


def read_as_limited(bgr: Pixels) -> Pixels:
    luma, red, blue = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))
    half = [cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for plane in (blue, red)]
    planes = np.vstack([luma, np.dstack(half).reshape(HEIGHT // 2, WIDTH)])
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12), dtype=np.uint8)


def distance(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


class TestVirtualCamera(CameraConformance):
    @pytest.fixture
    def rig(self, camera: LiveCamera) -> CameraRig:
        return CameraRig(camera, (HEIGHT, WIDTH))


def test_every_picture_put_in_comes_out_and_no_other(camera: LiveCamera) -> None:
    pictures = put_in()
    assert min(distance(a, b) for a in pictures for b in pictures if a is not b) > 4 * CLOSE
    seen = set[int]()
    deadline = Deadline(60)
    while len(seen) < len(pictures):
        frame = camera.next_frame(deadline)
        apart = [distance(frame.pixels, picture) for picture in pictures]
        assert min(apart) < CLOSE, f"none of the pictures: {apart}"
        seen.add(int(np.argmin(apart)))


def test_the_stamp_is_of_now_and_no_control_is_missed(camera: LiveCamera) -> None:
    frame = camera.next_frame(Deadline(30))
    assert 0 <= time.monotonic() - frame.captured_at_monotonic_s < 10
    assert frame.metadata == {}  # the virtual camera tells neither exposure nor focus
    assert frame.preview is None  # the picture is no wider than what the mirror shows


def test_a_wide_camera_shows_the_same_moment_by_its_second_stream() -> None:
    camera = LiveCamera("camera-1", PicameraSource("camera-1", 0, size=WIDE, fps=30))
    deadline = Deadline(60)
    for _ in range(8):
        frame = camera.next_frame(deadline)
        assert frame.pixels.shape == (WIDE[1], WIDE[0], 3)
        assert frame.preview is not None and frame.preview.shape == (SMALL[1], SMALL[0], 3)
        small = cv2.resize(frame.pixels, SMALL, interpolation=cv2.INTER_AREA)
        assert distance(np.asarray(small, dtype=np.uint8), frame.preview) < CLOSE
    camera.close()


def test_hundreds_of_frames_keep_no_buffer() -> None:
    source = PicameraSource("camera-1", 0, size=SIZE, fps=30)
    camera = LiveCamera("camera-1", source)
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        for _ in range(100):
            camera.next_frame(Deadline(30))
        camera.close()
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before + 12  # libcamera itself keeps some


def test_a_number_without_a_camera_is_gone_and_leaves_nothing_open() -> None:
    camera = LiveCamera("camera-1", PicameraSource("camera-1", 7, size=SIZE, fps=30))
    with pytest.raises(DeviceGone, match="no camera number 7"):
        camera.next_frame(Deadline(30))
    camera.close()
