"""In the guest: the reader that types, on a keyboard of the kernel's own (uinput): grabbed, overrun, pulled out."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import evdev
import pytest
from evdev import UInput, ecodes

from drivers.api import DocumentReader
from drivers.catalogue import DOCUMENT_READER
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused, WireCorrupt
from hw_tests.conformance.rig import soon
from simulators.wedge import EVENT, Typist
from tests.drivers import golden

MODULES = ("evdev", "uinput")

NAME = "Reader that types"
LINK = "usb-Reader_that_types-event-kbd"  # no udev runs here: its stable name is made by hand
PACE_S = 0.003  # between two reports; the kernel keeps some twenty for a reader that is kept waiting
GAP_MS = 600  # an emulated machine halts for longer than any reader does between two keys
TYPING = [code for code in range(1, 128) if code in ecodes.bytype[ecodes.EV_KEY]]


class Keyboard:
    """Plugged in by the constructor. Typing takes its time, as `pace_s` says."""

    def __init__(self, folder: Path) -> None:
        self.link = folder / LINK
        self._typist = Typist()
        self.plug()

    def plug(self) -> None:
        self._made = UInput({ecodes.EV_KEY: TYPING, ecodes.EV_MSC: [ecodes.MSC_SCAN]}, name=NAME)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.node())

    def pull(self) -> None:
        self._made.close()
        self.link.unlink()

    @staticmethod
    def node() -> str:
        """Its number among the kernel's devices now."""
        (found,) = (path for path in evdev.list_devices() if evdev.InputDevice(path).name == NAME)
        return found

    def type(self, lines: Sequence[str], pace_s: float = PACE_S) -> None:
        for _, _, kind, code, value in EVENT.iter_unpack(b"".join(map(self._typist.line, lines))):
            self._made.write(kind, code, value)
            if kind == ecodes.EV_SYN and pace_s:
                time.sleep(pace_s)


@pytest.fixture
def keyboard(tmp_path: Path) -> Iterator[Keyboard]:
    keyboard = Keyboard(tmp_path)
    yield keyboard
    keyboard.pull()


@pytest.fixture
def reader(keyboard: Keyboard) -> Iterator[DocumentReader]:
    reader = DOCUMENT_READER["wedge"](f"{keyboard.link}?gap_ms={GAP_MS}", "reader-1")
    yield reader
    reader.close()


def hears(reader: DocumentReader, keyboard: Keyboard) -> None:
    """A single key is a reading that is no document: as much as an emulated machine surely types in time."""
    with soon(lambda: keyboard.type(("A",)), after_s=1.5), pytest.raises(WireCorrupt, match="characters"):
        reader.read(Deadline(60))


def test_a_document_is_read_at_the_first_try_or_the_next(keyboard: Keyboard, reader: DocumentReader) -> None:
    """An emulated machine may halt in the middle of a line, or lose keys; then it is asked again, as in a port."""
    for _ in range(10):
        with soon(lambda: keyboard.type(golden.PASSPORT), after_s=1.5), suppress(WireCorrupt):
            assert reader.read(Deadline(90)).lines == golden.PASSPORT
            return
    pytest.fail("ten times no document")


def test_what_it_types_reaches_nobody_else_while_it_is_ours(keyboard: Keyboard, reader: DocumentReader) -> None:
    console = evdev.InputDevice(Keyboard.node())  # as a browser's window would listen
    hears(reader, keyboard)
    keyboard.type(("AB",))  # between two calls it is ours too
    assert select.select([console.fd], [], [], 0.5)[0] == []
    reader.close()
    keyboard.type(("AB",))
    assert select.select([console.fd], [], [], 5.0)[0] == [console.fd]
    console.close()


def test_a_keyboard_that_another_program_holds_is_refused(keyboard: Keyboard, reader: DocumentReader) -> None:
    other = evdev.InputDevice(Keyboard.node())
    other.grab()
    with pytest.raises(DeviceRefused, match="another program"):
        reader.read(Deadline(5))
    other.close()
    hears(reader, keyboard)


def test_pulled_out_it_is_gone_and_plugged_in_it_hears_again(keyboard: Keyboard, reader: DocumentReader) -> None:
    hears(reader, keyboard)
    with soon(keyboard.pull, after_s=1.0), pytest.raises(DeviceGone):
        reader.read(Deadline(60))
    with pytest.raises(DeviceGone):
        reader.read(Deadline(5))
    keyboard.plug()
    hears(reader, keyboard)


def test_what_was_typed_before_the_call_is_not_this_travellers(keyboard: Keyboard, reader: DocumentReader) -> None:
    hears(reader, keyboard)
    keyboard.type(golden.PASSPORT, 0.0)  # more than the kernel keeps
    hears(reader, keyboard)


def test_a_device_without_letters_is_no_keyboard(tmp_path: Path) -> None:
    with UInput({ecodes.EV_KEY: [ecodes.BTN_LEFT]}, name="Mouse"):
        (node,) = (path for path in evdev.list_devices() if evdev.InputDevice(path).name == "Mouse")
        (tmp_path / "mouse").symlink_to(node)
        with pytest.raises(DeviceRefused, match="no keyboard"):
            DOCUMENT_READER["wedge"](str(tmp_path / "mouse"), "r").read(Deadline(5))
