"""The sums against published values, against other ways to work them out, and for any numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.statistics import (
    Rate,
    clopper_pearson,
    correlation_interval,
    det,
    equal_error_rate,
    error_versus_discard,
    incomplete_beta,
    match_errors,
    mean_versus_discard,
    quantiles,
    ranks,
    rule_of_three,
    spearman,
)

NAN = float("nan")
counts = st.integers(1, 4000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
distances = st.lists(st.floats(0, 2), min_size=1, max_size=40)


class TestClopperPearson:
    @pytest.mark.parametrize(
        ("count", "trials", "low", "high"),
        [
            (0, 785, 0.0, 0.0046882),
            (1, 561, 0.0000451, 0.0098913),
            (0, 10, 0.0, 0.3084971),
            (5, 10, 0.1870860, 0.8129140),
            (1, 20, 0.0012651, 0.2487328),
            (10, 10, 0.6915029, 1.0),
            (8, 10, 0.4439045, 0.9747893),
            (15, 100, 0.0864544, 0.2353075),
        ],
    )
    def test_published_intervals(self, count: int, trials: int, low: float, high: float) -> None:
        assert clopper_pearson(count, trials) == pytest.approx((low, high), abs=1e-6)

    def test_without_trials_nothing_is_known(self) -> None:
        assert clopper_pearson(0, 0) == (0.0, 1.0)

    @given(counts)
    def test_it_holds_the_share_and_mirrors(self, case: tuple[int, int]) -> None:
        count, trials = case
        low, high = clopper_pearson(count, trials)
        assert 0 <= low <= count / trials <= high <= 1
        assert clopper_pearson(trials - count, trials) == pytest.approx((1 - high, 1 - low), abs=1e-9)

    @given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_at_each_end_the_other_tail_holds_a_fortieth(self, case: tuple[int, int]) -> None:
        count, trials = case
        low, high = clopper_pearson(count, trials)
        if count < trials:
            assert float(_at_most(count, trials, high)) == pytest.approx(0.025, rel=1e-6)
        if count:
            assert float(1 - _at_most(count - 1, trials, low)) == pytest.approx(0.025, rel=1e-6)

    @given(st.integers(1, 2000))
    def test_more_trials_without_an_error_say_more(self, trials: int) -> None:
        assert clopper_pearson(0, trials + 1)[1] < clopper_pearson(0, trials)[1]

    def test_a_hundred_thousand_trials_are_no_trouble(self) -> None:
        low, high = clopper_pearson(500, 100_000)
        assert low == pytest.approx(0.004572, abs=2e-6) and high == pytest.approx(0.005458, abs=2e-6)


def _at_most(count: int, trials: int, share: float) -> Fraction:
    """The binomial tail, in whole numbers."""
    p = Fraction(share)
    return sum((math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count + 1)), Fraction(0))


@pytest.mark.parametrize(("x", "a", "b", "value"), [(0.3, 2, 3, 0.3483), (0.5, 5, 5, 0.5), (0.9, 1, 1, 0.9)])
def test_incomplete_beta(x: float, a: float, b: float, value: float) -> None:
    assert incomplete_beta(x, a, b) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(("x", "a", "b"), [(-0.1, 1, 1), (1.1, 1, 1), (0.5, 0, 1), (NAN, 1, 1)])
def test_incomplete_beta_refuses_what_it_is_not_defined_for(x: float, a: float, b: float) -> None:
    with pytest.raises(ValueError, match="I_"):
        incomplete_beta(x, a, b)


def test_rule_of_three() -> None:
    assert rule_of_three(0) == 1
    assert rule_of_three(300) == pytest.approx(0.00994, abs=1e-5)
    assert rule_of_three(785) == pytest.approx(3 / 785, rel=0.01)


class TestRate:
    def test_nothing_tried_is_no_rate(self) -> None:
        assert Rate(0, 0).share is None

    @pytest.mark.parametrize(("count", "trials"), [(-1, 3), (4, 3)])
    def test_impossible_counts_are_refused(self, count: int, trials: int) -> None:
        with pytest.raises(ValueError, match="trials"):
            Rate(count, trials)


class TestDet:
    def test_a_case_by_hand(self) -> None:
        fmr, fnmr = match_errors([0.1, 0.3, 0.7, NAN], [0.5, 0.9, NAN], 0.5)
        assert (fmr, fnmr) == (Rate(1, 3), Rate(2, 4))

    def test_a_distance_that_is_no_number_never_matches(self) -> None:
        curve = det([NAN], [NAN])
        assert curve.fnmr.tolist() == [1.0] and curve.fmr.tolist() == [0.0]

    @given(distances, distances, st.floats(0, 2))
    def test_the_curve_agrees_with_every_single_threshold(
        self, mated: list[float], non_mated: list[float], threshold: float
    ) -> None:
        curve = det(mated, non_mated)
        at = int(np.searchsorted(curve.thresholds, threshold, side="right")) - 1
        fmr, fnmr = match_errors(mated, non_mated, threshold)
        assert curve.fmr[at] == pytest.approx(fmr.share) and curve.fnmr[at] == pytest.approx(fnmr.share)

    @given(distances, distances)
    def test_a_wider_threshold_lets_in_more_and_loses_fewer(self, mated: list[float], non_mated: list[float]) -> None:
        curve = det(mated, non_mated)
        assert np.all(np.diff(curve.fmr) >= 0) and np.all(np.diff(curve.fnmr) <= 0)
        assert curve.fmr[-1] == 1 and curve.fnmr[-1] == 0

    def test_equal_error_rate(self) -> None:
        assert equal_error_rate(det([1, 2, 3, 6], [4, 5, 7, 8])) == pytest.approx(0.25)
        assert equal_error_rate(det([1.0], [])) is None


class TestDiscard:
    def test_a_case_by_hand(self) -> None:
        points = error_versus_discard([True, True, False, False], [1, 2, 3, 4], shares=(0, 0.25, 0.5, 1))
        assert [(p.kept, p.value) for p in points] == [(4, 0.5), (3, pytest.approx(1 / 3)), (2, 0.0), (0, None)]

    def test_quality_that_says_nothing_changes_nothing(self) -> None:
        points = error_versus_discard([True, False, False, False], [5, 5, 5, 5], shares=(0, 0.25, 0.5))
        assert [p.value for p in points] == [0.25, 0.25, 0.25]

    def test_quality_that_is_no_number_goes_first(self) -> None:
        assert error_versus_discard([False, True], [1.0, NAN], shares=(0.5,))[0].value == 0

    @given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=30), st.randoms())
    def test_the_order_of_the_files_changes_nothing(self, rows: list[tuple[bool, int]], rng: object) -> None:
        mixed = list(rows)
        rng.shuffle(mixed)  # type: ignore[attr-defined]
        one, other = (error_versus_discard([e for e, _ in r], [q for _, q in r]) for r in (rows, mixed))
        assert [p.kept for p in one] == [p.kept for p in other]
        assert [p.value for p in one] == pytest.approx([p.value for p in other])

    def test_sides_of_unequal_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="qualities"):
            mean_versus_discard([1.0], [1.0, 2.0])


class TestSpearman:
    def test_ties_have_their_mean_rank(self) -> None:
        assert ranks([3, 1, 3, 2]).tolist() == [3.5, 1, 3.5, 2]

    def test_published_example(self) -> None:
        """Spearman's rho of ten pairs, -29/165 (the usual textbook example: IQ and hours of television)."""
        iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
        hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
        assert spearman(iq, hours) == pytest.approx(-29 / 165)

    @pytest.mark.parametrize(("one", "other"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
    def test_nothing_can_be_said(self, one: list[float], other: list[float]) -> None:
        assert spearman(one, other) is None

    def test_interval(self) -> None:
        found = correlation_interval(0.9, 100)
        assert found == pytest.approx((0.8520, 0.9330), abs=2e-3)
        assert correlation_interval(1.0, 100) is None and correlation_interval(0.5, 3) is None


def test_quantiles_leave_out_what_is_no_number() -> None:
    assert quantiles([1, NAN, 3], (0.5,)).tolist() == [2]
    assert np.isnan(quantiles([], (0.5,))).all()
