"""What happens at the lane of its own accord, handed to whoever it concerns, for as long as the kiosk runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from appliance.devices import Devices, Nobody
from drivers.api import Happening, LaneEvent
from drivers.errors import DeviceError

LISTEN_S = 3600.0
AGAIN_S = 2.0
"""A lane that is gone is looked for this often."""

Concerns = Mapping[Happening, Callable[[LaneEvent], object]]


async def attend(devices: Devices, concerns: Concerns, lost: Callable[[], None]) -> None:
    """Never returns. `lost` is told each time the lane fails: what is plugged in or pressed there is not known then."""
    while True:
        if not devices.has_lane:
            await asyncio.Event().wait()
        try:
            event = await devices.next_lane_event(LISTEN_S)
        except Nobody:
            continue
        except DeviceError:
            lost()
            await asyncio.sleep(AGAIN_S)
            continue
        if event.happening in concerns:
            concerns[event.happening](event)
