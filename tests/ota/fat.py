"""The root directory of a FAT16 or FAT32 disk, as a boot ROM reads it: neither the kernel's code nor mtools'."""

from __future__ import annotations

import struct
from dataclasses import dataclass

ENTRY = 32
FOLDER, LABEL = 0x10, 0x08
END16, END32 = 0xFFF8, 0x0FFFFFF8


class Broken(ValueError):
    """No file system that a boot ROM could read."""


@dataclass(frozen=True, slots=True)
class Volume:
    """`fat`, `root`, `data`: where they begin, in bytes; `cluster`: bytes of one; `root_cluster`: 0 on FAT16."""

    disk: bytes
    fat: int
    root: int
    data: int
    cluster: int
    root_cluster: int

    def chain(self, first: int) -> bytes:
        found, seen = bytearray(), set[int]()
        while 2 <= first < (END32 if self.root_cluster else END16):
            if first in seen or self.data + (first - 2) * self.cluster >= len(self.disk):
                raise Broken("a chain that does not end")
            seen.add(first)
            found += self.disk[self.data + (first - 2) * self.cluster :][: self.cluster]
            first = self._next(first)
        return bytes(found)

    def entries(self) -> bytes:
        """Of the root directory."""
        return self.chain(self.root_cluster) if self.root_cluster else self.disk[self.root : self.data]

    def _next(self, cluster: int) -> int:
        if self.root_cluster:
            return int(struct.unpack_from("<I", self.disk, self.fat + 4 * cluster)[0]) & 0x0FFFFFFF
        return int(struct.unpack_from("<H", self.disk, self.fat + 2 * cluster)[0])


def volume(disk: bytes) -> Volume:
    """Raises `Broken`."""
    sector, per_cluster, reserved, fats, roots = struct.unpack_from("<HBHBH", disk, 11)
    if sector != 512 or not per_cluster or not fats or disk[510:512] != b"\x55\xaa":
        raise Broken("no boot sector")
    size = struct.unpack_from("<H", disk, 22)[0] or struct.unpack_from("<I", disk, 36)[0]
    root = (reserved + fats * size) * sector
    first = 0 if roots else struct.unpack_from("<I", disk, 44)[0]
    return Volume(disk, reserved * sector, root, root + roots * ENTRY, per_cluster * sector, first)


def read(disk: bytes, name: str) -> bytes | None:
    """A file of the root directory by its short name, as "AUTOBOOT.TXT"; None: it is not there. Raises `Broken`."""
    held = volume(disk)
    entries, (stem, _, ending) = held.entries(), name.partition(".")
    for at in range(0, len(entries), ENTRY):
        entry = entries[at : at + ENTRY]
        if entry[0] == 0:
            return None
        if entry[:11] == stem.ljust(8).encode() + ending.ljust(3).encode() and not entry[11] & (FOLDER | LABEL):
            high, (low, length) = struct.unpack_from("<H", entry, 20)[0], struct.unpack_from("<HI", entry, 26)
            content = held.chain(high << 16 | low if held.root_cluster else low)
            if len(content) < length:
                raise Broken("a chain that is too short")
            return content[:length]
    return None
