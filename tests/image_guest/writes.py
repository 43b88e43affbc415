"""What a machine wrote to its disk, from the record that qemu keeps (driver blklogwrites): bytes by partition."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.image_guest.media import MIB, SIZES, offsets
from tests.ota.write_log import writes

ELSEWHERE = "elsewhere"
"""Between the partitions: the table, or a mistake."""


def by_partition(log: Path) -> Counter[str]:
    """Bytes written to each; a partition that is not named was not written."""
    places = {name: range(start, start + SIZES[name] * MIB) for name, start in offsets().items()}
    counted = Counter[str]()
    for write in writes(log):
        if length := len(write.data) + write.discarded:
            name = next((name for name, place in places.items() if write.offset in place), ELSEWHERE)
            counted[name] += length
    return counted
