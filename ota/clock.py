"""Which time an update may believe: a kiosk's clock is a coin cell, and a wound-back one revives what has expired."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOO_FAR_S = 2 * 365 * 86400
"""A clock this far ahead of everything signed is broken rather than right: believing it would expire all metadata, and
writing it into the floor would lock the kiosk out for good."""


class ClockState(StrEnum):
    """Shown to people and sent with every state."""

    PLAUSIBLE = "plausible"
    BEHIND = "behind"  # of what has surely passed
    AHEAD = "ahead"  # of anything that is likely


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds since 1970 to judge expiry by, and what the machine's own clock is worth."""

    now_s: int
    state: ClockState


def judge(machine_s: int, floor_s: int) -> Time:
    """`floor_s`: the newest of the build, the last time saved and the last signed thing seen."""
    if machine_s < floor_s:
        return Time(floor_s, ClockState.BEHIND)
    if machine_s > floor_s + TOO_FAR_S:
        return Time(floor_s, ClockState.AHEAD)
    return Time(machine_s, ClockState.PLAUSIBLE)
