"""Strips of one line: their size, their range, and percentiles that are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.vision.mrz_strip import normalised, percentiles, to_strip


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60), st.floats(0, 100), st.sampled_from([np.uint8, np.int16]))
def test_counting_says_what_sorting_says(values: list[int], share: float, kind: type[np.integer]) -> None:
    whole = np.array(values, kind)
    assert percentiles(whole, (share, 50)) == pytest.approx(np.percentile(whole, (share, 50)), abs=1e-6)


def test_one_strip_is_normalised_as_many_are() -> None:
    crops = [np.random.default_rng(seed).integers(60, 200, (30, 500), dtype=np.uint8) for seed in range(3)]
    strips = np.stack([to_strip(crop) for crop in crops])
    together = normalised(strips)
    assert all(np.allclose(normalised(strip), row, atol=1e-6) for strip, row in zip(strips, together, strict=True))
