"""The learning rate over a training: it rises, holds, and falls as a half cosine. Needs no torch."""

from __future__ import annotations

import math


def share(iteration: int, warm_up: int, holds: int, iterations: int) -> float:
    """Share of the full rate at an iteration counted from 0; from `holds` on it falls, to nothing at the end."""
    if iteration < holds:
        return min(1.0, (iteration + 1) / warm_up)
    return 0.5 + 0.5 * math.cos(math.pi * (iteration - holds) / (iterations - holds))
