"""BER-TLV: what is whole is taken apart, anything else is one named error, and depth costs nothing."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.passport_reader import tlv
from drivers.passport_reader.security_infos import in_card_security, in_data_group, in_dg15, public_key, security_infos
from drivers.passport_reader.tlv import Malformed
from simulators import chip_crypto

tags = st.sampled_from((0x02, 0x30, 0x7C, 0x87, 0x5F1F, 0x7F66, 0x9F8101))


@given(items=st.lists(st.tuples(tags, st.binary(max_size=300)), max_size=6))
def test_what_was_written_is_read(items: tlv.Items) -> None:
    assert tlv.parse(b"".join(tlv.encode(tag, value) for tag, value in items)) == items


@given(tag=tags.filter(lambda tag: tag < 0x10000), value=st.binary(max_size=70000))
def test_both_ends_write_the_same(tag: int, value: bytes) -> None:
    assert tlv.encode(tag, value) == chip_crypto.tlv(tag, value)


@given(data=st.binary(max_size=60))
def test_any_bytes_are_objects_or_malformed(data: bytes) -> None:
    try:
        items = tlv.parse(data)
    except Malformed:
        return
    assert sum(len(value) for _, value in items) <= len(data)


@pytest.mark.parametrize(
    "data",
    ["30", "3002 05", "3080 0000", "3085 0000000001 00", "3084 FFFFFFFF", "1F", "1F818181", "5F", "3081", "7F66"],
)
def test_what_is_not_whole_is_malformed(data: str) -> None:
    with pytest.raises(Malformed):
        tlv.parse(bytes.fromhex(data))


def test_a_head_is_read_before_its_value_is_there() -> None:
    assert tlv.head(bytes.fromhex("75823A98 7F61")) == tlv.Head(0x75, 4, 0x3A98 + 4)


def nested(depth: int) -> bytes:
    data = b"\x05\x00"
    for _ in range(depth):
        data = tlv.encode(0x31, data)
    return data


def test_a_depth_of_ten_thousand_is_one_object_and_costs_nothing() -> None:
    data = nested(10_000)
    begun_s = time.process_time()
    assert [tag for tag, _ in tlv.parse(data)] == [0x31]
    for parse in (security_infos, in_data_group, in_card_security, public_key, in_dg15):
        with contextlib.suppress(Malformed):
            parse(data)
    assert time.process_time() - begun_s < 1.0


def test_only_and_find_want_what_they_name() -> None:
    items = tlv.parse(bytes.fromhex("800101 810102 810103"))
    assert tlv.find(items, 0x80) == b"\x01"
    assert tlv.find(items, 0x82) is None
    with pytest.raises(Malformed):
        tlv.find(items, 0x81)
    with pytest.raises(Malformed):
        tlv.need(items, 0x82)
    with pytest.raises(Malformed):
        tlv.only(bytes.fromhex("800101 810102"), 0x80)


@pytest.mark.parametrize("oid", ["0.4.0.127.0.7.2.2.4.2.2", "2.23.136.1.1.5", "1.2.840.113549.1.1.1", "2.999.3"])
def test_object_identifiers_go_there_and_back(oid: str) -> None:
    assert tlv.dotted(tlv.undotted(oid)) == oid


@pytest.mark.parametrize("value", [b"", b"\x80", b"\x04\x81", b"\x01" * 33])
def test_an_identifier_cut_short_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        tlv.dotted(value)


@pytest.mark.parametrize("value", [b"", b"\x80", b"\xff\x01"])
def test_a_negative_number_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        tlv.unsigned(value)
