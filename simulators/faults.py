"""What can be wrong with a device or its wire, as knobs that may be turned while it runs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SPLIT_BYTES = 7


@dataclass(slots=True)
class Faults:
    """All off. Turn from any thread; the next thing sent obeys. Unplugging is a method of each simulator."""

    mute: bool = False  # says nothing at all
    delay_s: float = 0.0  # everything comes this much later, in its old order
    split: bool = False  # in pieces of 1 to 7 bytes with pauses between them
    noisy: float = 0.0  # share of the bytes in which one bit is turned
    lossy: float = 0.0  # share of the bytes that never arrive
    wrong_status: bool = False  # answers, but not with what was asked for
    patience_s: float = 0.5  # what a host leaves unread for so long is lost, as it would be on a UART
    leaves_after_bytes: int | None = None  # says so many bytes yet, then its cable is pulled, once
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def pieces(self, data: bytes) -> list[bytes]:
        """What of `data` reaches the other end, and in which pieces."""
        if self.mute:
            return []
        data = bytes(byte for byte in data if not (self.lossy and self.dice.random() < self.lossy))
        if self.noisy:
            data = bytes(self._turned(byte) for byte in data)
        return self._cut(data) if self.split else [data]

    def before_leaving(self, data: bytes) -> tuple[bytes, bool]:
        """What of the next bytes is still said, and whether the cable is pulled behind it."""
        if self.leaves_after_bytes is None:
            return data, False
        said = data[: self.leaves_after_bytes]
        self.leaves_after_bytes -= len(said)
        is_leaving = self.leaves_after_bytes == 0
        if is_leaving:
            self.leaves_after_bytes = None
        return said, is_leaving

    def clear(self) -> None:
        """All off again."""
        self.leaves_after_bytes = None
        self.mute = self.split = self.wrong_status = False
        self.delay_s = self.noisy = self.lossy = 0.0

    def _turned(self, byte: int) -> int:
        return byte ^ (1 << self.dice.randrange(8)) if self.dice.random() < self.noisy else byte

    def _cut(self, data: bytes) -> list[bytes]:
        cut = []
        while data:
            size = self.dice.randint(1, SPLIT_BYTES)
            cut.append(data[:size])
            data = data[size:]
        return cut
