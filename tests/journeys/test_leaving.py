"""People who go before the end: they touch stop, or simply walk off; what was seen of them is kept for the officer."""

from __future__ import annotations

import pytest

from appliance.journey.machine import Event, State
from tests.journeys.stand import WITHOUT_CHIP, Stand

pytestmark = pytest.mark.timeout(180)

LIMIT_S, WARNED_S = 6.0, 2.0
"""At the brisk kiosk: a tenth of the minute a step may last untouched, and of the warning that people are owed."""


@pytest.mark.parametrize("state", [State.WELCOME, *WITHOUT_CHIP])
def test_who_touches_stop_is_home_at_once(stand: Stand, state: State) -> None:
    with stand.recording() as new:
        stand.reach(state)
        stand.touch("stop")
        stand.wait_for(State.IDLE)
    stand.wait_for_row(state, Event.GAVE_UP)
    was_seen = state in (State.FACE, State.TURN, State.FINGER)
    left = [record for record in new if record.walked_away]  # he may have begun again
    assert len(left) == was_seen
    assert all("left_before_the_end" in record.reasons for record in left)


@pytest.mark.parametrize("state", [State.WELCOME, *WITHOUT_CHIP])
def test_who_walks_off_is_warned_and_then_forgotten(brisk: Stand, state: State) -> None:
    with brisk.recording() as new:
        brisk.reach(state)
        brisk.quay.walk_away()
        brisk.until("the warning", lambda: brisk.screen()["seconds_left"] is not None)
        brisk.wait_for(State.IDLE)
    brisk.wait_for_row(state, Event.TIMED_OUT)
    assert brisk.screen()["language"] == "en"
    assert brisk.screen()["person"] == 1
    left = [record for record in new if record.walked_away]  # he may have begun again
    assert len(left) == (state in (State.FACE, State.TURN, State.FINGER))


def test_one_touch_gives_the_whole_time_again(brisk: Stand) -> None:
    brisk.reach(State.DOCUMENT)
    brisk.until("the warning", lambda: brisk.screen()["seconds_left"] is not None)
    brisk.touch("more_time")
    brisk.until("no warning", lambda: brisk.screen()["seconds_left"] is None, within_s=WARNED_S)
    brisk.wait_for(State.IDLE)
    rows = [step for step in brisk.steps() if State.DOCUMENT in (step.state, step.new)]
    entered, left = rows[-2:]
    assert left.event is Event.TIMED_OUT
    assert left.at_s - entered.at_s > 2 * LIMIT_S - WARNED_S - 0.5


def test_a_receipt_left_standing_is_wiped(brisk: Stand) -> None:
    """Cleared and referred alike."""
    brisk.reach(State.WELCOME)
    brisk.touch("officer")
    brisk.wait_for(State.REFERRED)
    brisk.wait_for(State.IDLE)
    brisk.wait_for_row(State.REFERRED, Event.TIMED_OUT)
    for _ in range(3):  # a machine too busy to film him refers an honest traveller; he begins again
        brisk.reach(State.FINGER)
        brisk.place_finger()
        if brisk.wait_for(State.CLEARED, State.REFERRED, State.FINGER) is State.CLEARED:
            break
        brisk.go_home()
    brisk.wait_for(State.IDLE)
    brisk.wait_for_row(State.CLEARED, Event.TIMED_OUT)
    assert brisk.screen()["outcome"] is None
