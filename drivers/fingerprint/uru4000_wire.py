"""Registers, events and images of the U.are.U 4500 fingerprint reader. Bytes to values, no I/O.

An image may come scrambled: every byte is hidden by the key's bits, and the key moves on like a shift register.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray

from drivers.api import Pixels

VENDOR, PRODUCT = 0x05BA, 0x000A
REQUEST = 0x04  # read or write the register named by wValue
WIDTH, HEIGHT, PITCH_PPI = 384, 290, 500
HEADER_BYTES, IMAGE_BYTES_ASKED = 64, 111424
MAX_BLOCKS = 15
MAX_ABSENT_LINES = HEIGHT // 10  # more lines than that made up, and it is no longer a picture of a finger
SCRAMBLED_NOISE = 5000  # squared grey levels; random bytes give twice as much
KEY_BITS = 32
FED_BACK = tuple(bit for bit in range(KEY_BITS) if 0x9248144D >> bit & 1)
HIDING = (4, 8, 11, 14, 18, 21, 24, 29)  # the key's bits that hide a byte, lowest first


class Register(IntEnum):
    """By the addresses that a control transfer carries as wValue."""

    HARDWARE_STATUS = 0x07
    SCRAMBLE_INDEX = 0x33
    SCRAMBLE_KEY = 0x34
    MODE = 0x4E
    DEVICE_INFO = 0xF0


STATUS_BYTES, KEY_BYTES, INFO_BYTES = 1, 4, 16
ASLEEP, REBOOTED, READY = 0x80, 0x84, 0x01  # bits of the hardware status
STATUS_KEPT = 0x0F


class Mode(IntEnum):
    """What the reader is told to do."""

    AWAIT_FINGER_ON = 0x10
    AWAIT_FINGER_OFF = 0x12
    CAPTURE = 0x20
    OFF = 0x70


class Event(IntEnum):
    """The first two bytes of what arrives on the interrupt endpoint."""

    FINGER_ON = 0x0101
    FINGER_OFF = 0x0200
    DEATH = 0x0800
    SCAN_POWER_ON = 0x56AA


class Flag(IntFlag):
    """What is true of the lines of a block."""

    NOT_PRESENT = 0x01
    SCRAMBLED = 0x02
    KEEPS_KEY = 0x04
    CHANGES_KEY = 0x80


class BadImage(ValueError):
    """An image that no reader makes. Its text tells sizes, never contents."""


@dataclass(frozen=True, slots=True)
class Block:
    """So many lines, one after the other, of one kind."""

    flags: Flag
    lines: int


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """What arrived. `lines`: those present, count x 384 bytes, perhaps scrambled; `blocks` tell of all lines."""

    key_number: int
    blocks: tuple[Block, ...]
    lines: NDArray[np.uint8]

    @property
    def is_scrambled(self) -> bool:
        """Whether a block says so and the first two lines look it: a reader may be set to leave images plain."""
        return any(block.flags & Flag.SCRAMBLED for block in self.blocks) and _noise(self.lines) >= SCRAMBLED_NOISE

    @property
    def key_numbers(self) -> tuple[int, ...]:
        """The numbers of the keys that unscramble it, in order."""
        changes = sum(1 for block in self.blocks if block.flags & Flag.CHANGES_KEY)
        return tuple((self.key_number + step) & 0xFF for step in range(1 + changes))


def event_of(data: bytes) -> int | None:
    """The event's number, perhaps none of `Event`; None: an empty completion, as on shutdown."""
    return int.from_bytes(data[:2], "big") if len(data) >= 2 else None


def is_whole(data: bytes) -> bool:
    """Whether nothing more can come of this image."""
    return len(data) >= HEADER_BYTES and len(data) >= HEADER_BYTES + _lines_of(data) * WIDTH


def scramble_request(key_number: int, seed: int) -> bytes:
    """What to write to SCRAMBLE_INDEX before the key is read."""
    return struct.pack("<BI", key_number, seed)


def key_of(answer: bytes, seed: int) -> int:
    """The key out of SCRAMBLE_KEY. Raises `BadImage` when the answer is not four bytes."""
    if len(answer) != KEY_BYTES:
        raise BadImage(f"a key of {len(answer)} bytes")
    return int.from_bytes(answer, "little") ^ seed


def parse(data: bytes) -> RawImage:
    """Header and lines of one image. Raises `BadImage`."""
    if len(data) < HEADER_BYTES:
        raise BadImage(f"an image of {len(data)} bytes")
    count, blocks = _lines_of(data), _blocks_of(data)
    present = sum(block.lines for block in blocks if not block.flags & Flag.NOT_PRESENT)
    told = sum(block.lines for block in blocks)
    if not 2 <= count <= HEIGHT or present != count or told > HEIGHT:
        raise BadImage(f"{count} lines, and blocks of {present} among {told}")
    if HEIGHT - present > MAX_ABSENT_LINES:
        raise BadImage(f"only {present} of {HEIGHT} lines")
    if len(data) < HEADER_BYTES + count * WIDTH:
        raise BadImage(f"{len(data) - HEADER_BYTES} bytes of {count} lines")
    lines = np.frombuffer(data, np.uint8, count * WIDTH, HEADER_BYTES).reshape(count, WIDTH)
    return RawImage(data[6], blocks, lines)


def unscrambled(raw: RawImage, keys: tuple[int, ...]) -> RawImage:
    """The same image in plain. `keys`: one for each of `key_numbers`."""
    assert len(keys) == len(raw.key_numbers), "a key for each number"
    streams = map(_key_stream, keys)
    stream, place, line, plain = next(streams), 0, 0, raw.lines.copy()
    for block in raw.blocks:
        if block.flags & Flag.CHANGES_KEY:
            stream, place = next(streams), 0
        present = not block.flags & Flag.NOT_PRESENT
        if not block.flags & Flag.KEEPS_KEY:
            if block.flags & Flag.SCRAMBLED and present:
                _unscramble(plain[line : line + block.lines].reshape(-1), stream[place:])
            place += block.lines * WIDTH
        line += block.lines if present else 0
    return RawImage(raw.key_number, raw.blocks, plain)


def picture(raw: RawImage) -> Pixels:
    """290 x 384, 0 = ridge .. 255 = valley, upright. A line that is not there is the next one that is, or the last."""
    order: list[int] = []
    line = 0
    for block in raw.blocks:
        order += range(line, line + block.lines)
        line += 0 if block.flags & Flag.NOT_PRESENT else block.lines
    order += [len(raw.lines)] * (HEIGHT - len(order))
    rows = raw.lines[np.minimum(order, len(raw.lines) - 1)]
    return np.ascontiguousarray(255 - rows[::-1, ::-1])


def _lines_of(data: bytes) -> int:
    return int.from_bytes(data[4:6], "little")


def _blocks_of(data: bytes) -> tuple[Block, ...]:
    told = (Block(Flag(data[at]), data[at + 1]) for at in range(16, 16 + 2 * MAX_BLOCKS, 2))
    blocks: list[Block] = []
    for block in told:
        if block.lines == 0:
            break
        blocks.append(block)
    return tuple(blocks)


def _noise(lines: NDArray[np.uint8]) -> float:
    """Variance along the sum of the first two lines, in squared grey levels."""
    return float(lines[:2].sum(axis=0, dtype=np.int64).var())


def _unscramble(block: NDArray[np.uint8], stream: NDArray[np.uint8]) -> None:
    """In place: every byte lies hidden in the one behind it, and the last was never sent."""
    columns = np.stack([stream[at : at + len(block) - 1] for at in HIDING], axis=1)
    block[:-1] = block[1:] ^ np.packbits(columns, axis=1, bitorder="little")[:, 0]
    block[-1] = 0


def _key_stream(key: int) -> NDArray[np.uint8]:
    """The bits that pass through the key in one image: after n bytes it is bits n to n + 31, lowest first.

    Bit n + 32 is the parity of those fed back. Over bits the same rule holds with every distance doubled, and
    doubled again; so the longer the stream is, the more of it is made at once.
    """
    bits = np.zeros(HEIGHT * WIDTH + KEY_BITS, np.uint8)
    bits[:KEY_BITS] = [key >> bit & 1 for bit in range(KEY_BITS)]
    made, stride = KEY_BITS, 1
    while made < len(bits):
        while made >= 2 * KEY_BITS * stride:
            stride *= 2
        more = min(stride, len(bits) - made)
        begins = made - KEY_BITS * stride
        for bit in FED_BACK:
            bits[made : made + more] ^= bits[begins + bit * stride : begins + bit * stride + more]
        made += more
    return bits
