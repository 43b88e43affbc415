"""BER-TLV as chips speak it (ISO/IEC 7816-4, X.690): flat lists of tag and value, no recursion, definite lengths."""

from __future__ import annotations

from dataclasses import dataclass

MAX_TAG_BYTES = 3
MAX_LENGTH_BYTES = 4
Items = list[tuple[int, bytes]]


class Malformed(ValueError):
    """Bytes of a chip that the standard forbids. Its text tells sizes and tags, never contents."""


@dataclass(frozen=True, slots=True)
class Head:
    """Tag, and where the value begins and ends, counted from the tag."""

    tag: int
    begins: int
    ends: int


def head(data: bytes, at: int = 0) -> Head:
    """The head of the object at `at`; its value need not be there. Raises `Malformed`."""
    tag_bytes = _tag_bytes(data, at)
    length_at = at + tag_bytes
    if length_at >= len(data):
        raise Malformed("an object without a length")
    first = data[length_at]
    more = first & 0x7F if first & 0x80 else 0
    begins = length_at + 1 + more
    if first == 0x80 or more > MAX_LENGTH_BYTES or begins > len(data):
        raise Malformed("a length that cannot be")
    length = int.from_bytes(data[length_at + 1 : begins], "big") if more else first
    return Head(int.from_bytes(data[at:length_at], "big"), begins - at, begins - at + length)


def _tag_bytes(data: bytes, at: int) -> int:
    if at >= len(data):
        raise Malformed("no object")
    if data[at] & 0x1F != 0x1F:
        return 1
    for count in range(2, MAX_TAG_BYTES + 1):
        if at + count <= len(data) and not data[at + count - 1] & 0x80:
            return count
    raise Malformed("a tag without an end")


def parse(data: bytes) -> Items:
    """Every object, in order. Raises `Malformed` unless they fill `data` exactly."""
    items: Items = []
    at = 0
    while at < len(data):
        found = head(data, at)
        if at + found.ends > len(data):
            raise Malformed(f"an object {found.tag:X} longer than what holds it")
        items.append((found.tag, data[at + found.begins : at + found.ends]))
        at += found.ends
    return items


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object that fills `data`. Raises `Malformed`."""
    items = parse(data)
    if len(items) != 1 or items[0][0] != tag:
        raise Malformed(f"not one object {tag:X}")
    return items[0][1]


def find(items: Items, tag: int) -> bytes | None:
    """The value of the first object with this tag. Raises `Malformed` when it is there twice."""
    found = [value for each, value in items if each == tag]
    if len(found) > 1:
        raise Malformed(f"{tag:X} comes {len(found)} times")
    return found[0] if found else None


def need(items: Items, tag: int) -> bytes:
    """As `find`; raises `Malformed` when it is not there."""
    if (value := find(items, tag)) is None:
        raise Malformed(f"no object {tag:X}")
    return value


def encode(tag: int, value: bytes) -> bytes:
    tag_bytes = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    size = len(value)
    if size < 0x80:
        return tag_bytes + bytes([size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return tag_bytes + bytes([0x80 | len(length)]) + length + value


def dotted(value: bytes) -> str:
    """An object identifier in dots. Raises `Malformed`."""
    if not value or value[-1] & 0x80 or len(value) > 32:
        raise Malformed("an object identifier cut short")
    arcs, arc = [], 0
    for byte in value:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def undotted(oid: str) -> bytes:
    """The value bytes of an object identifier."""
    first, second, *rest = map(int, oid.split("."))
    result = b""
    for arc in (40 * first + second, *rest):
        part = [arc & 0x7F]
        while arc := arc >> 7:
            part.insert(0, arc & 0x7F | 0x80)
        result += bytes(part)
    return result


def unsigned(value: bytes) -> int:
    """An INTEGER that may not be negative. Raises `Malformed`."""
    if not value or value[0] & 0x80:
        raise Malformed("no unsigned number")
    return int.from_bytes(value, "big")
