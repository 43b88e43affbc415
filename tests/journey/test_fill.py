"""The fill light: up for a dark face, down for a glaring one, and at rest in between."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.journey.fill import HIGH, LOW, SETTLE_S, STEP, Fill, next_level

LEVELS = st.floats(0, 1)


@pytest.mark.parametrize(
    ("level", "face", "wanted"),
    [
        (0.0, LOW - 1, STEP),
        (0.5, 0.0, 0.5 + STEP),
        (1.0, 0.0, 1.0),
        (0.5, HIGH + 1, 0.5 - STEP),
        (0.1, 255.0, 0.0),
        (0.0, 255.0, 0.0),
        (0.5, LOW, 0.5),
        (0.5, HIGH, 0.5),
        (0.5, math.nan, 0.5),
    ],
)
def test_one_step_up_in_the_dark_and_down_in_the_glare(level: float, face: float, wanted: float) -> None:
    assert next_level(level, face) == pytest.approx(wanted)


@pytest.mark.parametrize("cause", ["too_dark", "back_lit"])
def test_a_face_said_to_lack_light_is_lit_further_unless_it_glares(cause: str) -> None:
    assert next_level(0.5, LOW + 20, (cause,)) == 0.5 + STEP
    assert next_level(0.5, HIGH + 1, (cause,)) == 0.5 - STEP
    assert next_level(0.5, math.nan, (cause,)) == 0.5 + STEP
    assert next_level(0.5, LOW + 20, ("move_closer",)) == 0.5


@given(LEVELS, st.floats(0, 255) | st.just(math.nan))
def test_the_level_stays_a_share_and_moves_by_one_step_at_most(level: float, face: float) -> None:
    new = next_level(level, face)
    assert 0 <= new <= 1 and abs(new - level) <= STEP + 1e-9


@given(st.lists(st.tuples(st.floats(0, 255), st.floats(0.01, 0.3)), max_size=120))
def test_the_lamp_never_flashes(frames: list[tuple[float, float]]) -> None:
    fill, now_s, level, changed_at_s = Fill(), 0.0, 0.0, float("-inf")
    for face, step_s in frames:
        now_s += step_s
        new = fill.update(face, (), now_s)
        if new != level:
            assert now_s - changed_at_s >= SETTLE_S
            level, changed_at_s = new, now_s


@pytest.mark.parametrize("gain", [60.0, 90.0, 130.0])
@pytest.mark.parametrize("dark", [20.0, 50.0, 90.0])
def test_it_comes_to_rest_whatever_the_lamp_can_do(dark: float, gain: float) -> None:
    """`gain`: what the whole lamp adds to the face's level."""
    fill, level, levels = Fill(), 0.0, []
    for frame in range(100):
        level = fill.update(min(255.0, dark + gain * level), (), frame * 0.1)
        levels.append(level)
    assert len(set(levels[50:])) == 1
    assert levels == sorted(levels)
