"""The one present View, and everybody who waits for the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from appliance.journey.machine import State
from appliance.journey.view import View


class Screen:
    """Holds the newest View; a slow reader skips what he missed."""

    def __init__(self, language: str) -> None:
        self.view = View(revision=1, state=State.OUT_OF_SERVICE, language=language)
        self.painted_revision = 0
        self._jpeg: bytes | None = None
        self._changed = asyncio.Event()
        self._drawn = asyncio.Event()

    def show(self, **changes: Any) -> None:
        """Change some fields of the View (by its field names); nothing happens when nothing differs."""
        new = replace(self.view, **changes)
        if new == self.view:
            return
        self.view = replace(new, revision=self.view.revision + 1)
        self._changed.set()
        self._changed = asyncio.Event()

    async def changes(self) -> AsyncIterator[View]:
        seen = 0
        while True:
            changed = self._changed
            if self.view.revision != seen:
                seen = self.view.revision
                yield self.view
            else:
                await changed.wait()

    def draw(self, jpeg: bytes | None) -> None:
        """The newest mirror picture; None takes it off."""
        self._jpeg = jpeg
        self._drawn.set()
        self._drawn = asyncio.Event()

    async def jpegs(self) -> AsyncIterator[bytes]:
        while True:
            drawn = self._drawn
            if self._jpeg is not None:
                yield self._jpeg
            await drawn.wait()
