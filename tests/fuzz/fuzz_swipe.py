"""Any bytes from an MRZ reader: a zone of 9303 shape or `WireCorrupt`, never another exception, always an end."""

from __future__ import annotations

import sys
from typing import TypeVar

from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader
from drivers.passport_reader.swipe_wire import (
    SHAPES,
    Check,
    RteFormat,
    elyctis_reader,
    line_reader,
    mrz_lines,
    rte_reader,
)

T = TypeVar("T")
ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<?")


def one_input(data: bytes) -> None:
    """The first byte says into what pieces the rest is cut; all languages get the same."""
    step = 1 + data[0] if data else 1
    texts = [answer.data for answer in _frames(elyctis_reader("fuzz"), data[1:], step)]
    for check in Check:
        texts += _frames(rte_reader("fuzz", RteFormat(check)), data[1:], step)
    texts += _frames(line_reader("fuzz"), data[1:], step)
    for text in [*texts, data]:
        try:
            zone = mrz_lines(text, "fuzz")
        except WireCorrupt:
            continue
        assert tuple(len(line) for line in zone) in SHAPES
        assert ALPHABET.issuperset("".join(zone))


def _frames(reader: FrameReader[T], data: bytes, step: int) -> list[T]:
    frames: list[T] = []
    for start in range(0, len(data), step):
        reader.feed(data[start : start + step])
        frames += _ready(reader)
    reader.idle()
    frames += _ready(reader)
    assert not reader.partial, "silence must end everything"
    return frames


def _ready(reader: FrameReader[T]) -> list[T]:
    frames: list[T] = []
    while True:
        try:
            frame = reader.next_frame()
        except WireCorrupt:
            continue
        if frame is None:
            return frames
        frames.append(frame)


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_swipe [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
