"""The one pcscd of this process: libpcsclite looks only once where it is, whichever folder's fixture asks first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from simulators.pcscd import Pcscd, Slot

RESTED: dict[Slot, float] = {}
"""When each reader was last left."""

_started: list[Pcscd] = []


def the_one(folder: Callable[[], Path]) -> Pcscd:
    """Raises `Missing`."""
    if not _started:
        _started.append(Pcscd(folder()))
    return _started[0]
