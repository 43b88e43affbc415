"""The USB wire: the one file that knows pyusb, and the one place where its exceptions become ours.

libusb's calls wait in the thread that makes them. So a device has a listener, a thread that does nothing but read its
interrupt endpoint, and whoever expects a bulk transfer has it asked for by another before he gives the word to send.
"""

from __future__ import annotations

import errno
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import usb.control
import usb.core
import usb.util

from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt

SLICE_S = 0.05  # how soon a wait notices that its caller has left
CONTROL_S = 2.0  # a healthy device answers in a millisecond
LISTEN_S = 0.5  # then the listener looks whether it should end; no event is lost between two readings
BULK_S = 0.25  # the same for a bulk transfer; what came so far is kept
PENDING_S = 0.02  # between a thread's last word and its call's arrival in the kernel
ANY = "*"
EVENT_BYTES = 64
READ, WRITE = 0xC0, 0x40  # vendor requests to the device itself
INTERRUPT, BULK = usb.util.ENDPOINT_TYPE_INTR, usb.util.ENDPOINT_TYPE_BULK
REFUSED = {
    errno.EACCES: "no permission for it: see docs/technician.md",
    errno.EPERM: "no permission for it: see docs/technician.md",
    errno.EBUSY: "another program holds it",
    errno.EPIPE: "it does not take this request",
}
CORRUPT = {errno.EOVERFLOW: "it sent more than was asked for", errno.EILSEQ: "damaged on the cable"}


@dataclass(frozen=True, slots=True)
class Product:
    """Who made a device and which it is: idVendor and idProduct."""

    vendor: int
    product: int


class UsbLine:
    """A device with registers, an interrupt and a bulk endpoint towards us, all in its first interface.

    `plug`: where it is plugged in, by the kernel's name (`1-1.4`); `*`: the first of this product. Opened by the first
    call that needs it and again by the first call after `DeviceGone`. Its configuration is left as the kernel set it.
    Owned by one thread. Every method except `close` may raise `DeviceGone` and `DeviceRefused`.
    """

    def __init__(
        self, device: str, plug: str, product: Product, *, backend: object = None, listen_s: float = LISTEN_S
    ) -> None:
        self._device = device
        self._plug = plug
        self._product = product
        self._backend = backend
        self._listen_s = listen_s
        self._plugged: _Plugged | None = None

    def read(self, request: int, value: int, count: int, deadline: Deadline) -> bytes:
        """So many bytes, or fewer if the device has fewer. Raises `DeviceTimeout`, `Cancelled`, `WireCorrupt`."""
        with self._opened(deadline) as plugged:
            return bytes(plugged.usb.ctrl_transfer(READ, request, value, 0, count, _ms(CONTROL_S, deadline)))

    def write(self, request: int, value: int, data: bytes, deadline: Deadline) -> None:
        """Raises `DeviceTimeout`, `Cancelled`, `WireCorrupt`."""
        with self._opened(deadline) as plugged:
            sent = plugged.usb.ctrl_transfer(WRITE, request, value, 0, data, _ms(CONTROL_S, deadline))
        if sent != len(data):
            raise WireCorrupt(self._device, f"it took {sent} of {len(data)} bytes")

    def next_event(self, deadline: Deadline) -> bytes:
        """The oldest interrupt nobody has heard yet, perhaps empty. Raises `DeviceTimeout`, `Cancelled`."""
        with self._opened(deadline) as plugged:
            while True:
                deadline.check(self._device)
                with suppress(queue.Empty):
                    return plugged.heard(min(SLICE_S, deadline.remaining_s))

    def forget_events(self, deadline: Deadline) -> None:
        """What was heard so far answers nothing that is asked from now on."""
        with self._opened(deadline) as plugged, suppress(queue.Empty):
            while True:
                plugged.heard(0)

    @contextmanager
    def expect(self, count: int, is_whole: Callable[[bytes], bool], deadline: Deadline) -> Iterator[Arrival]:
        """Have up to so many bytes read from the bulk endpoint; inside, give the word to send, then `wait`."""
        with self._opened(deadline) as plugged:
            arrival = Arrival(self._device, plugged, count, is_whole)
            try:
                yield arrival
            finally:
                if not arrival.has_left():
                    self.close()

    def close(self) -> None:
        """Safe to call twice; a later call opens again."""
        plugged, self._plugged = self._plugged, None
        if plugged is not None:
            plugged.close()

    @contextmanager
    def _opened(self, deadline: Deadline) -> Iterator[_Plugged]:
        deadline.check(self._device)
        try:
            if self._plugged is None:
                self._plugged = _Plugged(self._found(), self._listen_s)
            yield self._plugged
        except (usb.core.USBError, usb.core.NoBackendError) as error:
            raise self._meant(error) from error

    def _found(self) -> Any:
        ids = {"idVendor": self._product.vendor, "idProduct": self._product.product}
        for found in usb.core.find(find_all=True, backend=self._backend, **ids):
            if self._plug in (ANY, _plug_of(found)):
                return found
        raise DeviceGone(self._device, f"no {ids['idVendor']:04x}:{ids['idProduct']:04x} at plug {self._plug}")

    def _meant(self, error: Exception) -> DeviceError:
        """Our error for pyusb's; what is none of the known ones says that the device is gone."""
        if isinstance(error, usb.core.USBTimeoutError):
            return DeviceTimeout(self._device, "no answer on USB")
        number = getattr(error, "errno", None)
        has_left = number in (errno.EPIPE, errno.EILSEQ) and self._has_left()
        if number in CORRUPT and not has_left:
            return WireCorrupt(self._device, CORRUPT[number])
        if number in REFUSED and not has_left:
            return DeviceRefused(self._device, REFUSED[number])
        self.close()
        detail = "libusb-1.0 is not installed" if isinstance(error, usb.core.NoBackendError) else str(error)
        return DeviceGone(self._device, detail)

    def _has_left(self) -> bool:
        """Whether what looks like a no or a fault was the plug being pulled: who is there can tell his status."""
        if self._plugged is None:
            return True
        try:
            usb.control.get_status(self._plugged.usb)
        except usb.core.USBError:
            return True
        return False


class Arrival:
    """A bulk transfer on its way, read by a thread of its own."""

    def __init__(self, device: str, plugged: _Plugged, count: int, is_whole: Callable[[bytes], bool]) -> None:
        self._device = device
        self._plugged = plugged
        self._count = count
        self._is_whole = is_whole
        self._data = b""
        self._error: usb.core.USBError | None = None
        self._leaving = threading.Event()
        self._thread = plugged.reader = _started(self._read, "usb bulk")

    def wait(self, deadline: Deadline) -> bytes:
        """All of it. Raises `DeviceTimeout` that tells how much there is, `Cancelled`, and what the line did."""
        while self._thread.is_alive():
            if deadline.remaining_s <= 0 and not deadline.cancelled:
                raise DeviceTimeout(self._device, f"{len(self._data)} bytes, and no more")
            deadline.check(self._device)
            self._thread.join(min(SLICE_S, deadline.remaining_s))
        if self._error is not None:
            raise self._error
        return self._data

    def has_left(self) -> bool:
        """Have the thread end with its transfer; false: it hangs in a call that ignores `BULK_S`."""
        self._leaving.set()
        self._thread.join(BULK_S + CONTROL_S)
        return not self._thread.is_alive()

    def _read(self, begun: threading.Event) -> None:
        begun.set()
        while not (self._leaving.is_set() or self._plugged.leaving.is_set() or self._is_done()):
            try:
                self._data += self._plugged.bulk(self._count - len(self._data))
            except usb.core.USBTimeoutError:
                continue
            except usb.core.USBError as error:
                self._error = error
                return

    def _is_done(self) -> bool:
        return len(self._data) >= self._count or self._is_whole(self._data)


class _Plugged:
    """The device while it is plugged in, and its listener, who is the last to let go of it."""

    def __init__(self, found: Any, listen_s: float) -> None:
        self.usb = found
        self.leaving = threading.Event()
        self.reader: threading.Thread | None = None
        self._listen_s = listen_s
        interface = _first_interface(found)
        self._interrupt = _endpoint(interface, INTERRUPT)
        self._bulk = _endpoint(interface, BULK)
        self._heard: queue.SimpleQueue[bytes | usb.core.USBError] = queue.SimpleQueue()
        _claim(found, interface)
        self._listener = _started(self._listen, "usb events")

    def heard(self, wait_s: float) -> bytes:
        """Raises `queue.Empty`, and what the listener ran into."""
        told = self._heard.get(timeout=wait_s) if wait_s > 0 else self._heard.get_nowait()
        if isinstance(told, bytes):
            return told
        raise told

    def bulk(self, count: int) -> bytes:
        return self._transfer(self._bulk, count, BULK_S)

    def close(self) -> None:
        """Waited for no longer than a listener takes: one that hangs in a call keeps what is its own."""
        self.leaving.set()
        self._listener.join(self._listen_s + CONTROL_S)

    def _transfer(self, endpoint: int, count: int, wait_s: float) -> bytes:
        try:
            return bytes(self.usb.read(endpoint, count, round(wait_s * 1000)))
        except usb.core.USBError as error:
            if error.errno != errno.EPIPE:
                raise
            with suppress(usb.core.USBError):  # a halted endpoint stays so until it is told otherwise
                self.usb.clear_halt(endpoint)
            raise usb.core.USBError("the endpoint was halted", errno=errno.EILSEQ) from error

    def _listen(self, begun: threading.Event) -> None:
        begun.set()
        while not self.leaving.is_set():
            try:
                self._heard.put(self._transfer(self._interrupt, EVENT_BYTES, self._listen_s))
            except usb.core.USBTimeoutError:
                continue
            except usb.core.USBError as error:
                if error.errno not in CORRUPT:
                    self._heard.put(usb.core.USBError(str(error), errno=errno.ENODEV))
                    break
                self._heard.put(error)
                self.leaving.wait(SLICE_S)
        self.leaving.wait()
        if self.reader is not None:
            self.reader.join()
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(self.usb)


def _started(what: Callable[[threading.Event], None], name: str) -> threading.Thread:
    """A thread whose first transfer is pending."""
    begun = threading.Event()
    thread = threading.Thread(target=what, args=(begun,), name=name, daemon=True)
    thread.start()
    begun.wait()
    time.sleep(PENDING_S)
    return thread


def _first_interface(found: Any) -> Any:
    try:
        return found[0][(0, 0)]
    except IndexError as error:
        raise usb.core.USBError("a device without an interface", errno=errno.ENODEV) from error


def _claim(found: Any, interface: Any) -> None:
    try:
        usb.util.claim_interface(found, interface)
    except usb.core.USBError:
        usb.util.dispose_resources(found)
        raise


def _endpoint(interface: Any, kind: int) -> int:
    """Where the device sends from; controllers renumber endpoints. `ENODEV` when it has none of this kind."""

    def fits(endpoint: Any) -> bool:
        return bool(endpoint.bEndpointAddress & 0x80) and endpoint.bmAttributes & 0x03 == kind

    found = usb.util.find_descriptor(interface, custom_match=fits)
    if found is None:
        raise usb.core.USBError("an interface without its endpoints", errno=errno.ENODEV)
    return int(found.bEndpointAddress)


def _plug_of(found: Any) -> str:
    return f"{found.bus}-{'.'.join(str(port) for port in found.port_numbers or ())}"


def _ms(longest_s: float, deadline: Deadline) -> int:
    """A limit for one call in milliseconds, never 0: that would be none."""
    return max(1, round(min(longest_s, deadline.remaining_s) * 1000))
