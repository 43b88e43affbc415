"""One hint at a time: the worst cause wins, once it has stood a moment, and then stays long enough to be read."""

from __future__ import annotations

from collections.abc import Sequence

APPEAR_S = 0.35
"""A cause must stand this long before it is said: a blink is not a hint."""
STAY_S = 1.6
"""A hint once said stays this long, so that it can be read, heard and followed."""


class Guide:
    """Hysteresis for hints. Feed it ranked causes with the time; it answers with the hint to show."""

    def __init__(self) -> None:
        self._shown: str | None = None
        self._shown_at_s = float("-inf")
        self._candidate: str | None = None
        self._candidate_at_s = 0.0

    def update(self, causes: Sequence[str], at_s: float) -> str | None:
        """`causes` worst first, empty when all is well; `at_s` monotonic seconds."""
        worst = causes[0] if causes else None
        if worst != self._candidate:
            self._candidate, self._candidate_at_s = worst, at_s
        stood = at_s - self._candidate_at_s >= APPEAR_S
        readable = self._shown is None or at_s - self._shown_at_s >= STAY_S
        if worst != self._shown and stood and readable:
            self._shown, self._shown_at_s = worst, at_s
        return self._shown
