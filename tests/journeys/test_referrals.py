"""Every reason to meet an officer, walked at a whole kiosk by synthetic travellers."""

from __future__ import annotations

import pytest

from appliance.journey.machine import Event, State
from tests.journeys.stand import WITHOUT_CHIP, Stand

pytestmark = pytest.mark.timeout(240)


TURN_REASONS = {"turn_no_response", "turn_wrong_way", "turn_without_depth", "turn_track_lost", "turn_other_face"}


def test_a_stateless_person_meets_an_officer_and_nothing_else_is_held_against_him(stand: Stand) -> None:
    record = stand.cross("stateless", language="fr")
    assert record.outcome == "referred"
    assert record.reasons == {"protection_nationality"}


@pytest.mark.parametrize("face", ["printed_photo", pytest.param("screen_still", marks=pytest.mark.full)])
def test_a_presentation_attack_is_referred_after_every_try(stand: Stand, face: str) -> None:
    record = stand.cross("skipper", face=face)
    assert record.outcome == "referred"
    assert record.reasons & TURN_REASONS
    assert record.reasons <= TURN_REASONS | {"finger_not_captured"}


@pytest.mark.parametrize("finger", ["dry", pytest.param("partial", marks=pytest.mark.full)])
def test_a_finger_that_cannot_be_read_three_times_is_referred(stand: Stand, finger: str) -> None:
    stand.reach(State.FINGER)
    left = []
    while stand.state is State.FINGER:
        left.append(stand.screen()["attempts_left"])
        stand.place_finger(finger)
    stand.wait_for(State.REFERRED)
    assert left == [3, 2, 1]
    assert stand.last().reasons == {"finger_quality_low"}


def test_a_document_that_cannot_be_read_three_times_is_referred_with_what_was_read(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    hints = []
    while stand.state is State.DOCUMENT:
        stand.swipe("badly")
        hints.append(stand.screen()["hint"])
    stand.wait_for(State.REFERRED)
    assert hints[:2] == ["swipe_again"] * 2
    record = stand.last()
    assert record.checked.document is None
    assert any("?" in line for line in record.checked.lines_as_read)
    assert any(reason.startswith("document_") for reason in record.reasons)


@pytest.mark.parametrize("state", [State.WELCOME, *WITHOUT_CHIP])
def test_who_asks_for_an_officer_gets_one_at_every_step(stand: Stand, state: State) -> None:
    stand.reach(state)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    assert "officer_asked_for" in stand.last().reasons
    stand.wait_for_row(state, Event.REFER)


@pytest.mark.parametrize(("state", "reason"), [(State.TURN, "cannot_turn"), (State.FINGER, "cannot_give_finger")])
def test_who_cannot_do_a_step_is_handed_over_without_blame(stand: Stand, state: State, reason: str) -> None:
    stand.reach(state)
    stand.touch("cannot")
    if state is State.TURN:  # first he is asked to nod instead
        stand.wait_for_row(State.TURN, Event.OTHER_MOVEMENT)
        assert stand.state is State.TURN
        stand.touch("cannot")
    stand.wait_for(State.REFERRED)
    assert reason in stand.last().reasons
