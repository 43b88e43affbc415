"""One thread per wire: calls queue, leaving early waits until the wire is let go."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from appliance.lane import Lane
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceTimeout


def test_all_calls_run_in_one_thread_one_after_the_other() -> None:
    async def main() -> None:
        lane, seen = Lane("one"), []

        def work(_deadline: Deadline) -> None:
            seen.append(threading.current_thread().name)
            time.sleep(0.01)

        await asyncio.gather(*(lane.call(work, 1.0) for _ in range(5)))
        assert len(set(seen)) == 1
        lane.close()

    asyncio.run(main())


def test_leaving_early_cancels_the_call_and_waits_for_the_wire() -> None:
    async def main() -> None:
        lane, ended = Lane("leave"), threading.Event()

        def work(deadline: Deadline) -> None:
            try:
                deadline.pause("device", 20.0)
            finally:
                time.sleep(0.05)
                ended.set()

        with pytest.raises(asyncio.TimeoutError):
            async with asyncio.timeout(0.1):
                await lane.call(work, 30.0)
        assert ended.is_set(), "the next traveller finds the wire free"
        assert await lane.call(lambda deadline: deadline.cancelled, 1.0) is False
        lane.close()

    asyncio.run(main())


def test_an_exception_of_the_device_reaches_the_caller() -> None:
    async def main() -> None:
        lane = Lane("error")
        with pytest.raises(DeviceTimeout):
            await lane.call(lambda deadline: deadline.pause("device", 1.0), 0.02)
        lane.close()

    asyncio.run(main())


def test_a_cancelled_deadline_ends_an_inner_one_too() -> None:
    outer = Deadline(10.0)
    inner = outer.within(5.0)
    outer.cancel()
    with pytest.raises(Cancelled):
        inner.check("device")


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
def test_a_deadline_refuses_nonsense(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        Deadline(seconds)
