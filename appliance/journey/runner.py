"""Walks one traveller after another through the table: steps, touches, warnings, the decision, and the wipe."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from appliance.journey.capture import Bench, Capture
from appliance.journey.deciding import Desk
from appliance.journey.handing_out import Slips
from appliance.journey.machine import CAPTURING, LIMITS, WARNING_S, Event, State, after
from appliance.journey.steps import STEPS
from appliance.journey.view import SlipState, Touch, View
from appliance.journey.visit import Visit
from appliance.vision.turn import Movement
from border.encounter import Direction
from border.messages.values import AlarmKind
from drivers.api import Light

log = logging.getLogger(__name__)

TOUCHES: dict[tuple[State, Touch], Event] = {
    (State.IDLE, Touch.LANGUAGE): Event.LANGUAGE_CHOSEN,
    (State.WELCOME, Touch.ARRIVING): Event.DIRECTION_CHOSEN,
    (State.WELCOME, Touch.LEAVING): Event.DIRECTION_CHOSEN,
    (State.WELCOME, Touch.STOP): Event.GAVE_UP,
    (State.WELCOME, Touch.OFFICER): Event.REFER,
    **{(state, Touch.STOP): Event.GAVE_UP for state in CAPTURING},
    **{(state, Touch.OFFICER): Event.REFER for state in CAPTURING},
    (State.CHIP, Touch.CANNOT): Event.CHIP_DONE,
    (State.TURN, Touch.CANNOT): Event.REFER,
    (State.FINGER, Touch.CANNOT): Event.REFER,
    **{(state, Touch.NEXT_PERSON): Event.NEXT_PERSON for state in (State.CLEARED, State.REFERRED)},
    **{(state, Touch.FINISH): Event.FINISHED for state in (State.CLEARED, State.REFERRED)},
}
"""What a touch means where. LANGUAGE, HELP and MORE_TIME mean the same everywhere and are not here."""

WISHES: dict[tuple[State, Touch], str] = {
    (State.TURN, Touch.CANNOT): "cannot_turn",
    (State.FINGER, Touch.CANNOT): "cannot_finger",
    **{(state, Touch.OFFICER): "officer" for state in (State.WELCOME, *CAPTURING)},
    **{(state, Touch.STOP): "gave_up" for state in CAPTURING},
}

PROBE_EVERY_S, PROBE_AGAIN_S = 10.0, 2.0
"""While nobody is there, the devices are asked this often whether they are; sooner while one is not."""

CLOSED_LOOK_S = 0.5
"""How often it is looked whether the lane was closed by hand."""

HELP_STAYS_S = 60.0


@dataclass(frozen=True, slots=True)
class Manners:
    """How the kiosk behaves in time and tongue."""

    languages: tuple[str, ...]
    direction: Direction | None  # None: the traveller says
    scale: float = 1.0  # all limits of machine.LIMITS times this


class Runner:
    """The journey (view.Journey and view.Preview for the pages); `run` never returns by itself."""

    def __init__(self, bench: Bench, desk: Desk, manners: Manners, slips: Slips) -> None:
        self._bench, self._desk, self._manners, self._slips = bench, desk, manners, slips
        self._touches: asyncio.Queue[tuple[Touch, str | None]] = asyncio.Queue()
        self._touched_at_s = 0.0
        self._painted_at_s: float | None = None
        self._visit = self._new_visit(None)

    # what pages see

    @property
    def view(self) -> View:
        return self._bench.screen.view

    def changes(self) -> AsyncIterator[View]:
        return self._bench.screen.changes()

    def jpegs(self) -> AsyncIterator[bytes]:
        return self._bench.screen.jpegs()

    def painted(self, revision: int) -> None:
        """A revision that was never shown is the word of a page of the last run: it is not believed."""
        if revision <= self.view.revision:
            self._bench.screen.painted_revision = revision
            self._painted_at_s = self._bench.stamps.monotonic_s()

    @property
    def painted_at_s(self) -> float | None:
        """When the page last said that it painted; None: never."""
        return self._painted_at_s

    @property
    def painted_revision(self) -> int:
        return self._bench.screen.painted_revision

    def touch(self, touch: Touch, language: str | None = None) -> bool:
        """Anything that means something now is queued; the rest is a late double touch."""
        state = self.view.state
        everywhere = touch in (Touch.HELP, Touch.MORE_TIME) and state is not State.WIPING
        if touch is Touch.LANGUAGE and language not in self._manners.languages:
            return False
        is_wanted = touch is Touch.PRINT and self.view.slip is SlipState.OFFERED
        if not (everywhere or is_wanted or touch is Touch.LANGUAGE or (state, touch) in TOUCHES):
            return False
        self._touches.put_nowait((touch, language))
        return True

    def help_seen(self) -> None:
        if self.view.help_called:
            self._bench.screen.show(help_seen=True)

    def headset(self, is_in: bool) -> None:
        """Somebody listens, or no longer does; this outlives the traveller, for it is how the jack is."""
        self._bench.screen.show(headset=is_in)

    # the walk

    async def run(self) -> None:
        """For ever: live through a state, take its event to the table, enter the next."""
        state = State.OUT_OF_SERVICE
        while True:
            self._enter(state)
            try:
                event = await self._live_through(state)
            except Exception:
                log.exception("a bug in state %s; the lane closes", state)
                event = Event.FAULT
            state = self._leave(state, event)
            if state not in (State.FACE, State.TURN):
                await self._bench.devices.rest()

    def _enter(self, state: State) -> None:
        self._touched_at_s = self._bench.stamps.monotonic_s()
        self._bench.screen.show(
            state=state,
            hint=None,
            asked=None,
            progress=None,
            attempts_left=None,
            seconds_left=None,
            slip=None,
            person=self._visit.person,
        )

    def _leave(self, state: State, event: Event) -> State:
        """The table's next state, and what changes with it."""
        new = after(state, event)
        log.info("journey: %s + %s = %s", state, event, new)  # a row of the table; nothing of the traveller
        if state in (State.FACE, State.TURN) and new not in (State.FACE, State.TURN):
            self._bench.screen.draw(None)
        if event is Event.NEXT_PERSON:
            self._visit = self._new_visit(self._visit)
            self._bench.screen.show(receipt=None)
        if event is Event.DEVICE_FAILED:
            step, code = self._visit.failed_devices[-1]
            self._desk.records.alarm(AlarmKind.DEVICE, f"{step} {code}")
        if new is State.DOCUMENT:
            self._visit.began_at_s = self._bench.stamps.monotonic_s()
        if new is State.ABANDONING:
            self._visit.wishes.add("timed_out" if event is Event.TIMED_OUT else "gave_up")
        if new in (State.WIPING, State.OUT_OF_SERVICE):
            self._wipe()
        return new

    def _wipe(self) -> None:
        self._visit = self._new_visit(None)
        while not self._touches.empty():
            self._touches.get_nowait()
        screen = self._bench.screen
        screen.draw(None)
        screen.show(receipt=None, help_called=False, help_seen=False, language=self._manners.languages[0], person=1)

    def _new_visit(self, before: Visit | None) -> Visit:
        encounter, now_s = self._bench.stamps.new_id(), self._bench.stamps.monotonic_s()
        return Visit(
            encounter=encounter,
            group=before.group if before else encounter,
            direction=before.direction if before else self._manners.direction,
            person=before.person + 1 if before else 1,
            began_at_s=now_s,
            active_at_s=now_s,
        )

    async def _live_through(self, state: State) -> Event:
        """The state's own work against touches and time; whichever speaks first."""
        work = asyncio.ensure_future(self._work(state)())
        try:
            while True:
                touch = asyncio.ensure_future(self._touches.get())
                done, _ = await asyncio.wait({work, touch}, timeout=self._tick_s(), return_when=asyncio.FIRST_COMPLETED)
                if work in done:
                    if touch in done:  # it came too late for this state; it may mean something in the next
                        self._touches.put_nowait(touch.result())
                    touch.cancel()
                    return work.result()
                event = self._touched(state, *touch.result()) if touch in done else self._time_passed(state)
                touch.cancel()
                if event is not None:
                    return event
        finally:
            work.cancel()
            await asyncio.wait([work])

    def _tick_s(self) -> float:
        return min(1.0, 1.0 * self._manners.scale)

    def _touched(self, state: State, touch: Touch, language: str | None) -> Event | None:
        self._touched_at_s = self._bench.stamps.monotonic_s()
        self._bench.screen.show(seconds_left=None)
        if touch is Touch.LANGUAGE and language is not None:
            self._bench.screen.show(language=language)
        if touch is Touch.HELP:
            self._visit.wishes.add("help")
            self._bench.screen.show(help_called=True)
            self._desk.records.alarm(AlarmKind.HELP, state.value)
        if touch in (Touch.ARRIVING, Touch.LEAVING) and state is State.WELCOME:
            self._visit.direction = Direction.ARRIVAL if touch is Touch.ARRIVING else Direction.DEPARTURE
        if (state, touch) == (State.TURN, Touch.CANNOT) and self._visit.movement is Movement.BOTH:
            self._visit.movement = Movement.NOD
            return Event.OTHER_MOVEMENT
        if touch is Touch.PRINT:
            self._slips.is_wanted.set()
        if wish := WISHES.get((state, touch)):
            self._visit.wishes.add(wish)
        return TOUCHES.get((state, touch))

    def _time_passed(self, state: State) -> Event | None:
        """Warn in time, then end the state (machine.LIMITS)."""
        scale = self._manners.scale
        limit = LIMITS.get(state)
        if limit is None:
            self._forget_help(HELP_STAYS_S * scale)
            return None
        since_s = max(self._touched_at_s, self._visit.active_at_s)
        left_s = since_s + limit.seconds * scale - self._bench.stamps.monotonic_s()
        if left_s <= 0:
            return Event.TIMED_OUT
        warned = limit.warns and left_s <= WARNING_S * scale
        self._bench.screen.show(seconds_left=max(1, round(left_s)) if warned else None)
        return None

    def _forget_help(self, after_s: float) -> None:
        """A call from the home screen ends some time after an officer has seen it; nobody is there to end it."""
        seen = self.view.help_called and self.view.help_seen
        if seen and self._bench.stamps.monotonic_s() - self._touched_at_s > after_s:
            self._bench.screen.show(help_called=False, help_seen=False)

    # what each state does while it lasts

    def _work(self, state: State) -> Callable[[], Awaitable[Event]]:
        works: dict[State, Callable[[], Awaitable[Event]]] = {
            State.IDLE: self._wait_at_home,
            State.WELCOME: self._welcome,
            State.DECIDING: self._decide,
            State.CLEARED: self._hand_out,
            State.REFERRED: self._hand_out,
            State.ABANDONING: self._abandon,
            State.WIPING: self._wiped,
            State.OUT_OF_SERVICE: self._wait_for_service,
        }
        return works.get(state) or self._capture(state)

    def _capture(self, state: State) -> Callable[[], Awaitable[Event]]:
        policy = self._bench.lists.policy
        if state not in STEPS or policy is None:
            return self._wait_for_ever
        capture = Capture(self._bench, self._visit, policy)
        return lambda: STEPS[state](capture)

    async def _wait_for_ever(self) -> Event:
        never: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        return await never

    async def _welcome(self) -> Event:
        """A lane that serves one direction only asks nothing."""
        return Event.DIRECTION_CHOSEN if self._manners.direction else await self._wait_for_ever()

    async def _wait_at_home(self) -> Event:
        """Keep the board's picture of the devices true, and close when there is no room to record."""
        while await self._desk.can_serve():
            await self._bench.devices.probe()
            await self._unless_closed(PROBE_EVERY_S if self._bench.devices.are_ready else PROBE_AGAIN_S)
        return Event.FAULT

    async def _unless_closed(self, seconds: float) -> None:
        """Sleep, and no longer than a lane stays open: who comes after it was closed is not let in."""
        ends_s = self._bench.stamps.monotonic_s() + seconds
        while True:
            if self._desk.is_closed() or self._bench.stamps.monotonic_s() >= ends_s:
                return
            await asyncio.sleep(min(CLOSED_LOOK_S, seconds))

    async def _wait_for_service(self) -> Event:
        while True:
            if await self._desk.can_serve():
                return Event.RESTORED
            await asyncio.sleep(1.0)

    async def _decide(self) -> Event:
        event, receipt = await self._desk.decide(self._visit)
        self._bench.screen.show(receipt=receipt)
        return event

    async def _hand_out(self) -> Event:
        """The slip on paper, by policy; whatever comes of it, the traveller ends this himself."""
        policy, receipt = self._bench.lists.policy, self.view.receipt
        if policy is not None and receipt is not None:
            await self._slips.hand_out(receipt, self._visit.encounter, policy.slip, self._bench)
        return await self._wait_for_ever()

    async def _abandon(self) -> Event:
        if not self._visit.is_worth_recording:
            return Event.RECORDED
        event, _receipt = await self._desk.decide(self._visit)
        return Event.STORAGE_FULL if event is Event.STORAGE_FULL else Event.RECORDED

    async def _wiped(self) -> Event:
        await self._bench.devices.light(Light.OFF)
        return Event.WIPED
