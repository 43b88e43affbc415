"""Lays a chip on a virtual reader of pcscd: a TCP client of vpcd, with the pace and the mishaps of a radio field.

vpcd's messages: two bytes of length, then one byte of control (power off, power on, reset, tell the ATR) or an APDU.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulators.faults import Faults

POWER_OFF, POWER_ON, RESET, TELL_ATR = 0, 1, 2, 4
JOIN_S = 5.0
AWAY_S = 1.0
"""pcscd looks every 0.4 s. It never finds again what left and came back between two looks; no hand is that quick."""


@dataclass(slots=True)
class AirInterface:
    """ISO/IEC 14443-3 and -4: time a command and its answer take between antenna and chip. `kbit_s` 0: none.

    Frames of 256 bytes; a byte takes 9 bits, a frame 5 bytes more (PCB, CRC, start and end) and a pause. The chip
    thinks less than the waiting time that its frames allow (FWT, 4.8 ms where it names none; ISO/IEC 14443-4, 7.2),
    so it never asks for more (S(WTX)).
    """

    kbit_s: float = 0.0
    frame_bytes: int = 256
    pause_s: float = 0.0003
    think_s: float = 0.004  # what the chip needs for itself, for each command
    busy_s: float = 0.0  # all that was spent so far, by this reckoning
    thought_s: float = 0.0  # of it, the chip's thinking; the rest is the interface's own

    def take(self, command: int, answer: int) -> float:
        """Seconds for so many bytes each way; counted."""
        if not self.kbit_s:
            return 0.0
        frames = sum(-(-size // (self.frame_bytes - 3)) for size in (command, answer))
        took_s = (command + answer + 5 * frames) * 9 / (self.kbit_s * 1000) + 2 * frames * self.pause_s + self.think_s
        self.busy_s += took_s
        self.thought_s += self.think_s
        return took_s


@dataclass(slots=True)
class ChipFaults:
    """More than `Faults`: mishaps at the n-th APDU since power on, counted from 1; 0: never."""

    removed_at: int = 0  # taken away instead of an answer
    plain_error_at: int = 0  # answers 6985 in plain, and has left its channel
    repeated_at: int = 0  # answers what it answered before
    turned_bit_at: int = 0  # one bit of the answer's data is turned
    absurd_at: int = 0  # one byte is all that comes


class Card(Protocol):
    """What can lie on a reader."""

    @property
    def atr(self) -> bytes: ...

    def reset(self) -> None: ...

    def process(self, command: bytes) -> bytes: ...


class ChipOnReader:
    """`put_down` and `lift` are the hand, on the virtual reader at `port`.

    The chip runs in the wire's own thread; `sent` counts the APDUs since power on.
    """

    def __init__(self, port: int, chip: Card, faults: Faults | None = None, air: AirInterface | None = None) -> None:
        self.chip = chip
        self.faults = faults or Faults()
        self.chip_faults = ChipFaults()
        self.air = air or AirInterface()
        self.sent = 0
        self.own_s = 0.0  # from each command's arrival to its answer: the chip's own time, as it passed
        self._port = port
        self.left = False  # by itself, in the middle of something
        self._last = b""
        self._left_s = 0.0
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def put_down(self) -> None:
        if self._socket is not None:
            return
        time.sleep(max(0.0, self._left_s + AWAY_S - time.monotonic()))
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=JOIN_S)
        self._socket.settimeout(None)
        self.left = False
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), name="chip wire", daemon=True)
        self._thread.start()

    def lift(self) -> None:
        """The reader notices within its own interval of looking."""
        wire, self._socket = self._socket, None
        if wire is None:
            return
        with contextlib.suppress(OSError):  # it may have been taken away before
            wire.shutdown(socket.SHUT_RDWR)
        assert self._thread is not None
        self._thread.join(JOIN_S)
        if not self.left:
            self._left_s = time.monotonic()
        wire.close()

    def _serve(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the reader has gone
            while (message := _message(wire)) is not None:
                if not self._heard(wire, message):
                    self.left, self._left_s = True, time.monotonic()
                    wire.shutdown(socket.SHUT_RDWR)
                    return

    def _heard(self, wire: socket.socket, message: bytes) -> bool:
        """False: the chip has left."""
        if len(message) > 1:
            return self._command(wire, message)
        if message[0] == TELL_ATR:
            _say(wire, self.chip.atr)
        elif message[0] in (POWER_OFF, POWER_ON, RESET):
            self.chip.reset()
            self.sent, self._last = 0, b""
        return True

    def _command(self, wire: socket.socket, command: bytes) -> bool:
        self.sent += 1
        begun_s = time.monotonic()
        if self.sent == self.chip_faults.removed_at:
            return False
        answer = self._answer(command)
        time.sleep(self.air.take(len(command), len(answer)) + self.faults.delay_s)
        self.own_s += time.monotonic() - begun_s
        if not self.faults.mute:
            _say(wire, answer)
        return True

    def _answer(self, command: bytes) -> bytes:
        faults, last = self.chip_faults, self._last
        answer = self._last = self.chip.process(command)
        mishaps: tuple[tuple[bool, Callable[[], bytes]], ...] = (
            (self.faults.wrong_status, lambda: b"\x6f\x00"),
            (self.sent == faults.plain_error_at, self._in_plain),
            (self.sent == faults.repeated_at, lambda: last or answer),
            (self.sent == faults.turned_bit_at, lambda: bytes([answer[0] ^ 1]) + answer[1:]),
            (self.sent == faults.absurd_at, lambda: b"\x90"),
        )
        return next((made() for turned, made in mishaps if turned), answer)

    def _in_plain(self) -> bytes:
        self.chip.reset()
        return b"\x69\x85"


def _message(wire: socket.socket) -> bytes | None:
    """The next message; None: the reader closed."""
    head = _exactly(wire, 2)
    return None if head is None else _exactly(wire, int.from_bytes(head, "big"))


def _exactly(wire: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        # vpcd writes length and message apart; a late acknowledgement would make each APDU wait 40 ms
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not (piece := wire.recv(count - len(data))):
            return None
        data += piece
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return data


def _say(wire: socket.socket, data: bytes) -> None:
    wire.sendall(len(data).to_bytes(2, "big") + data)
