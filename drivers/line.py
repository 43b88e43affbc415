"""The serial wire: the one file that knows pyserial, and the one place where its exceptions become ours."""

from __future__ import annotations

import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import serial

from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout

SLICE_S = 0.05  # how soon a blocked read notices that its caller has left
WRITE_S = 2.0  # a healthy line takes a command in milliseconds
CHUNK_BYTES = 65536


class SerialLine:
    """A tty, 8N1, opened by the first call that needs it and again by the first call after `DeviceGone`.

    Owned by one thread. Every method except `close` may raise `DeviceGone`.
    """

    def __init__(self, device: str, path: str, baud: int) -> None:
        self._device = device
        self._path = path
        self._baud = baud
        self._port: serial.Serial | None = None

    @property
    def baud(self) -> int:
        return self._baud

    def receive(self, deadline: Deadline) -> bytes:
        """All that has arrived, at least one byte. Raises `DeviceTimeout`, `Cancelled`."""
        while True:
            deadline.check(self._device)
            with self._opened() as port:
                port.timeout = min(SLICE_S, deadline.remaining_s)
                if first := port.read(1):
                    return first + port.read(min(port.in_waiting, CHUNK_BYTES))

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Hand all bytes to the wire. Raises `DeviceTimeout`, `Cancelled`."""
        deadline.check(self._device)
        with self._opened() as port:
            port.write(data)

    def drain(self) -> None:
        """Forget what has arrived so far: it answers a question nobody asks any more."""
        with self._opened() as port:
            port.reset_input_buffer()
            port.timeout = 0
            while waiting := port.in_waiting:
                port.read(min(waiting, CHUNK_BYTES))

    def drain_until_idle(self, deadline: Deadline, idle_s: float) -> None:
        """Forget everything up to the first silence of `idle_s`. Raises `DeviceTimeout`, `Cancelled`."""
        self.drain()
        while True:
            deadline.check(self._device)
            try:
                self.receive(deadline.within(idle_s))
            except DeviceTimeout:
                deadline.check(self._device)
                return

    def set_baud(self, baud: int) -> None:
        """Speak at another speed from now on, also after the next opening."""
        self._baud = baud
        with self._opened() as port:
            port.flush()  # the last command must leave at the old speed
            port.baudrate = baud

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            with suppress(serial.SerialException, OSError, termios.error):  # the device may have left first
                port.close()

    @contextmanager
    def _opened(self) -> Iterator[serial.Serial]:
        try:
            if self._port is None:
                self._port = serial.Serial(
                    self._path, self._baud, timeout=SLICE_S, write_timeout=WRITE_S, exclusive=True
                )
            yield self._port
        except serial.SerialTimeoutException as error:
            raise DeviceTimeout(self._device, "the line takes no bytes") from error
        except (serial.SerialException, OSError, termios.error) as error:
            self.close()
            raise DeviceGone(self._device, str(error)) from error
