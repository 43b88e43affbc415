"""The slip on paper in a journey: who gets one, what stands on it, and that no printer ever stops anybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from appliance.devices import PAPER_LOW, PRINTER, READY
from appliance.journey.machine import State
from appliance.journey.view import Receipt, SlipState, Touch
from appliance.slip import SlipWriter
from appliance.vision.track import Sighting
from appliance.web.catalogue import load
from border.encounter import Outcome
from border.rules.default import DEVELOPMENT
from border.rules.policy import SlipRules
from drivers.api import Paper
from drivers.errors import DeviceGone, PaperOut
from simulators.travellers import traveller
from tests.appliance.test_runner import Rig, play, until

ENCOUNTER = "019abcde-0000-7000-8000-123456789abc"
REFERRED = Receipt(Outcome.REFERRED, "7K4-203", "2026-11-22", None, "arrival")
CLEARED = Receipt(Outcome.CLEARED, "7K4-203", "2026-11-22", "2027-05-21", "arrival")


async def refer(rig: Rig) -> None:
    await rig.reach(State.DOCUMENT)
    assert rig.runner.touch(Touch.OFFICER)
    await rig.at(State.REFERRED)


def text_of(rig: Rig) -> str:
    (slip,) = rig.paper.slips
    return "\n".join(line.text for line in slip.lines)


def test_who_is_referred_gets_a_slip_at_once_in_his_language(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await refer(rig)
        await until(lambda: rig.runner.view.slip is SlipState.PRINTED)
        receipt = rig.runner.view.receipt
        assert receipt is not None
        assert receipt.number in text_of(rig)
        assert "bureau de l'agent" in text_of(rig)
        assert rig.paper.slips[0].code == f"http://desk.example:8102/case/{rig.checked.encounter}"
        rig.runner.touch(Touch.FINISH)
        await rig.at(State.IDLE)
        assert rig.runner.view.slip is None

    play(Rig(front), act)


def test_who_is_cleared_is_asked_and_gets_one_only_when_he_wants(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        await until(lambda: rig.runner.view.slip is SlipState.OFFERED)
        assert rig.paper.slips == []
        assert rig.runner.touch(Touch.PRINT)
        await until(lambda: rig.runner.view.slip is SlipState.PRINTED)
        assert not rig.runner.touch(Touch.PRINT)  # a late double touch
        assert rig.paper.slips[0].code == ""
        rig.runner.touch(Touch.NEXT_PERSON)
        await rig.at(State.DOCUMENT)
        assert rig.runner.view.slip is None
        assert len(rig.paper.slips) == 1

    play(Rig(front), act)


def test_a_wish_of_the_traveller_before_prints_nothing_for_the_next(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        for _ in range(2):
            await rig.reach(State.CLEARED)
            await until(lambda: rig.runner.view.slip is SlipState.OFFERED)
            await asyncio.sleep(0.1)
            printed = len(rig.paper.slips)
            rig.runner.touch(Touch.PRINT)
            await until(lambda before=printed: len(rig.paper.slips) == before + 1)  # type: ignore[misc]
            rig.glass.finger = None
            rig.runner.touch(Touch.FINISH)
            await rig.at(State.IDLE)

    play(Rig(front), act)


@pytest.mark.parametrize("rules", [SlipRules(print_referred=False, offer_cleared=True)])
def test_policy_says_who_gets_none(front: Sighting, rules: SlipRules) -> None:
    async def act(rig: Rig) -> None:
        rig.papers.policy = replace(DEVELOPMENT, slip=rules)
        await refer(rig)
        await asyncio.sleep(0.2)
        assert rig.runner.view.slip is None
        assert rig.paper.slips == []

    play(Rig(front), act)


@pytest.mark.parametrize("error", [PaperOut("printer", "none"), DeviceGone("printer", "pulled")], ids=lambda e: e.code)
def test_a_printer_that_fails_is_on_the_board_and_the_journey_goes_on(
    front: Sighting, error: PaperOut | DeviceGone
) -> None:
    async def act(rig: Rig) -> None:
        rig.paper.error = error
        await refer(rig)
        await until(lambda: rig.runner.view.slip is SlipState.MISSING)
        assert dict(rig.devices.health)[PRINTER] == error.code
        assert rig.recommended.outcome is Outcome.REFERRED
        rig.paper.error = None
        rig.runner.touch(Touch.FINISH)
        await rig.at(State.IDLE)
        await until(lambda: dict(rig.devices.health)[PRINTER] == READY)

    play(Rig(front), act)


def test_a_roll_near_its_end_is_told_to_the_board_and_prints(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        rig.paper.paper = Paper.LOW
        await rig.at(State.IDLE)
        await until(lambda: dict(rig.devices.health)[PRINTER] == PAPER_LOW)
        assert rig.devices.are_ready
        await refer(rig)
        await until(lambda: rig.runner.view.slip is SlipState.PRINTED)

    play(Rig(front), act)


def test_who_goes_on_while_it_prints_loses_no_slip_and_shows_nothing_to_the_next(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        rig.paper.seconds = 0.6
        await refer(rig)
        await until(lambda: rig.runner.view.slip is SlipState.PRINTING)
        rig.runner.touch(Touch.FINISH)
        await rig.at(State.IDLE)
        await until(lambda: len(rig.paper.slips) == 1)
        assert rig.runner.view.slip is None

    play(Rig(front), act)


@pytest.mark.parametrize("code", ["en", "es", "fr", "ht"])
@pytest.mark.parametrize("receipt", [REFERRED, CLEARED], ids=lambda receipt: receipt.outcome.value)
def test_a_slip_says_what_the_screen_says_and_nothing_of_a_person(code: str, receipt: Receipt) -> None:
    slip = SlipWriter(load(), "Castries", "http://castries-1.example:8102/")(receipt, ENCOUNTER, code)
    text = "\n".join(line.text for line in slip.lines)
    assert {"Castries", "7K4-203"} <= set(text.splitlines())
    assert "2026-11-22" in text
    assert ("2027-05-21" in text) is (receipt is CLEARED)
    assert slip.code == ("" if receipt is CLEARED else f"http://castries-1.example:8102/case/{ENCOUNTER}")
    who = traveller("skipper")
    assert not any(word in text.upper() for word in (who.primary_identifier, who.document_number))
