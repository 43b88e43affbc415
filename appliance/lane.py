"""A lane: one thread that owns one wire, so that nothing else ever touches it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from drivers.deadline import Deadline

T = TypeVar("T")

OVERDUE_S = 10.0
"""How long past its deadline a call may hang before the watchdog gives up on the process."""


class Lane:
    """Runs blocking calls one after the other in its own thread; awaited from the loop."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"lane-{name}")
        self._must_end_by_s: float | None = None

    async def call(self, work: Callable[[Deadline], T], seconds: float) -> T:
        """Run `work(deadline)` on the lane; who leaves early cancels it and waits until the wire is let go."""
        deadline = Deadline(seconds)
        running = asyncio.ensure_future(asyncio.wrap_future(self._executor.submit(self._timed, work, deadline)))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            deadline.cancel()
            await asyncio.wait([running])
            running.exception()  # seen, and dropped on purpose: the caller has gone
            raise

    def _timed(self, work: Callable[[Deadline], T], deadline: Deadline) -> T:
        self._must_end_by_s = time.monotonic() + deadline.remaining_s
        try:
            return work(deadline)
        finally:
            self._must_end_by_s = None

    @property
    def is_overdue(self) -> bool:
        """A call has ignored its deadline for OVERDUE_S: only a restart frees this thread."""
        ends = self._must_end_by_s
        return ends is not None and time.monotonic() > ends + OVERDUE_S

    def close(self) -> None:
        """No further calls; does not wait for one that hangs."""
        self._executor.shutdown(wait=False, cancel_futures=True)
