"""How brightly the fill light should shine: one step at a time, and not at all on a face that is well lit."""

from __future__ import annotations

from collections.abc import Collection

STEP = 0.25
UNLIT = frozenset({"too_dark", "back_lit"})
"""Causes that a lamp in front mends."""
LOW, HIGH = 60.0, 200.0
"""Median levels 0..255 of a face. Between them a face without fault is left alone: one step never leads across.

The median, because light from behind leaves a bright rim on a dark face, which is what the lamp is for. Very dark
skin in good light lies just below LOW and gets a step or two: that is no harm, a lamp too few would be.
"""

SETTLE_S = 0.5
"""Between two steps: the camera's own exposure answers first, and a lamp that steps twice a second does not flash."""


def next_level(level: float, face_level: float, causes: Collection[str] = ()) -> float:
    """The lamp's next level, 0..1, after seeing `face_level` under `level`, and what is wrong with the frame.

    A face too bright is lit less before one that is said to lack light is lit more; what is not known changes nothing.
    """
    if face_level > HIGH:
        return max(0.0, level - STEP)
    if face_level < LOW or not UNLIT.isdisjoint(causes):
        return min(1.0, level + STEP)
    return level


class Fill:
    """Steps the level no faster than it can be seen to work."""

    def __init__(self) -> None:
        self._level = 0.0
        self._stepped_at_s = float("-inf")

    def update(self, face_level: float, causes: Collection[str], at_s: float) -> float:
        """The level to shine at now; `at_s` monotonic seconds."""
        wanted = next_level(self._level, face_level, causes)
        if wanted != self._level and at_s - self._stepped_at_s >= SETTLE_S:
            self._level, self._stepped_at_s = wanted, at_s
        return self._level
