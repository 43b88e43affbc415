"""How times and long numbers are written for a technician."""

from __future__ import annotations

from datetime import UTC, datetime


def day(wall_ms: int) -> str:
    """`2026-11-25 09:00 UTC`."""
    return datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def iso(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="seconds")


def short(digest: bytes | str) -> str:
    """The first 16 hex digits in fours, as a person reads them to another."""
    text = digest.hex() if isinstance(digest, bytes) else digest
    return " ".join(text[at : at + 4] for at in range(0, 16, 4))
