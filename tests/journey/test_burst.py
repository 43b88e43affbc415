"""The best shot and its runner-up, by rank."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.journey.burst import Burst
from appliance.journey.ports import Look
from drivers.api import Frame

RANKS = st.tuples(st.integers(0, 5), st.integers(0, 5))


def frame(number: int) -> Frame:
    return Frame.of(np.full((2, 2, 3), number, np.uint8), time.monotonic(), "camera")


def look(rank: tuple[float, ...]) -> Look:
    return Look((), (), (0, 0, 1, 1), None, None, rank)


@given(st.lists(RANKS, min_size=1, max_size=20))
def test_the_two_greatest_are_kept(ranks: list[tuple[int, int]]) -> None:
    burst = Burst()
    for number, rank in enumerate(ranks):
        burst.add(frame(number), look(rank))
    kept = [shot.look.rank for shot in (burst.best, burst.runner_up) if shot is not None]
    assert kept == sorted(ranks, reverse=True)[:2]


def test_the_same_picture_twice_is_one_sample() -> None:
    burst = Burst()
    burst.add(frame(1), look((1,)))
    burst.add(frame(1), look((2,)))
    assert burst.best is not None and burst.best.look.rank == (1,) and burst.runner_up is None
