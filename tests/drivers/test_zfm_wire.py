"""Packets of the ZFM family: golden bytes, any chunking, garbage, recovery; and the image inside them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import WireCorrupt
from drivers.fingerprint.zfm_wire import Code, Kind, Packet, command, expand, packet_reader
from drivers.frame_reader import FrameReader
from tests.drivers import golden

GOLDEN = [
    (golden.ZFM_OK, Packet(Kind.ACK, b"\x00")),
    (golden.ZFM_NO_FINGER, Packet(Kind.ACK, b"\x02")),
    (golden.ZFM_PARAMETERS, Packet(Kind.ACK, bytes.fromhex("00 0000 0009 03E8 0003 FFFFFFFF 0002 0006"))),
    (golden.ZFM_DATA, Packet(Kind.DATA, bytes.fromhex("12345678"))),
    (golden.ZFM_LAST_DATA, Packet(Kind.LAST_DATA, bytes.fromhex("FEDC"))),
    (golden.ZFM_LARGEST_DATA, Packet(Kind.DATA, b"\xff" * 256)),
]


def everything(reader: FrameReader[Packet]) -> tuple[list[Packet], int]:
    packets: list[Packet] = []
    complaints = 0
    while True:
        try:
            packet = reader.next_frame()
        except WireCorrupt:
            complaints += 1
            continue
        if packet is None:
            return packets, complaints
        packets.append(packet)


@pytest.mark.parametrize(("data", "packet"), GOLDEN)
def test_golden_bytes_are_the_packet(data: bytes, packet: Packet) -> None:
    reader = packet_reader("x")
    reader.feed(data)
    assert reader.next_frame() == packet
    assert reader.next_frame() is None
    assert not reader.partial


@pytest.mark.parametrize(
    ("made", "data"),
    [
        (command(Code.VFY_PWD, bytes(4)), golden.ZFM_VFY_PWD),
        (command(Code.GEN_IMG), golden.ZFM_GEN_IMG),
        (command(Code.UP_IMAGE), golden.ZFM_UP_IMAGE),
        (command(Code.READ_SYS_PARA), golden.ZFM_READ_SYS_PARA),
        (command(Code.SET_SYS_PARA, bytes([4, 12])), golden.ZFM_BAUD_115200),
        (command(Code.AURA_LED, bytes([1, 100, 2, 0])), golden.ZFM_RING_BREATHES_BLUE),
    ],
)
def test_commands_are_golden_bytes(made: bytes, data: bytes) -> None:
    assert made == data


@given(cuts=st.lists(st.integers(0, 400), max_size=40))
def test_any_chunking_gives_the_same_packets(cuts: list[int]) -> None:
    stream = b"".join(data for data, _ in GOLDEN)
    places = [0, *sorted(place % len(stream) for place in cuts), len(stream)]
    reader = packet_reader("x")
    got: list[Packet] = []
    for start, end in pairwise(places):
        reader.feed(stream[start:end])
        got += everything(reader)[0]
    assert got == [packet for _, packet in GOLDEN]


@given(
    garbage=st.lists(st.binary(max_size=300) | st.sampled_from([b"\xef\x01", golden.ZFM_DATA[:9], golden.ZFM_OK[:6]]))
)
def test_garbage_raises_only_wire_corrupt_and_ends(garbage: list[bytes]) -> None:
    reader = packet_reader("x")
    for piece in garbage:
        reader.feed(piece)
        everything(reader)
    reader.idle()
    everything(reader)
    assert not reader.partial


@given(first=st.sampled_from(GOLDEN), garbage=st.binary(max_size=600))
def test_garbage_loses_no_packet_before_it_and_after_a_pause_none_behind_it(
    first: tuple[bytes, Packet], garbage: bytes
) -> None:
    data, packet = first
    reader = packet_reader("x")
    reader.feed(data + garbage)
    assert everything(reader)[0][:1] == [packet]
    reader.idle()
    everything(reader)
    reader.feed(data)
    assert everything(reader) == ([packet], 0)


@pytest.mark.parametrize("place", range(2, len(golden.ZFM_DATA)))
def test_a_turned_bit_anywhere_in_a_packet_is_noticed(place: int) -> None:
    damaged = bytearray(golden.ZFM_DATA)
    damaged[place] ^= 0x04
    reader = packet_reader("x")
    reader.feed(bytes(damaged))
    reader.idle()
    packets, complaints = everything(reader)
    assert packets == []
    assert complaints >= 1


def test_a_lost_byte_costs_one_packet_and_the_next_but_one_is_whole() -> None:
    reader = packet_reader("x")
    reader.feed(golden.ZFM_DATA[:10] + golden.ZFM_DATA[11:] + golden.ZFM_DATA + golden.ZFM_DATA + golden.ZFM_LAST_DATA)
    packets, complaints = everything(reader)
    assert packets[-1] == Packet(Kind.LAST_DATA, bytes.fromhex("FEDC"))
    assert complaints == 1


def test_the_byte_of_a_module_that_wakes_up_is_no_fault() -> None:
    reader = packet_reader("x")
    reader.feed(b"\x55" + golden.ZFM_OK)
    assert everything(reader) == ([Packet(Kind.ACK, b"\x00")], 0)


def test_nibbles_are_pixels_high_one_first_row_after_row() -> None:
    pixels = expand(bytes.fromhex("0F 12 FE"), width=2, height=3)
    assert pixels.tolist() == [[0, 255], [17, 34], [255, 238]]
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("size", [0, 2, 4])
def test_an_image_of_another_size_is_a_mistake(size: int) -> None:
    with pytest.raises(ValueError):
        expand(bytes(size), width=2, height=3)
