"""Hostile bytes without an end on every wire: little is held, and a proper frame is found behind them."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest

from drivers.camera.mjpeg_wire import MAX_HEAD_BYTES, MAX_JPEG_BYTES, MjpegReader
from drivers.errors import WireCorrupt
from drivers.fingerprint.zfm_wire import packet_reader
from drivers.passport_reader.swipe_wire import Check, RteFormat, elyctis_reader, line_reader, rte_reader
from tests.drivers import golden
from tests.fuzz.fuzz_mjpeg import HEAD

CHUNK = 4096
STREAM = 1 << 16


class Reader(Protocol):
    def feed(self, data: bytes) -> None: ...

    def next_frame(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Drained:
    frames: list[object]
    faults: int
    most_held: int  # bytes


def drained(reader: Reader, chunks: Iterator[bytes]) -> Drained:
    """Fed chunk after chunk, asked after each until nothing is ready."""
    frames: list[object] = []
    faults = 0
    tracemalloc.start()
    try:
        for chunk in chunks:
            reader.feed(chunk)
            ready, broken = _ready(reader)
            frames, faults = [*frames, *ready][-4:], faults + broken
        return Drained(frames, faults, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def _ready(reader: Reader) -> tuple[list[object], int]:
    frames: list[object] = []
    faults = 0
    while True:
        try:
            frame = reader.next_frame()
        except WireCorrupt:
            faults += 1
            continue
        if frame is None:
            return frames, faults
        frames.append(frame)


def repeated(pattern: bytes, size: int = STREAM) -> Iterator[bytes]:
    """The same, again and again, cut where it happens to be."""
    block = pattern * (CHUNK // len(pattern) + 2)
    at = 0
    for _ in range(size // CHUNK):
        yield block[at : at + CHUNK]
        at = (at + CHUNK) % len(pattern)


READERS: dict[str, tuple[Callable[[], Reader], bytes]] = {
    "elyctis": (lambda: elyctis_reader("x"), golden.ELYCTIS_PASSPORT),
    "rte": (lambda: rte_reader("x", RteFormat()), golden.RTE_PASSPORT),
    "rte without a check": (lambda: rte_reader("x", RteFormat(Check.NONE)), golden.RTE_PASSPORT),
    "line": (lambda: line_reader("x"), golden.LINES_IN_MARKS),
    "zfm": (lambda: packet_reader("x"), golden.ZFM_OK),
}
PATTERNS = {
    "zeros": b"\x00",
    "ones": b"\xff",
    "letters": b"A",
    "starts": b"\x01",
    "starts that promise much": b"\x01\x7f\x01",
    "elyctis heads": b"I\x00\xff",
    "elyctis heads too long": b"I\xff\xff",
    "marks": b"\x02\x03\x02A",
    "zfm heads": b"\xef\x01",
    "zfm heads that promise much": b"\xef\x01\xff\xff\xff\xff\x02\x01\x02",
    "lines": b"P<UTO\r",
    "noise": random.Random(9303).randbytes(CHUNK),
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", READERS)
def test_a_serial_wire_holds_little_and_finds_the_next_frame(name: str, pattern: str) -> None:
    make, whole = READERS[name]
    reader = make()
    found = drained(reader, repeated(PATTERNS[pattern]))
    assert found.most_held < 8 * CHUNK, "bytes"
    assert found.faults <= STREAM
    reader.idle()  # type: ignore[attr-defined]
    _ready(reader)
    reader.feed(whole)
    assert len(_ready(reader)[0]) == 1


BODY = b"\xff\xd8 picture \xff\xd9"
MJPEG_PATTERNS = {
    "no boundary": b"A",
    "nearly boundaries": b"-",
    "heads without an end": b"--b\r\nX: y\r\n",
    "parts that begin inside parts": b"--b x\r\n\r\ny",
    "empty parts": b"\r\n--b\r\n\r\n",
    "impossible lengths": b"\r\n--b\r\nContent-Length: 999999999\r\n\r\n",
    "lengths that are none": b"\r\n--b\r\nContent-Length: -1\r\n\r\n",
}


@pytest.mark.parametrize("pattern", MJPEG_PATTERNS)
def test_a_camera_is_heard_again(pattern: str) -> None:
    reader = MjpegReader("x")
    reader.feed(HEAD)
    stream = MJPEG_PATTERNS[pattern]
    found = drained(reader, repeated(stream))
    assert found.frames == []
    assert found.most_held < 4 * STREAM
    assert found.faults <= STREAM // len(stream)
    assert _ready(_fed(reader, b"\r\n--b\r\n\r\n" + BODY + b"\r\n--b\r\n"))[0]


def _fed(reader: Reader, data: bytes) -> Reader:
    reader.feed(data)
    return reader


def test_what_holds_no_boundary_is_not_kept() -> None:
    reader = MjpegReader("x")
    reader.feed(HEAD)
    found = drained(reader, repeated(b"A", MAX_JPEG_BYTES))
    assert found.faults == 0
    assert found.most_held < 2 * MAX_HEAD_BYTES


def test_parts_that_begin_inside_parts_are_given_up_together() -> None:
    """Each would be searched to its end, and a picture's worth of bytes holds a million of them."""
    reader = MjpegReader("x")
    reader.feed(HEAD)
    found = drained(reader, repeated(b"--b x\r\n\r\ny", 2 * MAX_JPEG_BYTES + 2 * CHUNK))
    assert found.faults == 2
