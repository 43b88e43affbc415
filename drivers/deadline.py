"""One deadline for one call: how long it may still take, and whether its caller has left."""

from __future__ import annotations

import math
import threading
import time

from drivers.errors import Cancelled, DeviceTimeout


class Deadline:
    """Made for exactly one call, so that cancelling it cannot poison the next traveller's.

    `seconds` may be `math.inf` (wait until cancelled). Thread-safe: one thread waits, any thread cancels.
    """

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:  # also refuses NaN
            raise ValueError(f"a deadline needs seconds >= 0, not {seconds}")
        self._ends_at_s = time.monotonic() + seconds
        self._left = threading.Event()

    @property
    def remaining_s(self) -> float:
        """Seconds left, never negative; `math.inf` when there is no limit."""
        return max(0.0, self._ends_at_s - time.monotonic())

    @property
    def cancelled(self) -> bool:
        return self._left.is_set()

    def cancel(self) -> None:
        """The caller leaves; the next `check` raises `Cancelled`."""
        self._left.set()

    def check(self, device: str) -> None:
        """Raise `Cancelled` or `DeviceTimeout` when the call should end."""
        if self._left.is_set():
            raise Cancelled(device, "the caller left")
        if self.remaining_s <= 0:
            raise DeviceTimeout(device, "no answer in time")

    def pause(self, device: str, seconds: float) -> None:
        """Sleep that ends early when the caller leaves; then `check`."""
        self._left.wait(min(seconds, self.remaining_s))
        self.check(device)

    def within(self, seconds: float) -> Deadline:
        """A shorter deadline inside this one; cancelling either ends a wait on the inner one."""
        inner = Deadline(min(seconds, self.remaining_s) if math.isfinite(seconds) else self.remaining_s)
        inner._left = self._left
        return inner
