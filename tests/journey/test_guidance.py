"""One hint at a time, neither flickering nor late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.journey.guidance import APPEAR_S, STAY_S, Guide

CAUSES = st.lists(st.sampled_from(["no_face", "move_closer", "too_dark", "look_straight"]), max_size=3, unique=True)


def test_a_blink_is_not_a_hint() -> None:
    guide = Guide()
    assert guide.update([], 0.0) is None
    assert guide.update(["eyes_open"], 0.1) is None
    assert guide.update([], 0.2) is None


def test_a_standing_cause_is_said_and_the_worst_one_wins() -> None:
    guide = Guide()
    guide.update(["move_closer", "too_dark"], 0.0)
    assert guide.update(["move_closer", "too_dark"], APPEAR_S) == "move_closer"


def test_a_hint_stays_long_enough_to_be_read() -> None:
    guide = Guide()
    guide.update(["move_closer"], 0.0)
    guide.update(["move_closer"], APPEAR_S)
    guide.update([], APPEAR_S + 0.1)
    assert guide.update([], APPEAR_S + STAY_S - 0.1) == "move_closer"
    assert guide.update([], APPEAR_S + STAY_S + 0.1) is None


@given(st.lists(st.tuples(CAUSES, st.floats(0.02, 0.4)), max_size=80))
def test_no_hint_ever_flickers(frames: list[tuple[list[str], float]]) -> None:
    guide, now_s, shown, since_s = Guide(), 0.0, None, float("-inf")
    for causes, step_s in frames:
        now_s += step_s
        hint = guide.update(causes, now_s)
        if hint != shown:
            assert shown is None or now_s - since_s >= STAY_S
            assert hint is None or hint == causes[0]
            shown, since_s = hint, now_s
