"""The driver and `border` read a chip's bytes each for itself (decision 30): they must read the same."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from border.documents import asn1
from border.documents.errors import DocumentError
from border.documents.tlv import MAX_ELEMENTS, Tlv, elements
from drivers.passport_reader import tlv
from drivers.passport_reader.tlv import Malformed

OBJECTS = st.tuples(
    st.sampled_from([b"\x06", b"\x30", b"\x7f\x60", b"\x5f\x1f", b"\x7f\x81\x01", b"\x1f", b"\xff\xff\xff"]),
    st.sampled_from([b"", b"\x80", b"\x81", b"\x82\x00", b"\x84\x00\x00\x00", b"\x85\x00\x00\x00\x00"]),
    st.binary(max_size=40),
).map(lambda drawn: drawn[0] + drawn[1] + bytes([len(drawn[2])]) + drawn[2])


def by_driver(data: bytes) -> list[tuple[int, bytes]] | None:
    try:
        return tlv.parse(data)
    except Malformed:
        return None


def by_border(data: bytes) -> list[tuple[int, bytes]] | None:
    try:
        return [(found.tag, found.value) for found in elements(data)]
    except DocumentError:
        return None


@given(data=st.binary(max_size=60) | st.lists(OBJECTS, max_size=4).map(b"".join))
@example(data=b"\x30\x80\x00\x00")
@example(data=b"\x05\x00" * MAX_ELEMENTS)
def test_objects(data: bytes) -> None:
    assert by_driver(data) == by_border(data)


@given(value=st.binary(max_size=32))
@example(value=b"\x80\x01")
@example(value=b"\x88\x37\x83\xff\x7f")
def test_object_identifiers(value: bytes) -> None:
    try:
        theirs = asn1.oid(Tlv(asn1.OID, value, b""))
    except DocumentError:
        theirs = None
    try:
        ours = tlv.dotted(value)
    except Malformed:
        ours = None
    assert ours == theirs
