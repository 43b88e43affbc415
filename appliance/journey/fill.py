"""How brightly the fill light should shine: one step at a time, and not at all on a face that is well lit."""

from __future__ import annotations

import math

STEP = 0.25
LOW, HIGH = 95.0, 225.0
"""Levels 0..255 of the bright parts of a face. Between them nothing changes: one step never leads across."""

SETTLE_S = 0.5
"""Between two steps: the camera's own exposure answers first, and a lamp that steps twice a second does not flash."""


def next_level(level: float, face_level: float) -> float:
    """The lamp's next level, 0..1, after seeing `face_level` under `level`; what is not known changes nothing."""
    if math.isnan(face_level) or LOW <= face_level <= HIGH:
        return level
    step = STEP if face_level < LOW else -STEP
    return min(1.0, max(0.0, level + step))


class Fill:
    """Steps the level no faster than it can be seen to work."""

    def __init__(self) -> None:
        self._level = 0.0
        self._stepped_at_s = float("-inf")

    def update(self, face_level: float, at_s: float) -> float:
        """The level to shine at now; `at_s` monotonic seconds."""
        wanted = next_level(self._level, face_level)
        if wanted != self._level and at_s - self._stepped_at_s >= SETTLE_S:
            self._level, self._stepped_at_s = wanted, at_s
        return self._level
