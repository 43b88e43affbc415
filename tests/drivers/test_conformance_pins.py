"""A lane on pins keeps what all lanes must, on pins that gpiozero itself brings for use without a Pi."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from drivers.api import Happening, Lamp, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.errors import DeviceGone
from drivers.lane.pins import PinLane, PinNumbers
from hw_tests.conformance.lane import CALL_S, LaneConformance, LaneRig, Seen, comes_true, happens

PINS = PinNumbers(red=17, green=27, gate=22, button=23, tamper=24, headset=25)
ADDRESS = "/dev/gpiochip0?red=17&green=27&gate=22&button=23&tamper=24&headset=25"


class Board:
    """What hangs on the pins. gpiozero's factory lives as long as one opening; the levels outside stay."""

    def __init__(self) -> None:
        self.levels = {PINS.button: True, PINS.tamper: False, PINS.headset: True}
        self.factory: Any = None
        self.is_there = True

    def new_factory(self) -> Any:
        if not self.is_there:
            raise OSError("no such chip")
        self.factory = MockFactory()
        for pin in self.levels:
            self.drive(pin, self.levels[pin])
        return self.factory

    def drive(self, pin: int | None, high: bool) -> None:
        assert pin is not None
        self.levels[pin] = high
        if self.factory is not None:
            wire = self.factory.pin(pin)
            wire.drive_high() if high else wire.drive_low()

    def press(self) -> None:
        self.drive(PINS.button, False)
        time.sleep(0.05)
        self.drive(PINS.button, True)

    def level(self, pin: int) -> bool:
        return self.factory is not None and bool(self.factory.pin(pin).state)

    def seen(self) -> Seen:
        return Seen(self.level(PINS.red), self.level(PINS.green), self.level(PINS.gate))


def unsigned(_challenge: bytes) -> bytes:
    return b""


class TestPins(LaneConformance):
    @pytest.fixture
    def rig(self) -> Iterator[LaneRig]:
        board = Board()
        lane = PinLane("lane-1", PINS, board.new_factory)
        yield LaneRig(
            lane=lane,
            too_long_s=16.0,
            sign=unsigned,
            look=board.seen,
            press=board.press,
            open_housing=lambda: board.drive(PINS.tamper, True),
            close_housing=lambda: board.drive(PINS.tamper, False),
            plug_headset=lambda is_in: board.drive(PINS.headset, not is_in),
        )
        lane.close()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def lane(board: Board) -> Iterator[PinLane]:
    lane = PinLane("lane-1", PINS, board.new_factory)
    yield lane
    lane.close()


def test_a_housing_found_open_is_told_and_a_latch_is_told_again_after_opening_anew(board: Board, lane: PinLane) -> None:
    board.drive(PINS.tamper, True)
    lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S))
    happens(lane, Happening.TAMPER)
    board.drive(PINS.tamper, False)
    lane.close()
    assert lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S)).tampered_at_monotonic_s is not None
    happens(lane, Happening.TAMPER)


def test_a_later_order_to_open_lasts_its_own_time(board: Board, lane: PinLane) -> None:
    lane.obey(LaneOrder(Lamp.GO, 0.3), Deadline(CALL_S))
    lane.obey(LaneOrder(Lamp.GO, 10.0), Deadline(CALL_S))
    time.sleep(0.8)
    assert board.seen().gate_is_open
    lane.obey(LaneOrder(Lamp.GO), Deadline(CALL_S))
    assert not board.seen().gate_is_open


def test_a_gate_shuts_in_its_time_though_nobody_asks_for_events(board: Board, lane: PinLane) -> None:
    lane.obey(LaneOrder(Lamp.GO, 0.3), Deadline(CALL_S))
    assert comes_true(lambda: not board.seen().gate_is_open)


def test_pins_that_cannot_be_had_are_gone_and_come_back(board: Board, lane: PinLane) -> None:
    board.is_there = False
    for _ in range(2):
        with pytest.raises(DeviceGone, match="no such chip"):
            lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S))
    board.is_there = True
    assert lane.obey(LaneOrder(Lamp.GO), Deadline(CALL_S)).lamp is Lamp.GO


def test_a_pin_that_fails_under_an_order_is_gone_not_a_crash(board: Board, lane: PinLane) -> None:
    lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S))
    board.factory.pin(PINS.gate).function = "input"  # somebody else has taken it
    with pytest.raises(DeviceGone):
        lane.obey(LaneOrder(Lamp.GO, 1.0), Deadline(CALL_S))
    assert lane.obey(LaneOrder(Lamp.GO, 1.0), Deadline(CALL_S)).gate_is_open


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("gate=22", "gate=5"),
        ("gate=22", "gate=8"),
        ("red=17", "red=27"),
        ("button=23", "button=28"),
        ("tamper=24", "tamper="),
        ("&gate=22", ""),
        ("gpiochip0", "gpio"),
    ],
)
def test_pins_that_cannot_be_right_are_refused_at_once(before: str, after: str) -> None:
    LANE["pins"](ADDRESS, "lane").close()
    with pytest.raises(ValueError):
        LANE["pins"](ADDRESS.replace(before, after), "lane")
