"""What the board says of a device: that which it last proved."""

from __future__ import annotations

import asyncio

import pytest

from appliance.devices import CAMERA, READY, Devices
from appliance.journey.ports import Hands
from drivers.api import Frame
from drivers.deadline import Deadline
from drivers.errors import DeviceGone
from drivers.fill_light import NoFillLight
from drivers.lane.none import NoLane
from tests.appliance.small_ports import Glass, Slot, Window


class Pulled(Window):
    """A camera without a cable: it takes any wish and shows nothing."""

    plugged = False

    def next_frame(self, deadline: Deadline) -> Frame:
        if not self.plugged:
            raise DeviceGone(self.device, "pulled")
        return super().next_frame(deadline)


def test_a_wish_that_a_gone_camera_takes_does_not_make_it_ready() -> None:
    async def act() -> None:
        camera = Pulled()
        devices = Devices(Hands(Slot(), camera, Glass(), NoFillLight("fill_light"), lane=NoLane("lane")))
        with pytest.raises(DeviceGone):
            await devices.next_frame(1.0)
        await devices.expose_for((0, 0, 8, 8))
        await devices.rest()
        assert dict(devices.health)[CAMERA] == DeviceGone.code
        camera.plugged = True
        await devices.next_frame(1.0)
        assert dict(devices.health)[CAMERA] == READY
        devices.close()

    asyncio.run(act())
