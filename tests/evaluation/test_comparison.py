"""Comparison: pairs, the limit, and what quality is worth, on numbers in place of faces."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from appliance.vision.face_comparison import VALUES, Embedding
from evaluation.comparison import Pairs, Sample, discard, pairs_of, section, shown_threshold
from evaluation.statistics import Rate

LIMIT = 0.6


def sample(subject: str, value: float | None, **quality: float) -> Sample:
    embedding = None if value is None else Embedding(np.eye(VALUES, dtype=np.float32)[0] * np.float32(value))
    return Sample(subject, quality, embedding)


def test_pairs_within_and_between_subjects() -> None:
    found = pairs_of([sample("a", 0.0, Q=5), sample("a", 0.2, Q=9), sample("b", 1.0, Q=7), sample("b", None)])
    assert found.mated == pytest.approx((0.2,))
    assert sorted(found.non_mated) == pytest.approx([0.8, 1.0])
    assert found.quality == {"Q": (5,)}
    assert (found.subjects, found.not_acquired) == (2, Rate(1, 4))


@pytest.mark.parametrize("order", [1, -1])
def test_a_pair_with_a_picture_that_lacks_a_component_has_none(order: int) -> None:
    found = pairs_of([sample("a", 0.0, Q=5), sample("a", 0.2)][::order])
    assert math.isnan(found.quality["Q"][0])


def many(count: int = 200) -> Pairs:
    """Mated pairs whose distance falls with quality, so that a discard curve must fall."""
    rng = random.Random(5)
    quality = [rng.uniform(0, 100) for _ in range(count)]
    mated = [0.8 - q / 200 + rng.gauss(0, 0.05) for q in quality]
    noise = [rng.uniform(0, 100) for _ in range(count)]
    non_mated = [rng.gauss(0.95, 0.08) for _ in range(500)]
    return Pairs(tuple(mated), tuple(non_mated), {"Good": tuple(quality), "Noise": tuple(noise)}, 50, Rate(0, 300))


def test_discarding_by_a_quality_that_predicts_lowers_the_rate() -> None:
    curves = discard(many(), LIMIT)
    first, fifth = curves["Good"][0], curves["Good"][6]
    assert first.value is not None and fifth.value is not None and fifth.share == 0.2
    assert fifth.value < first.value / 1.5
    assert curves["Noise"][6].value == pytest.approx(first.value, abs=0.1)


def test_the_section_tells_the_operating_point() -> None:
    made = section(many(), LIMIT, "metric-1")
    assert made.numbers["fmr"]["n"] == 500 and made.numbers["fnmr"]["n"] == 200
    assert made.numbers["quality_and_distance"]["Good"] < -0.5
    assert {plot.title for plot in made.plots} == {"Distances", "Detection error trade-off", "Error versus discard"}


def test_no_error_is_told_by_the_rule_of_three_and_the_curve_moves_its_threshold() -> None:
    pairs = Pairs((0.1, 0.2, 0.3) * 10, (0.9, 1.0) * 150, {"Q": (1.0, 2.0, 3.0) * 10}, 10, Rate(0, 40))
    made = section(pairs, LIMIT, "metric-1")
    assert any("No false match in 300 pairs: with 95 % confidence below 0.99 %" in note for note in made.notes)
    assert made.numbers["fmr_below_if_none_seen"] == pytest.approx(0.00994, abs=1e-5)
    at, why = shown_threshold(pairs, LIMIT)
    assert at < LIMIT and "only 0 do" in why


def test_too_few_pairs_claim_no_rate() -> None:
    made = section(Pairs((0.1,), (0.9,), {"Q": (1.0,)}, 2, Rate(0, 3)), LIMIT, "metric-1")
    assert [row["fnmr"] for row in made.numbers["fnmr_at_fmr"]] == [None] * 4


def test_one_kind_of_pair_alone_still_reports() -> None:
    assert section(Pairs((), (0.9,), {}, 2, Rate(0, 2)), LIMIT, "metric-1").numbers["equal_error_rate"] is None
