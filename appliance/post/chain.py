"""Where a kiosk's chain of records goes on when its storage is new and its lane is not."""

from __future__ import annotations

from pathlib import Path

from border import ledger

FILE = "chain"
BEGINNING = (0, ledger.GENESIS)

Start = tuple[int, bytes]
"""Number and head of the record before the first one of this storage."""


def read_start(folder: Path) -> Start:
    """From one line, `NEXT HEAD`: the next number and, in hex, the head before it. None there: the beginning."""
    try:
        number, head = (folder / FILE).read_text(encoding="ascii").split()
        start = (int(number) - 1, bytes.fromhex(head))
    except (OSError, ValueError):
        return BEGINNING
    return start if start[0] >= 0 and len(start[1]) == len(ledger.GENESIS) else BEGINNING
