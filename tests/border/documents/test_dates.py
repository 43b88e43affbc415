"""Dates: what is printed, which century it means, and how old that makes somebody."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.documents.dates import (
    DateSpan,
    age_bounds,
    age_years,
    print_date,
    read_date,
    resolve_birth,
    resolve_expiry,
)

TODAY = date(2026, 3, 10)
pairs = st.one_of(st.just("<<"), st.integers(0, 99).map("{:02d}".format))


@pytest.mark.parametrize(
    ("printed", "is_possible"),
    [
        ("740812", True),
        ("740231", False),
        ("740229", False),
        ("760229", True),
        ("000229", True),
        ("<<0229", True),
        ("740000", False),
        ("741301", False),
        ("74<<31", True),
        ("74<<32", False),
        ("74<<00", False),
        ("7402<<", True),
        ("7413<<", False),
        ("<<<<<<", True),
    ],
)
def test_a_printed_date_knows_whether_it_can_exist(printed: str, *, is_possible: bool) -> None:
    assert read_date(printed).is_possible is is_possible


@given(st.tuples(pairs, pairs, pairs).map("".join))
def test_any_six_characters_print_back_and_resolve_without_raising(printed: str) -> None:
    partial = read_date(printed)
    assert print_date(partial) == printed
    birth, expiry = resolve_birth(partial, TODAY), resolve_expiry(partial, TODAY)
    known = partial.is_possible and partial.year is not None
    assert birth is None or known
    assert expiry is None or known
    if birth is not None:
        assert birth.latest <= TODAY


@pytest.mark.parametrize("bad", ["", "7408", "74081", "7408123", "74O812"])
def test_anything_else_is_a_bug_of_the_caller(bad: str) -> None:
    with pytest.raises(ValueError):
        read_date(bad)


@given(st.dates(date(1926, 3, 11), TODAY))
def test_every_birth_of_the_last_hundred_years_is_found_again(born: date) -> None:
    span = resolve_birth(read_date(f"{born:%y%m%d}"), TODAY)
    assert span == DateSpan(born, born)
    assert span.is_exact


@given(st.dates(date(1977, 1, 1), date(2075, 12, 31)))
def test_every_expiry_within_fifty_years_is_found_again(expires: date) -> None:
    assert resolve_expiry(read_date(f"{expires:%y%m%d}"), TODAY) == DateSpan(expires, expires)


def test_a_birth_day_is_never_in_the_future() -> None:
    assert resolve_birth(read_date("260310"), TODAY) == DateSpan(TODAY, TODAY)
    tomorrow = resolve_birth(read_date("260311"), TODAY)
    assert tomorrow == DateSpan(date(1926, 3, 11), date(1926, 3, 11))


def test_a_leap_day_goes_to_the_century_that_has_it() -> None:
    assert resolve_birth(read_date("000229"), TODAY) == DateSpan(date(2000, 2, 29), date(2000, 2, 29))
    assert resolve_birth(read_date("000229"), date(1999, 1, 1)) is None


def test_unknown_parts_span_all_days_they_allow() -> None:
    assert resolve_birth(read_date("74<<<<"), TODAY) == DateSpan(date(1974, 1, 1), date(1974, 12, 31))
    assert resolve_birth(read_date("7602<<"), TODAY) == DateSpan(date(1976, 2, 1), date(1976, 2, 29))
    assert resolve_birth(read_date("74<<31"), TODAY) == DateSpan(date(1974, 1, 31), date(1974, 12, 31))
    assert resolve_birth(read_date("26<<<<"), TODAY) == DateSpan(date(2026, 1, 1), TODAY)
    assert resolve_expiry(read_date("3002<<"), TODAY) == DateSpan(date(2030, 2, 1), date(2030, 2, 28))


@pytest.mark.parametrize("printed", ["<<0812", "<<<<<<", "740231"])
def test_without_a_year_or_a_possible_day_nothing_is_resolved(printed: str) -> None:
    assert resolve_birth(read_date(printed), TODAY) is None
    assert resolve_expiry(read_date(printed), TODAY) is None


@pytest.mark.parametrize(
    ("printed", "years"), [("080310", 18), ("080311", 17), ("260310", 0), ("740812", 51), ("040229", 22)]
)
def test_age_in_completed_years(printed: str, years: int) -> None:
    birth = resolve_birth(read_date(printed), TODAY)
    assert age_years(birth, TODAY) == years
    assert age_bounds(birth, TODAY) == (years, years)


def test_a_leap_day_child_is_of_age_on_the_first_of_march() -> None:
    birth = resolve_birth(read_date("080229"), TODAY)
    assert age_years(birth, date(2026, 2, 28)) == 17
    assert age_years(birth, date(2026, 3, 1)) == 18


def test_age_is_unknown_where_the_unknown_parts_matter_and_known_where_not() -> None:
    may_be_minor = resolve_birth(read_date("08<<<<"), TODAY)
    assert age_years(may_be_minor, TODAY) is None
    assert age_bounds(may_be_minor, TODAY) == (17, 18)
    assert age_years(resolve_birth(read_date("7408<<"), TODAY), TODAY) == 51
    assert age_years(None, TODAY) is None
    assert age_bounds(None, TODAY) is None
    assert age_years(DateSpan(date(2027, 1, 1), date(2027, 1, 1)), TODAY) is None


def test_a_span_runs_forward() -> None:
    with pytest.raises(ValueError, match="after"):
        DateSpan(date(2026, 1, 2), date(2026, 1, 1))
