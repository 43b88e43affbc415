"""What a kiosk does for itself while nobody looks: forgets what it may no longer keep, and remembers the time."""

from __future__ import annotations

import asyncio
import logging

from appliance.clock import TimeKeeper, wall_ms
from appliance.post.journal import Retention
from appliance.post.keeper import Keeper
from appliance.post.storage import StorageFull

log = logging.getLogger(__name__)

EVERY_S = 60.0


async def keep_up(keeper: Keeper, times: TimeKeeper, retention: Retention) -> None:
    """For ever, once a minute. A disk that fails is logged and seen on the board; the journey says it politely."""
    while True:
        now = wall_ms(times.clock)
        try:
            await keeper.call(lambda journal, now=now: journal.forget(now, retention))  # type: ignore[misc]
            await asyncio.to_thread(times.save_if_due)
        except (StorageFull, OSError) as error:
            log.error("upkeep: %s", error)
        await asyncio.sleep(EVERY_S)
