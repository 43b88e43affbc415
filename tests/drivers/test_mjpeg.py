"""An IP camera on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from drivers.api import Camera
from drivers.camera.mjpeg import MjpegSource
from drivers.catalogue import CAMERA
from drivers.deadline import Deadline
from drivers.errors import ALL, DeviceError, DeviceGone, DeviceRefused, WireCorrupt
from simulators.mjpeg_camera import MjpegCameraSim
from tests.drivers import golden

Viewed = tuple[MjpegCameraSim, Camera]


def jpeg(level: int) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), level, dtype=np.uint8))[1].tobytes()


@pytest.fixture
def viewed() -> Iterator[Viewed]:
    sim = MjpegCameraSim(fps=20)
    sim.show(jpeg(50))
    camera = CAMERA["mjpeg"](sim.address, "c")
    yield sim, camera
    camera.close()
    sim.close()


def test_a_new_scene_is_seen_within_two_frames(viewed: Viewed) -> None:
    sim, camera = viewed
    assert camera.next_frame(Deadline(5)).pixels.mean() == pytest.approx(50, abs=3)
    sim.show(jpeg(180))
    levels = [camera.next_frame(Deadline(5)).pixels.mean() for _ in range(3)]
    assert levels[-1] == pytest.approx(180, abs=3)


def test_what_can_not_be_decoded_is_corrupt_and_the_next_picture_is_whole(viewed: Viewed) -> None:
    sim, camera = viewed
    camera.next_frame(Deadline(5))
    sim.show(golden.JPEG_ONE)
    with pytest.raises(WireCorrupt):
        for _ in range(5):
            camera.next_frame(Deadline(5))
    sim.show(jpeg(90))
    assert eventually(camera) == pytest.approx(90, abs=3)


def test_a_camera_that_refuses_says_with_which_status(viewed: Viewed) -> None:
    sim, camera = viewed
    sim.faults.wrong_status = True
    with pytest.raises(DeviceRefused, match="503"):
        camera.next_frame(Deadline(5))


@pytest.mark.parametrize("bad", [{"lossy": 0.001}, {"noisy": 0.001}, {"split": True, "lossy": 0.0005}], ids=str)
def test_a_bad_network_lets_only_device_errors_out(viewed: Viewed, bad: dict[str, float]) -> None:
    sim, camera = viewed
    sim.show(jpeg(50))
    for name, value in bad.items():
        setattr(sim.faults, name, value)
    for _ in range(20):
        try:
            assert camera.next_frame(Deadline(3)).pixels.ndim == 3
        except DeviceError as error:
            assert type(error) in ALL
    sim.faults.clear()
    assert eventually(camera) == pytest.approx(50, abs=3)


def test_a_server_that_is_no_camera_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        camera = CAMERA["mjpeg"](f"http://127.0.0.1:{server.getsockname()[1]}/", "c")
        server.settimeout(5)

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n\r\n")
                connection.recv(1000)

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(DeviceGone):
            camera.next_frame(Deadline(5))
        answering.join()
        camera.close()


@pytest.mark.parametrize("address", ["https://host/", "ftp://host", "/dev/video0", "http://", "http://u:p@host/"])
def test_an_address_of_another_kind_is_a_mistake(address: str) -> None:
    with pytest.raises(ValueError):
        MjpegSource("c", address)


def eventually(camera: Camera) -> float:
    """The mean level of the first picture that comes through."""
    deadline = Deadline(10)
    while True:
        try:
            return float(camera.next_frame(deadline).pixels.mean())
        except DeviceError:
            deadline.pause("c", 0.05)
