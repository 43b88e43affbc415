"""In the guest: the headphone jack of a sound card, as a switch of the kernel's own input device (uinput)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import evdev
import pytest
from evdev import UInput, ecodes

from drivers.api import Happening, Lane
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused

MODULES = ("evdev", "uinput")

NAME = "Headphone Jack"


class Jack:
    """A sound card's jack; plugged in means the card."""

    def __init__(self, folder: Path) -> None:
        self.link = folder / "jack"
        self.plug()

    def plug(self) -> None:
        self._made = UInput({ecodes.EV_SW: [ecodes.SW_HEADPHONE_INSERT]}, name=NAME)
        (node,) = (path for path in evdev.list_devices() if evdev.InputDevice(path).name == NAME)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(node)

    def headset(self, is_in: bool) -> None:
        self._made.write(ecodes.EV_SW, ecodes.SW_HEADPHONE_INSERT, int(is_in))
        self._made.syn()

    def pull(self) -> None:
        self._made.close()


@pytest.fixture
def jack(tmp_path: Path) -> Iterator[Jack]:
    jack = Jack(tmp_path)
    yield jack
    jack.pull()


@pytest.fixture
def lane(jack: Jack) -> Iterator[Lane]:
    lane = LANE["jack"](str(jack.link), "lane")
    yield lane
    lane.close()


def next_of(lane: Lane) -> Happening:
    return lane.next_event(Deadline(20)).happening


def test_a_headset_is_told_also_one_that_was_in_before(jack: Jack, lane: Lane) -> None:
    jack.headset(True)
    assert next_of(lane) is Happening.HEADSET_IN
    jack.headset(False)
    assert next_of(lane) is Happening.HEADSET_OUT
    jack.headset(True)
    assert next_of(lane) is Happening.HEADSET_IN


def test_a_card_pulled_out_is_gone_and_back_the_kernel_is_asked(jack: Jack, lane: Lane) -> None:
    jack.headset(True)
    assert next_of(lane) is Happening.HEADSET_IN
    jack.pull()
    with pytest.raises(DeviceGone):
        next_of(lane)
    jack.plug()
    assert next_of(lane) is Happening.HEADSET_OUT


def test_a_keyboard_has_no_such_switch(tmp_path: Path) -> None:
    with UInput({ecodes.EV_KEY: [ecodes.KEY_A]}, name="Keys"):
        (node,) = (path for path in evdev.list_devices() if evdev.InputDevice(path).name == "Keys")
        (tmp_path / "keys").symlink_to(node)
        with pytest.raises(DeviceRefused, match="no switch"):
            next_of(LANE["jack"](str(tmp_path / "keys"), "lane"))
