"""The simulated module's library: an impression that lies as before is known again, grain or not; others are not."""

from __future__ import annotations

import numpy as np

from simulators.fingers import Condition, impression, master
from simulators.zfm_library import CAPACITY, LEAST_SCORE, TEMPLATE_BYTES, Library, template

FINGER = impression(master(3), Condition.GOOD, seed=1)
OTHER = impression(master(8), Condition.GOOD, seed=1)
GRAINY = (FINGER + np.random.default_rng(1).normal(0, 25, FINGER.shape)).clip(0, 255).astype(np.uint8)


def test_grain_does_not_hide_a_finger_and_another_is_another() -> None:
    library = Library()
    assert library.extract(FINGER, 1) == 0
    assert library.store(1, 4) == 0
    assert library.extract(GRAINY, 1) == 0
    code, page, score = library.search(1, 0, CAPACITY)
    assert (code, page) == (0, 4) and 70 <= score < 100
    assert library.extract(OTHER, 1) == 0
    assert library.search(1, 0, CAPACITY) == (9, 0, 0)


def test_only_the_pages_asked_for_are_searched_and_the_level_decides() -> None:
    library = Library()
    library.extract(FINGER, 1)
    library.store(1, 4)
    assert library.search(1, 5, 10)[0] == 9
    assert library.search(1, 0, 4)[0] == 9
    assert library.search(1, 4, 1)[0] == 0
    assert sorted(LEAST_SCORE.values()) == list(LEAST_SCORE.values())


def test_a_template_of_another_length_is_like_none() -> None:
    library = Library(buffers={1: bytes(10), 2: bytes(10)})
    assert library.match() == (8, 0)
    assert len(template(FINGER)) == TEMPLATE_BYTES


def test_pages_end() -> None:
    library = Library()
    library.extract(FINGER, 1)
    assert library.store(1, CAPACITY) == library.load(1, CAPACITY) == library.delete(CAPACITY, 1) == 0x0B
    assert library.store(2, 0) == 0x07
    assert library.load(1, 0) == 0x0C
    assert library.index(3) == bytes(32)
