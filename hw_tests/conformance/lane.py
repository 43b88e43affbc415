"""What every lane must keep, on a simulator, on the real firmware and on the bench."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.api import Happening, Lamp, Lane, LaneEvent, LaneOrder, LaneState, Sign
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceRefused, DeviceTimeout
from hw_tests.conformance.rig import MARGIN_S, needs, soon, within

CALL_S = 10.0
OPEN = LaneOrder(Lamp.GO, 8.0)
SHUT = LaneOrder(Lamp.STOP)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the wires say to lamp and gate. A flashing red is now on, now off."""

    red: bool
    green: bool
    gate_is_open: bool


@dataclass(frozen=True, slots=True)
class LaneRig:
    """One lane and what surrounds it. A knob that is None cannot be turned here: its tests are skipped."""

    lane: Lane
    too_long_s: float  # longer than the lane lets its gate stand open
    sign: Sign  # by the kiosk that the lane belongs to
    look: Callable[[], Seen] | None = None
    press: Callable[[], object] | None = None
    open_housing: Callable[[], object] | None = None
    close_housing: Callable[[], object] | None = None
    plug_headset: Callable[[bool], object] | None = None
    unplug: Callable[[], object] | None = None
    replug: Callable[[], object] | None = None
    foreign_sign: Sign | None = None  # by somebody else; None: this lane asks for no signature
    keeps_latch: bool = False  # through a loss of power


def happens(lane: Lane, happening: Happening) -> LaneEvent:
    """The next event of this kind; others are passed over."""
    deadline = Deadline(CALL_S)
    while (event := lane.next_event(deadline)).happening is not happening:
        pass
    return event


def comes_true(what: Callable[[], bool]) -> bool:
    """Whether it does, however busy the machine is."""
    until_s = time.monotonic() + CALL_S
    while not what() and time.monotonic() < until_s:
        time.sleep(0.01)
    return what()


def obeys_again(lane: Lane, order: LaneOrder = SHUT) -> LaneState:
    """The state after a device has come back; until its driver has noticed, it is gone."""
    deadline = Deadline(CALL_S)
    while True:
        try:
            return lane.obey(order, deadline)
        except DeviceError:
            deadline.pause(lane.device, 0.1)


class LaneConformance:
    """Subclass it as `Test...` and give it a fixture `rig`: housing closed, no headset, no latch set."""

    def test_begins_at_stop_with_the_gate_shut(self, rig: LaneRig) -> None:
        assert rig.lane.obey(SHUT, Deadline(CALL_S)) == LaneState(Lamp.STOP, False, False, None)
        assert rig.lane.is_fitted

    def test_shows_every_lamp(self, rig: LaneRig) -> None:
        look = needs(rig.look, "see the lamp")
        assert rig.lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S)).lamp is Lamp.STOP
        assert comes_true(lambda: look() == Seen(red=True, green=False, gate_is_open=False))
        assert rig.lane.obey(LaneOrder(Lamp.WAIT), Deadline(CALL_S)).lamp is Lamp.WAIT
        assert comes_true(lambda: look() == Seen(red=False, green=False, gate_is_open=False))
        assert comes_true(lambda: look() == Seen(red=True, green=False, gate_is_open=False))
        assert rig.lane.obey(LaneOrder(Lamp.GO), Deadline(CALL_S)).lamp is Lamp.GO
        assert comes_true(lambda: look() == Seen(red=False, green=True, gate_is_open=False))

    def test_opens_and_shuts_by_itself(self, rig: LaneRig) -> None:
        began_s = time.monotonic()
        assert rig.lane.obey(LaneOrder(Lamp.GO, 1.5), Deadline(CALL_S)).gate_is_open
        opened = happens(rig.lane, Happening.GATE_OPENED)
        shut = happens(rig.lane, Happening.GATE_CLOSED)
        assert began_s - MARGIN_S <= opened.at_monotonic_s < shut.at_monotonic_s <= time.monotonic() + MARGIN_S
        assert rig.lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S)) == LaneState(Lamp.STOP, False, False, None)
        if rig.look is not None:
            assert rig.look() == Seen(red=True, green=False, gate_is_open=False)

    def test_shuts_at_once_when_told(self, rig: LaneRig) -> None:
        assert rig.lane.obey(OPEN, Deadline(CALL_S)).gate_is_open
        with within(0.5):
            assert not rig.lane.obey(SHUT, Deadline(CALL_S)).gate_is_open
        happens(rig.lane, Happening.GATE_OPENED)
        happens(rig.lane, Happening.GATE_CLOSED)

    def test_a_gate_opens_on_the_wire(self, rig: LaneRig) -> None:
        look = needs(rig.look, "see the gate")
        rig.lane.obey(OPEN, Deadline(CALL_S))
        assert comes_true(lambda: look() == Seen(red=False, green=True, gate_is_open=True))

    def test_refuses_to_stand_open_for_too_long(self, rig: LaneRig) -> None:
        with pytest.raises(DeviceRefused):
            rig.lane.obey(LaneOrder(Lamp.GO, rig.too_long_s), Deadline(CALL_S))
        assert not rig.lane.obey(LaneOrder(Lamp.WAIT), Deadline(CALL_S)).gate_is_open

    def test_tells_a_pressed_button_with_its_time(self, rig: LaneRig) -> None:
        press = needs(rig.press, "press the button")
        rig.lane.obey(SHUT, Deadline(CALL_S))
        before_s = time.monotonic()
        press()
        event = happens(rig.lane, Happening.BUTTON)
        assert before_s - MARGIN_S <= event.at_monotonic_s <= time.monotonic()
        assert event.lane == rig.lane.device

    def test_tells_every_press(self, rig: LaneRig) -> None:
        press = needs(rig.press, "press the button")
        rig.lane.obey(SHUT, Deadline(CALL_S))
        for _ in range(3):
            press()
            happens(rig.lane, Happening.BUTTON)

    def test_an_opened_housing_stays_latched_until_somebody_who_may_has_looked(self, rig: LaneRig) -> None:
        opened, closed = needs(rig.open_housing, "open the housing"), needs(rig.close_housing, "close it again")
        rig.lane.obey(SHUT, Deadline(CALL_S))
        before_s = time.monotonic()
        opened()
        event = happens(rig.lane, Happening.TAMPER)
        closed()
        state = rig.lane.obey(SHUT, Deadline(CALL_S))
        assert state.tampered_at_monotonic_s is not None
        for at_s in (event.at_monotonic_s, state.tampered_at_monotonic_s):
            assert before_s - MARGIN_S <= at_s <= time.monotonic()
        rig.lane.clear_tamper(rig.sign, Deadline(CALL_S))
        assert rig.lane.obey(SHUT, Deadline(CALL_S)).tampered_at_monotonic_s is None

    def test_a_second_opening_is_told_again_once_the_latch_is_cleared(self, rig: LaneRig) -> None:
        opened, closed = needs(rig.open_housing, "open the housing"), needs(rig.close_housing, "close it again")
        rig.lane.obey(SHUT, Deadline(CALL_S))
        for _ in range(2):
            opened()
            happens(rig.lane, Happening.TAMPER)
            closed()
            rig.lane.clear_tamper(rig.sign, Deadline(CALL_S))

    def test_a_foreign_signature_clears_nothing(self, rig: LaneRig) -> None:
        opened, closed = needs(rig.open_housing, "open the housing"), needs(rig.close_housing, "close it again")
        foreign = needs(rig.foreign_sign, "sign as somebody else")
        opened()
        happens(rig.lane, Happening.TAMPER)
        closed()
        with pytest.raises(DeviceRefused):
            rig.lane.clear_tamper(foreign, Deadline(CALL_S))
        assert rig.lane.obey(SHUT, Deadline(CALL_S)).tampered_at_monotonic_s is not None

    def test_the_latch_outlives_a_loss_of_power(self, rig: LaneRig) -> None:
        opened, closed = needs(rig.open_housing, "open the housing"), needs(rig.close_housing, "close it again")
        unplug, replug = needs(rig.unplug, "unplug the lane"), needs(rig.replug, "plug it in again")
        if not rig.keeps_latch:
            pytest.skip("this lane has no memory of its own")
        opened()
        happens(rig.lane, Happening.TAMPER)
        unplug()
        closed()
        replug()
        assert obeys_again(rig.lane).tampered_at_monotonic_s is not None
        happens(rig.lane, Happening.TAMPER)

    def test_tells_the_headset(self, rig: LaneRig) -> None:
        plug = needs(rig.plug_headset, "plug a headset in")
        rig.lane.obey(SHUT, Deadline(CALL_S))
        plug(True)
        happens(rig.lane, Happening.HEADSET_IN)
        assert rig.lane.obey(SHUT, Deadline(CALL_S)).headset_is_in
        plug(False)
        happens(rig.lane, Happening.HEADSET_OUT)
        assert not rig.lane.obey(SHUT, Deadline(CALL_S)).headset_is_in

    def test_nothing_happening_is_a_timeout_and_in_time(self, rig: LaneRig) -> None:
        rig.lane.obey(SHUT, Deadline(CALL_S))
        with within(1), pytest.raises(DeviceTimeout):
            deadline = Deadline(1)
            while True:
                rig.lane.next_event(deadline)

    def test_a_deadline_already_over_is_a_timeout(self, rig: LaneRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.lane.obey(OPEN, Deadline(0))
        assert not rig.lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S)).gate_is_open

    def test_a_caller_who_leaves_is_let_go_at_once(self, rig: LaneRig) -> None:
        deadline = Deadline(60)
        with within(0.8), soon(deadline.cancel, after_s=0.8), pytest.raises(Cancelled):
            while True:
                rig.lane.next_event(deadline)

    def test_orders_are_obeyed_while_another_thread_waits_for_events(self, rig: LaneRig) -> None:
        with soon(lambda: rig.lane.obey(OPEN, Deadline(CALL_S)), after_s=0.3):
            happens(rig.lane, Happening.GATE_OPENED)

    def test_unplugged_is_gone_and_replugged_obeys_again(self, rig: LaneRig) -> None:
        unplug, replug = needs(rig.unplug, "unplug the lane"), needs(rig.replug, "plug it in again")
        rig.lane.obey(OPEN, Deadline(CALL_S))
        with within(3), soon(unplug, after_s=0.5), pytest.raises(DeviceGone):
            while True:
                rig.lane.next_event(Deadline(CALL_S))
        with within(3), pytest.raises(DeviceGone):
            rig.lane.obey(OPEN, Deadline(CALL_S))
        if rig.look is not None:
            assert not rig.look().gate_is_open
        replug()
        state = obeys_again(rig.lane, LaneOrder(Lamp.WAIT))
        assert state.lamp is Lamp.WAIT and not state.gate_is_open

    def test_close_shuts_the_gate_and_a_later_call_opens_the_lane_again(self, rig: LaneRig) -> None:
        rig.lane.obey(OPEN, Deadline(CALL_S))
        rig.lane.close()
        rig.lane.close()
        if rig.look is not None:
            look = rig.look
            assert comes_true(lambda: not look().gate_is_open)
        assert not rig.lane.obey(LaneOrder(Lamp.WAIT), Deadline(CALL_S)).gate_is_open
        rig.lane.close()

    def test_errors_name_the_device(self, rig: LaneRig) -> None:
        with pytest.raises(DeviceError) as caught:
            rig.lane.obey(SHUT, Deadline(0))
        assert caught.value.device == rig.lane.device
