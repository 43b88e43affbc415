"""The kernel's input devices (evdev): the one file that knows the evdev library, which is loaded when it is needed."""

from __future__ import annotations

import fcntl
import os
import sys
from contextlib import closing

from drivers.errors import DeviceRefused
from drivers.input_wire import EV_KEY, EV_SW, SW_HEADPHONE_INSERT

TYPING_KEYS = {2, 28, 30, 44}  # 1, Enter, and the keys of A and Z
EVIOCGSW = 0x8008451B  # linux/input.h: the state of the first 64 switches


def grab_keyboard(path: str, device: str) -> int:
    """A descriptor that alone hears what this keyboard types: no browser and no console does.

    Raises `OSError`; `DeviceRefused`: it is no keyboard, or somebody else holds it.
    """
    import evdev  # noqa: PLC0415  # brings asyncio with it, which drivers do without

    with closing(evdev.InputDevice(path)) as keyboard:
        if not TYPING_KEYS.issubset(keyboard.capabilities().get(EV_KEY, [])):
            raise DeviceRefused(device, f"{keyboard.name} has no letters: it is no keyboard")
        try:
            keyboard.grab()
        except OSError as error:
            raise DeviceRefused(device, f"another program holds {keyboard.name}: {error.strerror}") from error
        return os.dup(keyboard.fd)  # the grab belongs to the open file, not to this number


def open_jack(path: str, device: str) -> int:
    """A descriptor that hears a sound card's jack; nobody else is kept from it. Raises `OSError`, `DeviceRefused`."""
    import evdev  # noqa: PLC0415  # brings asyncio with it, which drivers do without

    with closing(evdev.InputDevice(path, readonly=True)) as jack:
        if SW_HEADPHONE_INSERT not in jack.capabilities().get(EV_SW, []):
            raise DeviceRefused(device, f"{jack.name} has no switch for headphones")
        return os.dup(jack.fd)


def headphones_are_in(file: int) -> bool:
    """How the jack of an open descriptor is now; its events only tell of changes. Raises `OSError`."""
    state = fcntl.ioctl(file, EVIOCGSW, bytes(8))
    return bool(int.from_bytes(state, sys.byteorder) >> SW_HEADPHONE_INSERT & 1)
