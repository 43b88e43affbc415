"""The real Runner on small ports: the rows that nobody reaches from outside, and what a bug may never do."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from appliance.devices import Devices
from appliance.journey.capture import Bench
from appliance.journey.capture_finger import LIFT_S
from appliance.journey.deciding import Desk
from appliance.journey.handing_out import Slips
from appliance.journey.machine import CAPTURING, Event, State
from appliance.journey.ports import Hands
from appliance.journey.runner import Manners, Runner
from appliance.journey.screen import Screen
from appliance.journey.view import Touch
from appliance.lane import Lane
from appliance.slip import SlipWriter
from appliance.vision.track import Sighting
from appliance.web.catalogue import load as load_words
from border.encounter import CheckedFact, RecommendedFact, SampleKind
from border.findings import Finding
from border.messages import codec
from drivers.api import Light, Portrait, PortraitSource
from drivers.fill_light import NoFillLight
from drivers.passport_reader.chip import PassportChip
from simulators.travellers import traveller
from tests.appliance.small_ports import Book, Bug, Glass, Judge, Papers, Roll, Slot, Tray, Watch, Window
from tests.journeys.rows import INSIDE, Row

ONLY_BY_BUG = [row for row in INSIDE if row[1] is Event.FAULT]
ZONE = traveller("skipper").lines(datetime.now(UTC).date())


class Rig:
    """A runner at work, the ports to turn, and the fingers on the screen."""

    def __init__(
        self,
        front: Sighting,
        *,
        scale: float = 1.0,
        has_eyes: bool = True,
        apart: float = 0.3,
        swap: float = 0.0,
        tray: Tray | None = None,
    ) -> None:
        """`tray`: this kiosk asks the chip that lies there."""
        self.slot, self.glass, self.book, self.papers = Slot(), Glass(), Book(), Papers()
        screen = Screen("en")
        self.eyes, self.window = Judge(front, lambda: screen.view.asked, apart=apart, swap=swap), Window()
        eyes = self.eyes if has_eyes else None
        chips = None if tray is None else PassportChip(tray.device, tray)
        self.paper = Roll()
        hands = Hands(
            self.slot, self.window, self.glass, NoFillLight("fill_light"), chip_reader=chips, printer=self.paper
        )
        slips = Slips(SlipWriter(load_words(), "Port", "http://desk.example:8102"))
        self._asks_chips = tray is not None
        self.devices, self.vision = Devices(hands), Lane("vision")
        watch = Watch()
        bench = Bench(self.devices, eyes, self.vision, self.papers, watch, screen, random.Random(4))
        desk = Desk(kiosk="kiosk-1", records=self.book, lists=self.papers, stamps=watch, same_for_all_s=0.2)
        self.runner = Runner(bench, desk, Manners(languages=("en", "fr"), direction=None, scale=scale), slips)

    async def at(self, *states: State, within_s: float = 15.0) -> State:
        await until(lambda: self.runner.view.state in states, within_s)
        return self.runner.view.state

    async def reach(self, state: State) -> None:
        """As a traveller would."""
        await self.at(State.IDLE)
        goes_on: dict[State, Callable[[], object]] = {
            State.WELCOME: lambda: self.runner.touch(Touch.LANGUAGE, "fr"),
            State.DOCUMENT: lambda: self.runner.touch(Touch.ARRIVING),
            **({State.CHIP: self._swiped} if self._asks_chips else {}),
            State.FACE: self._swiped,
            State.TURN: lambda: None,
            State.FINGER: lambda: None,
            State.CLEARED: lambda: setattr(self.glass, "finger", 90),
        }
        for step, go_on in goes_on.items():
            if self.runner.view.state is state:
                return
            go_on()
            await self.at(*goes_on.keys() - {State.WELCOME, State.DOCUMENT} if step is State.CHIP else (step,), state)

    def _swiped(self) -> None:
        if self.runner.view.state is State.DOCUMENT:
            self.slot.zones.put(ZONE)

    @property
    def checked(self) -> CheckedFact:
        fact = self.book.written[-1][0][0]
        assert isinstance(fact, CheckedFact)
        return fact

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.checked.findings

    @property
    def compared(self) -> Finding:
        return next(finding for finding in self.findings if finding.check == "face_comparison")

    @property
    def recommended(self) -> RecommendedFact:
        fact = self.book.written[-1][0][1]
        assert isinstance(fact, RecommendedFact)
        return fact


async def until(holds: Callable[[], bool], within_s: float = 15.0) -> None:
    ends_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_s, "waited in vain"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[Rig]:
    work = asyncio.create_task(rig.runner.run())
    try:
        yield rig
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        rig.devices.close()
        rig.vision.close()


def play(rig: Rig, act: Callable[[Rig], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with running(rig):
            await act(rig)

    asyncio.run(whole())


def raising(light: Light) -> None:
    raise Bug(f"nobody expects {light}")


@pytest.mark.parametrize(("state", "event"), ONLY_BY_BUG, ids=[state.value for state, _ in ONLY_BY_BUG])
def test_a_bug_closes_the_lane_wipes_it_and_opens_it_again(
    front: Sighting, walked: Callable[[], list[Row]], state: State, event: Event
) -> None:
    async def act(rig: Rig) -> None:
        await break_in(rig, state)
        await until(lambda: (state, event) in walked())
        rig.book.breaks_on_alarm = rig.book.is_full = False
        rig.glass.when_shown = lambda _light: None
        await rig.at(State.IDLE)
        view = rig.runner.view
        assert (view.language, view.receipt, view.person, view.help_called) == ("en", None, 1, False)

    play(Rig(front, tray=Tray() if state is State.CHIP else None), act)


async def break_in(rig: Rig, state: State) -> None:
    """Bring the runner there and let our own code fail: a call for help that cannot be raised, a light that bursts."""
    if state is State.OUT_OF_SERVICE:
        rig.book.is_full = True
        await rig.at(state)
    elif state is State.WIPING:
        await rig.reach(State.WELCOME)
        rig.glass.when_shown = raising
        assert rig.runner.touch(Touch.STOP)
        return
    elif state is State.REFERRED:
        await rig.reach(State.WELCOME)
        assert rig.runner.touch(Touch.OFFICER)
        await rig.at(state)
    else:
        await rig.reach(state)
    rig.book.breaks_on_alarm = True
    assert rig.runner.touch(Touch.HELP)


def test_a_wipe_that_hangs_closes_the_lane(front: Sighting, walked: Callable[[], list[Row]]) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.WELCOME)
        rig.glass.when_shown = lambda _light: time.sleep(1.0)
        rig.runner.touch(Touch.STOP)
        await until(lambda: (State.WIPING, Event.TIMED_OUT) in walked())
        rig.glass.when_shown = lambda _light: None
        await rig.at(State.IDLE)

    play(Rig(front, scale=0.05), act)


def test_every_row_said_to_be_walked_inside_is_walked_here() -> None:
    assert {*ONLY_BY_BUG, (State.WIPING, Event.TIMED_OUT), (State.CHIP, Event.TIMED_OUT)} == INSIDE.keys()


def test_a_whole_journey_clears_and_its_receipt_comes_after_the_record(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        receipt = rig.runner.view.receipt
        assert receipt is not None
        assert rig.recommended.outcome.value == "cleared"
        assert receipt.stay_until is not None
        kinds = {sample.kind.value for sample in rig.book.written[-1][1]}
        assert kinds == {"face", "face_runner_up", "face_turned", "finger"}

    play(Rig(front), act)


def portrait(grey: int, source: PortraitSource = PortraitSource.CHIP, kind: str = ".jpg") -> Portrait:
    data = cv2.imencode(kind, np.full((120, 90, 3), grey, np.uint8))[1].tobytes()
    return Portrait(source, {".jpg": "image/jpeg", ".jp2": "image/jp2"}[kind], data)


def test_without_a_portrait_there_is_nothing_to_compare_and_the_finding_says_so(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        assert rig.compared.reason == "no_portrait_to_compare"
        rows = {row.name: row for row in rig.compared.measures}
        assert "portrait_distance" not in rows
        assert rows["turn_distance"].value <= 0.01 and rows["live_frames"].value >= 4

    play(Rig(front), act)


def test_a_policy_that_wants_a_portrait_refers_who_has_none(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        assert rig.papers.policy is not None
        wants = replace(rig.papers.policy.comparison, portrait_required=True)
        rig.papers.policy = replace(rig.papers.policy, comparison=wants)
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.REFERRED)
        assert rig.recommended.reasons == ("portrait_absent",)

    play(Rig(front), act)


@pytest.mark.parametrize("kind", [".jpg", ".jp2"])
def test_a_portrait_that_agrees_clears_and_the_officer_has_it_too(front: Sighting, kind: str) -> None:
    async def act(rig: Rig) -> None:
        rig.slot.portrait = given = portrait(90, kind=kind)
        await rig.reach(State.CLEARED)
        assert rig.compared.reason == "portrait_agrees"
        (kept,) = (sample for sample in rig.book.written[-1][1] if sample.kind is SampleKind.PORTRAIT)
        assert kept.frame_sha256 == given.sha256 and kept.device == rig.slot.device
        assert kept.media_type == ("image/jpeg" if kind == ".jpg" else "image/png")

    play(Rig(front), act)


@pytest.mark.parametrize(
    ("given", "apart", "reason", "kept"),
    [
        (portrait(90), 0.7, "portrait_differs", True),
        (portrait(90), float("nan"), "portrait_differs", True),
        (portrait(230), 0.3, "portrait_without_face", True),
        (Portrait(PortraitSource.CHIP, "image/jpeg", b"\xff\xd8\xff no picture"), 0.3, "portrait_unreadable", False),
    ],
    ids=["other", "nan", "faceless", "broken"],
)
def test_a_portrait_that_does_not_agree_refers(
    front: Sighting, given: Portrait, apart: float, reason: str, kept: bool
) -> None:
    async def act(rig: Rig) -> None:
        rig.slot.portrait = given
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.REFERRED)
        assert reason in rig.recommended.reasons
        kinds = {sample.kind for sample in rig.book.written[-1][1]}
        assert (SampleKind.PORTRAIT in kinds) is kept

    play(Rig(front, apart=apart), act)


@pytest.mark.parametrize("grey", [90, 230], ids=["another face", "no face"])
def test_a_printed_portrait_is_for_the_officers_eyes(front: Sighting, grey: int) -> None:
    async def act(rig: Rig) -> None:
        rig.slot.portrait = portrait(grey, PortraitSource.PRINTED)
        await rig.reach(State.CLEARED)
        assert rig.compared.reason == "no_portrait_to_compare"
        assert SampleKind.PORTRAIT_PRINTED in {sample.kind for sample in rig.book.written[-1][1]}

    play(Rig(front, apart=1.2), act)


def test_another_persons_turn_refers(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        await rig.at(State.REFERRED)
        assert "turn_other_face" in rig.recommended.reasons
        assert "bona_fide" not in {finding.reason for finding in rig.findings}

    play(Rig(front, swap=0.8), act)


def test_no_number_of_an_embedding_is_in_a_record(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        rig.slot.portrait = portrait(90)
        await rig.reach(State.CLEARED)
        assert front.identity is not None
        facts = b"".join(codec.encode(fact) for fact in rig.book.written[-1][0])
        assert front.identity.values.tobytes() not in facts
        assert not [value for value in front.identity.values if b"\xfa" + struct.pack(">f", value) in facts]  # as CBOR

    play(Rig(front), act)


def test_without_models_everybody_is_referred_and_nobody_passed(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.DOCUMENT)
        rig.slot.zones.put(ZONE)
        await rig.at(State.REFERRED)
        assert "face_model_device_failed" in rig.recommended.reasons

    play(Rig(front, has_eyes=False), act)


def test_without_policy_the_lane_stays_closed_until_it_comes(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        policy, rig.papers.policy = rig.papers.policy, None
        await asyncio.sleep(0.3)
        assert rig.runner.view.state is State.OUT_OF_SERVICE
        assert not rig.runner.touch(Touch.ARRIVING)
        rig.papers.policy = policy
        await rig.at(State.IDLE)

    play(Rig(front), act)


def test_a_finger_left_lying_is_given_time_to_be_lifted_before_the_next_try(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 20
        await rig.at(State.REFERRED)
        one, two, three = rig.glass.taken_at_s
        assert min(two - one, three - two) >= LIFT_S
        assert rig.recommended.reasons == ("finger_quality_low",)

    play(Rig(front), act)


def test_a_touch_that_means_nothing_here_changes_nothing(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.WELCOME)
        for touch in (Touch.NEXT_PERSON, Touch.FINISH, Touch.CANNOT):
            assert not rig.runner.touch(touch)
        assert not rig.runner.touch(Touch.LANGUAGE, "xx")
        await asyncio.sleep(0.05)
        assert rig.runner.view.state is State.WELCOME

    play(Rig(front), act)


@pytest.mark.parametrize("state", CAPTURING)
def test_a_double_touch_of_stop_leaves_once(front: Sighting, walked: Callable[[], list[Row]], state: State) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(state)
        assert rig.runner.touch(Touch.STOP)
        rig.runner.touch(Touch.STOP)
        await rig.at(State.IDLE)
        await asyncio.sleep(0.1)
        assert rig.runner.view.state is State.IDLE
        assert walked().count((state, Event.GAVE_UP)) == 1

    play(Rig(front, tray=Tray() if state is State.CHIP else None), act)


def test_what_was_seen_of_one_traveller_is_not_in_the_next_ones_record(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.CLEARED)
        rig.glass.finger = None
        rig.runner.touch(Touch.NEXT_PERSON)
        await rig.at(State.DOCUMENT)
        rig.runner.touch(Touch.OFFICER)
        await rig.at(State.REFERRED)
        facts, samples = rig.book.written[-1]
        checked = facts[0]
        assert isinstance(checked, CheckedFact)
        assert (checked.lines, checked.document, samples) == ((), None, ())
        first = rig.book.written[0][0][0]
        assert isinstance(first, CheckedFact)
        assert checked.group == first.encounter != checked.encounter

    play(Rig(front), act)
