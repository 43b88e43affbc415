"""Server-sent events: "something changed", and a beat so that a page can tell silence from a broken line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from central.store.api import StoreUnavailable

POLL_S = 0.4
BEAT_S = 2.0
RETRY_MS = 1000
AWAY = -1


class Pulse:
    """Watches the store's version once for all pages. `version` is AWAY while the database is."""

    def __init__(self, read_version: Callable[[], Awaitable[int]]) -> None:
        self._read = read_version
        self._changed = asyncio.Condition()
        self._closing = False
        self.version = AWAY

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                now = await self._read()
            except StoreUnavailable:
                now = AWAY
            if now != self.version:
                async with self._changed:
                    self.version = now
                    self._changed.notify_all()
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        """Every open stream ends: a server waits for them when it stops."""
        async with self._changed:
            self._closing = True
            self._changed.notify_all()

    async def events(self, seen: int) -> AsyncIterator[str]:
        """`change` with the version as id whenever it is not the one `seen`, `away` when there is none, else `beat`."""
        yield f"retry: {RETRY_MS}\n\n"
        while not self._closing:
            if self.version != seen:
                seen = self.version
                yield "event: away\ndata:\n\n" if seen == AWAY else f"id: {seen}\nevent: change\ndata: {seen}\n\n"
            else:
                yield "event: beat\ndata:\n\n"
            await self._wait(seen)

    async def _wait(self, seen: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(BEAT_S), self._changed:
                await self._changed.wait_for(lambda: self._closing or self.version != seen)
