"""Cutting a stream of bytes into frames: the part every codec of ours shares. No port, no clock, no thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from drivers.errors import WireCorrupt

T = TypeVar("T")
MIN_REPORTED_SKIP = 8  # fewer stray bytes are line noise, more are a frame that lost its head


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one look at the buffer says.

    `used` 0: more bytes are needed. Otherwise that many bytes leave the buffer, and they were
    a `frame`, or a frame that is `broken` (with the reason), or neither: noise, skipped in silence.
    """

    used: int
    frame: T | None = None
    broken: str = ""


Parse = Callable[[bytearray, bool], Step[T]]
"""Looks at a buffer (never empty, never changed) and whether the line has since fallen silent."""


class FrameReader(Generic[T]):
    """Feed bytes as they come, ask for frames; a fault in byte 900 cannot lose the frame that ended at 300."""

    def __init__(self, device: str, parse: Parse[T]) -> None:
        self._device = device
        self._parse = parse
        self._buffer = bytearray()
        self._skipped = 0
        self._silent = False

    @property
    def partial(self) -> bool:
        """Something has begun that is not over."""
        return bool(self._buffer) or self._skipped > 0

    def feed(self, data: bytes) -> None:
        self._buffer += data
        self._silent = False

    def idle(self) -> None:
        """The line is silent: what is incomplete now will never be completed."""
        self._silent = True

    def next_frame(self) -> T | None:
        """The next whole frame; None: feed more. Raises `WireCorrupt` once per broken frame, then goes on."""
        while self._buffer:
            step = self._parse(self._buffer, self._silent)
            if not step.used:
                if not self._silent:
                    return None
                step = Step(1, broken="a frame was cut short")
            del self._buffer[: step.used]
            if step.broken:
                self._skipped = 0
                raise WireCorrupt(self._device, step.broken)
            if step.frame is not None:
                self._skipped = 0
                return step.frame
            self._skipped += step.used
        self._report_skipped()
        return None

    def _report_skipped(self) -> None:
        if self._silent:
            skipped, self._skipped = self._skipped, 0
            if skipped >= MIN_REPORTED_SKIP:
                raise WireCorrupt(self._device, f"{skipped} bytes without a frame in them")
