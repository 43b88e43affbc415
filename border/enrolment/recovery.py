"""A disk's recovery key in parts: any two make it, one says nothing, and each is sealed to another custodian.

Shamir's sharing with the threshold 2 (Comm. ACM 22, 1979), byte by byte over GF(2^8) with the polynomial of AES: part n
is key + n * slope, where the slope is random and thrown away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from border.enrolment.values import LockedDisk
from border.messages import codec

KEY_BYTES = 32
NEEDED, MOST_PARTS = 2, 4
_POLYNOMIAL = 0x11B


def split(key: bytes, slope: bytes, count: int) -> dict[int, bytes]:
    """Part by number, 1 to `count`. `slope`: fresh random bytes, as many as the key has."""
    if not NEEDED <= count <= MOST_PARTS or len(slope) != len(key):
        raise ValueError("a key is split into 2 to 4 parts along a slope of its own length")
    return {number: _line(key, slope, number) for number in range(1, count + 1)}


def join(parts: Mapping[int, bytes]) -> bytes:
    """The key. Of more than two parts the first two count. ValueError: fewer, or parts of different lengths."""
    if len(parts) < NEEDED:
        raise ValueError("two parts make a key")
    (a, first), (b, second) = sorted(parts.items())[:NEEDED]
    inverse = _inverse(a ^ b)
    return bytes(
        multiply(inverse, multiply(b, one) ^ multiply(a, other)) for one, other in zip(first, second, strict=True)
    )


def part_name(disk: str, board: str, number: int) -> bytes:
    """What a part is sealed under: it opens for this disk, this board and this number alone."""
    return f"landfall disk 1|{disk}|{board}|{number}".encode()


def locked_sha256(locked: LockedDisk) -> bytes:
    return hashlib.sha256(codec.encode(locked)).digest()


def multiply(a: int, b: int) -> int:
    """In GF(2^8)."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= _POLYNOMIAL
        b >>= 1
    return product


def _line(key: bytes, slope: bytes, at: int) -> bytes:
    return bytes(byte ^ multiply(at, steep) for byte, steep in zip(key, slope, strict=True))


def _inverse(a: int) -> int:
    """a^254: every element but 0 to the 255th is 1."""
    power = 1
    for _ in range(254):
        power = multiply(power, a)
    return power
