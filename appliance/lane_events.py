"""What happens at the lane of its own accord, handed to whoever it concerns, for as long as the kiosk runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from appliance.devices import Devices, Nobody
from drivers.api import Happening, Lamp, LaneEvent, LaneOrder
from drivers.errors import DeviceError

LISTEN_S = 3600.0
ORDER_S = 5.0
AGAIN_S = 2.0
"""A lane that is gone is looked for this often."""

Concerns = Mapping[Happening, Callable[[LaneEvent], object]]


async def attend(devices: Devices, concerns: Concerns, headset: Callable[[bool], None]) -> None:
    """Never returns. `headset` is told how the jack is at the start and after each fault; while the lane is gone
    nobody listens.
    """
    is_known = False
    while True:
        if not devices.has_lane:
            await asyncio.Event().wait()
        try:
            if not is_known:  # events tell only changes; a lane that was away stands at STOP already
                headset((await devices.order_lane(LaneOrder(Lamp.STOP), ORDER_S)).headset_is_in)
                is_known = True
            event = await devices.next_lane_event(LISTEN_S)
        except Nobody:
            continue
        except DeviceError:
            is_known = False
            headset(False)
            await asyncio.sleep(AGAIN_S)
            continue
        if event.happening in concerns:
            concerns[event.happening](event)
