"""Dates of a zone: six printed characters to a partial date, its century, and the age it allows."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

from border.documents.values import PartialDate

EXPIRY_REACH_YEARS = 50  # an expiry is taken for the year within this reach; no document lasts longer
LEAP = 2000  # stands for an unknown year: every day that exists in some year is possible


@dataclass(frozen=True, slots=True)
class DateSpan:
    """The days a date surely lies between, both included; one day when every part is known."""

    earliest: date
    latest: date

    def __post_init__(self) -> None:
        if self.earliest > self.latest:
            raise ValueError(f"{self.earliest} is after {self.latest}")

    @property
    def is_exact(self) -> bool:
        return self.earliest == self.latest


def read_date(characters: str) -> PartialDate:
    """Six characters YYMMDD, any pair of which may be `<<`; ValueError for anything else (a bug of the caller)."""
    if len(characters) != 6:
        raise ValueError("a printed date has six characters")
    year, month, day = (
        None if pair == "<<" else int(pair) for pair in (characters[:2], characters[2:4], characters[4:])
    )
    return PartialDate(year, month, day, _is_possible(year, month, day))


def print_date(printed: PartialDate) -> str:
    """The six characters again, `<<` for unknown parts."""
    return "".join("<<" if part is None else f"{part:02d}" for part in (printed.year, printed.month, printed.day))


def resolve_birth(printed: PartialDate, today: date) -> DateSpan | None:
    """The latest such date that is not after today; None when it is impossible or its year is unknown.

    Whoever is older than 99 is thus taken for a child, and a child always meets an officer: the safe side.
    """
    if printed.year is None:
        return None
    base = today.year - today.year % 100 + printed.year
    for year in (base, base - 100):
        span = _span(year, printed)
        if span is not None and span.earliest <= today:
            return DateSpan(span.earliest, min(span.latest, today))
    return None


def resolve_expiry(printed: PartialDate, today: date) -> DateSpan | None:
    """The date in the year nearest to today; None when it is impossible or its year is unknown.

    A check that must be certain compares with `earliest`: 2030-02-<< may have ended on the first.
    """
    if printed.year is None:
        return None
    base = today.year - today.year % 100 + printed.year
    year = min((base - 100, base, base + 100), key=lambda candidate: abs(candidate - today.year))
    return _span(year, printed)


def age_years(birth: DateSpan | None, today: date) -> int | None:
    """Completed years, when every day of the span gives the same number; None when that is not certain."""
    bounds = age_bounds(birth, today)
    return bounds[0] if bounds is not None and bounds[0] == bounds[1] else None


def age_bounds(birth: DateSpan | None, today: date) -> tuple[int, int] | None:
    """The fewest and the most completed years the span allows; None without one, or when it is in the future."""
    if birth is None or birth.latest > today:
        return None
    return _completed_years(birth.latest, today), _completed_years(birth.earliest, today)


def _completed_years(born: date, today: date) -> int:
    # Someone born on 29 February completes a year on 1 March of a common year.
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _is_possible(year: int | None, month: int | None, day: int | None) -> bool:
    if month is not None and not 1 <= month <= 12:
        return False
    century_year = LEAP if year is None else 2000 + year
    most = 31 if month is None else calendar.monthrange(century_year, month)[1]
    return day is None or 1 <= day <= most


def _span(year: int, printed: PartialDate) -> DateSpan | None:
    """All days of that year the printed parts allow. 00 02 29 exists in 2000, not in 1900."""
    months = range(1, 13) if printed.month is None else (printed.month,)
    days = [
        date(year, month, day) for month in months if printed.is_possible for day in _days(year, month, printed.day)
    ]
    return DateSpan(days[0], days[-1]) if days else None


def _days(year: int, month: int, day: int | None) -> tuple[int, ...]:
    last = calendar.monthrange(year, month)[1]
    if day is None:
        return (1, last)
    return (day,) if day <= last else ()
