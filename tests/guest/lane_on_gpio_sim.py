"""In the guest kernel, as root: a lane on the pins of gpio-sim, reached by gpiozero through lgpio as on a Pi.

Needs configfs mounted on /sys/kernel/config and the module `gpio_sim` loaded before. lgpio writes into LG_WD, which
has to be a folder of its own. Its last line is DONE.

    LG_WD=/run python -m tests.guest.lane_on_gpio_sim
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.api import Happening, Lamp, LaneOrder
from drivers.deadline import Deadline
from drivers.lane.pins import PinLane, PinNumbers
from hw_tests.conformance.lane import happens

CONFIG = Path("/sys/kernel/config/gpio-sim/kiosk")
PINS = PinNumbers(red=17, green=27, gate=22, button=23, tamper=24, headset=25)
LINES = 28
PI_4B = 0xB03115  # gpiozero asks which Pi it is on; here it is on none
HOLD = "hold"


def factory() -> Any:
    from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415

    class OnNoPi(LGPIOFactory):  # type: ignore[misc]
        def _get_revision(self) -> int:
            return PI_4B

    return OnNoPi(chip=int(chip_name().removeprefix("gpiochip")))


def chip_name() -> str:
    return (CONFIG / "b0" / "chip_name").read_text().strip()


class Wires:
    """What hangs on the simulated chip."""

    def __init__(self) -> None:
        if not CONFIG.exists():
            (CONFIG / "b0").mkdir(parents=True)
            (CONFIG / "b0" / "num_lines").write_text(str(LINES))
            (CONFIG / "live").write_text("1")
        name = (CONFIG / "dev_name").read_text().strip()
        self._chip = Path("/sys/devices/platform") / name / chip_name()

    def drive(self, pin: int | None, high: bool) -> None:
        (self._chip / f"sim_gpio{pin}" / "pull").write_text("pull-up" if high else "pull-down")
        time.sleep(0.3)  # longer than a switch bounces

    def level(self, pin: int) -> int:
        return int((self._chip / f"sim_gpio{pin}" / "value").read_text())

    def lamps_and_gate(self) -> tuple[int, int, int]:
        return self.level(PINS.red), self.level(PINS.green), self.level(PINS.gate)


def order(lane: PinLane, lamp: Lamp, seconds: float = 0.0) -> None:
    lane.obey(LaneOrder(lamp, seconds), Deadline(20))


def main() -> None:
    wires = Wires()
    for pin, high in ((PINS.button, True), (PINS.tamper, False), (PINS.headset, True)):
        wires.drive(pin, high)
    lane = PinLane("lane", PINS, factory)

    order(lane, Lamp.STOP)
    for pin, high in ((PINS.button, True), (PINS.tamper, False), (PINS.headset, True)):
        wires.drive(pin, high)  # gpiozero has set pulls of its own
    expect(wires, (1, 0, 0), "stop")
    order(lane, Lamp.GO, 10.0)
    expect(wires, (0, 1, 1), "go, gate open")
    happens(lane, Happening.GATE_OPENED)
    order(lane, Lamp.STOP)
    expect(wires, (1, 0, 0), "stop again, gate shut")
    happens(lane, Happening.GATE_CLOSED)
    order(lane, Lamp.GO, 1.0)
    happens(lane, Happening.GATE_OPENED)
    happens(lane, Happening.GATE_CLOSED)
    assert wires.level(PINS.gate) == 0
    say("the gate shuts by itself")

    wires.drive(PINS.button, False)
    happens(lane, Happening.BUTTON)
    wires.drive(PINS.headset, False)
    happens(lane, Happening.HEADSET_IN)
    wires.drive(PINS.headset, True)
    happens(lane, Happening.HEADSET_OUT)
    wires.drive(PINS.tamper, True)
    happens(lane, Happening.TAMPER)
    wires.drive(PINS.tamper, False)
    assert lane.obey(LaneOrder(Lamp.STOP), Deadline(20)).tampered_at_monotonic_s is not None
    say("button, headset and tamper are told, and the latch stays")

    order(lane, Lamp.GO, 10.0)
    lane.close()
    assert wires.level(PINS.gate) == 0
    say("closed, the gate is shut")

    killed_with_an_open_gate(wires)
    order(lane, Lamp.STOP)
    expect(wires, (1, 0, 0), "the next process begins with the gate shut")
    lane.close()
    say("DONE")


def killed_with_an_open_gate(wires: Wires) -> None:
    """The resistor that must be there is the chip's pull here."""
    holder = subprocess.Popen([sys.executable, "-m", "tests.guest.lane_on_gpio_sim", HOLD], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    assert wires.level(PINS.gate) == 1
    wires.drive(PINS.gate, False)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert wires.level(PINS.gate) == 0
    say("killed with the gate open, the gate is shut")


def hold() -> None:
    order(PinLane("lane", PINS, factory), Lamp.GO, 15.0)
    say("open")
    time.sleep(3600)


def expect(wires: Wires, levels: tuple[int, int, int], what: str) -> None:
    assert wires.lamps_and_gate() == levels, (what, wires.lamps_and_gate())
    say(what)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


WORKS: dict[str, Callable[[], None]] = {HOLD: hold}

if __name__ == "__main__":
    WORKS[sys.argv[1]]() if sys.argv[1:] else main()
