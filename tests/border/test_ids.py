"""Identifiers: the bits of RFC 9562, order by time, and receipt numbers that can be said aloud."""

from __future__ import annotations

import os
import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.ids import RANDOM_BYTES, receipt_number, uuid7

moments = st.integers(0, 2**48 - 1)
noises = st.binary(min_size=RANDOM_BYTES, max_size=20)


def test_the_example_of_rfc_9562_is_made_from_its_parts() -> None:
    """Appendix A.6: 0x17F22E279B0 ms, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    noise = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(0x017F22E279B0, noise) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(moments, noises)
def test_version_variant_and_time_stand_where_they_belong(wall_ms: int, noise: bytes) -> None:
    text = uuid7(wall_ms, noise)
    number = uuid.UUID(text)
    assert str(number) == text
    assert number.version == 7
    assert number.variant == uuid.RFC_4122
    assert number.int >> 80 == wall_ms


@given(moments, moments, noises, noises)
def test_later_ids_sort_after_earlier_ones(a: int, b: int, noise: bytes, other: bytes) -> None:
    if a != b:
        assert (uuid7(a, noise) < uuid7(b, other)) == (a < b)


@given(moments, st.integers(0, 79))
def test_every_random_bit_but_six_shows(wall_ms: int, bit: int) -> None:
    changed = uuid7(wall_ms, (1 << bit).to_bytes(10, "big")) != uuid7(wall_ms, bytes(10))
    assert changed == (not 62 <= bit < 68)


@pytest.mark.parametrize(("wall_ms", "noise"), [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9)), (0, b"")])
def test_what_does_not_fit_is_refused(wall_ms: int, noise: bytes) -> None:
    with pytest.raises(ValueError, match="UUIDv7"):
        uuid7(wall_ms, noise)


@given(st.text())
def test_a_receipt_number_is_short_and_unambiguous(encounter: str) -> None:
    assert re.fullmatch(r"[2346789][A-HJ-NP-RT-Z][2346789]-[0-9]{3}", receipt_number(encounter))


def test_a_receipt_number_is_the_same_everywhere_and_differs_between_travellers() -> None:
    ids = [uuid7(1_714_521_600_000 + i, os.urandom(10)) for i in range(500)]
    numbers = {receipt_number(each) for each in ids}
    assert len(numbers) >= 498
    assert receipt_number("018f0000-0000-7000-8000-000000000001") == receipt_number(
        "018f0000-0000-7000-8000-000000000001"
    )
