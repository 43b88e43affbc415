"""Blinks against the person's own eyes: how far the lids stand apart now, beside their running median.

A fixed limit would take narrow eyes for closed ones. An extra sign of life that is recorded, and never asked for:
many people do not blink within a few seconds, and a film blinks as its person did.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

CLOSED, OPEN = 0.65, 0.80  # of the own median
REMEMBERED = 40  # frames
ENOUGH = 5  # frames before anything is a blink
MAX_S = 0.6  # closed for longer is no blink


class BlinkCounter:
    """Feed it the gap of the narrower eye, in any unit that stays the same."""

    def __init__(self) -> None:
        self.blinks = 0
        self._gaps: deque[float] = deque(maxlen=REMEMBERED)
        self._closed_at_s: float | None = None

    def feed(self, gap: float, at_s: float) -> None:
        """One frame; a gap that is no number is passed over."""
        if not math.isfinite(gap):
            return
        usual = median(self._gaps) if len(self._gaps) >= ENOUGH else math.inf
        self._gaps.append(gap)
        if not math.isfinite(usual):
            return
        if gap < CLOSED * usual:
            self._closed_at_s = at_s if self._closed_at_s is None else self._closed_at_s
        elif gap > OPEN * usual and self._closed_at_s is not None:
            self.blinks += at_s - self._closed_at_s <= MAX_S
            self._closed_at_s = None
