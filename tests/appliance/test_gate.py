"""The gatekeeper between a real screen and a real driver on a simulated lane board."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.devices import LANE, READY, Devices, LaneTampered
from appliance.gate import CLEARED, OPENED, Gatekeeper, Situation, order_for
from appliance.journey.machine import State
from appliance.journey.ports import Hands
from appliance.journey.screen import Screen
from appliance.journey.view import Touch
from border.messages.values import AlarmKind
from border.rules.default import DEVELOPMENT
from border.rules.policy import GateLimits
from drivers.api import Lamp, LaneOrder
from drivers.catalogue import LANE as LANES
from drivers.fill_light import NoFillLight
from drivers.lane.none import NoLane
from simulators.lane_board import LaneBoardSim
from tests.appliance.small_ports import Book, Glass, Papers, Slot, Window
from tests.drivers.lane_keys import new_key, signs

PATIENCE_S = 20.0
KIOSK = new_key()


class Ledger(Book):
    """Alarms with their details."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[AlarmKind, str]] = []

    def alarm(self, kind: AlarmKind, detail: str) -> None:
        self.told.append((kind, detail))


class Lane:
    """The board, the kiosk's side of it, and what was asked of the journey."""

    def __init__(self, folder: Path) -> None:
        self.sim = LaneBoardSim(folder / "lane", kiosk=KIOSK.public_key())
        self.devices = Devices(
            Hands(Slot(), Window(), Glass(), NoFillLight("fill_light"), lane=LANES["board"](str(self.sim.path), "lane"))
        )
        self.screen, self.papers, self.book = Screen("en"), Papers(), Ledger()
        self.touches: list[Touch] = []
        self.listening: list[bool] = []
        self.gate = Gatekeeper(
            self.devices,
            self.screen,
            self.papers,
            self.book,
            call_help=self.touches.append,
            headset=self.listening.append,
            sign=signs(KIOSK),
        )

    def run(self, play: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def act() -> None:
            keeping = asyncio.create_task(self.gate.run())
            try:
                await play()
                assert not keeping.done(), "it never ends by itself"
            finally:
                keeping.cancel()
                await asyncio.wait([keeping])

        try:
            asyncio.run(act())
        finally:
            self.devices.close()
            self.sim.close()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110  a simulator in another thread has no event to wait for
                await asyncio.sleep(0.02)

    @property
    def health(self) -> str:
        return dict(self.devices.health)[LANE]


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def situation(state: State, *, is_latched: bool = False) -> Situation:
    return Situation(state, 1, is_latched)


@pytest.mark.parametrize("state", list(State))
def test_only_a_cleared_traveller_is_let_through(state: State) -> None:
    order = order_for(situation(state), DEVELOPMENT)
    assert (order.gate_open_s > 0) == (state is State.CLEARED)
    assert (order.lamp is Lamp.GO) == (state is State.CLEARED)
    assert (order.lamp is Lamp.WAIT) == (state is State.REFERRED)


def test_policy_says_how_long_and_whether_at_all() -> None:
    for seconds in (0.0, 5.0):
        policy = replace(DEVELOPMENT, gate=GateLimits(open_s=seconds))
        assert order_for(situation(State.CLEARED), policy) == LaneOrder(Lamp.GO, seconds)
    assert order_for(situation(State.CLEARED), None) == LaneOrder(Lamp.WAIT)
    assert order_for(situation(State.CLEARED, is_latched=True), DEVELOPMENT) == LaneOrder(Lamp.WAIT)


def test_gate_and_lamp_follow_the_journey(lane: Lane) -> None:
    async def play() -> None:
        lane.screen.show(state=State.CLEARED)
        await lane.until(lambda: lane.sim.outputs.gate_is_open)
        assert lane.sim.lamp == "go"
        lane.screen.show(state=State.DOCUMENT, person=2)
        await lane.until(lambda: lane.sim.lamp == "stop" and not lane.sim.outputs.gate_is_open)
        lane.screen.show(state=State.REFERRED)
        await lane.until(lambda: lane.sim.lamp == "wait")
        lane.screen.show(state=State.CLEARED)
        await lane.until(lambda: lane.sim.outputs.gate_is_open)
        assert lane.health == READY

    lane.run(play)


def test_a_lane_that_was_away_gets_its_order_when_it_is_back(lane: Lane) -> None:
    async def play() -> None:
        await lane.until(lambda: lane.health == READY)
        lane.sim.unplug()
        lane.screen.show(state=State.REFERRED)
        await lane.until(lambda: lane.health == "DEV-GONE")
        lane.sim.replug()
        await lane.until(lambda: lane.sim.lamp == "wait" and lane.health == READY)

    lane.run(play)


def test_a_pressed_button_calls_for_help(lane: Lane) -> None:
    async def play() -> None:
        await lane.until(lambda: lane.sim.lamp == "stop")
        lane.sim.press()
        await lane.until(lambda: lane.touches == [Touch.HELP])

    lane.run(play)


def test_an_opened_housing_shuts_the_gate_until_an_officer_has_looked(lane: Lane) -> None:
    async def play() -> None:
        lane.screen.show(state=State.CLEARED)
        await lane.until(lambda: lane.sim.outputs.gate_is_open)
        lane.sim.open_housing()
        await lane.until(lambda: not lane.sim.outputs.gate_is_open and lane.sim.lamp == "wait")
        assert lane.health == LaneTampered.code
        assert (AlarmKind.TAMPER, OPENED) in lane.book.told
        lane.screen.show(state=State.IDLE)
        lane.sim.unplug()
        await lane.until(lambda: lane.health == "DEV-GONE")
        lane.sim.replug()
        await lane.until(lambda: lane.health == LaneTampered.code)
        assert [detail for _, detail in lane.book.told] == [OPENED], "the same latch is told once"
        lane.gate.housing_seen("joseph")  # but it is still open
        await asyncio.sleep(1.0)
        assert lane.health == LaneTampered.code
        lane.sim.close_housing()
        lane.gate.housing_seen("joseph")
        await lane.until(lambda: lane.health == READY)
        assert lane.book.told[-1] == (AlarmKind.TAMPER, f"{CLEARED} joseph")
        assert not lane.sim.is_latched
        lane.screen.show(state=State.CLEARED)
        await lane.until(lambda: lane.sim.outputs.gate_is_open)

    lane.run(play)


def test_a_board_that_belongs_to_another_kiosk_keeps_its_latch(lane: Lane) -> None:
    async def play() -> None:
        lane.sim.kiosk = new_key().public_key()
        lane.sim.open_housing()
        await lane.until(lambda: lane.health == LaneTampered.code)
        lane.sim.close_housing()
        lane.gate.housing_seen("joseph")
        await asyncio.sleep(1.5)
        assert lane.health == LaneTampered.code and lane.sim.is_latched
        assert [detail for _, detail in lane.book.told] == [OPENED]

    lane.run(play)


def test_a_controller_that_starts_again_by_itself_is_told(lane: Lane) -> None:
    async def play() -> None:
        await lane.until(lambda: lane.health == READY)
        await asyncio.sleep(0.5)
        lane.sim.restart()
        await lane.until(lambda: (AlarmKind.DEVICE, "lane watchdog") in lane.book.told)
        await lane.until(lambda: lane.health == READY)

    lane.run(play)


def test_a_headset_is_heard_of_and_pulled_out(lane: Lane) -> None:
    async def play() -> None:
        await lane.until(lambda: lane.listening[-1:] == [False])
        for is_in in (True, False):
            lane.sim.plug_headset(is_in)
            await lane.until(lambda is_in=is_in: lane.listening[-1:] == [is_in])  # type: ignore[misc]

    lane.run(play)


def test_nobody_listens_at_a_lane_that_is_gone_and_one_that_returns_is_asked(lane: Lane) -> None:
    lane.sim.plug_headset(True)  # before the kiosk began

    async def play() -> None:
        await lane.until(lambda: lane.listening[-1:] == [True])
        lane.sim.unplug()
        await lane.until(lambda: lane.listening[-1:] == [False])
        assert lane.health != READY
        lane.sim.replug()
        await lane.until(lambda: lane.listening[-1:] == [True])
        assert lane.health == READY

    lane.run(play)


def test_a_kiosk_without_a_lane_waits_for_nothing() -> None:
    async def play() -> None:
        devices = Devices(Hands(Slot(), Window(), Glass(), NoFillLight("fill_light"), lane=NoLane("lane")))
        listening: list[bool] = []
        gate = Gatekeeper(
            devices, Screen("en"), Papers(), Ledger(), call_help=print, headset=listening.append, sign=signs(KIOSK)
        )
        work = asyncio.create_task(gate.run())
        await asyncio.sleep(0.2)
        assert not work.done()
        assert (LANE in dict(devices.health), listening) == (False, [])
        work.cancel()
        await asyncio.wait([work])
        devices.close()

    asyncio.run(play())
