"""The event stream's text, its beat, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from appliance.web.events import beating, message


def test_a_message_carries_every_line_and_its_id() -> None:
    assert message("a\nb", event="view", id="x.3") == "id: x.3\nevent: view\ndata: a\ndata: b\n\n"
    assert message("", event="beat") == "event: beat\ndata: \n\n"


async def _slow_numbers() -> AsyncIterator[int]:
    yield 1
    await asyncio.sleep(0.12)
    yield 2


def test_beats_fill_the_silence_and_the_end_is_the_end() -> None:
    async def listen() -> list[int | None]:
        return [each async for each in beating(_slow_numbers(), 0.05)]

    heard = asyncio.run(listen())
    assert [each for each in heard if each is not None] == [1, 2]
    assert heard[1] is None


def test_leaving_early_stops_the_source() -> None:
    closed = []

    async def source() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await asyncio.sleep(10)
        finally:
            closed.append(True)

    async def listen() -> None:
        changes = beating(source(), 0.01)
        assert await anext(changes) == 1
        assert await anext(changes) is None
        await changes.aclose()
        await asyncio.sleep(0)

    asyncio.run(listen())
    assert closed == [True]
