"""The three languages of MRZ readers: golden bytes, any chunking, garbage, recovery."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader
from drivers.passport_reader.swipe_wire import (
    Answer,
    Check,
    RteFormat,
    elyctis_command,
    elyctis_reader,
    line_reader,
    mrz_lines,
    rte_reader,
)
from tests.drivers import golden

PASSPORT_TEXT = f"{golden.PASSPORT[0]}\r{golden.PASSPORT[1]}\r".encode()
NewReader = Callable[[], FrameReader[object]]


def elyctis() -> FrameReader[object]:
    return elyctis_reader("x")  # type: ignore[return-value]


def rte() -> FrameReader[object]:
    return rte_reader("x", RteFormat())  # type: ignore[return-value]


def lines() -> FrameReader[object]:
    return line_reader("x")  # type: ignore[return-value]


GOLDEN: list[tuple[NewReader, bytes, object]] = [
    (elyctis, golden.ELYCTIS_VERSION, Answer("V", b"v1.23")),
    (elyctis, golden.ELYCTIS_NOTHING, Answer("I", b"")),
    (elyctis, golden.ELYCTIS_PASSPORT, Answer("I", PASSPORT_TEXT)),
    (rte, golden.RTE_PASSPORT, b"\r" + PASSPORT_TEXT),
    (rte, golden.RTE_IDENTITY_CARD, "".join(f"{line}\r" for line in golden.IDENTITY_CARD).encode()),
    (lines, golden.LINES_IN_MARKS, PASSPORT_TEXT),
    (lines, golden.LINES_PASSPORT, golden.LINES_PASSPORT),
]
READERS: list[NewReader] = [elyctis, rte, lines]


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def everything(reader: FrameReader[object]) -> tuple[list[object], int]:
    """All frames now in the reader and how often it complained."""
    frames: list[object] = []
    complaints = 0
    while True:
        try:
            frame = reader.next_frame()
        except WireCorrupt:
            complaints += 1
            continue
        if frame is None:
            return frames, complaints
        frames.append(frame)


@pytest.mark.parametrize(("new", "data", "frame"), GOLDEN)
def test_golden_bytes_are_the_frame(new: NewReader, data: bytes, frame: object) -> None:
    reader = new()
    reader.feed(data)
    reader.idle()
    assert reader.next_frame() == frame
    assert reader.next_frame() is None
    assert not reader.partial


def test_commands_to_an_id_box_are_golden_bytes() -> None:
    assert elyctis_command("V") == golden.ELYCTIS_ASK_VERSION
    assert elyctis_command("I") == golden.ELYCTIS_INQUIRE
    assert elyctis_command("C", b"\x01") == golden.ELYCTIS_SPEAK_BY_YOURSELF


@pytest.mark.parametrize(("new", "data", "frame"), GOLDEN)
@given(cuts=st.lists(st.integers(0, 200), max_size=30))
def test_any_chunking_gives_the_same_frame(new: NewReader, data: bytes, frame: object, cuts: list[int]) -> None:
    reader = new()
    got: list[object] = []
    for piece in cut(data, cuts):
        reader.feed(piece)
        got += everything(reader)[0]
    reader.idle()
    got += everything(reader)[0]
    assert got == [frame]


@pytest.mark.parametrize("new", READERS)
@given(
    garbage=st.lists(st.binary(max_size=300) | st.sampled_from([b"I\x00", b"V\x00\x10", b"\x01\x61\x00", b"\x02P<"]))
)
def test_garbage_raises_only_wire_corrupt_and_ends(new: NewReader, garbage: list[bytes]) -> None:
    reader = new()
    for piece in garbage:
        reader.feed(piece)
        everything(reader)
    reader.idle()
    everything(reader)
    assert not reader.partial


@pytest.mark.parametrize(("new", "data", "frame"), GOLDEN)
@given(garbage=st.binary(max_size=300))
def test_garbage_loses_no_frame_before_it_and_after_a_pause_none_behind_it(
    new: NewReader, data: bytes, frame: object, garbage: bytes
) -> None:
    reader = new()
    reader.feed(data)
    reader.idle()
    assert everything(reader) == ([frame], 0)
    reader.feed(garbage)
    everything(reader)
    reader.idle()
    everything(reader)
    reader.feed(data)
    reader.idle()
    assert everything(reader) == ([frame], 0)


@pytest.mark.parametrize("place", range(3, len(golden.RTE_PASSPORT)))
def test_a_turned_bit_anywhere_in_an_rte_frame_is_noticed(place: int) -> None:
    damaged = bytearray(golden.RTE_PASSPORT)
    damaged[place] ^= 0x10
    reader = rte()
    reader.feed(bytes(damaged))
    reader.idle()
    frames, complaints = everything(reader)
    assert frames == []
    assert complaints >= 1


def test_a_swipe_that_lost_its_head_is_reported_and_single_noise_bytes_are_not() -> None:
    reader = rte()
    reader.feed(golden.RTE_PASSPORT[1:])
    reader.idle()
    assert everything(reader) == ([], 1)
    reader.feed(b"\xff\x00")
    reader.idle()
    assert everything(reader) == ([], 0)


@pytest.mark.parametrize(
    ("form", "check"),
    [(RteFormat(Check.SUM), sum(golden.RTE_PASSPORT[1:-1]) % 256), (RteFormat(Check.NONE), 0x99)],
)
def test_the_check_of_an_rte_reader_can_be_chosen(form: RteFormat, check: int) -> None:
    reader = rte_reader("x", form)
    reader.feed(golden.RTE_PASSPORT[:-1] + bytes([check]))
    assert reader.next_frame() == b"\r" + PASSPORT_TEXT


def test_the_count_of_an_rte_reader_can_begin_at_the_soh() -> None:
    counted = bytearray(golden.RTE_PASSPORT)
    counted[1] += 3
    reader = rte_reader("x", RteFormat(Check.NONE, count_from=0))
    reader.feed(bytes(counted))
    assert reader.next_frame() == b"\r" + PASSPORT_TEXT
    with pytest.raises(ValueError):
        RteFormat(count_from=4)


def test_plain_lines_without_an_end_are_given_up() -> None:
    reader = lines()
    reader.feed(b"A" * 300)
    with pytest.raises(WireCorrupt):
        reader.next_frame()


def test_a_document_cut_short_by_the_next_loses_only_itself() -> None:
    reader = lines()
    reader.feed(golden.LINES_IN_MARKS[:40] + golden.LINES_IN_MARKS)
    assert everything(reader) == ([PASSPORT_TEXT], 1)


@pytest.mark.parametrize("zone", [golden.PASSPORT, golden.IDENTITY_CARD, golden.TD2_CARD])
@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r\n"])
def test_lines_of_every_shape_come_out(zone: tuple[str, ...], end: str) -> None:
    assert mrz_lines("".join(line + end for line in zone).encode(), "x") == zone
    assert mrz_lines(end.join(zone).encode(), "x") == zone


def test_unread_characters_become_question_marks() -> None:
    spoiled = golden.PASSPORT[0].replace("ERIKSSON", "E_I*?s N")
    text = f"{spoiled}\r{golden.PASSPORT[1]}\r".encode()
    assert mrz_lines(text, "x")[0][5:13] == "E?I????N"


def test_a_td2_zone_padded_to_44_is_cut_back() -> None:
    padded = "".join(f"{line}________\r" for line in golden.TD2_CARD)
    assert mrz_lines(padded.encode(), "x") == golden.TD2_CARD


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\r\r\r",
        PASSPORT_TEXT[1:],
        PASSPORT_TEXT[:45],
        PASSPORT_TEXT + PASSPORT_TEXT[:45],
        b"\xc4" + PASSPORT_TEXT[1:],
        PASSPORT_TEXT.replace(b"<", b"\0", 1),
        b"NO READ\r",
    ],
)
def test_anything_that_is_no_zone_is_corrupt_and_is_not_quoted(text: bytes) -> None:
    with pytest.raises(WireCorrupt) as caught:
        mrz_lines(text, "x")
    assert "ERIKSSON" not in str(caught.value)


@given(st.binary(max_size=200))
def test_lines_of_anything_are_a_zone_or_corrupt(text: bytes) -> None:
    try:
        zone = mrz_lines(text, "x")
    except WireCorrupt:
        return
    assert len({len(line) for line in zone}) == 1
    assert set("".join(zone)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<?")
