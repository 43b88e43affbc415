"""In the guest kernel, as root: a keyboard that uinput makes is grabbed, typed on, overrun and pulled out.

Needs the module `uinput` loaded before (and `evdev`, where it is one). No udev runs there, so the stable name is a
link made here. Writes into the folder it is given; its last line is DONE.

    python -m tests.guest.wedge_on_uinput /run/wedge
"""

from __future__ import annotations

import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import evdev
from evdev import UInput, ecodes

from drivers.catalogue import DOCUMENT_READER
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceRefused, WireCorrupt
from simulators.wedge import EVENT, WedgeSim
from tests.drivers import golden

LINK = "usb-Reader_that_types-event-kbd"
PACE_S = 0.002  # between two reports: 500 keys a second, faster than any reader
KEYS = [code for code in range(1, 128) if code in ecodes.bytype[ecodes.EV_KEY]]


class Hands:
    """A keyboard of the kernel's, plugged in, typed on and pulled out."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.link = folder / LINK
        self._sim = WedgeSim.__new__(WedgeSim)  # only its fingers: what it would put on a wire is typed here
        self._sim.layout, self._sim.alt_codes, self._sim.has_caps_lock = "us", False, False
        self._keyboard: UInput | None = None
        self.plug()

    def plug(self) -> None:
        self._keyboard = UInput({ecodes.EV_KEY: KEYS, ecodes.EV_MSC: [ecodes.MSC_SCAN]}, name="Reader that types")
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(self.node)

    @property
    def node(self) -> str:
        assert self._keyboard is not None
        found = [path for path in evdev.list_devices() if evdev.InputDevice(path).name == "Reader that types"]
        return found[-1]

    def pull(self) -> None:
        assert self._keyboard is not None
        self._keyboard.close()
        self.link.unlink()

    def type(self, lines: tuple[str, ...], pace_s: float = PACE_S) -> None:
        assert self._keyboard is not None
        for line in lines:
            for _, _, kind, code, value in EVENT.iter_unpack(self._sim.line(line)):
                self._keyboard.write(kind, code, value)
                if kind == ecodes.EV_SYN and pace_s:
                    time.sleep(pace_s)


def in_a_moment(what: Callable[..., object], *given: object) -> threading.Timer:
    timer = threading.Timer(0.6, what, given)
    timer.start()
    return timer


def main(folder: Path) -> None:
    hands = Hands(folder)
    reader = DOCUMENT_READER["wedge"](str(hands.link), "reader")
    other = evdev.InputDevice(hands.node)  # as a console or a browser would listen

    began_s = time.monotonic()
    for document in (golden.PASSPORT, golden.IDENTITY_CARD, golden.TD2_CARD):
        timer = in_a_moment(hands.type, document)
        assert reader.read(Deadline(20)).lines == document
        timer.join()
    say(f"three documents read in {time.monotonic() - began_s:.1f} s")

    assert select.select([other.fd], [], [], 0.2)[0] == []
    say("nobody else heard a key")

    second = DOCUMENT_READER["wedge"](str(hands.link), "second")
    expect(DeviceRefused, lambda: second.read(Deadline(5)))
    say("a second reader of the same keyboard is refused")

    hands.type(golden.PASSPORT)  # while nobody asks: longer than the kernel's queue
    timer = in_a_moment(hands.type, golden.TD2_CARD)
    assert reader.read(Deadline(20)).lines == golden.TD2_CARD
    timer.join()
    say("what was typed before the call is not this traveller's")

    queue_runs_over(hands, reader)

    timer = in_a_moment(hands.pull)
    expect(DeviceGone, lambda: reader.read(Deadline(20)))
    timer.join()
    expect(DeviceGone, lambda: reader.read(Deadline(5)))
    hands.plug()
    timer = in_a_moment(hands.type, golden.PASSPORT)
    assert reader.read(Deadline(20)).lines == golden.PASSPORT
    timer.join()
    say("pulled out it is gone, plugged in it reads again")

    reader.close()
    hands.type(("A",))
    other = evdev.InputDevice(hands.node)
    hands.type(("A",))
    assert select.select([other.fd], [], [], 2.0)[0] == [other.fd]
    say("let go, the keyboard is everybody's again")
    say("DONE")


def queue_runs_over(hands: Hands, reader: object) -> None:
    """Typed without a pause while the reader's thread is kept from running: the kernel says that it lost keys."""
    from drivers.passport_reader.wedge import WedgeReader  # noqa: PLC0415  # what is looked into here is its inside

    assert isinstance(reader, WedgeReader)
    heard = reader._hear

    def slow(deadline: Deadline) -> object:
        time.sleep(0.15)
        return heard(deadline)

    reader._hear = slow  # type: ignore[method-assign,assignment]
    timer = in_a_moment(hands.type, golden.PASSPORT, 0.0)
    expect(WireCorrupt, lambda: reader.read(Deadline(20)))
    timer.join()
    reader._hear = heard  # type: ignore[method-assign]
    say("keys that the kernel lost are said, not guessed")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def expect(kind: type[DeviceError], act: Callable[[], object]) -> None:
    try:
        act()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
