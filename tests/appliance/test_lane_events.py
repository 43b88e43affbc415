"""What happens at the lane reaches whom it concerns, over any fault of its wire."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Awaitable, Callable
from contextlib import suppress

from appliance.devices import LANE, Devices
from appliance.journey.ports import Hands
from appliance.lane_events import attend
from drivers.api import Happening, LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone
from drivers.fill_light import NoFillLight
from drivers.lane.none import NoLane
from tests.appliance.small_ports import Glass, Slot, Window
from tests.appliance.test_runner import until


class Gate:
    """A lane of which only events are wanted here: whatever is put in comes out, errors as errors."""

    device, is_fitted = "lane", True

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[Happening | DeviceError] = queue.SimpleQueue()
        self.headset_is_in = False

    def next_event(self, deadline: Deadline) -> LaneEvent:
        while self.told.empty():
            deadline.pause(self.device, 0.01)
        told = self.told.get()
        if isinstance(told, DeviceError):
            raise told
        return LaneEvent(told, 0.0, self.device)

    def obey(self, order: LaneOrder, deadline: Deadline) -> LaneState:
        deadline.check(self.device)
        return LaneState(order.lamp, False, self.headset_is_in, None)

    def clear_tamper(self, sign: Sign, deadline: Deadline) -> None: ...

    def close(self) -> None: ...


def play(lane: Gate | NoLane, act: Callable[[Devices, list[str]], Awaitable[None]]) -> None:
    async def whole() -> None:
        heard: list[str] = []
        devices = Devices(Hands(Slot(), Window(), Glass(), NoFillLight("fill_light"), lane=lane))
        concerns = {
            Happening.HEADSET_IN: lambda event: heard.append(event.happening.value),
            Happening.BUTTON: lambda event: heard.append(event.happening.value),
        }
        work = asyncio.create_task(attend(devices, concerns, lambda is_in: heard.append(f"headset {is_in}")))
        await act(devices, heard)
        assert not work.done()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        devices.close()

    asyncio.run(whole())


def test_each_event_reaches_whom_it_concerns_and_others_nobody() -> None:
    gate = Gate()

    async def act(_devices: Devices, heard: list[str]) -> None:
        for happening in (Happening.GATE_OPENED, Happening.HEADSET_IN, Happening.RESTARTED, Happening.BUTTON):
            gate.told.put(happening)
        await until(lambda: heard == ["headset False", "headset_in", "button"])

    play(gate, act)


def test_a_lane_that_is_gone_is_shown_and_asked_again_how_it_is() -> None:
    gate = Gate()
    gate.headset_is_in = True  # before the kiosk began

    async def act(devices: Devices, heard: list[str]) -> None:
        await until(lambda: heard == ["headset True"])
        gate.told.put(DeviceGone("lane", "pulled"))
        await until(lambda: heard == ["headset True", "headset False"])
        assert dict(devices.health)[LANE] == "DEV-GONE"
        gate.told.put(Happening.BUTTON)
        await until(lambda: heard == ["headset True", "headset False", "headset True", "button"])
        assert dict(devices.health)[LANE] == "ready"

    play(gate, act)


def test_a_kiosk_without_a_lane_waits_for_nothing() -> None:
    async def act(devices: Devices, heard: list[str]) -> None:
        await asyncio.sleep(0.2)
        assert LANE not in dict(devices.health)
        assert heard == []

    play(NoLane("lane"), act)
