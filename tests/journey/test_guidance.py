"""One hint at a time, neither flickering nor late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.journey.guidance import APPEAR_S, STAY_S, WINDOW_S, Guide
from appliance.vision.framing import ORDER

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


def test_an_old_frame_says_nothing_of_now() -> None:
    guide = Guide()
    guide.update(["move_closer"], 0.0)
    assert guide.update(["too_dark"], WINDOW_S + 0.1) is None


def test_a_cause_at_its_limit_is_said_though_it_comes_and_goes() -> None:
    guide = Guide()
    hints = [guide.update(["move_closer"] if frame % 3 else [], frame * 0.066) for frame in range(30)]
    assert "move_closer" in hints
    assert len(set(hints[hints.index("move_closer") :])) == 1


def test_of_two_that_take_turns_the_more_effective_is_said_and_stays() -> None:
    guide = Guide()
    turns = (["look_straight", "move_closer"], ["look_straight"], ["move_closer", "look_straight"])
    hints = [guide.update(turns[frame % 3], frame * 0.066) for frame in range(60)]
    assert set(hints) == {None, "move_closer"}


@given(st.permutations([str(cause) for cause in ORDER]))
def test_the_hint_is_the_one_that_mends_most_however_the_frame_lists_them(causes: list[str]) -> None:
    guide = Guide()
    guide.update(causes, 0.0)
    assert guide.update(causes, APPEAR_S) == str(ORDER[0])
    kept = causes[: len(causes) // 2]
    other = Guide()
    other.update(kept, 0.0)
    assert other.update(kept, APPEAR_S) == next(str(cause) for cause in ORDER if cause in kept)


def test_a_hint_of_another_step_is_said_when_nothing_is_wrong_with_the_face() -> None:
    guide = Guide()
    guide.update(["turn_the_other_way"], 0.0)
    assert guide.update(["turn_the_other_way"], APPEAR_S) == "turn_the_other_way"


@given(st.lists(st.tuples(CAUSES, st.floats(0.02, 0.4)), max_size=80))
def test_no_hint_ever_flickers_or_comes_from_nowhere(frames: list[tuple[list[str], float]]) -> None:
    guide, now_s, shown, since_s = Guide(), 0.0, None, float("-inf")
    seen: list[tuple[float, list[str]]] = []
    for causes, step_s in frames:
        now_s += step_s
        seen.append((now_s, causes))
        hint = guide.update(causes, now_s)
        if hint != shown:
            assert shown is None or now_s - since_s >= STAY_S
            assert hint is None or any(hint in then for at_s, then in seen if at_s >= now_s - WINDOW_S)
            shown, since_s = hint, now_s
