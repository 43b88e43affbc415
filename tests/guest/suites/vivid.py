"""In the guest: the V4L2 driver on vivid, the kernel's own test camera, which can be pulled out."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.camera.feed import LiveCamera
from drivers.camera.v4l2 import V4l2Source
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone
from hw_tests.conformance.camera import CameraConformance, CameraRig
from tests.guest.inside import until

MODULES = ("vivid n_devs=1 node_types=0x1 multiplanar=1",)  # one camera of a single plane, and no other node

VIDEO = Path("/dev/video0")
SIZE = (640, 480)
VIDIOC_S_CTRL, VIDIOC_QUERYCTRL = 0xC008561C, 0xC0445624
QUERY = "=II32siiiiI8x"
NEXT = 0x80000000
DISCONNECT = "Disconnect"  # a button of vivid: every call is an error until nobody has the camera open
DROPPED = "Percentage of Dropped Buffers"
DRIVER = Path("/sys/bus/platform/drivers/vivid")


@contextmanager
def opened() -> Iterator[int]:
    handle = os.open(VIDEO, os.O_RDWR)
    try:
        yield handle
    finally:
        os.close(handle)


def press(handle: int, control: str, value: int) -> None:
    """Set a control of the camera by its name. `OSError` when it has none of that name."""
    number, name = 0, ""
    while name != control:
        told = fcntl.ioctl(handle, VIDIOC_QUERYCTRL, struct.pack(QUERY, number | NEXT, 0, b"", 0, 0, 0, 0, 0))
        number, _, text, *_ = struct.unpack(QUERY, told)
        name = text.rstrip(b"\0").decode()
    fcntl.ioctl(handle, VIDIOC_S_CTRL, struct.pack("=Ii", number, value))


def stall(on: bool) -> None:
    with opened() as handle:
        press(handle, DROPPED, 100 if on else 0)


def pull() -> None:
    """The kernel takes the camera away under whoever reads it, as at a pulled plug."""
    (DRIVER / "unbind").write_text("vivid.0")


def put_back() -> None:
    def back() -> bool:
        (DRIVER / "bind").write_text("vivid.0")
        if VIDEO.exists():
            return True
        pull()  # it has another number while somebody holds the old one
        return False

    until("the camera under its old name", back)


@pytest.fixture
def camera() -> Iterator[LiveCamera]:
    camera = LiveCamera("camera-1", V4l2Source("camera-1", VIDEO, size=SIZE, fps=15))
    yield camera
    camera.close()


class TestVivid(CameraConformance):
    @pytest.fixture
    def rig(self, camera: LiveCamera) -> CameraRig:
        return CameraRig(
            camera,
            (SIZE[1], SIZE[0]),
            unplug=pull,
            replug=put_back,
            stall=stall,
        )


def test_the_picture_is_the_kernels_test_picture_and_moves_on(camera: LiveCamera) -> None:
    """vivid draws bars of colours and its own clock over them."""
    frames = [camera.next_frame(Deadline(30)) for _ in range(5)]
    assert len({frame.sha256 for frame in frames}) > 1
    bars = frames[-1].pixels[SIZE[1] // 2, :: SIZE[0] // 16]
    assert len({tuple(int(level) // 64 for level in bar) for bar in bars}) >= 5


def test_a_camera_that_only_answers_with_errors_is_gone_though_its_node_stays(camera: LiveCamera) -> None:
    camera.next_frame(Deadline(30))
    with opened() as handle:
        press(handle, DISCONNECT, 1)
        with pytest.raises(DeviceGone):
            for _ in range(3):
                camera.next_frame(Deadline(30))
        assert VIDEO.exists()
    deadline = Deadline(60)
    while True:
        try:
            camera.next_frame(deadline)
            return
        except DeviceError:
            deadline.pause("camera-1", 0.1)
