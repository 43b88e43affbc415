"""The packets of ZFM-20, R30x and R503 fingerprint modules, and their 4-bit images. Bytes to values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from drivers.api import Pixels
from drivers.frame_reader import FrameReader, Step

START = b"\xef\x01"
ADDRESS = b"\xff\xff\xff\xff"
HEADER_BYTES = 9
MAX_PAYLOAD_BYTES = 256


class Kind(IntEnum):
    """Packet identifiers."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    LAST_DATA = 0x08


KINDS = frozenset(Kind)


class Code(IntEnum):
    """Instructions, by the names of the data sheet."""

    GEN_IMG = 0x01
    UP_IMAGE = 0x0A
    SET_SYS_PARA = 0x0E
    READ_SYS_PARA = 0x0F
    VFY_PWD = 0x13
    AURA_LED = 0x35
    OPEN_LED = 0x50
    CLOSE_LED = 0x51


class Status(IntEnum):
    """Confirmation codes, the first payload byte of every ACK, that such a command may get."""

    OK = 0x00
    PACKET_ERROR = 0x01
    NO_FINGER = 0x02
    CAPTURE_FAILED = 0x03
    UPLOAD_FAILED = 0x0F
    WRONG_PASSWORD = 0x13
    NO_IMAGE = 0x15
    FLASH_FAILED = 0x18
    BAD_REGISTER = 0x1A
    WRONG_ADDRESS = 0x20
    PASSWORD_WANTED = 0x21


SAID: dict[int, str] = {
    Status.PACKET_ERROR: "it cannot read this command, or does not know it",
    Status.NO_FINGER: "no finger",
    Status.CAPTURE_FAILED: "it could not take a picture",
    Status.UPLOAD_FAILED: "it could not send its picture",
    Status.WRONG_PASSWORD: "wrong module password",
    Status.NO_IMAGE: "it holds no picture",
    Status.FLASH_FAILED: "its memory failed",
    Status.BAD_REGISTER: "it has no such setting",
    Status.WRONG_ADDRESS: "another address",
    Status.PASSWORD_WANTED: "wrong module password",
}


def said(status: int) -> str:
    """A confirmation code in words; one that is none of the known as its number."""
    return SAID.get(status, f"code {status:02X}")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet from the module, its sum already verified. `payload` has at least one byte."""

    kind: Kind
    payload: bytes


def command(code: Code, payload: bytes = b"") -> bytes:
    """The bytes that give this instruction to the module."""
    body = bytes([Kind.COMMAND]) + (len(payload) + 3).to_bytes(2, "big") + bytes([code]) + payload
    return START + ADDRESS + body + _sum_of(body)


def packet_reader(device: str) -> FrameReader[Packet]:
    return FrameReader(device, _parse)


def _sum_of(body: bytes) -> bytes:
    return (sum(body) % 65536).to_bytes(2, "big")


def _parse(buffer: bytearray, _silent: bool) -> Step[Packet]:
    start = buffer.find(START)
    if start < 0:  # nothing here, unless the last byte is the first half of a start
        return Step(len(buffer) - buffer.endswith(START[:1]))
    if start > 0:  # the 0x55 of a module that wakes up, and what a lost byte leaves behind
        return Step(start)
    if len(buffer) < HEADER_BYTES:
        return Step(0)
    length = int.from_bytes(buffer[7:HEADER_BYTES], "big")
    if buffer[2:6] != ADDRESS:
        return Step(len(START), broken="a packet from another address")
    if buffer[6] not in KINDS or not 3 <= length <= MAX_PAYLOAD_BYTES + 2:
        return Step(len(START), broken=f"a packet of kind {buffer[6]:02X}, length {length}")
    end = HEADER_BYTES + length
    if len(buffer) < end:
        return Step(0)
    if _sum_of(bytes(buffer[6 : end - 2])) != buffer[end - 2 : end]:
        return Step(len(START), broken="a packet with a wrong sum")
    return Step(end, Packet(Kind(buffer[6]), bytes(buffer[HEADER_BYTES : end - 2])))


def expand(nibbles: bytes, *, width: int, height: int) -> Pixels:
    """Two pixels per byte, high nibble first, made height x width uint8, 0 = ridge .. 255 = valley (n * 17).

    Raises `ValueError` when there are not exactly width * height / 2 bytes.
    """
    if len(nibbles) * 2 != width * height:
        raise ValueError(f"{len(nibbles)} bytes for {width}x{height} pixels of 4 bits")
    packed = np.frombuffer(nibbles, dtype=np.uint8)
    pixels = np.empty(width * height, dtype=np.uint8)
    pixels[0::2] = (packed >> 4) * 17
    pixels[1::2] = (packed & 0x0F) * 17
    return pixels.reshape(height, width)
