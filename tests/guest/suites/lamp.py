"""In the guest: the fill light on an LED of the kernel, that of qemu's keyboard, which knows dark and bright."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.catalogue import FILL_LIGHT
from drivers.deadline import Deadline
from drivers.errors import DeviceGone
from tests.guest.inside import until

MODULES = ()

LEDS = Path("/sys/class/leds")


@pytest.fixture(scope="module")
def led() -> Path:
    until("a keyboard's LED", lambda: any(LEDS.glob("*::scrolllock")))
    return next(LEDS.glob("*::scrolllock"))


@pytest.mark.parametrize(("level", "brightness"), [(1.0, 1), (0.0, 0), (0.7, 1), (0.2, 0)])
def test_the_lamp_shines_as_told(led: Path, level: float, brightness: int) -> None:
    FILL_LIGHT["led"](str(led), "fill_light").shine(level, Deadline(5.0))
    assert int((led / "brightness").read_text()) == brightness


def test_the_kernel_no_longer_switches_it(led: Path) -> None:
    (led / "trigger").write_text("kbd-scrolllock")
    FILL_LIGHT["led"](str(led), "fill_light").shine(1.0, Deadline(5.0))
    assert "[none]" in (led / "trigger").read_text()
    assert int((led / "brightness").read_text()) == 1


def test_a_lamp_that_is_not_there_is_gone() -> None:
    with pytest.raises(DeviceGone):
        FILL_LIGHT["led"](str(LEDS / "no-such-lamp"), "fill_light").shine(1.0, Deadline(5.0))
