"""What lane board and kiosk say: golden bytes, any chunking, garbage, recovery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Lamp
from drivers.errors import WireCorrupt
from drivers.lane import board_wire as wire
from drivers.lane.board_wire import Kind, Reply, Status, reply_reader
from tests.drivers import golden

OBEYED = Reply(1, 0x82, 7, Status.OK, bytes.fromhex("ABCD0201FEFFFFFFFF"))


def test_requests_are_the_golden_bytes() -> None:
    assert wire.request(Kind.ORDER, 7, wire.order(Lamp.GO, 5000)) == golden.LANE_GO_FOR_FIVE_SECONDS
    assert wire.request(Kind.BEAT, 0, wire.NOTHING_SEEN) == golden.LANE_FIRST_BEAT


def test_golden_bytes_are_a_reply() -> None:
    reader = reply_reader("x")
    reader.feed(golden.LANE_GO_OBEYED)
    assert reader.next_frame() == OBEYED
    state = wire.state("x", OBEYED.payload)
    assert (state.run, state.lamp, state.gate_is_open, state.is_tampered) == (b"\xab\xcd", Lamp.GO, True, False)
    assert (state.work, state.tamper_age_ms, state.headset_is_in) == (Status.IDLE, wire.NEVER, False)


@given(st.lists(st.integers(1, 20), max_size=20))
def test_any_chunking_gives_the_same_replies(sizes: list[int]) -> None:
    reader, rest, seen = reply_reader("x"), golden.LANE_GO_OBEYED * 2, 0
    for size in [*sizes, 1000]:
        reader.feed(rest[:size])
        rest = rest[size:]
        while (frame := reader.next_frame()) is not None:
            assert frame == OBEYED
            seen += 1
    assert seen == 2


@given(st.binary(max_size=600))
def test_garbage_loses_no_reply_before_it_or_behind_its_end(garbage: bytes) -> None:
    reader = reply_reader("x")
    reader.feed(golden.LANE_GO_OBEYED + garbage + b"\0" + golden.LANE_GO_OBEYED)
    frames = []
    while True:
        try:
            frame = reader.next_frame()
        except WireCorrupt:
            continue
        if frame is None:
            break
        frames.append(frame)
    assert frames[0] == OBEYED and frames[-1] == OBEYED


@given(st.integers(0, len(golden.LANE_GO_OBEYED) - 2), st.integers(0, 7))
def test_a_turned_bit_is_no_reply(at: int, bit: int) -> None:
    harmed = bytearray(golden.LANE_GO_OBEYED)
    harmed[at] ^= 1 << bit
    reader = reply_reader("x")
    reader.feed(bytes(harmed))
    with pytest.raises(WireCorrupt):
        assert reader.next_frame() is not None


def test_what_has_no_end_is_given_up() -> None:
    reader = reply_reader("x")
    reader.feed(b"\x01" * 300)
    with pytest.raises(WireCorrupt, match="without an end"):
        reader.next_frame()
    reader.feed(golden.LANE_GO_OBEYED)
    assert reader.next_frame() == OBEYED


@pytest.mark.parametrize(
    "payload", [b"", bytes(8), bytes(10), bytes.fromhex("ABCD0301FEFFFFFFFF"), bytes(4) + b"\x50" + bytes(4)]
)
def test_a_state_that_cannot_be_is_corrupt(payload: bytes) -> None:
    with pytest.raises(WireCorrupt):
        wire.state("x", payload)


def test_a_beat_has_as_many_events_as_it_says() -> None:
    head = OBEYED.payload
    rows = bytes.fromhex("0007 01 000000640008 63 00000000")
    _, events = wire.beat("x", head + b"\2" + rows)
    assert [(event.number, event.kind, event.age_ms) for event in events] == [(7, 1, 100), (8, 99, 0)]
    for wrong in (b"\1" + rows, b"\3" + rows, b"\2" + rows[:-1], b""):
        with pytest.raises(WireCorrupt):
            wire.beat("x", head + wrong)


@pytest.mark.parametrize(
    "data", [b"", b"LFB1", b"LFB2" + bytes(105), b"LFB1" + bytes(104) + b"x", b"LFB1" + bytes(104)]
)
def test_what_is_no_firmware_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="firmware"):
        wire.bundle(data)
