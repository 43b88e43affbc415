"""What must never go back: release counters, versions of metadata, and time.

The floor is the highest of what the image was built with and what two copies on the data partition say. Each copy
carries its own digest and they are written one after the other, so a cut spoils at most one; a wiped data partition
falls back to what was built in, and no lower.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ota.disk import Disk, replace

COPIES = ("floor-a", "floor-b")
DIGEST = 64  # hexadecimal characters


def _frozen(values: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(sorted(values.items())))


@dataclass(frozen=True, slots=True)
class Floor:
    """`counters`: role -> lowest release counter that may still be installed. `metadata`: repository -> lowest version
    of its timestamp. `time_s`: seconds since 1970 that have surely passed."""

    counters: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, int] = field(default_factory=dict)
    time_s: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "counters", _frozen(self.counters))
        object.__setattr__(self, "metadata", _frozen(self.metadata))

    def with_counter(self, role: str, counter: int) -> Floor:
        """Never lower than it was."""
        return highest(self, Floor(counters={role: counter}))

    def with_metadata(self, repository: str, version: int, time_s: int) -> Floor:
        """Never lower than it was."""
        return highest(self, Floor(metadata={repository: version}, time_s=time_s))


def highest(one: Floor, other: Floor) -> Floor:
    """Number by number."""
    return Floor(
        _highest(one.counters, other.counters),
        _highest(one.metadata, other.metadata),
        max(one.time_s, other.time_s),
    )


def _highest(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {*one, *other}}


def encode(floor: Floor) -> bytes:
    """A digest, a line's end, and what it is the digest of."""
    body = json.dumps(
        {"counters": dict(floor.counters), "metadata": dict(floor.metadata), "time_s": floor.time_s}, sort_keys=True
    ).encode()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes) -> Floor | None:
    """None for anything that `encode` did not make."""
    digest, body = data[:DIGEST], data[DIGEST + 1 :]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    held: dict[str, Any] = json.loads(body)
    return Floor(held["counters"], held["metadata"], held["time_s"])


def load(folder: Path, built_in: Floor) -> Floor:
    """The highest of all that can be read; unreadable copies count for nothing."""
    floor = built_in
    for name in COPIES:
        try:
            stored = decode((folder / name).read_bytes())
        except FileNotFoundError:
            continue
        floor = highest(floor, stored) if stored else floor
    return floor


def save(disk: Disk, folder: Path, floor: Floor) -> None:
    """Both copies, one after the other. Raises OSError."""
    for name in COPIES:
        replace(disk, folder / name, encode(floor))
