"""A camera pulled out and put back at any time: the board says so, and nobody opens anything again by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.devices import CAMERA, READY, Devices
from appliance.journey.ports import Hands
from drivers.api import Camera
from drivers.catalogue import CAMERA as DRIVERS
from drivers.errors import DeviceError
from drivers.fill_light import NoFillLight
from simulators.mjpeg_camera import MjpegCameraSim
from tests.appliance.small_ports import Glass, Slot

PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 90, dtype=np.uint8))[1].tobytes()


@dataclass(frozen=True, slots=True)
class Pluggable:
    """A camera with its plug in our hand."""

    camera: Camera
    unplug: Callable[[], object]
    replug: Callable[[], object]


@pytest.fixture(params=["mjpeg", "frames"])
def plug(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pluggable]:
    if request.param == "mjpeg":
        sim = MjpegCameraSim(fps=20)
        sim.show(PICTURE)
        yield Pluggable(DRIVERS["mjpeg"](sim.address, CAMERA), sim.unplug, sim.replug)
        sim.close()
        return
    here, away = tmp_path / "frames", tmp_path / "away"
    here.mkdir()
    (here / "0.jpg").write_bytes(PICTURE)
    camera = DRIVERS["frames"](f"{here}?fps=20", CAMERA)
    yield Pluggable(camera, lambda: here.rename(away), lambda: away.rename(here))


def on_the_board(devices: Devices) -> str:
    return dict(devices.health)[CAMERA]


async def until(devices: Devices, code: str) -> None:
    """Probe, as the kiosk does while nobody is there, until the board says so."""
    for _ in range(100):
        await devices.probe()
        if on_the_board(devices) == code:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the board still says {on_the_board(devices)}, not {code}")


def test_a_camera_pulled_while_nobody_is_there_is_seen_and_seen_again(plug: Pluggable) -> None:
    async def act() -> None:
        devices = Devices(Hands(Slot(), plug.camera, Glass(), NoFillLight("fill_light")))
        for _ in range(2):
            await until(devices, READY)
            plug.unplug()
            await until(devices, "DEV-GONE")
            plug.replug()
        await until(devices, READY)
        devices.close()

    asyncio.run(act())


def test_a_camera_pulled_in_the_middle_of_a_step_fails_that_call_and_the_step_can_go_on(plug: Pluggable) -> None:
    async def act() -> None:
        devices = Devices(Hands(Slot(), plug.camera, Glass(), NoFillLight("fill_light")))
        await devices.next_frame(10.0)
        plug.unplug()
        with pytest.raises(DeviceError):
            for _ in range(100):
                await devices.next_frame(10.0)
        assert on_the_board(devices) == "DEV-GONE"
        await devices.expose_for((0, 0, 8, 8))  # a wish, which a gone camera takes too
        assert on_the_board(devices) == "DEV-GONE"
        plug.replug()
        await until(devices, READY)
        assert (await devices.next_frame(10.0)).pixels.shape == (48, 64, 3)
        devices.close()

    asyncio.run(act())


def test_a_camera_that_was_never_there_is_found_when_it_comes(plug: Pluggable) -> None:
    async def act() -> None:
        plug.unplug()
        devices = Devices(Hands(Slot(), plug.camera, Glass(), NoFillLight("fill_light")))
        await until(devices, "DEV-GONE")
        plug.replug()
        await until(devices, READY)
        devices.close()

    asyncio.run(act())
