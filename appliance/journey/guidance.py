"""One hint at a time: of what stands, what mends most; nothing is said of a moment, and nothing only for one."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from appliance.vision.framing import ORDER

WINDOW_S = 0.7
"""How far back a cause is looked for."""
APPEAR_S = 0.35
"""A cause must have been there so long before it is said: a blink is not a hint."""
APPEAR, KEEP = 0.6, 0.3
"""Of the frames looked back at, what share must have a cause to be said, and to go on being said."""
STAY_S = 1.6
"""A hint once said stays this long, so that it can be read, heard and followed."""

EFFECT = {str(cause): place for place, cause in enumerate(ORDER)}
"""Lower: its hint mends more. Hints of other steps, which no table ranks, come last."""


class Guide:
    """Hysteresis for hints. Feed it each frame's causes with the time; it answers with the hint to show.

    A cause at its limit comes and goes from frame to frame; it is counted over a window, so that it neither
    flickers nor, coming and going, is never said.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, frozenset[str]]] = deque()
        self._shown: str | None = None
        self._shown_at_s = float("-inf")

    def update(self, causes: Sequence[str], at_s: float) -> str | None:
        """What is wrong with a frame, empty when all is well; `at_s` monotonic seconds. The hint to show."""
        self._seen.append((at_s, frozenset(causes)))
        while self._seen[0][0] < at_s - WINDOW_S:
            self._seen.popleft()
        if self._shown is None or at_s - self._shown_at_s >= STAY_S:
            wanted = self._wanted(at_s)
            if wanted != self._shown:
                self._shown, self._shown_at_s = wanted, at_s
        return self._shown

    def _wanted(self, at_s: float) -> str | None:
        """Of the causes that stand the one whose hint has the most effect."""
        standing = [cause for cause in set().union(*(causes for _, causes in self._seen)) if self._stands(cause, at_s)]
        return min(standing, key=lambda cause: (EFFECT.get(cause, len(EFFECT)), cause), default=None)

    def _stands(self, cause: str, at_s: float) -> bool:
        having = [seen_at_s for seen_at_s, causes in self._seen if cause in causes]
        share = len(having) / len(self._seen)
        if cause == self._shown:
            return share >= KEEP
        return share >= APPEAR and at_s - having[0] >= APPEAR_S
