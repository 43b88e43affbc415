"""A device behind a file of the kernel that is no tty: read and written as bytes, waited for by poll."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from drivers.deadline import Deadline
from drivers.errors import DeviceGone

SLICE_S = 0.05  # how soon a blocked read notices that its caller has left
CHUNK_BYTES = 65536
T = TypeVar("T")
Opener = Callable[[str], int]
"""Opens a path for non-blocking use and gives the descriptor. Raises `OSError`."""


def both_ways(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


class DeviceFile:
    """Opened by the first call that needs it and again by the first call after `DeviceGone`.

    Owned by one thread. Every method except `close` may raise `DeviceGone`, and what `opener` raises of ours.
    """

    def __init__(self, device: str, path: str, opener: Opener = both_ways) -> None:
        self._device = device
        self._path = path
        self._opener = opener
        self._file: int | None = None

    def ask(self, question: Callable[[int], T]) -> T:
        """Put a question of the kernel's (an ioctl) to the open descriptor; its `OSError` is `DeviceGone`."""
        with self._opened() as file:
            return question(file)

    def receive(self, deadline: Deadline) -> bytes:
        """All that has arrived, at least one byte. Raises `DeviceTimeout`, `Cancelled`."""
        while True:
            deadline.check(self._device)
            with self._opened() as file:
                if _ready(file, select.POLLIN, min(SLICE_S, deadline.remaining_s)):
                    with suppress(BlockingIOError):  # somebody else was quicker, or it was a false alarm
                        return _all(os.read(file, CHUNK_BYTES))

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Hand all bytes to the kernel. Raises `DeviceTimeout` while the device takes none, `Cancelled`."""
        rest = memoryview(data)
        while rest:
            deadline.check(self._device)
            with self._opened() as file:
                if _ready(file, select.POLLOUT, min(SLICE_S, deadline.remaining_s)):
                    with suppress(BlockingIOError):
                        rest = rest[os.write(file, rest) :]

    def drain(self) -> None:
        """Forget what has arrived so far."""
        with self._opened() as file:
            while _ready(file, select.POLLIN, 0.0):
                try:
                    _all(os.read(file, CHUNK_BYTES))
                except BlockingIOError:
                    return

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # the device may have left first
                os.close(file)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            if self._file is None:
                self._file = self._opener(self._path)
            yield self._file
        except OSError as error:
            self.close()
            raise DeviceGone(self._device, error.strerror or str(error)) from error


def _ready(file: int, wanted: int, seconds: float) -> bool:
    """Also when the device has left: then the read or write that follows says so."""
    waiting = select.poll()
    waiting.register(file, wanted)
    return bool(waiting.poll(1000 * seconds))


def _all(data: bytes) -> bytes:
    if not data:
        raise OSError("the device has ended its stream")
    return data
