"""Drawn prints: equal seeds draw equal prints, faults do what their names say, and the kept teacher knows an order."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.vision.finger_measures import NAMES
from training.finger.dataset import drawn_at_the_quay
from training.finger.impressions import HELD_OUT, LOOKS, Fault, Impression, touched
from training.finger.order import kept, rank_correlation
from training.finger.patterns import Pattern, grown


@pytest.fixture(scope="module")
def pattern() -> Pattern:
    return grown(np.random.default_rng(3))


def one(pattern: Pattern, look: int, fault: Fault, seed: int = 5) -> Impression:
    return touched(np.random.default_rng(seed), pattern, LOOKS[look], fault, 0)


@pytest.mark.parametrize("look", range(len(LOOKS)))
@pytest.mark.parametrize("fault", Fault)
def test_every_look_can_have_every_fault_and_the_same_again(pattern: Pattern, look: int, fault: Fault) -> None:
    first, second = one(pattern, look, fault), one(pattern, look, fault)
    assert np.array_equal(first.pixels, second.pixels)
    assert first.pixels.shape == LOOKS[look].sizes[0] and first.pixels.dtype == np.uint8
    assert 0 <= first.quality <= 1


def test_wet_is_darker_than_dry_and_residue_fainter_than_either(pattern: Pattern) -> None:
    dry, wet, left, none = (
        one(pattern, 0, fault).pixels.astype(float) for fault in (Fault.DRY, Fault.WET, Fault.RESIDUE, Fault.EMPTY)
    )
    assert wet.mean() < dry.mean() < none.mean()
    assert none.std() < left.std() < min(dry.std(), wet.std())


def test_some_looks_are_kept_from_the_training() -> None:
    assert set(HELD_OUT) < {look.name for look in LOOKS}


def test_the_quays_impressions_are_one_more_look() -> None:
    drawn = drawn_at_the_quay(101, 1)
    assert {impression.fault for impression in drawn} >= {Fault.NONE, Fault.DRY, Fault.EMPTY}


def test_the_kept_teacher_ranks_certain_ridges_above_uncertain_ones() -> None:
    teacher = kept()
    rows = teacher.alike(np.random.default_rng(1), 400)
    certain = rows[:, NAMES.index("OCL_Bin10_Mean")]
    assert rank_correlation(teacher.scores(rows), certain) > 0.4


def test_ranks_of_equals_are_shared() -> None:
    assert rank_correlation(np.array([1.0, 2, 2, 3]), np.array([1.0, 5, 5, 9])) == pytest.approx(1)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
