"""A chip of simulated pins in the guest (gpio-sim): its inputs are pulled and its outputs read through sysfs.

What opens the pins (gpiozero over lgpio, on /dev/gpiochip0) is the real thing down to the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gpiozero.pins.lgpio import LGPIOFactory

from tests.guest.inside import CONFIG, until

LINES = 32
PI_4B = 0xB03115  # what a Pi says of itself; gpiozero opens no pin of a board that it does not know


class PiFactory(LGPIOFactory):  # type: ignore[misc]
    """gpiozero's own hand of lgpio, told that it is on a Pi 4B."""

    def _get_revision(self) -> int:
        return PI_4B


class SimulatedPins:
    """One chip, made by the constructor with these names by number. Only one, before anything else makes a chip."""

    def __init__(self, names: Mapping[int, str]) -> None:
        folder = CONFIG / "gpio-sim" / "kiosk"
        bank = folder / "b0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (bank / "label").write_text("kiosk")
        for number, name in names.items():
            line = bank / f"line{number}"
            line.mkdir()
            (line / "name").write_text(name)
        (folder / "live").write_text("1")
        device, chip = (folder / "dev_name").read_text().strip(), (bank / "chip_name").read_text().strip()
        self._pins = Path("/sys/devices/platform") / device / chip
        self.device = Path("/dev") / chip
        until("the node of the chip", self.device.exists)

    def pull(self, number: int, *, up: bool) -> None:
        """What is wired to an input: a switch to the supply, or to ground."""
        (self._pins / f"sim_gpio{number}" / "pull").write_text("pull-up" if up else "pull-down")

    def value(self, number: int) -> int:
        """The level at a pin, 0 or 1, as a meter shows it."""
        return int((self._pins / f"sim_gpio{number}" / "value").read_text())
