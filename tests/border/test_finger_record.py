"""The finger image record: golden bytes, everything written is read, and nothing else."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.finger_record import (
    MEDIA_TYPE,
    FingerPosition,
    FingerRecord,
    RecordWrong,
    level_of,
    read,
    shown,
    write,
)


def png(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    """A PNG by hand: all black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width)) * height, 0)  # stored: the same bytes everywhere
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


RECORD = FingerRecord(FingerPosition.UNKNOWN, 71, 20, 500, 4, 6, png(4, 6))
GOLDEN_HEAD = bytes.fromhex(
    "46495200 30313000"  # FIR, 010
    "000000000090"  # 144 bytes in all
    "0000 0014 01 01"  # no device, level 20, one finger, pixels per inch
    "01f4 01f4 01f4 01f4"  # 500 ppi scanned and stored, across and down
    "08 05 0000"  # 8 bits, PNG
    "00000070 00 01 01 47 00 0004 0006 00"  # 112 bytes: unknown finger, view 1 of 1, 71, plain, 4 x 6
)


def test_the_bytes_are_those_of_the_standard() -> None:
    assert write(RECORD) == GOLDEN_HEAD + png(4, 6)
    assert read(GOLDEN_HEAD + png(4, 6)) == RECORD


records = st.builds(
    lambda position, quality, level, pitch, width, height: FingerRecord(
        position, quality, level, pitch, width, height, png(width, height)
    ),
    st.sampled_from(FingerPosition),
    st.integers(0, 100),
    st.sampled_from((10, 20, 30, 35, 40)),
    st.integers(125, 1200),
    st.integers(1, 40),
    st.integers(1, 40),
)


@given(records)
def test_what_is_written_is_read(record: FingerRecord) -> None:
    assert read(write(record)) == record


@given(records, st.data())
def test_a_record_cut_or_lengthened_anywhere_is_refused(record: FingerRecord, data: st.DataObject) -> None:
    whole = write(record)
    with pytest.raises(RecordWrong):
        read(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(RecordWrong):
        read(whole + data.draw(st.binary(min_size=1, max_size=9)))


@given(records, st.data())
def test_an_altered_header_byte_is_another_record_or_none(record: FingerRecord, data: st.DataObject) -> None:
    whole = bytearray(write(record))
    at = data.draw(st.integers(0, 45))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        found = read(bytes(whole))
    except RecordWrong:
        return
    assert found != record and write(found) == bytes(whole)


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    for data in (garbage, GOLDEN_HEAD + garbage):
        with pytest.raises(RecordWrong):
            read(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quality": 101}, "quality"),
        ({"quality": -1}, "quality"),
        ({"level": 31}, "level"),
        ({"pitch_ppi": 90}, "pitch"),
        ({"width_px": 0}, "size"),
        ({"height_px": 4000}, "size"),
        ({"width_px": 5}, "grey PNG of the size"),
        ({"png": png(4, 6, colour=2)}, "grey PNG"),
        ({"png": png(4, 6, depth=16)}, "grey PNG"),
        ({"png": b""}, "grey PNG"),
        ({"png": b"\xff\xd8\xff\xe0" + bytes(60)}, "grey PNG"),
    ],
)
def test_a_record_cannot_contradict_its_picture(change: dict[str, object], words: str) -> None:
    with pytest.raises(RecordWrong, match=words):
        replace(RECORD, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pitch_ppi", "grey_levels", "level"),
    [(500, 256, 30), (500, 16, 20), (508, 80, 30), (363, 256, 20), (200, 256, 10), (1000, 200, 40), (750, 100, 35)],
)
def test_the_level_claims_no_more_than_the_picture_has(pitch_ppi: int, grey_levels: int, level: int) -> None:
    assert level_of(pitch_ppi, grey_levels) == level


def test_a_page_shows_the_picture_inside() -> None:
    assert shown(MEDIA_TYPE, write(RECORD)) == ("image/png", png(4, 6))
    assert shown("image/jpeg", b"\xff\xd8") == ("image/jpeg", b"\xff\xd8")
    with pytest.raises(RecordWrong):
        shown(MEDIA_TYPE, png(4, 6))


def test_a_picture_does_not_print() -> None:
    assert "PNG" not in repr(RECORD)
