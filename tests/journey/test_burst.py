"""A burst keeps its best shot and a runner-up, and the faces of one unbroken good run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.journey.burst import Burst
from appliance.journey.ports import Look
from appliance.vision.face_comparison import VALUES, Embedding
from appliance.vision.face_landmarks import POINTS, FaceMesh
from appliance.vision.track import Sighting
from drivers.api import Frame

MESH = FaceMesh(np.zeros((POINTS, 3), np.float32), 1.0, 640, 480)
RANKS = st.tuples(st.integers(0, 5), st.integers(0, 5))


def frame(shade: int) -> Frame:
    return Frame.of(np.full((4, 4, 3), shade, np.uint8), 0.0, "camera")


def look(rank: tuple[float, ...] = (0.5,), who: float | None = 0.0, causes: Sequence[str] = ()) -> Look:
    identity = None if who is None else Embedding(np.full(VALUES, who, np.float32))
    return Look(tuple(causes), (), (0, 0, 1, 1), Sighting(MESH, np.zeros(1, np.float32), identity), None, rank)


@given(st.lists(RANKS, min_size=1, max_size=20))
def test_the_two_greatest_are_kept(ranks: list[tuple[int, int]]) -> None:
    burst = Burst()
    for number, rank in enumerate(ranks):
        burst.add(frame(number), look(rank))
    kept = [shot.look.rank for shot in (burst.best, burst.runner_up) if shot is not None]
    assert kept == sorted(ranks, reverse=True)[:2]


def test_a_picture_sent_twice_is_no_second_sample() -> None:
    burst = Burst()
    burst.add(frame(1), look((1,)))
    burst.add(frame(1), look((2,)))
    assert burst.best is not None and burst.best.look.rank == (1,) and burst.runner_up is None


def test_a_bad_look_ends_the_run_for_who_comes_after_it_may_be_another() -> None:
    burst = Burst()
    for one in (look(who=1.0), look(who=1.0), look(who=1.0, causes=("no_face",)), look(who=2.0)):
        burst.follow(one)
    assert [embedding.values[0] for embedding in burst.live] == [2.0]


def test_a_good_look_without_a_straight_face_adds_nothing() -> None:
    burst = Burst()
    burst.follow(look(who=None))
    burst.follow(replace(look(), sighting=None))
    assert burst.live == []
