"""How long the locator's training goes on, and at what rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

WARM_UP, FALLING = 60, 0.5  # iterations; share of them at the end


@dataclass(frozen=True, slots=True)
class Plan:
    """The same plan draws the same scenes on every machine."""

    iterations: int = 2000
    seed: int = 1

    def rate(self, iteration: int) -> float:
        """Share of RATE at an iteration counted from 0: it rises, holds, and falls as a half cosine."""
        holds = round(self.iterations * (1 - FALLING))
        if iteration < holds:
            return min(1.0, (iteration + 1) / WARM_UP)
        return 0.5 + 0.5 * math.cos(math.pi * (iteration - holds) / (self.iterations - holds))
