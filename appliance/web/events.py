"""Server-sent events with a beat, so that a page can tell "nothing new" from "nobody there"."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from starlette.responses import StreamingResponse

BEAT_S = 2.0
RETRY_MS = 1000

T = TypeVar("T")


def message(data: str, *, event: str, id: str | None = None) -> str:
    """One event as it goes over the wire; `data` may have several lines."""
    head = f"id: {id}\n" if id is not None else ""
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"{head}event: {event}\n{lines}\n"


BEAT = message("", event="beat")
GREETING = f"retry: {RETRY_MS}\n\n"


async def beating(changes: AsyncIterator[T], beat_s: float = BEAT_S) -> AsyncGenerator[T | None, None]:
    """The changes as they come, and None whenever `beat_s` passed without one."""
    waiting = asyncio.ensure_future(anext(changes))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=beat_s)
            if not done:
                yield None
                continue
            try:
                value = waiting.result()
            except StopAsyncIteration:
                return
            yield value
            waiting = asyncio.ensure_future(anext(changes))
    finally:
        waiting.cancel()


def stream(events: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )
