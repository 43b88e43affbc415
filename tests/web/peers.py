"""A journey and a mirror that a test drives by hand: small, true to the Protocols, safe across threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from appliance.journey.machine import State
from appliance.journey.view import Touch, View


class HandJourney:
    """Shows what the test says and keeps what the page said."""

    def __init__(self) -> None:
        self.view = View(revision=1, state=State.IDLE, language="en")
        self.touches: list[tuple[Touch, str | None]] = []
        self.painted_revisions: list[int] = []
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def show(self, **changes: Any) -> View:
        with self._lock:
            self.view = replace(self.view, **changes, revision=self.view.revision + 1)
            for loop, event in self._waiting:
                loop.call_soon_threadsafe(event.set)
            return self.view

    async def changes(self) -> AsyncIterator[View]:
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        self._waiting.append(entry)
        try:
            while True:
                event.clear()
                yield self.view
                await event.wait()
        finally:
            self._waiting.remove(entry)

    def touch(self, touch: Touch, language: str | None = None) -> bool:
        self.touches.append((touch, language))
        return True

    def painted(self, revision: int) -> None:
        self.painted_revisions.append(revision)


class HandMirror:
    """Sends one picture, again and again, until told to end."""

    def __init__(self) -> None:
        ramp = np.linspace(40, 215, 640, dtype=np.uint8)
        picture = np.repeat(np.repeat(ramp[None, :, None], 480, axis=0), 3, axis=2)
        picture[:, :320, 2] = 250  # the camera's left half is reddish, so that a mirror can be told
        self.jpeg: bytes = cv2.imencode(".jpg", picture)[1].tobytes()
        self.is_over = False

    async def jpegs(self) -> AsyncIterator[bytes]:
        while not self.is_over:
            yield self.jpeg
            await asyncio.sleep(0.05)
