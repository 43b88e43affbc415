"""The simulated IP camera, talked to with a bare socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from simulators.mjpeg_camera import MjpegCameraSim
from tests.drivers import golden

REQUEST = b"GET /stream HTTP/1.0\r\n\r\n"


@pytest.fixture
def sim() -> Iterator[MjpegCameraSim]:
    camera = MjpegCameraSim(fps=50)
    yield camera
    camera.close()


def connect(sim: MjpegCameraSim, request: bytes = REQUEST) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", urlsplit(sim.address).port or 0), 2)
    connection.sendall(request)
    return connection


def heard(connection: socket.socket, *, until: bytes, limit_s: float = 3) -> bytes:
    connection.settimeout(limit_s)
    data = b""
    while until not in data and (more := connection.recv(4096)):
        data += more
    return data


def test_the_newest_picture_comes_in_a_part_with_its_length(sim: MjpegCameraSim) -> None:
    sim.show(golden.JPEG_ONE)
    sim.show(golden.JPEG_TWO)
    with connect(sim) as connection:
        data = heard(connection, until=golden.JPEG_TWO + b"\r\n")
    head, _, parts = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Content-Type: multipart/x-mixed-replace; boundary=landfallframe" in head
    assert parts.startswith(b"--landfallframe\r\nContent-Type: image/jpeg\r\nContent-Length: 44\r\n\r\n\xff\xd8 two")


def test_pictures_come_at_the_pace(sim: MjpegCameraSim) -> None:
    sim.show(golden.JPEG_ONE)
    with connect(sim) as connection:
        heard(connection, until=golden.JPEG_ONE)
        connection.settimeout(2)
        begun_s = time.monotonic()
        data = b""
        while data.count(golden.JPEG_ONE) < 25:
            data += connection.recv(4096)
        assert 0.4 <= time.monotonic() - begun_s <= 4


def test_covered_it_sends_its_head_and_no_picture(sim: MjpegCameraSim) -> None:
    with connect(sim) as connection:
        heard(connection, until=b"\r\n\r\n")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_another_path_is_not_found(sim: MjpegCameraSim) -> None:
    with connect(sim, b"GET / HTTP/1.0\r\n\r\n") as connection:
        assert heard(connection, until=b"never").startswith(b"HTTP/1.0 404 ")


def test_wrong_status_ends_those_who_look_and_refuses_those_who_come(sim: MjpegCameraSim) -> None:
    sim.show(golden.JPEG_ONE)
    with connect(sim) as watching:
        heard(watching, until=golden.JPEG_ONE)
        sim.faults.wrong_status = True
        heard(watching, until=b"never")  # ends by itself
    with connect(sim) as coming:
        assert heard(coming, until=b"never").startswith(b"HTTP/1.0 503 ")


def test_unplugged_nobody_listens_and_replugged_it_is_where_it_was(sim: MjpegCameraSim) -> None:
    sim.show(golden.JPEG_ONE)
    address = sim.address
    with connect(sim) as watching:
        heard(watching, until=golden.JPEG_ONE)
        sim.unplug()
        heard(watching, until=b"never")
    with pytest.raises(OSError):
        connect(sim)
    sim.replug()
    assert sim.address == address
    with connect(sim) as watching:
        assert golden.JPEG_ONE in heard(watching, until=golden.JPEG_ONE)


def test_a_mute_camera_sends_no_picture(sim: MjpegCameraSim) -> None:
    sim.show(golden.JPEG_ONE)
    sim.faults.mute = True
    with connect(sim) as connection:
        heard(connection, until=b"\r\n\r\n")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_close_ends_every_thread_and_is_safe_twice() -> None:
    before = threading.active_count()
    camera = MjpegCameraSim()
    with connect(camera):
        camera.close()
        camera.close()
    assert threading.active_count() == before
