"""Receipts that came on a stick: files in a folder, taken as if the broker had brought them, and removed after that."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from appliance import durable
from appliance.clock import TimeKeeper, wall_ms
from appliance.keys import Keys
from appliance.post.keeper import Keeper
from appliance.post.storage import StorageFull
from border.messages.envelope import open_receipts
from border.messages.errors import MessageError
from border.messages.values import AlarmKind

log = logging.getLogger(__name__)

FOLDER = "receipts"
EVERY_S = 2.0
MAX_BYTES = 4_000_000


async def take_receipts(folder: Path, keys: Keys, keeper: Keeper, times: TimeKeeper) -> None:
    """For ever. What is not the centre's, or not for this kiosk, is an alarm, and is removed too."""
    while True:
        for path in await asyncio.to_thread(waiting, folder):
            try:
                await _take(path, keys, keeper, times)
            except (OSError, StorageFull) as error:
                log.error("a receipt from a stick waits: %s", error.__class__.__name__)
        await asyncio.sleep(EVERY_S)


def waiting(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted((folder / FOLDER).glob("*.cose")))


async def _take(path: Path, keys: Keys, keeper: Keeper, times: TimeKeeper) -> None:
    data = await asyncio.to_thread(_read, path)
    now_s, at = times.clock.monotonic_s(), times.stamp()
    try:
        batch = open_receipts(data, keys.receipts, keys.kiosk)
    except MessageError as error:
        log.warning("a receipt on the stick is not taken: %s", error.reason)
        await keeper.call(lambda journal: journal.alarm(AlarmKind.TAMPER, "receipt_not_genuine", at))
    else:
        # the disk first, then the file: cut in between, it is settled once more, which changes nothing
        await keeper.call(lambda journal: journal.settle(batch, now_s, wall_ms(times.clock)))
    await asyncio.to_thread(durable.remove, (path,))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)
