"""The check digit of Doc 9303-3, 4.9: weights 7 3 1, letters count from A = 10, a filler is 0."""

from __future__ import annotations

from collections.abc import Iterable

WEIGHTS = (7, 3, 1)
VALUE = {"<": 0} | {char: number for number, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def check_digit(characters: Iterable[str]) -> int:
    """0..9 for a run of characters; KeyError for a character no zone may hold (a bug of the caller)."""
    return sum(VALUE[char] * WEIGHTS[at % 3] for at, char in enumerate(characters)) % 10
