"""Tag, length, value: what is taken, what is refused, and that hostile bytes cost nothing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.documents import asn1, card_files, lds, tlv
from border.documents.certificates import read_certificate, read_crl
from border.documents.errors import REASONS, DocumentError
from border.documents.sod import read_sod
from border.documents.trust_store import TrustStore, with_deviation_list, with_master_list
from simulators.passport import der
from tests.border.documents.chips import NOW

PARSERS: dict[str, Callable[[bytes], object]] = {
    "tlv": tlv.read,
    "com": lds.read_com,
    "dg1": lds.read_dg1,
    "dg2": lds.read_dg2,
    "dg11": lds.read_dg11,
    "dg12": lds.read_dg12,
    "dg14": lds.read_dg14,
    "dg15": lds.read_dg15,
    "sod": read_sod,
    "card access": card_files.read_card_access,
    "card security": card_files.read_card_security,
    "certificate": read_certificate,
    "crl": read_crl,
    "master list": lambda data: with_master_list(TrustStore(), data, NOW, ("UT",)),
    "deviation list": lambda data: with_deviation_list(TrustStore(), data, NOW),
}
TAGS = {
    "com": 0x60,
    "dg1": 0x61,
    "dg2": 0x75,
    "dg11": 0x6B,
    "dg12": 0x6C,
    "dg14": 0x6E,
    "dg15": 0x6F,
    "sod": 0x77,
    "card access": 0x31,
}
EVERY = pytest.mark.parametrize("name", PARSERS)
LARGE = 10 << 20


@pytest.mark.parametrize(
    ("data", "tag", "value"),
    [
        ("3000", 0x30, ""),
        ("5F1F0141", 0x5F1F, "41"),
        ("7F8101020102", 0x7F8101, "0102"),
        ("048101FF", 0x04, "FF"),
        ("04840000000100", 0x04, "00"),  # longer than it need be: BER, and seen in chips
    ],
)
def test_an_element_is_read(data: str, tag: int, value: str) -> None:
    found = tlv.read(bytes.fromhex(data))
    assert (found.tag, found.value) == (tag, bytes.fromhex(value))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "truncated"),
        ("5F", "truncated"),
        ("30", "truncated"),
        ("3001", "truncated"),
        ("3082", "truncated"),
        ("300000", "trailing_bytes"),
        ("3080", "indefinite_length"),
        ("30850000000000", "too_large"),
        ("3084FFFFFFFF", "truncated"),
        ("7F81818100", "bad_tag"),
    ],
)
def test_what_is_no_element_is_refused(data: str, reason: str) -> None:
    with pytest.raises(DocumentError) as refused:
        tlv.read(bytes.fromhex(data))
    assert refused.value.reason == reason


def _nested(depth: int, tag: int = 0x30) -> bytes:
    data = b""
    for _ in range(depth):
        data = der.tlv(tag, data)
    return data


def test_depth_is_bounded() -> None:
    found = tlv.read(_nested(tlv.MAX_DEPTH + 3))
    with pytest.raises(DocumentError) as refused:
        while True:
            found = found.children()[0]
    assert refused.value.reason == "too_deep"
    assert found.depth == tlv.MAX_DEPTH


def test_width_is_bounded() -> None:
    with pytest.raises(DocumentError) as refused:
        tlv.elements(b"\x05\x00" * (tlv.MAX_ELEMENTS + 1))
    assert refused.value.reason == "too_many"


@EVERY
@pytest.mark.parametrize("tag", [0x30, 0x7F61, 0xA0])
def test_a_depth_of_ten_thousand_is_refused_without_going_there(name: str, tag: int) -> None:
    deep = _nested(10_000, tag)
    if name in TAGS:
        deep = der.tlv(TAGS[name], deep)
    if name == "tlv":
        assert tlv.read(deep).depth == 0  # one level is read, the rest is not looked at
        return
    with pytest.raises(DocumentError):
        PARSERS[name](deep)


@EVERY
def test_ten_megabytes_are_refused_without_being_copied(name: str) -> None:
    large = der.tlv(TAGS.get(name, 0x30), bytes(LARGE))
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError) as refused:
            PARSERS[name](large)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.reason == "too_large"
    assert most < 1 << 20


@EVERY
@pytest.mark.parametrize("claimed", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_two_gigabytes_that_are_only_claimed_are_refused_without_being_fetched(name: str, claimed: int) -> None:
    data = bytes([TAGS.get(name, 0x30), 0x84]) + claimed.to_bytes(4, "big") + bytes(2000)
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError) as refused:
            PARSERS[name](data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.reason == "truncated"
    assert most < 1 << 16


@EVERY
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_value_or_a_documented_error(name: str, data: bytes) -> None:
    try:
        PARSERS[name](data)
    except DocumentError as error:
        assert error.reason in REASONS


@given(value=st.integers(-(2**200), 2**200))
def test_integers(value: int) -> None:
    assert asn1.integer(tlv.read(der.integer(value))) == value


@given(arcs=st.tuples(st.integers(0, 2), st.integers(0, 39), st.integers(0, 2**60)))
def test_object_identifiers(arcs: tuple[int, ...]) -> None:
    dotted = ".".join(map(str, arcs))
    assert asn1.oid(tlv.read(der.oid(dotted))) == dotted


@pytest.mark.parametrize(
    ("tag", "text", "iso"),
    [
        (0x17, "491231235959Z", "2049-12-31T23:59:59+00:00"),
        (0x17, "500101000000Z", "1950-01-01T00:00:00+00:00"),
        (0x17, "2601020304Z", "2026-01-02T03:04:00+00:00"),
        (0x18, "20500101000000Z", "2050-01-01T00:00:00+00:00"),
        (0x18, "20260102030405.5Z", "2026-01-02T03:04:05+00:00"),
    ],
)
def test_times(tag: int, text: str, iso: str) -> None:
    assert asn1.time(tlv.read(der.tlv(tag, text.encode()))).isoformat() == iso


@pytest.mark.parametrize("text", ["", "260231000000Z", "20260101000000Z", "2601010000", "26010100000\xb2Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        asn1.time(tlv.read(der.tlv(0x17, text.encode("latin-1"))))


def test_an_error_with_a_reason_of_its_own_is_a_bug() -> None:
    with pytest.raises(KeyError):
        DocumentError("because")
