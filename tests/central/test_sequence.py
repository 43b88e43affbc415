"""Missing sequence numbers are found exactly, whatever order the others came in."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.sequence import Span, contiguous, merged, missing

numbers = st.sets(st.integers(1, 60), max_size=40)


def members(spans: tuple[Span, ...]) -> set[int]:
    return {n for span in spans for n in range(span.first, span.last + 1)}


@given(numbers, st.randoms(use_true_random=False), st.integers(0, 80))
def test_here_and_missing_together_are_everything_and_share_nothing(seqs: set[int], random: Random, last: int) -> None:
    order = list(seqs)
    random.shuffle(order)
    spans: tuple[Span, ...] = ()
    for seq in order:
        spans = merged(spans, [seq])
    gaps = missing(spans, last)
    assert members(spans) == seqs
    assert members(gaps) == set(range(1, last + 1)) - seqs
    assert sum(map(len, gaps)) == len(members(gaps))


@given(numbers)
def test_spans_never_touch_each_other(seqs: set[int]) -> None:
    spans = merged((), seqs)
    assert all(a.last + 1 < b.first for a, b in pairwise(spans))


@given(numbers)
def test_contiguous_is_the_end_of_the_unbroken_run_from_one(seqs: set[int]) -> None:
    expected = 0
    while expected + 1 in seqs:
        expected += 1
    assert contiguous(merged((), seqs)) == expected


def test_a_gap_of_a_thousand_million_costs_one_span() -> None:
    assert missing(merged((), [1, 10**9]), 10**9) == (Span(2, 10**9 - 1),)


def test_a_number_below_one_is_no_sequence_number() -> None:
    with pytest.raises(ValueError, match="no span"):
        Span(0, 4)
