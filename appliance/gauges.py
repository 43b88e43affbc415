"""What is measured now and then, because asking each time would cost too much: power, and how long the disk lasts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from appliance import power
from appliance.clock import TimeKeeper, wall_ms
from appliance.post import autonomy
from appliance.post.keeper import Keeper

log = logging.getLogger(__name__)

EVERY_S = 5.0
DISK_EVERY = 12
"""Each so manieth look also asks how many days the disk lasts."""


class Gauges:
    """Written by the loop, read from any thread; values are replaced whole."""

    def __init__(self) -> None:
        self.power = power.read()
        self.storage_days: float | None = None


async def watch(
    gauges: Gauges, keeper: Keeper, times: TimeKeeper, free_bytes: Callable[[], int], hard_mark_bytes: int
) -> None:
    """For ever. A disk that does not answer is logged; the last value stands."""
    looks = 0
    while True:
        gauges.power = await asyncio.to_thread(power.read)
        if looks % DISK_EVERY == 0:
            try:
                now, free = wall_ms(times.clock), await asyncio.to_thread(free_bytes)
                gauges.storage_days = await keeper.call(
                    lambda journal, now=now, free=free: autonomy.days(journal, now, free, hard_mark_bytes)  # type: ignore[misc]
                )
            except OSError as error:
                log.error("gauges: %s", error.__class__.__name__)
        looks += 1
        await asyncio.sleep(EVERY_S)
