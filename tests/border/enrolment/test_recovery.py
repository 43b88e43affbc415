"""A disk's recovery key in parts: any two make it, and one fits every key there is."""

from __future__ import annotations

import itertools
import random

import pytest

from border.enrolment.recovery import KEY_BYTES, join, multiply, split

KEY = bytes(range(KEY_BYTES))
SLOPE = bytes(reversed(range(KEY_BYTES)))


@pytest.mark.parametrize("count", [2, 3, 4])
def test_any_two_parts_make_the_key(count: int) -> None:
    parts = split(KEY, SLOPE, count)
    for two in itertools.combinations(parts, 2):
        assert join({number: parts[number] for number in two}) == KEY


def test_one_part_is_not_enough() -> None:
    with pytest.raises(ValueError, match="two parts"):
        join({1: split(KEY, SLOPE, 3)[1]})


def test_one_part_could_be_of_any_key() -> None:
    """For each other key there is a slope that gives the same part, so the part tells nothing of the key."""
    (first, *_) = split(KEY, SLOPE, 2).values()
    other = random.Random(7).randbytes(KEY_BYTES)
    slope = bytes(a ^ b for a, b in zip(first, other, strict=True))  # part 1 is key + slope
    assert split(other, slope, 2)[1] == first


def test_a_part_that_was_changed_makes_another_key() -> None:
    parts = split(KEY, SLOPE, 2)
    assert join({1: parts[1], 2: bytes(KEY_BYTES)}) != KEY


@pytest.mark.parametrize(("count", "slope"), [(1, SLOPE), (5, SLOPE), (2, b"short")])
def test_what_cannot_be_split_is_refused(count: int, slope: bytes) -> None:
    with pytest.raises(ValueError, match="2 to 4 parts"):
        split(KEY, slope, count)


def test_the_field_is_that_of_aes() -> None:
    assert multiply(0x57, 0x83) == 0xC1  # FIPS 197, 4.2
    assert multiply(0x57, 0x13) == 0xFE
    assert {multiply(a, 1) for a in range(256)} == set(range(256))
