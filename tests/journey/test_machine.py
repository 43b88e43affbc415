"""The table itself: every state reachable, every state has a way home, only one way clears."""

from __future__ import annotations

import pytest

from appliance.journey.machine import CAPTURING, LIMITS, TABLE, WARNING_S, Event, IllegalEvent, State, after
from appliance.journey.runner import TOUCHES, WISHES
from appliance.journey.view import Touch


def reachable(start: State) -> set[State]:
    seen, todo = {start}, [start]
    while todo:
        for new in TABLE[todo.pop()].values():
            if new not in seen:
                seen.add(new)
                todo.append(new)
    return seen


def test_every_state_has_a_row_and_is_reachable_from_home() -> None:
    assert set(TABLE) == set(State)
    assert reachable(State.IDLE) == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_way_home(state: State) -> None:
    assert State.IDLE in reachable(state)


@pytest.mark.parametrize("state", [s for s in State if s is not State.IDLE])
def test_every_state_but_home_ends_by_itself(state: State) -> None:
    assert LIMITS[state].seconds > 0
    assert Event.TIMED_OUT in TABLE[state]


def test_only_all_clear_in_deciding_clears() -> None:
    ways = {(s, e) for s, row in TABLE.items() for e, new in row.items() if new is State.CLEARED}
    assert ways == {(State.DECIDING, Event.ALL_CLEAR)}


def test_nothing_reaches_a_receipt_without_deciding() -> None:
    for outcome in (State.CLEARED, State.REFERRED):
        assert {s for s, row in TABLE.items() if outcome in row.values()} == {State.DECIDING}


@pytest.mark.parametrize("state", CAPTURING)
def test_every_capture_step_can_hand_over_stop_and_lose_its_device(state: State) -> None:
    assert TABLE[state][Event.REFER] is State.DECIDING
    if state is not State.CHIP:  # what a chip reader that is away means is policy's to say, when all is known
        assert TABLE[state][Event.DEVICE_FAILED] is State.DECIDING
    for event in (Event.GAVE_UP, Event.TIMED_OUT):
        assert TABLE[state][event] is State.ABANDONING


@pytest.mark.parametrize("state", State)
def test_every_state_survives_our_own_fault(state: State) -> None:
    assert TABLE[state].get(Event.FAULT) is State.OUT_OF_SERVICE


@pytest.mark.parametrize("state", State)
def test_an_event_without_a_row_is_a_bug_and_changes_nothing(state: State) -> None:
    for event in set(Event) - set(TABLE[state]):
        with pytest.raises(IllegalEvent):
            after(state, event)


def test_warnings_leave_people_the_twenty_seconds_they_are_owed() -> None:
    assert WARNING_S >= 20
    for state, limit in LIMITS.items():
        if limit.warns:
            assert limit.seconds > WARNING_S, state


def test_touches_only_cause_events_their_state_knows() -> None:
    for (state, touch), event in TOUCHES.items():
        assert event in TABLE[state], (state, touch)


def test_wishes_belong_to_touches_that_exist() -> None:
    assert set(WISHES) <= set(TOUCHES)


@pytest.mark.parametrize("state", (State.WELCOME, *CAPTURING))
def test_an_officer_can_be_asked_for_at_every_step(state: State) -> None:
    assert TOUCHES[state, Touch.OFFICER] is Event.REFER
