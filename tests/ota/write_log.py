"""The record of writes that qemu's driver blklogwrites keeps, and every state of a disk that a power cut can leave.

Between two flushes a device may have written any of what it was given, in any order: every subset, where there are few
enough, else every prefix and a seeded sample. What is written whole or not at all is a unit: on a card at least a
sector of 512 bytes, for ext4 4096, its own block; longer requests are cut at their units first. FUA is
treated as any other write, which makes more states and never fewer.
"""

from __future__ import annotations

import itertools
import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MAGIC, VERSION = 0x6A736677736872, 1
HEAD, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    """`offset` in bytes. `flags`: of the record; `data` is empty for a flush without one, and for a discard, which has
    `discarded` bytes."""

    offset: int
    flags: int
    data: bytes
    discarded: int = 0


def writes(log: Path) -> Iterator[Write]:
    """In their order. Raises ValueError for what is no record."""
    with log.open("rb") as file:
        magic, version, count, sector = HEAD.unpack(file.read(HEAD.size))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError(f"{log} is no record of writes")
        at = sector
        for _ in range(count):
            file.seek(at)
            first, sectors, flags, _ = ENTRY.unpack(file.read(ENTRY.size))
            at += sector
            file.seek(at)
            data = b"" if flags & DISCARD else file.read(sectors * sector)
            at += len(data)
            yield Write(first * sector, flags, data, sectors * sector - len(data))


@dataclass(frozen=True, slots=True)
class State:
    """What may be found. `window`: how many flushes were through; `is_base`: all of them and nothing more."""

    window: int
    is_base: bool
    image: bytes


def states(
    image: bytes, log: Iterable[Write], *, exhaustive: int, sampled: int, unit: int = SECTOR, seed: int = 1
) -> Iterator[State]:
    """From the disk before the record on. `exhaustive`: up to so many pending writes every subset is tried; `unit` in
    bytes."""
    base, pending, chance, window = bytearray(image), list[Write](), random.Random(seed), 0
    for write in log:
        if write.flags & FLUSH:
            yield from _window(window, base, pending, _subsets(pending, exhaustive, sampled, chance))
            _apply(base, pending)
            pending, window = [], window + 1
        pending += units(write, unit)
    yield from _window(window, base, pending, _subsets(pending, exhaustive, sampled, chance))


def units(write: Write, unit: int) -> Iterator[Write]:
    """What is written whole or not at all of it, in bytes of `unit`."""
    at = 0
    while at < len(write.data):
        ends = at + unit - (write.offset + at) % unit
        yield Write(write.offset + at, write.flags, write.data[at:ends])
        at = ends


def _subsets(
    pending: Sequence[Write], exhaustive: int, sampled: int, chance: random.Random
) -> Iterator[tuple[Write, ...]]:
    """The empty one first."""
    if len(pending) <= exhaustive:
        for count in range(len(pending) + 1):
            yield from itertools.combinations(pending, count)
        return
    step = max(1, len(pending) // sampled)
    yield from (tuple(pending[:count]) for count in range(0, len(pending) + 1, step))
    for _ in range(sampled):
        yield tuple(write for write in pending if chance.random() < 0.5)


def _window(
    window: int, base: bytearray, pending: Sequence[Write], subsets: Iterable[tuple[Write, ...]]
) -> Iterator[State]:
    seen = set[tuple[int, ...]]()
    places = {id(write): place for place, write in enumerate(pending)}
    for subset in subsets:
        key = tuple(places[id(write)] for write in subset)
        if key not in seen:
            seen.add(key)
            image = bytearray(base)
            _apply(image, subset)
            yield State(window, not subset, bytes(image))


def _apply(image: bytearray, writes: Iterable[Write]) -> None:
    for write in writes:
        image[write.offset : write.offset + len(write.data)] = write.data
