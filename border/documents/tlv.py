"""Tag, length, value (ISO/IEC 7816-4, X.690): a chip's bytes to elements, one level at a time, within bounds.

Nothing is read deeper than a format asks for, so that hostile nesting costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from border.documents.errors import DocumentError

MAX_BYTES = 1 << 20
"""The largest file of a chip that is looked at; a portrait has some 15 kB, a SOD some 3."""
MAX_DEPTH = 40
MAX_ELEMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Tlv:
    """One element. `tag` as the standards print it (0x30, 0x5F1F), `whole` with tag and length, `depth` from 0."""

    tag: int
    value: bytes
    whole: bytes
    depth: int = 0

    def __repr__(self) -> str:
        return f"<{self.tag:X} {len(self.value)} bytes>"  # never the value

    def children(self) -> tuple[Tlv, ...]:
        """The elements inside. Raises DocumentError."""
        return elements(self.value, self.depth + 1)

    def fields(self, tag: int | None = None) -> Fields:
        """The elements inside, to be taken in order; with `tag`, this element must carry it."""
        if tag is not None:
            expect(self, tag)
        return Fields(self.children(), f"{self.tag:X}")


class Fields:
    """The elements of one structure, taken from the front."""

    def __init__(self, found: tuple[Tlv, ...], where: str) -> None:
        self._left = list(reversed(found))
        self._where = where

    def take(self, tag: int | None = None) -> Tlv:
        """The next one. Raises DocumentError when there is none, or it is another."""
        if not self._left:
            raise DocumentError("truncated", self._where)
        found = self._left.pop()
        return found if tag is None else expect(found, tag)

    def maybe(self, *tags: int) -> Tlv | None:
        """The next one if it is one of these."""
        return self._left.pop() if self._left and self._left[-1].tag in tags else None

    def rest(self) -> Iterator[Tlv]:
        while self._left:
            yield self._left.pop()


def expect(found: Tlv, tag: int) -> Tlv:
    """The same element, if it carries this tag; DocumentError bad_tag."""
    if found.tag != tag:
        raise DocumentError("bad_tag", f"{tag:X}")
    return found


def read(data: bytes, tag: int | None = None, *, max_bytes: int = MAX_BYTES) -> Tlv:
    """The one element that these bytes are. Raises DocumentError."""
    if len(data) > max_bytes:
        raise DocumentError("too_large")
    found, end = _element(data, 0, 0)
    if end != len(data):
        raise DocumentError("trailing_bytes", f"{found.tag:X}")
    return found if tag is None else expect(found, tag)


def elements(data: bytes, depth: int = 0) -> tuple[Tlv, ...]:
    """The elements side by side that these bytes are. Raises DocumentError."""
    if depth > MAX_DEPTH:
        raise DocumentError("too_deep")
    found: list[Tlv] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_ELEMENTS:
            raise DocumentError("too_many")
        element, at = _element(data, at, depth)
        found.append(element)
    return tuple(found)


def _element(data: bytes, at: int, depth: int) -> tuple[Tlv, int]:
    tag, body = _tag(data, at)
    size, body = _length(data, body)
    end = body + size
    if end > len(data):
        raise DocumentError("truncated", f"{tag:X}")
    return Tlv(tag, data[body:end], data[at:end], depth), end


def _tag(data: bytes, at: int) -> tuple[int, int]:
    tag = _octet(data, at)
    at += 1
    if tag & 0x1F != 0x1F:
        return tag, at
    for _ in range(2):  # no format here has tags of more than three bytes
        octet = _octet(data, at)
        tag, at = tag << 8 | octet, at + 1
        if not octet & 0x80:
            return tag, at
    raise DocumentError("bad_tag")


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = _octet(data, at)
    at += 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if count == 0:
        raise DocumentError("indefinite_length")
    if count > 4:
        raise DocumentError("too_large")
    if at + count > len(data):
        raise DocumentError("truncated")
    return int.from_bytes(data[at : at + count], "big"), at + count


def _octet(data: bytes, at: int) -> int:
    if at >= len(data):
        raise DocumentError("truncated")
    return data[at]
