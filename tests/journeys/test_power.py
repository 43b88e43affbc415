"""The power goes in the middle of a decision: what was shown is recorded, what was not recorded was not promised."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from appliance.journey.machine import State
from practice.processes import Process
from tests.journeys import records
from tests.journeys.arriving import assert_all_is_there
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("after_s", [0.0, 0.4, 1.2])
def test_a_kiosk_killed_while_it_decides_keeps_all_or_nothing(brisk: Stand, after_s: float) -> None:
    stand = brisk
    before = stand.encounters()
    stand.reach(State.FACE)
    stand.touch("officer")
    stand.wait_for(State.DECIDING, State.REFERRED)
    time.sleep(after_s)
    was_promised = stand.screen()["outcome"] is not None
    stand.place.process.kill()
    stand.place.process.start()
    stand.wait_until_open()
    stand.wait_for(State.IDLE)
    after = stand.encounters()
    assert [one.id for one in after[: len(before)]] == [one.id for one in before]
    assert len(after) - len(before) in ((1,) if was_promised else (0, 1))
    numbers = records.sequence(stand.journal)
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("end", [Process.kill, Process.stop], ids=["SIGKILL", "SIGTERM"])
def test_a_kiosk_ended_after_its_word_has_kept_it_and_reports_it(
    harbour: Harbour, brisk: Stand, end: Callable[[Process], None]
) -> None:
    """By the power, or as `systemctl stop` does, before the eyes of a traveller whose record is not sent yet."""
    brisk.pull_uplink()
    brisk.reach(State.FACE)
    brisk.touch("officer")
    brisk.wait_for(State.REFERRED)
    given = brisk.last()
    end(brisk.place.process)
    brisk.put_uplink()
    brisk.place.process.start()
    brisk.wait_until_open()
    brisk.wait_for(State.IDLE)
    assert brisk.last().id == given.id
    assert_all_is_there(harbour, brisk)
