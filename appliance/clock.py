"""What time it is, and how far it can be believed: the two clocks, the floor, and the stamp on every record.

A kiosk without a battery-backed clock wakes in the past. The *floor* is the newest time it has proof of: when it
was built, when the newest artefact it verified was signed, when it last saved the time. Below the floor no wall
time is true; at or above it the time is only TRUSTED while the kernel itself says that something disciplines it
(adjtimex(2): STA_UNSYNC clear). timesyncd, chrony, ntpd and GNSS daemons all report there. The kernel sets
STA_UNSYNC again by itself when nothing has steered the clock for long (its error bound passes 16 s).
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from appliance import durable
from border.encounter import ClockState, Stamp

BUILT_WALL_MS = 1_735_689_600_000
"""2025-01-01 00:00 UTC: this program did not exist before. A release may only move it forward."""

SAVE_EVERY_S = 600.0
STA_UNSYNC = 0x40
TIME_ERROR = 5


class Clock(Protocol):
    """Two clocks. `utc_now` may jump: dates and records only. `monotonic_s`: durations, and nothing else."""

    def utc_now(self) -> datetime: ...

    def monotonic_s(self) -> float: ...


class SystemClock:
    """The machine's own."""

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()


def wall_ms(clock: Clock) -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return round(clock.utc_now().timestamp() * 1000)


def stamp(clock: Clock, *, boot_id: str, floor_ms: int, synchronised: bool) -> Stamp:
    """Now, with the honest word on it. A wall time below the floor is UNTRUSTED whatever the kernel says."""
    now_ms = wall_ms(clock)
    above = ClockState.TRUSTED if synchronised else ClockState.FLOOR
    state = above if now_ms >= floor_ms else ClockState.UNTRUSTED
    return Stamp(now_ms, round(clock.monotonic_s() * 1000), boot_id, state)


class _Timeval(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2); the kernel's layout on every Linux with 64 or 32 bit long."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


def kernel_says_synchronised() -> bool:
    """Ask adjtimex(2) without changing anything. A kernel that will not say counts as no."""
    answer = _Timex()
    libc = ctypes.CDLL(None, use_errno=True)
    state = int(libc.adjtimex(ctypes.byref(answer)))
    return 0 <= state < TIME_ERROR and not answer.status & STA_UNSYNC


def read_boot_id() -> str:
    """The kernel's name for this boot; a monotonic time means something only beside it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class TimeKeeper:
    """Stamps records, and remembers the floor across restarts. Used from one thread, or read-only from several.

    `saved` is a small file with one decimal number: milliseconds since 1970 UTC.
    """

    def __init__(
        self,
        clock: Clock,
        saved: Path,
        *,
        boot_id: str,
        synchronised: Callable[[], bool] = kernel_says_synchronised,
    ) -> None:
        self.clock = clock
        self.boot_id = boot_id
        self._saved = saved
        self._synchronised = synchronised
        self._floor_ms = max(BUILT_WALL_MS, _read_ms(saved))
        self._saved_at_s = clock.monotonic_s()

    @property
    def floor_ms(self) -> int:
        return self._floor_ms

    def raise_floor(self, signed_at_ms: int) -> None:
        """A verified artefact was signed then, so it is later now. The floor never sinks."""
        self._floor_ms = max(self._floor_ms, signed_at_ms)

    def stamp(self) -> Stamp:
        return stamp(
            self.clock,
            boot_id=self.boot_id,
            floor_ms=self._floor_ms,
            synchronised=self._synchronised(),
        )

    def save_if_due(self) -> bool:
        """Every SAVE_EVERY_S: keep the time for the next boot. Only a trusted time may raise the floor."""
        now_s = self.clock.monotonic_s()
        if now_s - self._saved_at_s < SAVE_EVERY_S:
            return False
        self.save()
        return True

    def save(self) -> None:
        """Write the floor now. Raises OSError."""
        at = self.stamp()
        if at.clock is ClockState.TRUSTED:
            self.raise_floor(at.wall_ms)
        durable.write(self._saved, b"%d\n" % self._floor_ms)
        self._saved_at_s = self.clock.monotonic_s()


def _read_ms(path: Path) -> int:
    """0 when there is none, or when it is no number: then the build time is the floor."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
