"""The list file: taken whole under headquarters' key, or not at all."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.messages import codec, cose
from border.messages.errors import MessageError
from border.watchlist.codec import LIST_TYPE, WatchListFile, load_list, sign_list
from border.watchlist.values import Born, Entry, ListedName, WatchList
from tests.border.messages.keys import CENTRE, CENTRE_KEY, KIOSK

HQ = CENTRE_KEY.public_key()
LISTED = WatchList(
    version=12,
    issued_at_ms=1_714_521_600_000,
    entries=(
        Entry("e-1", (ListedName("BAPTISTE", "JEAN"), ListedName("Ж")), Born(1974, 8), ("R1",), "LCA", "speak_alone"),
        Entry("e-2", (), Born(), ("X2", "X3"), "", "document_stolen"),
    ),
)
ROW = ("e-1", (("A", "B"),), (1974, 8, 12), ("R1",), "LCA", "speak_alone")


def reason(data: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        load_list(data, HQ)
    return caught.value.reason


def signed(*rows: object, version: int = 1) -> bytes:
    item = {"type": "WatchListFile", "v": 1, "version": version, "issued_at_ms": 0, "entries": rows}
    return cose.sign1(cbor2.dumps(item), CENTRE, LIST_TYPE)


def test_a_list_survives_its_file() -> None:
    assert load_list(sign_list(LISTED, CENTRE), HQ) == LISTED
    assert load_list(sign_list(replace(LISTED, entries=()), CENTRE), HQ).entries == ()
    assert load_list(signed(ROW), HQ).entries[0].born == Born(1974, 8, 12)


def test_only_headquarters_signature_counts() -> None:
    assert reason(sign_list(LISTED, KIOSK)) == "bad_signature"
    payload = codec.encode(WatchListFile(1, 0, ()))
    assert reason(cose.sign1(payload, CENTRE, "text/plain")) == "wrong_content_type"
    assert reason(b"") == "bad_envelope"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("", *ROW[1:]), "bad_value"),
        ((*ROW[:2], (1974, 13, 1), *ROW[3:]), "bad_value"),
        ((*ROW[:2], (74, 8, 1), *ROW[3:]), "bad_value"),
        ((*ROW[:2], (1974, 8), *ROW[3:]), "bad_value"),
        ((*ROW[:5], "Call Police"), "bad_value"),
        ((ROW[0], (), ROW[2], (), *ROW[4:]), "bad_value"),
        (ROW[:5], "bad_value"),
        ((7, *ROW[1:]), "wrong_type"),
        ({"id": "e-1"}, "wrong_type"),
    ],
)
def test_one_wrong_entry_spoils_the_list(row: object, expected: str) -> None:
    assert reason(signed(ROW, row)) == expected


def test_a_list_without_a_version_is_none() -> None:
    assert reason(signed(ROW, version=0)) == "bad_value"


def test_a_list_longer_than_a_message_may_be_is_still_a_list() -> None:
    many = WatchList(1, 0, tuple(replace(LISTED.entries[0], id=f"e-{n}") for n in range(5_000)))
    data = sign_list(many, CENTRE)
    assert len(data) > codec.MAX_BYTES
    assert load_list(data, HQ) == many


def test_a_list_beyond_the_limit_is_not_signed() -> None:
    huge = replace(LISTED.entries[0], names=tuple(ListedName("A" * 1_000_000) for _ in range(34)))
    with pytest.raises(MessageError) as caught:
        sign_list(WatchList(1, 0, (huge,)), CENTRE)
    assert caught.value.reason == "too_large"


@settings(max_examples=50)
@given(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists))
def test_any_signed_rows_are_a_list_or_a_message_error(rows: object) -> None:
    try:
        load_list(signed(rows), HQ)
    except MessageError:
        return
    raise AssertionError("no generated row is an entry")
