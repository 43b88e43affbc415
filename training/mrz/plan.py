"""How long the training goes on, on what, and at what rate: a plan that can be lengthened while the rate is held."""

from __future__ import annotations

from dataclasses import dataclass

from training.rate import share

LAST_SHARE = 0.35  # of the iterations: then CTC, and the rate falls to nothing
WARM_UP = 100
ITERATIONS_PER_SHARD = 100  # the pool grows as it is made, so that training need not wait for all of it


@dataclass(frozen=True, slots=True)
class Plan:
    """`shards`: of shards.SHARD_LINES lines each. The same plan gives the same batches on every machine."""

    iterations: int = 2800
    shards: int = 28
    seed: int = 1

    @property
    def placed(self) -> int:
        """How many iterations, from the first, are told the places."""
        return round(self.iterations * (1 - LAST_SHARE))

    def rate(self, iteration: int) -> float:
        """Share of the full rate at an iteration counted from 0."""
        return share(iteration, WARM_UP, self.placed, self.iterations)

    def pool(self, iteration: int) -> int:
        """How many shards an iteration may draw from."""
        return min(self.shards, 1 + iteration // ITERATIONS_PER_SHARD)
