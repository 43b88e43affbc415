"""A printed date of birth beside a listed one: equal, near, unknown, or another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from border.documents.values import PartialDate
from border.watchlist.values import Born

NEAR_YEARS = 2


class BirthMatch(StrEnum):
    """Best first. The values are words of a hit's explanation."""

    EQUAL = "date_of_birth_equal"
    SWAPPED = "day_month_swapped"
    YEAR_NEAR = "year_of_birth_near"
    PARTIAL = "date_of_birth_partly_known"  # every part that both know agrees
    UNKNOWN = "date_of_birth_unknown"
    DIFFERENT = "date_of_birth_different"


def compare(printed: PartialDate, born: Born, today: date) -> BirthMatch:
    """A zone prints two digits of the year: any century that is not in the future fits."""
    off = _years_off(printed.year, born.year, today)
    if off is None:
        return BirthMatch.UNKNOWN
    if off > NEAR_YEARS:
        return BirthMatch.DIFFERENT
    shown, listed = (printed.month, printed.day), (born.month, born.day)
    if None in shown or None in listed:
        fits = all(a is None or b is None or a == b for a, b in zip(shown, listed, strict=True))
        return BirthMatch.PARTIAL if fits else BirthMatch.DIFFERENT
    if shown == listed:
        return BirthMatch.EQUAL if off == 0 else BirthMatch.YEAR_NEAR
    return BirthMatch.SWAPPED if off == 0 and shown == listed[::-1] else BirthMatch.DIFFERENT


def key(year: int, month: int, day: int) -> int:
    """One number for a day; the century is left out, as in a zone."""
    return (year % 100) * 10_000 + month * 100 + day


def near_keys(printed: PartialDate) -> Iterator[int]:
    """The keys of all whole dates that `compare` would not call DIFFERENT; none for a partial date."""
    year, month, day = printed.year, printed.month, printed.day
    if year is None or month is None or day is None:
        return
    for off in range(-NEAR_YEARS, NEAR_YEARS + 1):
        yield key(year + off, month, day)
    if month != day:
        yield key(year, day, month)


def _years_off(shown: int | None, listed: int | None, today: date) -> int | None:
    if shown is None or listed is None:
        return None
    base = today.year - today.year % 100 + shown % 100
    return min(abs(year - listed) for year in (base, base - 100, base - 200) if year <= today.year)
