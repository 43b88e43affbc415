"""What a machine wrote to its disk, from the record that qemu keeps (driver blklogwrites): by partition, and what a cut
of the power leaves of it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from tests.image_guest.media import MIB, SECTOR, Layout
from tests.ota.write_log import DISCARD, ENTRY, FLUSH, HEAD, Write, units, writes

BLOCK = 4096
ELSEWHERE = "elsewhere"
"""Between the partitions: the table, or a mistake."""


def by_partition(log: Path, layout: Layout) -> Counter[str]:
    """Bytes written to each; a partition that is not named was not written."""
    places = {name: range(start, start + layout.sizes[name] * MIB) for name, start in layout.offsets.items()}
    counted = Counter[str]()
    for write in writes(log):
        if length := len(write.data) + write.discarded:
            name = next((name for name, place in places.items() if write.offset in place), ELSEWHERE)
            counted[name] += length
    return counted


def survive(disk: Path, log: Path, layout: Layout, chance: random.Random) -> int:
    """Makes of a disk as it was before the record what a cut leaves: all that was flushed, and of the rest each unit or
    not, by chance. A unit is a sector where the selector lies, and a block of ext4 elsewhere. Bytes that are lost."""
    selector = range(start := layout.offsets["bootcfg"], start + layout.bootcfg * MIB)
    pending = list[Write]()
    with disk.open("r+b") as image:
        for write in writes(log) if _is_begun(log) else ():
            if write.flags & FLUSH:
                _put(image, pending)
                pending = []
            unit = SECTOR if write.offset in selector else BLOCK
            pending += units(write, unit) if write.data else [write]
        kept = [write for write in pending if chance.random() < 0.5]
        _put(image, kept)
    return sum(len(write.data) for write in pending) - sum(len(write.data) for write in kept)


def pending(log: Path) -> int:
    """Bytes that were given to the disk since its last flush. The data themselves are stepped over."""
    if not _is_begun(log):
        return 0
    given, at = 0, SECTOR
    with log.open("rb") as file:
        _, _, count, _ = HEAD.unpack(file.read(HEAD.size))
        for _ in range(count):
            file.seek(at)
            _, sectors, flags, _ = ENTRY.unpack(file.read(ENTRY.size))
            length = 0 if flags & DISCARD else sectors * SECTOR
            given = length if flags & FLUSH else given + length
            at += SECTOR + length
    return given


def _is_begun(log: Path) -> bool:
    """qemu writes the head of its record with the first write."""
    with log.open("rb") as file:
        return any(file.read(SECTOR))


def _put(image: BinaryIO, given: Iterable[Write]) -> None:
    for write in given:
        image.seek(write.offset)
        image.write(write.data or bytes(write.discarded))
