"""What a machine wrote to its disk, from the record that qemu keeps (driver blklogwrites): bytes by partition."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.image_guest.media import MIB, SIZES, offsets

MAGIC, VERSION = 0x6A736677736872, 1
HEAD, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
DISCARD = 4
ELSEWHERE = "elsewhere"
"""Between the partitions: the table, or a mistake."""


def writes(log: Path) -> Iterator[tuple[int, int]]:
    """Offset and length in bytes of each write, in order. Raises ValueError for what is no record."""
    with log.open("rb") as file:
        magic, version, entries, sector = HEAD.unpack(file.read(HEAD.size))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError(f"{log} is no record of writes")
        at = sector
        for _ in range(entries):
            file.seek(at)
            first, count, flags, _length = ENTRY.unpack(file.read(ENTRY.size))
            at += sector
            if not flags & DISCARD:
                at += count * sector
            if count:
                yield first * sector, count * sector


def by_partition(log: Path) -> Counter[str]:
    """Bytes written to each; a partition that is not named was not written."""
    places = {name: range(start, start + SIZES[name] * MIB) for name, start in offsets().items()}
    counted = Counter[str]()
    for offset, length in writes(log):
        name = next((name for name, place in places.items() if offset in place), ELSEWHERE)
        counted[name] += length
    return counted
