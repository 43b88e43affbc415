"""In the guest: the USB fingerprint driver on the kernel's own usbfs, the reader pulled out at any transfer."""

from __future__ import annotations

import array
import errno
import os
import select
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import usb.backend.libusb1
import usb.core

from drivers.api import Pixels
from drivers.bulk import ANY, UsbLine
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused
from drivers.fingerprint.uru4000 import READER, Uru4000Sensor
from hw_tests.conformance.fingerprint import FingerprintConformance, FingerprintRig, nobody
from simulators.uru4000 import HEIGHT, SECRET, WIDTH, Uru4000Sim
from tests.guest.gadget import Gadget
from tests.guest.inside import until

MODULES = ("dummy_hcd", "libcomposite", "usb_f_fs")

DEVICES = Path("/sys/bus/usb/devices")
ENDS = Path("/run/finger")  # functionfs: ep0 and one file for each endpoint
FINGER = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
SETUP, EVENT_BYTES, READS = 4, 12, 0x80
SLICE_MS = 50
OLD: list[object] = []
TRANSFERS = 12  # of one capture: control requests, events and the image, but for the last word, which nobody answers


def descriptors() -> bytes:
    """One interface, an interrupt and a bulk endpoint towards the host, at full and at high speed; no strings."""

    def at(interval: int, bulk_bytes: int) -> bytes:
        interface = bytes([9, 4, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0])
        interrupt = struct.pack("<BBBBHB", 7, 5, 0x81, 3, 64, interval)
        return interface + interrupt + struct.pack("<BBBBHB", 7, 5, 0x82, 2, bulk_bytes, 0)

    speeds = at(4, 64) + at(8, 512)
    flags = 1 | 2 | 64  # full speed, high speed, every control request comes to us
    return struct.pack("<IIIII", 3, 20 + len(speeds), flags, 3, 3) + speeds


class UsbFinger:
    """The simulated reader behind a real USB: threads carry between it and the gadget's endpoints."""

    def __init__(self, gadget: Gadget) -> None:
        self.sim = Uru4000Sim(layout=SECRET)
        self.sim.image_of(FINGER)  # scrambling takes seconds in a guest, and is remembered
        self.sim.bus.unplug()
        self._gadget = gadget
        self._control = os.open(ENDS / "ep0", os.O_RDWR)
        os.write(self._control, descriptors())
        os.write(self._control, struct.pack("<IIII", 2, 16, 0, 0))
        self._events, self._bulk = (os.open(ENDS / name, os.O_RDWR | os.O_NONBLOCK) for name in ("ep1", "ep2"))
        self._handle = 0
        self._event, self._image = array.array("B", bytes(64)), array.array("B", bytes(111424))
        self._closing = threading.Event()
        self._pulled = threading.Event()
        work = (self._answer, lambda: self._pump(self._hear, self._events), lambda: self._pump(self._see, self._bulk))
        self._threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self._threads:
            thread.start()
        self.replug()

    def replug(self) -> None:
        self.sim.bus.replug()
        self._handle = self.sim.bus.open_device(1)
        self._pulled.clear()
        self._gadget.plug()
        until("the reader on the host's bus", is_plugged)
        begin_anew()

    def unplug(self) -> None:
        if not self._pulled.is_set():
            self._pulled.set()
            self._gadget.unplug()
            self.sim.bus.unplug()

    def close(self) -> None:
        self._closing.set()
        self.unplug()
        for thread in self._threads:
            thread.join(10)
        for end in (self._bulk, self._events, self._control):
            os.close(end)

    def _carried(self, what: Callable[[], object]) -> None:
        """Do it; where the simulator says that it has left, the plug is pulled."""
        try:
            what()
        except usb.core.USBTimeoutError:
            return
        except usb.core.USBError as error:
            if error.errno == errno.ENODEV and self.sim.bus.faults.unplug_at:
                self.unplug()
            self._closing.wait(0.02)

    def _answer(self) -> None:
        while not self._closing.is_set():
            if select.select([self._control], [], [], 0.1)[0]:
                with suppress(OSError):  # the pulled plug takes a request back
                    self._carry(os.read(self._control, EVENT_BYTES))

    def _carry(self, event: bytes) -> None:
        if event[8] == SETUP:
            self._carried(lambda: self._asked(*struct.unpack("<BBHHH", event[:8])))

    def _asked(self, kind: int, request: int, value: int, index: int, count: int) -> None:
        with suppress(OSError):  # the plug may be pulled at any of these
            data = array.array("B", bytes(count) if kind & READS else os.read(self._control, count))
            said = self.sim.bus.ctrl_transfer(self._handle, kind, request, value, index, data, SLICE_MS)
            if kind & READS:
                os.write(self._control, data[:said].tobytes())

    def _pump(self, said: Callable[[], bytes], end: int) -> None:
        while not self._closing.is_set():
            self._carried(lambda: self._given(said(), end))

    def _given(self, data: bytes, end: int) -> None:
        with suppress(OSError):
            os.write(end, data)

    def _hear(self) -> bytes:
        return self._event[: self.sim.bus.intr_read(self._handle, 0x81, 0, self._event, SLICE_MS)].tobytes()

    def _see(self) -> bytes:
        return self._image[: self.sim.bus.bulk_read(self._handle, 0x82, 0, self._image, SLICE_MS)].tobytes()


def begin_anew() -> None:
    """No udevd runs here, so libusb learns of plugs only when it begins; what hangs on an old one must outlive it."""
    OLD.append(usb.backend.libusb1.get_backend())
    usb.backend.libusb1._lib_object = None


def is_plugged() -> bool:
    """By the host's kernel."""
    vendors = set()
    for path in DEVICES.glob("*/idVendor"):
        with suppress(OSError):  # it may vanish while it is read
            vendors.add(path.read_text().strip())
    return f"{READER.vendor:04x}" in vendors


@pytest.fixture(scope="module")
def gadget() -> Gadget:
    told = {"manufacturer": "Landfall", "product": "Fingerprint reader simulator", "serialnumber": "1"}
    made = Gadget.make("finger", vendor=READER.vendor, product=READER.product, strings=told, function="ffs.finger")
    ENDS.mkdir()
    subprocess.run(["mount", "-t", "functionfs", "finger", str(ENDS)], check=True)
    return made


@pytest.fixture(scope="module")
def reader(gadget: Gadget) -> Iterator[UsbFinger]:
    reader = UsbFinger(gadget)
    yield reader
    reader.close()


@pytest.fixture
def sensor(reader: UsbFinger) -> Iterator[Uru4000Sensor]:
    reader.sim.lift()
    reader.sim.bus.faults.unplug_at = 0
    sensor = Uru4000Sensor("finger-1", UsbLine("finger-1", ANY, READER))
    yield sensor
    sensor.close()
    if not is_plugged():
        reader.replug()


def whole(reader: UsbFinger, pixels: Pixels) -> bool:
    return np.array_equal(pixels, reader.sim.seen(FINGER))


class TestUsbReader(FingerprintConformance):
    @pytest.fixture
    def rig(self, reader: UsbFinger, sensor: Uru4000Sensor) -> FingerprintRig:
        return FingerprintRig(
            sensor=sensor,
            shape=(HEIGHT, WIDTH),
            capture_s=5.0,
            place=lambda: reader.sim.place(FINGER),
            lift=reader.sim.lift,
            unplug=reader.unplug,
            replug=reader.replug,
            expected=reader.sim.seen(FINGER),
        )


@pytest.mark.parametrize("number", range(1, TRANSFERS + 1))
def test_pulled_at_any_transfer_it_is_gone_and_back_when_it_is_put_back(
    reader: UsbFinger, sensor: Uru4000Sensor, number: int
) -> None:
    reader.sim.place(FINGER)
    reader.sim.bus.transfers, reader.sim.bus.faults.unplug_at = 0, number
    with pytest.raises((DeviceGone, DeviceRefused)):  # while it is unbound, the gadget stalls what it has not answered
        sensor.capture(Deadline(60), nobody)
        pytest.fail(f"there is no transfer {number}")
    reader.sim.bus.faults.unplug_at = 0
    until("the reader to be gone", lambda: not is_plugged())
    with pytest.raises(DeviceGone):
        sensor.capture(Deadline(60), nobody)
    reader.replug()
    with suppress(DeviceRefused):  # the carrier may answer one request of before the plug was pulled
        assert whole(reader, sensor.capture(Deadline(60), nobody).pixels)
    assert whole(reader, sensor.capture(Deadline(60), nobody).pixels)
