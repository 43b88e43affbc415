"""In the guest: gpiozero over lgpio on the kernel's simulated pins, outputs and edges; no driver of ours yet."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from gpiozero import Button, Device, DigitalOutputDevice

from tests.guest.gpio_sim import PiFactory, SimulatedPins
from tests.guest.inside import until

MODULES = ("gpio_sim",)

LAMP, GATE, BUTTON, TAMPER = 2, 4, 10, 11
NAMES = {LAMP: "LAMP_RED", GATE: "GATE", BUTTON: "BUTTON", TAMPER: "TAMPER"}
HOLDER = f"""
from gpiozero import Device, DigitalOutputDevice
from tests.guest.gpio_sim import PiFactory
import time
Device.pin_factory = PiFactory()
gate = DigitalOutputDevice({GATE}, initial_value=True)
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def pins() -> SimulatedPins:
    pins = SimulatedPins(NAMES)
    assert pins.device.name == "gpiochip0"
    return pins


@pytest.fixture(autouse=True)
def factory(pins: SimulatedPins) -> Iterator[PiFactory]:
    pins.pull(BUTTON, up=True)
    pins.pull(TAMPER, up=False)
    Device.pin_factory = factory = PiFactory()
    yield factory
    factory.close()
    Device.pin_factory = None


def test_an_output_is_seen_at_the_pin_from_its_first_value_on(pins: SimulatedPins) -> None:
    with DigitalOutputDevice(LAMP, initial_value=True) as lamp, DigitalOutputDevice(GATE, initial_value=False) as gate:
        assert (pins.value(LAMP), pins.value(GATE)) == (1, 0)
        lamp.off()
        gate.on()
        assert (pins.value(LAMP), pins.value(GATE)) == (0, 1)


def test_every_edge_at_an_input_is_told_once_and_in_order(pins: SimulatedPins) -> None:
    told: list[str] = []
    with Button(BUTTON) as button, Button(TAMPER, pull_up=None, active_state=True) as tamper:
        button.when_pressed = lambda: told.append("pressed")
        button.when_released = lambda: told.append("released")
        tamper.when_pressed = lambda: told.append("opened")
        for number, up in ((BUTTON, False), (BUTTON, True), (TAMPER, True), (BUTTON, False)):
            before = len(told)
            pins.pull(number, up=up)
            until("the edge", lambda before=before: len(told) > before)  # type: ignore[misc]
        time.sleep(0.5)
    assert told == ["pressed", "released", "opened", "pressed"]


def test_a_level_from_before_the_opening_is_seen(pins: SimulatedPins) -> None:
    pins.pull(TAMPER, up=True)
    with Button(TAMPER, pull_up=None, active_state=True) as tamper:
        assert tamper.is_pressed


def test_a_killed_process_lets_its_outputs_go(pins: SimulatedPins) -> None:
    """So a gate that opens at 1 closes by its pull-down when the appliance dies."""
    pins.pull(GATE, up=False)
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, env=dict(os.environ)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"open\n"
        assert pins.value(GATE) == 1
        holder.kill()
        holder.wait()
    until("the gate to fall", lambda: pins.value(GATE) == 0)
