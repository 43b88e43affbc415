"""Motion JPEG over HTTP: golden bytes, any chunking, garbage, recovery."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera.mjpeg_wire import MAX_HEAD_BYTES, MAX_JPEG_BYTES, MjpegReader, Picture, Refused
from drivers.errors import WireCorrupt
from tests.drivers import golden

FIRST, SECOND = Picture(golden.JPEG_ONE), Picture(golden.JPEG_TWO)


def everything(reader: MjpegReader) -> tuple[list[Picture | Refused], int]:
    frames: list[Picture | Refused] = []
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
        if isinstance(frame, Refused):
            return frames, complaints


@pytest.mark.parametrize("stream", [golden.MJPEG_WITH_LENGTHS, golden.MJPEG_WITHOUT_LENGTHS, golden.MJPEG_DASHED])
def test_golden_bytes_are_the_pictures(stream: bytes) -> None:
    reader = MjpegReader("x")
    reader.feed(stream)
    assert everything(reader) == ([FIRST, SECOND], 0)
    assert reader.started


@pytest.mark.parametrize("stream", [golden.MJPEG_WITH_LENGTHS, golden.MJPEG_WITHOUT_LENGTHS])
@given(cuts=st.lists(st.integers(0, 600), max_size=40))
def test_any_chunking_gives_the_same_pictures(stream: bytes, cuts: list[int]) -> None:
    reader = MjpegReader("x")
    got: list[Picture | Refused] = []
    for start, end in pairwise([0, *sorted(cut % len(stream) for cut in cuts), len(stream)]):
        reader.feed(stream[start:end])
        got += everything(reader)[0]
    assert got == [FIRST, SECOND]


@given(
    pieces=st.lists(st.binary(max_size=300) | st.sampled_from([golden.MJPEG_WITH_LENGTHS[:130], b"--eye", b"\r\n\r\n"]))
)
def test_garbage_raises_only_wire_corrupt(pieces: list[bytes]) -> None:
    reader = MjpegReader("x")
    for piece in pieces:
        reader.feed(piece)
        everything(reader)


@given(garbage=st.binary(max_size=300))
def test_garbage_between_pictures_loses_none_before_it_and_at_most_one_behind_it(garbage: bytes) -> None:
    reader = MjpegReader("x")
    reader.feed(golden.MJPEG_WITH_LENGTHS)
    assert everything(reader)[0] == [FIRST, SECOND]
    reader.feed(garbage)
    everything(reader)
    reader.feed(golden.MJPEG_PART_ONE + golden.MJPEG_PART_TWO + golden.MJPEG_PART_ONE)
    assert everything(reader)[0][-2:] == [SECOND, FIRST]


def test_a_lost_byte_costs_one_picture() -> None:
    damaged = golden.MJPEG_WITH_LENGTHS.replace(golden.JPEG_ONE, golden.JPEG_ONE[:10] + golden.JPEG_ONE[11:])
    reader = MjpegReader("x")
    reader.feed(damaged + golden.MJPEG_PART_ONE)
    frames, complaints = everything(reader)
    assert frames == [SECOND, FIRST]
    assert complaints == 1


@pytest.mark.parametrize("status", [401, 404, 503])
def test_an_answer_without_pictures_tells_its_status(status: int) -> None:
    reader = MjpegReader("x")
    reader.feed(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
    assert reader.next_frame() == Refused(status)


@pytest.mark.parametrize(
    "head",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/x-mixed-replace;boundary=e\r\n\r\n",
        b"x" * (MAX_HEAD_BYTES + 1),
    ],
)
def test_what_is_no_camera_is_corrupt_and_never_starts(head: bytes) -> None:
    reader = MjpegReader("x")
    reader.feed(head)
    with pytest.raises(WireCorrupt):
        reader.next_frame()
    assert not reader.started


@pytest.mark.parametrize("length", ["-1", "99999999999999999999", str(MAX_JPEG_BYTES + 1), "0x10", "²"])
def test_an_impossible_length_is_corrupt_and_the_next_picture_is_whole(length: str) -> None:
    reader = MjpegReader("x")
    reader.feed(golden.MJPEG_HEAD + b"--eye\r\nContent-Length: " + length.encode("latin-1") + b"\r\n\r\n\xff\xd8")
    reader.feed(golden.MJPEG_PART_TWO)
    assert everything(reader) == ([SECOND], 1)


def test_memory_is_bounded_without_any_boundary() -> None:
    reader = MjpegReader("x")
    reader.feed(golden.MJPEG_HEAD)
    assert reader.next_frame() is None
    with pytest.raises(WireCorrupt, match="no boundary"):
        for _ in range(200):
            reader.feed(b"\0" * 65536)
            reader.next_frame()


def test_memory_is_bounded_inside_a_part_without_an_end() -> None:
    reader = MjpegReader("x")
    reader.feed(golden.MJPEG_HEAD + b"--eye\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8")
    with pytest.raises(WireCorrupt, match="without an end"):
        for _ in range(200):
            reader.feed(b"\0" * 65536)
            reader.next_frame()
    reader = MjpegReader("x")
    reader.feed(golden.MJPEG_HEAD + b"--eye\r\n" + b"X-Filler: 1\r\n" * 2000)
    with pytest.raises(WireCorrupt, match="headers"):
        reader.next_frame()
