"""Blinks are counted against the person's own eyes, so that narrow eyes are not taken for closed ones."""

from __future__ import annotations

import math

import pytest

from appliance.vision.blink import BlinkCounter


def count(gaps: list[float], step_s: float = 0.1) -> int:
    counter = BlinkCounter()
    for number, gap in enumerate(gaps):
        counter.feed(gap, number * step_s)
    return counter.blinks


@pytest.mark.parametrize("usual", [0.08, 0.02])
def test_wide_and_narrow_eyes_blink_alike(usual: float) -> None:
    assert count([usual] * 8 + [usual * 0.3] * 2 + [usual] * 6 + [usual * 0.5] + [usual] * 3) == 2


def test_eyes_that_stay_closed_or_only_narrow_do_not_blink() -> None:
    assert count([0.05] * 8 + [0.01] * 9 + [0.05] * 4) == 0
    assert count([0.05] * 8 + [0.04] * 3 + [0.05] * 4) == 0


def test_nothing_is_a_blink_before_the_own_median_is_known_and_nan_is_passed_over() -> None:
    assert count([0.05, 0.01, 0.05, 0.01, 0.05]) == 0
    assert count([0.05] * 6 + [math.nan, 0.01, math.nan] + [0.05] * 2) == 1
