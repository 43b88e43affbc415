"""In the guest: the swipe reader's driver on the kernel's own USB serial driver, the reader pulled out at any byte."""

from __future__ import annotations

import os
import select
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout
from drivers.line import SerialLine
from drivers.passport_reader.swipe import ElyctisReader
from hw_tests.conformance.document_reader import DocumentReaderConformance, DocumentReaderRig
from hw_tests.conformance.rig import soon
from simulators.mrz_swipe import MrzSwipeSim, Profile
from tests.guest.gadget import Gadget
from tests.guest.inside import until

MODULES = ("dummy_hcd", "libcomposite", "usb_f_acm", "cdc_acm")

FAR, NEAR = Path("/dev/ttyGS0"), Path("/dev/ttyACM0")  # the gadget's end, and what our driver opens
UTOPIA = (  # the specimens of Doc 9303, parts 4 and 5
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
CARD = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
WHOLE = 3 + sum(len(line) + 1 for line in UTOPIA)  # bytes of the answer that carries the two lines


class UsbReader:
    """The simulated reader behind a real USB serial line: a thread carries bytes between its pty and the gadget."""

    def __init__(self, gadget: Gadget, folder: Path) -> None:
        self.sim = MrzSwipeSim(folder / "reader", Profile.ELYCTIS)
        self._gadget = gadget
        self._leaving = threading.Event()
        self._thread = threading.Thread()
        self.cut_after: int | None = None  # so many bytes of what is said next, then the plug is pulled
        self.replug()

    def present(self, lines: Sequence[str]) -> None:
        self.sim.present(lines)

    def replug(self) -> None:
        self.sim.unplug()
        self.sim.replug()  # what it knew before is forgotten
        self._gadget.plug()
        until("the host's serial line", NEAR.exists)
        self._leaving.clear()
        self._thread = threading.Thread(target=self._carry, name="carrier")
        self._thread.start()

    def unplug(self) -> None:
        self._leaving.set()
        self._thread.join()
        self._gadget.unplug()

    def close(self) -> None:
        self._leaving.set()
        self._thread.join()
        self.sim.close()

    def _carry(self) -> None:
        reader, far = _raw(self.sim.path), _raw(FAR)
        try:
            while not self._leaving.is_set():
                ready, _, _ = select.select([reader, far], [], [], 0.02)
                if far in ready and not self._heard(os.read(far, 4096), reader):
                    return
                if reader in ready and not self._told(os.read(reader, 4096), far):
                    return
        finally:
            os.close(reader)
            os.close(far)

    def _heard(self, data: bytes, reader: int) -> bool:
        return os.write(reader, data) > 0 if data else False  # nothing: the host has hung up

    def _told(self, data: bytes, far: int) -> bool:
        if self.cut_after is None or not data.startswith(b"I"):
            os.write(far, data)
            return True
        os.write(far, data[: self.cut_after])
        termios.tcdrain(far)
        self._gadget.unplug()
        self.cut_after = None
        return False


def _raw(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(handle)
    speed = termios.tcgetattr(handle)
    speed[4] = speed[5] = termios.B9600
    termios.tcsetattr(handle, termios.TCSANOW, speed)
    return handle


@pytest.fixture(scope="module")
def gadget() -> Gadget:
    told = {"manufacturer": "Landfall", "product": "ID BOX simulator", "serialnumber": "1"}
    return Gadget.make("reader", vendor=0x1D6B, product=0x0104, strings=told, function="acm.0")


@pytest.fixture
def usb(gadget: Gadget, tmp_path: Path) -> Iterator[UsbReader]:
    usb = UsbReader(gadget, tmp_path)
    yield usb
    usb.close()
    gadget.unplug()
    until("the line to be gone", lambda: not NEAR.exists())


@pytest.fixture
def reader() -> Iterator[ElyctisReader]:
    reader = ElyctisReader("reader-1", SerialLine("reader-1", str(NEAR), 9600))
    yield reader
    reader.close()


class TestSwipeReader(DocumentReaderConformance):
    @pytest.fixture
    def rig(self, usb: UsbReader, reader: ElyctisReader) -> DocumentReaderRig:
        return DocumentReaderRig(reader, (UTOPIA, CARD), usb.present, usb.unplug, usb.replug)


def is_open(reader: ElyctisReader) -> None:
    """Before anything is presented, however slow this kernel is."""
    with pytest.raises(DeviceTimeout):
        reader.read(Deadline(3))


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 45, 48, WHOLE - 1])
def test_pulled_at_any_byte_it_is_gone_and_back_when_it_is_put_back(
    usb: UsbReader, reader: ElyctisReader, after: int
) -> None:
    is_open(reader)
    usb.cut_after = after
    with soon(lambda: usb.present(UTOPIA), after_s=1.0), pytest.raises(DeviceGone):
        reader.read(Deadline(60))
    until("the line to be gone", lambda: not NEAR.exists())
    with pytest.raises(DeviceGone):
        reader.read(Deadline(60))
    usb.replug()
    is_open(reader)
    with soon(lambda: usb.present(UTOPIA), after_s=1.0):
        assert reader.read(Deadline(60)).lines == UTOPIA
