"""The chip step: the document is left lying on the reader, and its chip read with the key that its zone is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from appliance.checks.evidence import PortraitState
from appliance.journey.capture import REOPEN_TRIES, Capture
from appliance.journey.chip_reading import evidence_of, portrait_of
from appliance.journey.comparing import keep_portrait
from appliance.journey.machine import Event
from appliance.journey.visit import SeenPortrait
from border.documents.chip_unread import Unread
from border.documents.mrz_writer import mrz_information
from drivers.api import ChipKeys, ChipReading, Private
from drivers.errors import DeviceError, DeviceGone, DeviceTimeout, DocumentRemoved, WireCorrupt

AGAIN = (Unread.REMOVED, Unread.BROKEN_OFF)
"""What putting the document down once more may mend."""
JUDGED_S = 10.0


async def chip(capture: Capture) -> Event:
    """Ask the chip within policy's tries and times, and go on whatever came of it: the finding says what."""
    visit = capture.visit
    assert visit.document is not None, "a chip is asked for when the zone has been read"
    visit.chip = Unread.NOT_PRESENTED
    keys = ChipKeys(mrz=Private(mrz_information(visit.document)))
    before: Unread | None = None
    for _left in capture.attempts(capture.policy.chip.tries):
        came = await _Asking(capture).answer(keys)
        if isinstance(came, ChipReading):
            await _keep(capture, came)
            break
        visit.chip = before if before is not None and came is Unread.ABSENT else came
        if came not in AGAIN:
            break
        before = came
        capture.bench.screen.show(hint="put_down_again", progress=None)
    return Event.CHIP_DONE


class _Asking:
    """One try: a time to find a chip in, and another from then on to read it in."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Timeout | None = None
        self._is_found = False

    async def answer(self, keys: ChipKeys) -> ChipReading | Unread:
        limits = self._capture.policy.chip
        try:
            async with asyncio.timeout(limits.wait_s) as self._waiting:
                return await self._read(keys, limits.wait_s + limits.read_s)
        except (TimeoutError, DeviceTimeout):
            return Unread.TOO_SLOW if self._is_found else Unread.ABSENT
        except DocumentRemoved:
            return Unread.REMOVED
        except WireCorrupt:
            return Unread.BROKEN_OFF
        except DeviceError:
            return Unread.READER_FAILED
        finally:
            self._waiting = None
            self._capture.is_active()

    async def _read(self, keys: ChipKeys, seconds: float) -> ChipReading:
        """Once more after a moment when the reader is away, so that a replugged one goes on. Raises `DeviceError`."""
        for left in range(REOPEN_TRIES, 0, -1):
            try:
                return await self._capture.bench.devices.read_chip(keys, seconds, self._progress)
            except DeviceGone:
                if left == 1:
                    raise
                await asyncio.sleep(1.0)
        raise AssertionError("the last try returns or raises")

    def _progress(self, share: float) -> None:
        """From the reader's own thread."""
        self._loop.call_soon_threadsafe(self._told, share)

    def _told(self, share: float) -> None:
        if self._waiting is None or self._waiting.expired():
            return
        if not self._is_found:
            self._is_found = True
            self._waiting.reschedule(self._loop.time() + self._capture.policy.chip.read_s)
            self._capture.is_active()
        self._capture.bench.screen.show(hint="leave_lying", progress=round(share, 2))


async def _keep(capture: Capture, reading: ChipReading) -> None:
    """Judge what was read where pictures are judged, for the loop has no time for signatures."""
    visit, lists = capture.visit, capture.bench.lists
    trust, age_hours = lists.trust, lists.trust_age_hours()
    at = datetime.fromtimestamp(capture.bench.stamps.stamp().wall_ms / 1000, UTC)
    visit.chip, portrait = await capture.bench.vision.call(
        lambda _deadline: (evidence_of(reading, visit.lines, trust, age_hours, at), portrait_of(reading)), JUDGED_S
    )
    if portrait is None and "DG2" in reading.files:
        visit.portrait = SeenPortrait(PortraitState.UNREADABLE, None)
    await keep_portrait(capture, portrait, reading.reader)
