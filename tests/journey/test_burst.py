"""A burst keeps its best frames, and the faces of one unbroken good run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from appliance.journey.burst import Burst
from appliance.journey.ports import Look
from appliance.vision.face_comparison import VALUES, Embedding
from appliance.vision.face_landmarks import POINTS, FaceMesh
from appliance.vision.track import Sighting
from drivers.api import Frame

MESH = FaceMesh(np.zeros((POINTS, 3), np.float32), 1.0, 640, 480)


def frame(shade: int) -> Frame:
    return Frame.of(np.full((4, 4, 3), shade, np.uint8), 0.0, "camera")


def look(rank: float = 0.5, who: float | None = 0.0, causes: Sequence[str] = ()) -> Look:
    identity = None if who is None else Embedding(np.full(VALUES, who, np.float32))
    return Look(tuple(causes), (), (0, 0, 1, 1), Sighting(MESH, np.zeros(1, np.float32), identity), None, rank)


@pytest.mark.parametrize("ranks", [(0.3, 0.9, 0.6), (0.9, 0.6, 0.3), (0.6, math.nan, 0.9)])
def test_the_best_two_are_kept_and_no_number_never_wins(ranks: Sequence[float]) -> None:
    burst = Burst()
    for shade, rank in enumerate(ranks):
        burst.add(frame(shade), look(rank))
    assert burst.best is not None and burst.runner_up is not None
    assert (burst.best.look.rank, burst.runner_up.look.rank) == (0.9, 0.6)


def test_a_picture_sent_twice_is_no_second_sample() -> None:
    burst = Burst()
    burst.add(frame(1), look(0.5))
    burst.add(frame(1), look(0.5))
    assert burst.runner_up is None


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
