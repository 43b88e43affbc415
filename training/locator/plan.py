"""How long the locator's training goes on, and at what rate."""

from __future__ import annotations

from dataclasses import dataclass

from training.rate import share

WARM_UP, FALLING = 60, 0.5  # iterations; share of them at the end


@dataclass(frozen=True, slots=True)
class Plan:
    """The same plan draws the same scenes on every machine."""

    iterations: int = 2000
    seed: int = 1

    def rate(self, iteration: int) -> float:
        """Share of the full rate at an iteration counted from 0."""
        return share(iteration, WARM_UP, round(self.iterations * (1 - FALLING)), self.iterations)
