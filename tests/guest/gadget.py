"""A USB device made of configfs in the guest, on the dummy controller of the kernel: plugged and pulled by a write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.guest.inside import CONFIG

GADGETS = CONFIG / "usb_gadget"
CONTROLLERS = Path("/sys/class/udc")
ENGLISH = "0x409"


@dataclass(frozen=True, slots=True)
class Gadget:
    """Made by `make`; pulled out until `plug`."""

    folder: Path

    @staticmethod
    def make(name: str, *, vendor: int, product: int, strings: Mapping[str, str], function: str) -> Gadget:
        """One device with one function, `acm.0` or `ffs.name`; `strings` of manufacturer, product, serialnumber."""
        folder = GADGETS / name
        configuration = folder / "configs" / "c.1"
        for part in (folder / "strings" / ENGLISH, folder / "functions" / function, configuration):
            part.mkdir(parents=True)
        (folder / "idVendor").write_text(f"0x{vendor:04x}")
        (folder / "idProduct").write_text(f"0x{product:04x}")
        for key, text in strings.items():
            (folder / "strings" / ENGLISH / key).write_text(text)
        (configuration / function).symlink_to(folder / "functions" / function)
        return Gadget(folder)

    def plug(self) -> None:
        (controller,) = CONTROLLERS.iterdir()
        (self.folder / "UDC").write_text(controller.name)

    def unplug(self) -> None:
        (self.folder / "UDC").write_text("\n")
