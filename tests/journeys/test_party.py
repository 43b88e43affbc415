"""A family one after the other, a change of language in the middle, and a call for help."""

from __future__ import annotations

import httpx
import pytest

from appliance.journey.machine import Event, State
from practice.port import OFFICERS
from tests.journeys.stand import SLOW_MACHINE, Stand

pytestmark = pytest.mark.timeout(240)


def test_a_family_crosses_one_after_the_other_as_one_group(stand: Stand) -> None:
    clear_the_mother(stand)
    for number, who in enumerate(("son", "daughter"), start=2):
        stand.touch("next_person")
        stand.wait_for(State.DOCUMENT)
        stand.quay.present(who)
        assert stand.screen()["person"] == number
        assert stand.screen()["language"] == "ht"
        stand.go_through()
    mother, son, daughter = stand.encounters()[-3:]
    assert mother.id == mother.checked.group == son.checked.group == daughter.checked.group
    assert len({one.id for one in (mother, son, daughter)}) == 3
    assert mother.outcome == "cleared"
    assert son.reasons - SLOW_MACHINE == daughter.reasons - SLOW_MACHINE == {"minor"}
    fingers = {finding.reason for finding in daughter.checked.findings if finding.check == "finger_quality"}
    assert fingers <= {"finger_not_asked_too_young", "finger_not_captured"}
    stand.leave()
    assert stand.screen()["person"] == 1


def clear_the_mother(stand: Stand) -> None:
    """She begins again when the machine was too busy to film her."""
    for _ in range(4):
        stand.step_up("mother", language="ht")
        stand.touch("arriving")
        stand.wait_for(State.DOCUMENT)
        if stand.go_through() is State.CLEARED:
            return
        assert stand.last().reasons & SLOW_MACHINE
        stand.leave()


def test_the_next_family_is_another_group(stand: Stand) -> None:
    with stand.recording() as new:
        for _ in range(2):
            stand.reach(State.WELCOME)
            stand.touch("officer")
            stand.wait_for(State.REFERRED)
            stand.leave()
    assert new[0].checked.group != new[1].checked.group


def test_the_language_can_be_changed_in_the_middle_and_nothing_is_lost(stand: Stand) -> None:
    stand.reach(State.DOCUMENT, language="fr")
    stand.swipe("badly")
    before = stand.screen()
    stand.touch("language", "es")
    stand.until("Spanish", lambda: stand.screen()["language"] == "es")
    now = stand.screen()
    assert (now["state"], now["hint"], now["attempts_left"]) == ("document", before["hint"], before["attempts_left"])
    stand.touch("stop")
    stand.wait_for(State.IDLE)
    assert stand.screen()["language"] == "en"


def test_a_call_for_help_reaches_the_officer_and_his_answer_the_traveller(stand: Stand) -> None:
    stand.reach(State.DOCUMENT)
    stand.touch("help")
    stand.until("help called", lambda: bool(stand.screen()["help_called"]))
    assert stand.state is State.DOCUMENT
    stand.until("the board knows", lambda: bool(stand.board()["help_called"]))
    officer, _, _, pin = OFFICERS[0]
    with httpx.Client(base_url=stand.officer_url, headers={"origin": stand.officer_url}, timeout=10.0) as desk:
        assert desk.post("/sign-in", data={"officer": officer, "pin": pin}).status_code == 303
        page = desk.get("/").text
        token = page.split('name="form_token" value="', 1)[1].split('"', 1)[0]
        assert desk.post("/help-seen", data={"form_token": token}).status_code == 303
    stand.until("help seen", lambda: bool(stand.screen()["help_seen"]))
    assert not stand.board()["help_called"]
    stand.touch("officer")
    stand.wait_for(State.REFERRED)
    stand.wait_for_row(State.DECIDING, Event.REFER)
