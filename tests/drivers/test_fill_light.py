"""The lamp over HTTP against the simulated camera's, and everything that can be wrong with it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.catalogue import FILL_LIGHT
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt
from drivers.fill_light import HttpFillLight, NoFillLight
from simulators.mjpeg_camera import MjpegCameraSim


@pytest.fixture
def camera() -> Iterator[MjpegCameraSim]:
    sim = MjpegCameraSim()
    yield sim
    sim.close()


@contextmanager
def answering(reply: bytes, *, closes: bool = True) -> Iterator[str]:
    """One connection answered with these bytes; the address."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(reply)
                if not closes:
                    done.wait(5.0)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/light"
        done.set()
        thread.join(5.0)


@pytest.mark.parametrize(("level", "shines"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (7.0, 1.0), (-1.0, 0.0)])
def test_the_lamp_shines_as_told(camera: MjpegCameraSim, level: float, shines: float) -> None:
    camera.light = 0.5
    lamp = FILL_LIGHT["http"](camera.light_address, "fill_light")
    lamp.shine(level, Deadline(2.0))
    assert lamp.is_fitted and camera.light == shines
    lamp.close()


def test_no_lamp_takes_every_level_and_says_that_it_is_none() -> None:
    lamp = FILL_LIGHT["none"]("none", "fill_light")
    lamp.shine(1.0, Deadline(0.0))
    assert isinstance(lamp, NoFillLight) and not lamp.is_fitted
    lamp.close()


def test_a_lamp_that_is_gone_says_so_and_works_again_once_it_is_back(camera: MjpegCameraSim) -> None:
    lamp = HttpFillLight("fill_light", camera.light_address)
    camera.unplug()
    with pytest.raises(DeviceGone):
        lamp.shine(1.0, Deadline(2.0))
    camera.replug()
    lamp.shine(1.0, Deadline(2.0))
    assert camera.light == 1.0


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.0 503 Busy\r\n\r\n", DeviceRefused),
        (b"HTTP/1.0 301 Elsewhere\r\n\r\n", DeviceRefused),
        (b"", WireCorrupt),
        (b"HTTP/1.0 2", WireCorrupt),
        (b"hello\r\n", WireCorrupt),
        (b"HTTP/1.0 2x4 No\r\n", WireCorrupt),
        (b"x" * 5000, WireCorrupt),
    ],
)
def test_any_other_answer_is_an_error_of_ours(reply: bytes, error: type[Exception]) -> None:
    with answering(reply) as address, pytest.raises(error):
        HttpFillLight("fill_light", address).shine(0.5, Deadline(3.0))


def test_a_silent_lamp_is_given_up(camera: MjpegCameraSim) -> None:
    with answering(b"HTTP/1.0", closes=False) as address, pytest.raises(DeviceTimeout):
        HttpFillLight("fill_light", address).shine(0.5, Deadline(0.2))
    left = Deadline(3.0)
    left.cancel()
    with pytest.raises(Cancelled):
        HttpFillLight("fill_light", camera.light_address).shine(0.5, left)


@pytest.mark.parametrize("address", ["none", "https://a/b", "http:///light", "http://me@a/light", "http://a/light?x=1"])
def test_an_address_of_another_form_is_refused_before_anything_is_opened(address: str) -> None:
    with pytest.raises(ValueError, match="lamp"):
        FILL_LIGHT["http"](address, "fill_light")


def test_the_simulated_lamp_refuses_what_is_no_level(camera: MjpegCameraSim) -> None:
    host, port = camera.light_address.split("/")[2].split(":")
    for level in ("101", "x", "", "-1"):
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(f"GET /light?level={level} HTTP/1.0\r\n\r\n".encode())
            assert wire.recv(100).startswith(b"HTTP/1.0 400")
    assert camera.light == 0.0


@pytest.fixture
def led(tmp_path: Path) -> Path:
    """The files that the kernel shows of a lamp; the kernel's own are in the guest (tests/guest/suites/lamp.py)."""
    for name, text in (("max_brightness", "255\n"), ("brightness", "3\n"), ("trigger", "none timer [heartbeat]\n")):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(("level", "written"), [(0.0, "0"), (0.5, "128"), (1.0, "255"), (7.0, "255"), (-1.0, "0")])
def test_a_lamp_of_the_kernel_is_set_in_its_own_steps_and_no_longer_blinked(
    led: Path, level: float, written: str
) -> None:
    lamp = FILL_LIGHT["led"](str(led), "fill_light")
    lamp.shine(level, Deadline(1.0))
    assert lamp.is_fitted
    assert (led / "brightness").read_text() == written and (led / "trigger").read_text() == "none"
    lamp.close()


def test_a_lamp_of_the_kernel_that_is_not_there_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DeviceGone):
        FILL_LIGHT["led"](str(tmp_path / "fill"), "fill_light").shine(1.0, Deadline(1.0))


def test_a_folder_that_is_no_lamp_is_told(led: Path) -> None:
    (led / "max_brightness").write_text("bright\n")
    with pytest.raises(WireCorrupt):
        FILL_LIGHT["led"](str(led), "fill_light").shine(1.0, Deadline(1.0))


def test_a_lamp_of_the_kernel_heeds_its_deadline(led: Path) -> None:
    with pytest.raises(DeviceTimeout):
        FILL_LIGHT["led"](str(led), "fill_light").shine(1.0, Deadline(0.0))
    assert (led / "brightness").read_text() == "3\n"


@pytest.mark.parametrize("address", ["", "fill", "/sys/class/leds/fill?level=3"])
def test_an_address_of_no_lamp_of_the_kernel_is_a_mistake(address: str) -> None:
    with pytest.raises(ValueError):
        FILL_LIGHT["led"](address, "fill_light")
