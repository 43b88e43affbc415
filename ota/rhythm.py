"""When to ask: every few hours by itself, and sooner when something new is announced. Pure; who calls tells the time.

Nobody can make a device ask often. What is announced and proves to be newer is asked after within the spread, each
device at its own moment; what cannot be believed is worth one question an hour, because a key may have been replaced
since this device last asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

STRANGE_S = 3600.0
UNEVEN = 0.1
"""So much longer than the rest the slowest device waits: a fleet switched on together does not ask together."""


class Hint(StrEnum):
    """What an announcement is worth."""

    NEWER = "newer"  # signed, and of a version that was not seen
    KNOWN = "known"  # signed, and seen
    STRANGE = "strange"  # not signed by a key that is known here, or no announcement at all


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Monotonic seconds. `next_s`: when to ask; `heard_s`, `strange_s`: the last question that an announcement of
    either kind was given."""

    device: str
    poll_s: float
    spread_s: float
    next_s: float = 0.0
    heard_s: float = float("-inf")
    strange_s: float = float("-inf")

    def is_due(self, now_s: float) -> bool:
        return now_s >= self.next_s


def asked(rhythm: Rhythm, now_s: float) -> Rhythm:
    """The next one by itself."""
    return replace(rhythm, next_s=now_s + rhythm.poll_s * (1 + UNEVEN * _share(rhythm.device, b"poll")))


def heard(rhythm: Rhythm, hint: Hint, data: bytes, now_s: float) -> Rhythm:
    """An announcement came. Sooner than planned, or nothing."""
    wait_s = rhythm.spread_s * _share(rhythm.device, data)
    if hint is Hint.NEWER:
        at_s = max(now_s, rhythm.heard_s + rhythm.spread_s) + wait_s
        return replace(rhythm, next_s=min(rhythm.next_s, at_s), heard_s=at_s)
    if hint is Hint.STRANGE and now_s >= rhythm.strange_s + STRANGE_S:
        return replace(rhythm, next_s=min(rhythm.next_s, now_s + wait_s), strange_s=now_s)
    return rhythm


def _share(device: str, data: bytes) -> float:
    """0 to 1, even over devices, another for each announcement."""
    digest = hashlib.sha256(device.encode() + b"\n" + data).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
