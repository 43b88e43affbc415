"""In the guest: the lane on pins, through gpiozero and lgpio down to the kernel's simulated chip (gpio-sim)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from drivers.api import Happening, Lamp, LaneOrder
from drivers.deadline import Deadline
from drivers.lane.pins import PinLane, PinNumbers
from hw_tests.conformance.lane import CALL_S, LaneConformance, LaneRig, Seen, happens
from tests.guest.gpio_sim import PiFactory, SimulatedPins
from tests.guest.inside import until

MODULES = ("gpio_sim",)

PINS = PinNumbers(red=17, green=27, gate=22, button=23, tamper=24, headset=25)
NAMES = {17: "LAMP_RED", 27: "LAMP_GREEN", 22: "GATE", 23: "BUTTON", 24: "TAMPER", 25: "HEADSET"}
HOLDER = f"""
import time
from drivers.api import Lamp, LaneOrder
from drivers.deadline import Deadline
from drivers.lane.pins import PinLane, PinNumbers
from tests.guest.gpio_sim import PiFactory
lane = PinLane("lane", {PINS!r}, PiFactory)
lane.obey(LaneOrder(Lamp.GO, 15.0), Deadline(60))
print("open", flush=True)
time.sleep(600)
"""


class Wires:
    """What hangs on the pins."""

    def __init__(self) -> None:
        self.pins = SimulatedPins(NAMES)

    def rest(self) -> None:
        """Button out, housing shut, no headset; the gate's resistor to ground is there."""
        for pin, up in ((PINS.button, True), (PINS.tamper, False), (25, True), (PINS.gate, False)):
            self.pins.pull(pin, up=up)

    def drive(self, pin: int, *, up: bool) -> None:
        self.pins.pull(pin, up=up)
        time.sleep(0.3)  # longer than a contact bounces, and no hand is quicker

    def press(self) -> None:
        self.drive(PINS.button, up=False)
        self.drive(PINS.button, up=True)

    def seen(self) -> Seen:
        red, green, gate = (self.pins.value(pin) == 1 for pin in (PINS.red, PINS.green, PINS.gate))
        return Seen(red, green, gate)


def unsigned(_challenge: bytes) -> bytes:
    return b""


@pytest.fixture(scope="module")
def wires() -> Wires:
    return Wires()


def test_a_process_killed_with_the_gate_open_leaves_it_shut(wires: Wires) -> None:
    """Before this process has opened the chip: then the pins are its own until it ends."""
    wires.rest()
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, env=dict(os.environ)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        assert wires.seen().gate_is_open
        holder.kill()
        holder.wait()
    until("the gate to fall", lambda: not wires.seen().gate_is_open)


@pytest.fixture(scope="module")
def factory(wires: Wires) -> PiFactory:
    """One for the process, as in the product: lgpio tells edges only of the first opening of a chip."""
    del wires  # there before it
    return PiFactory()


@pytest.fixture
def lane(wires: Wires, factory: PiFactory) -> Iterator[PinLane]:
    wires.rest()
    lane = PinLane("lane-1", PINS, lambda: factory)
    lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S))
    wires.rest()  # opening an input sets the simulated pull, as no true wire would let it
    yield lane
    lane.close()


class TestPins(LaneConformance):
    @pytest.fixture
    def rig(self, lane: PinLane, wires: Wires) -> LaneRig:
        return LaneRig(
            lane=lane,
            too_long_s=16.0,
            sign=unsigned,
            look=wires.seen,
            press=wires.press,
            open_housing=lambda: wires.drive(PINS.tamper, up=True),
            close_housing=lambda: wires.drive(PINS.tamper, up=False),
            plug_headset=lambda is_in: wires.drive(25, up=not is_in),
        )


def test_a_housing_found_open_is_told(lane: PinLane, wires: Wires) -> None:
    lane.close()
    wires.pins.pull(PINS.tamper, up=True)
    happens(lane, Happening.TAMPER)


def test_opened_again_it_still_tells_what_happens(lane: PinLane, wires: Wires) -> None:
    for _ in range(2):
        lane.close()
        lane.obey(LaneOrder(Lamp.STOP), Deadline(CALL_S))
        wires.rest()
        wires.press()
        happens(lane, Happening.BUTTON)
