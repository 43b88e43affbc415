"""The gate and the lamp over it: open for whom the rules have cleared, shut for everybody else and in every doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.devices import Devices, Nobody
from appliance.journey.machine import State
from appliance.journey.ports import Lists, Records
from appliance.journey.screen import Screen
from appliance.journey.view import Touch
from border.messages.values import AlarmKind
from border.rules.policy import Policy
from drivers.api import Happening, Lamp, LaneEvent, LaneOrder, Sign
from drivers.errors import DeviceError

log = logging.getLogger(__name__)

SHUT = LaneOrder(Lamp.STOP)
EVENT_S = 2.0
AGAIN_S = 1.0
OPENED = "lane_opened"
CLEARED = "lane_cleared"
UNUSUAL = ("watchdog", "fault")
"""Causes of a controller's restart that headquarters should hear of; power and a wish are ordinary."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that lamp and gate follow."""

    state: State
    person: int
    is_latched: bool


def order_for(now: Situation, policy: Policy | None) -> LaneOrder:
    """A housing that somebody opened lets nobody through by itself, and neither does a kiosk without a policy."""
    if now.state not in (State.CLEARED, State.REFERRED):
        return SHUT
    if now.state is State.REFERRED or now.is_latched or policy is None:
        return LaneOrder(Lamp.WAIT)
    return LaneOrder(Lamp.GO, policy.gate.open_s)


class Gatekeeper:
    """Follows the screen, listens to the lane. `call_help`: as a touch on Help; `headset`: whether one is plugged in;
    nobody listens at a lane that is gone. `sign`: by the kiosk's own key."""

    def __init__(
        self,
        devices: Devices,
        screen: Screen,
        lists: Lists,
        records: Records,
        *,
        call_help: Callable[[Touch], object],
        headset: Callable[[bool], object],
        sign: Sign,
    ) -> None:
        self._devices, self._screen, self._lists, self._records = devices, screen, lists, records
        self._call_help, self._headset, self._sign = call_help, headset, sign
        self._news = asyncio.Event()
        self._lookers: asyncio.Queue[str] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_lost = False  # it may have started anew: it has no orders then, and its jack may be another
        self._opening_is_told = False  # a latch that stays set is news once, however often the lane comes and goes

    async def run(self) -> None:
        """For ever."""
        self._loop = asyncio.get_running_loop()
        works: list[Awaitable[None]] = [self._watch()]
        if self._devices.has_lane:
            works += [self._give_orders(), self._listen(), self._clear_latches()]
        await asyncio.gather(*works)

    def housing_seen(self, officer: str) -> None:
        """An officer has looked at the opened housing; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._lookers.put_nowait, officer)

    async def _watch(self) -> None:
        async for _ in self._screen.changes():
            self._news.set()

    @property
    def _situation(self) -> Situation:
        view = self._screen.view
        return Situation(view.state, view.person, self._devices.lane_is_latched)

    async def _give_orders(self) -> None:
        """One order for each situation; one that failed is given again while the situation lasts."""
        obeyed: Situation | None = None
        while True:
            await self._news.wait()
            self._news.clear()
            now = self._situation
            if now == obeyed and not self._is_lost:
                continue
            self._is_lost = False
            try:
                state = await self._devices.order_lane(order_for(now, self._lists.policy))
                obeyed = now
                self._headset(state.headset_is_in)  # events tell only changes
            except DeviceError:
                obeyed = None
                self._headset(False)
                asyncio.get_running_loop().call_later(AGAIN_S, self._news.set)

    async def _listen(self) -> None:
        while True:
            try:
                self._heard(await self._devices.next_lane_event(EVENT_S))
            except Nobody:
                continue
            except DeviceError:
                self._is_lost = True
                self._news.set()
                await asyncio.sleep(AGAIN_S)

    def _heard(self, event: LaneEvent) -> None:
        log.info("lane: %s %s", event.happening, event.detail)
        match event.happening:
            case Happening.HEADSET_IN | Happening.HEADSET_OUT:
                self._headset(event.happening is Happening.HEADSET_IN)
            case Happening.BUTTON:
                self._call_help(Touch.HELP)
            case Happening.TAMPER:
                if not self._opening_is_told:
                    self._records.alarm(AlarmKind.TAMPER, OPENED)
                self._opening_is_told = True
                self._news.set()
            case Happening.RESTARTED if event.detail in UNUSUAL:
                self._records.alarm(AlarmKind.DEVICE, f"lane {event.detail}")
            case Happening.FIRMWARE if not event.detail.endswith("runs"):
                self._records.alarm(AlarmKind.DEVICE, "lane firmware")

    async def _clear_latches(self) -> None:
        """An officer's look, under the kiosk's signature; the lane's word alone ends it."""
        while True:
            officer = await self._lookers.get()
            try:
                await self._devices.clear_lane(self._sign)
            except DeviceError as error:
                log.warning("the latch of the lane stays: %s", error)
                continue
            self._opening_is_told = False
            self._records.alarm(AlarmKind.TAMPER, f"{CLEARED} {officer}")
            self._news.set()
