"""A USB with one device on it, as a backend of pyusb: what a host's calls meet where libusb and the kernel would be."""

from __future__ import annotations

import array
import errno
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

READS, STANDARD_IN, GET_STATUS = 0x80, 0x80, 0x00
INTERRUPT, BULK = 0x03, 0x02


class UsbDevice(Protocol):
    """What hangs on the bus. Its methods run in the host's threads, one at a time."""

    vendor: int
    product: int

    def power_on(self) -> None: ...

    def asked(self, request: int, value: int, count: int) -> bytes | None:
        """A vendor request towards the host; None: it is none of this device's, and the request stalls."""
        ...

    def told(self, request: int, value: int, data: bytes) -> bool:
        """A vendor request from the host; False stalls it."""
        ...


@dataclass(slots=True)
class UsbFaults:
    """All off. Turn from any thread."""

    mute: bool = False  # every transfer times out
    stalls: bool = False  # every control request is refused
    halts: int = 0  # so many bulk transfers end in a halted endpoint
    unplug_at: int = 0  # the device leaves in the middle of the transfer of this number, counted from 1 again
    leaves_stalling: bool = False  # and that transfer ends as if it were refused, as some controllers have it
    is_forbidden: bool = False  # this user may not open it
    is_taken: bool = False  # another program has claimed it
    is_stuck: bool = False  # reading an endpoint ignores its time limit


@dataclass(slots=True)
class _Waiting:
    """What the device has said and nobody has read."""

    events: deque[bytes] = field(default_factory=deque)
    bulk: deque[bytes] = field(default_factory=deque)


class UsbBus(IBackend):  # type: ignore[misc]  # pyusb has no types
    """Begins with the device plugged in. `interrupt` and `bulk`: where its endpoints are."""

    def __init__(self, device: UsbDevice, *, port: tuple[int, ...] = (1, 4), interrupt: int = 0x81, bulk: int = 0x82):
        self.faults = UsbFaults()
        self.transfers = 0  # control requests, events and bulk data delivered
        self.log: list[tuple[str, int, bytes]] = []
        self.open_handles = 0
        self.is_claimed = False
        self._device = device
        self._port = port
        self._endpoints = (interrupt, bulk)
        self._waiting = _Waiting()
        self._halted: set[int] = set()
        self._changed = threading.Condition(threading.RLock())
        self._generation = 1  # of the handle that works; each plugging in makes another
        self._is_plugged = False
        self.replug()

    # the device's and the tester's side

    def say(self, event: bytes) -> None:
        """Something for the interrupt endpoint."""
        with self._changed:
            self._waiting.events.append(event)
            self._changed.notify_all()

    def send(self, data: bytes) -> None:
        """One transfer of the bulk endpoint; it ends with these bytes."""
        with self._changed:
            self._waiting.bulk.append(data)
            self._changed.notify_all()

    def forget(self) -> None:
        """Drop what was said and not read."""
        self._waiting = _Waiting()

    def locked(self) -> threading.Condition:
        """Hold it to change the device from outside."""
        return self._changed

    def unplug(self) -> None:
        with self._changed:
            self._is_plugged = False
            self._generation += 1
            self.is_claimed = False
            self.forget()
            self._changed.notify_all()

    def replug(self) -> None:
        with self._changed:
            self._is_plugged = True
            self._halted.clear()
            self.forget()
            self._device.power_on()

    # the host's side, by the names that pyusb calls

    def enumerate_devices(self) -> Iterator[int]:
        return iter([1] if self._is_plugged else [])

    def get_device_descriptor(self, _dev: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x0200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=self._device.vendor,
            idProduct=self._device.product,
            bcdDevice=0x0103,
            iManufacturer=0,
            iProduct=0,
            iSerialNumber=0,
            bNumConfigurations=1,
            address=5,
            bus=1,
            port_number=self._port[-1],
            port_numbers=self._port,
            speed=2,
        )

    def get_configuration_descriptor(self, _dev: int, config: int) -> SimpleNamespace:
        if config > 0:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=32,
            bNumInterfaces=1,
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0x80,
            bMaxPower=50,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, _dev: int, intf: int, alt: int, _config: int) -> SimpleNamespace:
        if intf > 0 or alt > 0:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=0,
            bAlternateSetting=0,
            bNumEndpoints=2,
            bInterfaceClass=0xFF,
            bInterfaceSubClass=0xFF,
            bInterfaceProtocol=0xFF,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, _dev: int, ep: int, _intf: int, _alt: int, _config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=self._endpoints[ep],
            bmAttributes=(INTERRUPT, BULK)[ep],
            wMaxPacketSize=64,
            bInterval=(8, 0)[ep],
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, _dev: int) -> int:
        with self._changed:
            if self.faults.is_forbidden:
                raise USBError("Access denied (insufficient permissions)", errno=errno.EACCES)
            self._must_be_there(self._generation)
            self.open_handles += 1
            return self._generation

    def close_device(self, _handle: int) -> None:
        with self._changed:
            self.open_handles -= 1

    def get_configuration(self, handle: int) -> int:
        self._must_be_there(handle)
        return 1

    def claim_interface(self, handle: int, _intf: int) -> None:
        with self._changed:
            self._must_be_there(handle)
            if self.is_claimed or self.faults.is_taken:
                raise USBError("Resource busy", errno=errno.EBUSY)
            self.is_claimed = True

    def release_interface(self, handle: int, _intf: int) -> None:
        with self._changed:
            self._must_be_there(handle)
            self.is_claimed = False

    def clear_halt(self, handle: int, ep: int) -> None:
        with self._changed:
            self._must_be_there(handle)
            self._halted.discard(ep)

    def ctrl_transfer(self, handle: int, kind: int, request: int, value: int, _index: int, buff: Any, ms: int) -> int:
        with self._changed:
            self._count(handle)
            if self.faults.mute:
                self._until(handle, lambda: not self.faults.mute, ms)
            if (kind, request) == (STANDARD_IN, GET_STATUS):
                return self._answer(bytes(len(buff)), buff)
            if self.faults.stalls or kind & 0x60 != 0x40:
                raise USBError("Pipe error", errno=errno.EPIPE)
            if kind & READS:
                return self._answer(self._device.asked(request, value, len(buff)), buff)
            self.log.append(("write", value, bytes(buff)))
            if not self._device.told(request, value, bytes(buff)):
                raise USBError("Pipe error", errno=errno.EPIPE)
            self._changed.notify_all()
            return len(buff)

    def intr_read(self, handle: int, ep: int, _intf: int, buff: Any, ms: int) -> int:
        with self._changed:
            self._must_be_open(handle, ep)
            self._until(handle, lambda: bool(self._waiting.events) and not self.faults.mute, self._limit_ms(ms))
            self._count(handle)
            event = self._waiting.events.popleft()
            self.log.append(("event", ep, event[:2]))
            return self._answer(event, buff)

    def bulk_read(self, handle: int, ep: int, _intf: int, buff: Any, ms: int) -> int:
        with self._changed:
            self._must_be_open(handle, ep)
            self.log.append(("bulk", ep, b""))
            self._until(handle, lambda: bool(self._waiting.bulk) and not self.faults.mute, self._limit_ms(ms))
            self._count(handle)
            if self.faults.halts:
                self.faults.halts -= 1
                self._halted.add(ep)
                self._waiting.bulk.clear()
                self._must_be_open(handle, ep)
            data = self._waiting.bulk.popleft()
            if len(data) > len(buff):
                raise USBError("Overflow", errno=errno.EOVERFLOW)
            return self._answer(data, buff)

    def _limit_ms(self, ms: int) -> int:
        return 3_600_000 if self.faults.is_stuck else ms

    @staticmethod
    def _answer(data: bytes | None, buff: Any) -> int:
        if data is None:
            raise USBError("Pipe error", errno=errno.EPIPE)
        count = min(len(data), len(buff))
        buff[:count] = array.array("B", data[:count])
        return count

    def _count(self, handle: int) -> None:
        self._must_be_there(handle)
        self.transfers += 1
        if self.transfers == self.faults.unplug_at:
            self.unplug()
            if self.faults.leaves_stalling:
                raise USBError("Pipe error", errno=errno.EPIPE)
        self._must_be_there(handle)

    def _must_be_there(self, handle: int) -> None:
        if not self._is_plugged or handle != self._generation:
            raise USBError("No such device (it may have been disconnected)", errno=errno.ENODEV)

    def _must_be_open(self, handle: int, ep: int) -> None:
        self._must_be_there(handle)
        if ep in self._halted:
            raise USBError("Pipe error", errno=errno.EPIPE)
        if ep not in self._endpoints:
            raise USBError("Entity not found", errno=errno.ENOENT)

    def _until(self, handle: int, is_so: Callable[[], bool], ms: int) -> None:
        """Wait as the kernel would, 0 for ever. Raises `USBTimeoutError`, and what becomes of the device meanwhile."""
        ends_s = time.monotonic() + ms / 1000 if ms else float("inf")
        while not is_so():
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                raise USBTimeoutError("Operation timed out", errno=errno.ETIMEDOUT)
            self._changed.wait(min(left_s, 1.0))
            self._must_be_there(handle)
