"""Segmentation: where the finger lies, how much of it, and whether it goes on beyond the glass."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.vision.finger_region import CELL_MM2, Region, segmented
from simulators.fingers import Condition, impression, master


def region(condition: Condition, person: int = 101) -> Region:
    return segmented(impression(master(person), condition, 1).astype(np.float32))


def drawn(rows: int, columns: int, middle: tuple[int, int], radius: int) -> NDArray[np.float32]:
    down, across = np.indices((rows, columns))
    ridges = 150 + 80 * np.sin(across * 2 * np.pi / 9)
    return np.where(np.hypot(down - middle[0], across - middle[1]) < radius, ridges, 240.0).astype(np.float32)


def test_a_disc_of_ridges_has_its_area_and_its_middle() -> None:
    found = segmented(drawn(400, 300, (250, 120), 70))
    assert found.area_mm2 == pytest.approx(np.pi * (70 * 25.4 / 500) ** 2, rel=0.2)
    assert found.centre == pytest.approx((120 / 300, 250 / 400), abs=0.02)
    assert found.reach == 0 and found.area_mm2 == pytest.approx(found.mask.sum() * CELL_MM2)


def test_a_finger_over_the_edge_reaches_beyond() -> None:
    assert segmented(drawn(300, 300, (150, 0), 90)).reach > 0.1


def test_bare_glass_holds_no_finger() -> None:
    for person in (101, 102, 103):
        assert region(Condition.EMPTY, person).area_mm2 == 0


def test_a_part_is_less_than_the_whole_and_off_centre_lies_aside() -> None:
    whole, part, aside = (region(one) for one in (Condition.GOOD, Condition.PARTIAL, Condition.OFF_CENTRE))
    assert part.area_mm2 < 0.5 * whole.area_mm2
    assert max(abs(place - 0.5) for place in aside.centre) > 0.1 > max(abs(place - 0.5) for place in whole.centre)


def test_drowned_ridges_are_skin_too() -> None:
    assert region(Condition.WET).coverage > 0.9 * region(Condition.GOOD).coverage


@pytest.mark.parametrize("shape", [(0, 0), (5, 300), (16, 16)])
def test_a_picture_too_small_for_a_ridge_holds_none(shape: tuple[int, int]) -> None:
    assert segmented(np.zeros(shape, np.float32)).area_mm2 == 0
