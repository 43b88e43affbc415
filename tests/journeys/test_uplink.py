"""The way to the centre cut at every place: travellers notice nothing, and the centre has all of it afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.journeys.arriving import assert_all_is_there, cross_quickly, kept
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand

pytestmark = pytest.mark.timeout(240)


def test_the_uplink_down_from_start_to_end_and_drained_later(harbour: Harbour, stand: Stand) -> None:
    stand.pull_uplink()
    stand.until("the board says down", lambda: stand.board()["uplink"] == "down")
    before = stand.board()["unreported"]
    with stand.recording() as new:
        stand.cross("skipper")
        stand.leave()
        for who in ("deckhand", "cook", "bosun"):
            cross_quickly(stand, who)
    assert new[0].outcome == "cleared"
    assert stand.board()["unreported"] >= before + 4
    assert not {record.id for record in new} & kept(harbour, stand).encounters
    stand.put_uplink()
    assert_all_is_there(harbour, stand)
    assert stand.board()["uplink"] == "up"


@pytest.mark.parametrize("place", ["broker", "centre"])
def test_what_the_centre_misses_while_something_is_down_it_has_later(
    harbour: Harbour, stand: Stand, place: str
) -> None:
    down: dict[str, Callable[[], None]] = {"broker": harbour.broker.kill, "centre": harbour.centre.stop}
    up: dict[str, Callable[[], None]] = {"broker": harbour.restart_broker, "centre": harbour.restart_centre}
    down[place]()
    try:
        cross_quickly(stand, "bosun")
        cross_quickly(stand, "expired")
        assert stand.board()["unreported"] >= 2
    finally:
        up[place]()
    assert_all_is_there(harbour, stand)
