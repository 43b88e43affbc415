"""Every reason to meet an officer, walked at a whole kiosk by synthetic travellers."""

from __future__ import annotations

import pytest

from appliance.journey.machine import CAPTURING, Event, State
from tests.journeys.harness import Stand, walked

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(
    ("who", "reasons"),
    [
        ("son", {"minor"}),
        ("stateless", {"protection_nationality"}),
        ("expired", {"document_expired"}),
        ("listed", {"watchlist_match"}),
    ],
)
def test_one_reason_refers_a_traveller_who_did_everything_right(stand: Stand, who: str, reasons: set[str]) -> None:
    record = stand.cross(who)
    assert record.outcome == "referred"
    assert record.reasons == reasons


def test_a_child_of_nine_is_not_asked_for_a_finger(stand: Stand) -> None:
    record = stand.cross("daughter")
    assert record.reasons == {"minor"}
    assert (State.FINGER, Event.FINGER_NOT_ASKED) in walked(stand.steps())


@pytest.mark.parametrize("face", ["printed_photo", "screen_replay"])
def test_a_presentation_attack_is_referred(stand: Stand, face: str) -> None:
    record = stand.cross("skipper", face=face)
    assert record.outcome == "referred"
    print(face, record.reasons)


@pytest.mark.parametrize("finger", ["dry", "partial"])
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
    print(record.reasons)


@pytest.mark.parametrize("state", [State.WELCOME, *CAPTURING])
def test_who_asks_for_an_officer_gets_one_at_every_step(stand: Stand, state: State) -> None:
    stand.reach(state)
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    assert "officer_asked_for" in stand.last().reasons
    assert stand.steps()[-2].row == (state, Event.REFER)


@pytest.mark.parametrize(
    ("state", "reason"), [(State.TURN, "cannot_turn"), (State.FINGER, "cannot_give_finger")]
)
def test_who_cannot_do_a_step_is_handed_over_without_blame(stand: Stand, state: State, reason: str) -> None:
    stand.reach(state)
    stand.touch("cannot")
    stand.wait_for(State.REFERRED)
    assert reason in stand.last().reasons
