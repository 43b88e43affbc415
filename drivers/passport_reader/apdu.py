"""Commands and responses of ISO/IEC 7816-4, and the chain of small links through which a command goes to the chip.

    LeCorrection -> Channel (secure messaging, once it is up) -> Chaining -> MoreData -> Wire

Each link knows one thing and has one method, `send`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader.tlv import Malformed

OK = 0x9000
END_OF_FILE = 0x6282
NOT_FOUND = 0x6A82
FORBIDDEN = (0x6982, 0x6985, 0x6986)
SHORT_DATA, SHORT_LE = 255, 256
LONG_DATA, LONG_LE = 65535, 65536
MAX_ANSWER_BYTES = 1 << 13  # twice the longest that is asked for
LEAST_PIECE = 64  # bytes; a chip that gives less at a time than any frame holds wants to keep us
MAX_ROUNDS = MAX_ANSWER_BYTES // LEAST_PIECE
MAX_COMMANDS = 10_000  # of one visit; a whole reading takes some 200


@dataclass(frozen=True, slots=True)
class Command:
    """`le`: how many bytes the answer may have, 1 to 65536; None: none are expected. Data is not printed."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    @property
    def head(self) -> bytes:
        return bytes([self.cla, self.ins, self.p1, self.p2])


@dataclass(frozen=True, slots=True)
class Response:
    """Data is not printed: it may be about a person."""

    data: bytes = field(repr=False)
    sw: int


def encode(command: Command) -> bytes:
    """Short where it fits, else extended."""
    size, le = len(command.data), command.le
    if size <= SHORT_DATA and (le is None or le <= SHORT_LE):
        body = bytes([size]) + command.data if size else b""
        return command.head + body + (b"" if le is None else bytes([le % SHORT_LE]))
    body = b"\0" + size.to_bytes(2, "big") + command.data if size else b""
    end = b"" if le is None else (le % LONG_LE).to_bytes(2, "big")
    return command.head + body + (end if size else b"\0" + end)


def decode(answer: bytes) -> Response:
    """Raises `Malformed`."""
    if len(answer) < 2:
        raise Malformed(f"an answer of {len(answer)} bytes has no status")
    return Response(answer[:-2], int.from_bytes(answer[-2:], "big"))


class ChipLine(Protocol):
    """What carries bytes to the chip and back: `drivers.card.CardLine`."""

    def wait(self, deadline: Deadline) -> bytes: ...

    def transmit(self, command: bytes, deadline: Deadline) -> bytes: ...

    def let_go(self) -> None: ...

    def close(self) -> None: ...


class Link(Protocol):
    """One link of the chain."""

    def send(self, command: Command, deadline: Deadline) -> Response:
        """Raises `DeviceError`."""
        ...


class Wire:
    """The last link: commands become bytes. Counts what it carried, and carries no more than a visit can need."""

    def __init__(self, device: str, line: ChipLine) -> None:
        self._device = device
        self._line = line
        self.commands = 0

    def send(self, command: Command, deadline: Deadline) -> Response:
        if self.commands == MAX_COMMANDS:
            raise WireCorrupt(self._device, "a visit without an end")
        self.commands += 1
        try:
            return decode(self._line.transmit(encode(command), deadline))
        except Malformed as error:
            raise WireCorrupt(self._device, str(error)) from None


class MoreData:
    """61xx: the chip holds more of its answer, and is asked for it."""

    def __init__(self, device: str, below: Link) -> None:
        self._device = device
        self._below = below

    def send(self, command: Command, deadline: Deadline) -> Response:
        response = self._below.send(command, deadline)
        data = response.data
        for _ in range(MAX_ROUNDS):
            if response.sw >> 8 != 0x61:
                return Response(data, response.sw)
            more = Command(command.cla & 0x03, 0xC0, 0, 0, le=response.sw & 0xFF or SHORT_LE)
            response = self._below.send(more, deadline)
            data += response.data
            if len(data) > MAX_ANSWER_BYTES:
                break
        raise WireCorrupt(self._device, "an answer without an end")


class Chaining:
    """A command too long for a short one goes in pieces (bit 10 of the class), unless the chip takes long ones."""

    def __init__(self, below: Link, *, long_commands: bool) -> None:
        self._below = below
        self._whole = LONG_DATA if long_commands else SHORT_DATA

    def send(self, command: Command, deadline: Deadline) -> Response:
        data = command.data
        while len(data) > self._whole:
            piece = replace(command, cla=command.cla | 0x10, data=data[:SHORT_DATA], le=None)
            response = self._below.send(piece, deadline)
            if response.sw != OK:
                return response
            data = data[SHORT_DATA:]
        return self._below.send(replace(command, data=data), deadline)


class LeCorrection:
    """6Cxx: the chip says how many bytes there are, and the command goes once more."""

    def __init__(self, below: Link) -> None:
        self._below = below

    def send(self, command: Command, deadline: Deadline) -> Response:
        response = self._below.send(command, deadline)
        if response.sw >> 8 == 0x6C and not response.data:
            response = self._below.send(replace(command, le=response.sw & 0xFF or SHORT_LE), deadline)
        return response
