"""Writes DER (X.690), and nothing else: the reader in `border` shares no line with it."""

from __future__ import annotations

from datetime import datetime


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element; a tag of more than a byte as the standards print it, 0x5F1F."""
    value = b"".join(parts)
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + _length(len(value)) + value


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """DER orders the elements of a SET OF by their bytes."""
    return tlv(0x31, *sorted(parts))


def inside(number: int, *parts: bytes) -> bytes:
    """A constructed context tag, explicit or implicit alike: [number]."""
    return tlv(0xA0 | number, *parts)


def bare(number: int, value: bytes) -> bytes:
    """A primitive context tag: [number] IMPLICIT."""
    return tlv(0x80 | number, value)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\x00")


def null() -> bytes:
    return tlv(0x05)


def octets(*parts: bytes) -> bytes:
    return tlv(0x04, *parts)


def bits(value: bytes, unused: int = 0) -> bytes:
    return tlv(0x03, bytes([unused]), value)


def printable(text: str) -> bytes:
    return tlv(0x13, text.encode("ascii"))


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    first, second, *others = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_arc(arc) for arc in (40 * first + second, *others)))


def _arc(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.insert(0, 0x80 | (value & 0x7F))
    return bytes(groups)


def utc_time(at: datetime) -> bytes:
    return tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(at: datetime) -> bytes:
    return tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode())


def time(at: datetime) -> bytes:
    """As certificates write it: UTCTime until 2049."""
    return utc_time(at) if at.year < 2050 else generalized_time(at)
