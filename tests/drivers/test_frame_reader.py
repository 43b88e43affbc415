"""The part all codecs share."""

from __future__ import annotations

import pytest

from drivers.errors import WireCorrupt
from drivers.frame_reader import FrameReader, Step


def parse(buffer: bytearray, silent: bool) -> Step[bytes]:
    """A toy language: `<` text `>`; `!` breaks a frame."""
    if buffer[0] != ord("<"):
        return Step(1)
    if b"!" in buffer:
        return Step(buffer.index(b"!") + 1, broken="shouting")
    if (end := buffer.find(b">")) < 0:
        return Step(0)
    return Step(end + 1, bytes(buffer[1:end]))


def test_frames_before_a_broken_one_are_not_lost() -> None:
    reader = FrameReader("x", parse)
    reader.feed(b"<one>")
    assert reader.next_frame() == b"one"
    reader.feed(b"<two!<three>")
    with pytest.raises(WireCorrupt):
        reader.next_frame()
    assert reader.next_frame() == b"three"


def test_an_empty_frame_is_a_frame() -> None:
    reader = FrameReader("x", parse)
    reader.feed(b"<>")
    assert reader.next_frame() == b""


def test_what_has_begun_is_partial_until_silence_ends_it() -> None:
    reader = FrameReader("x", parse)
    assert not reader.partial
    reader.feed(b"<on")
    assert reader.next_frame() is None
    assert reader.partial
    reader.idle()
    with pytest.raises(WireCorrupt, match="cut short"):
        reader.next_frame()
    assert reader.next_frame() is None
    assert not reader.partial


def test_noise_is_silent_and_a_headless_frame_is_not() -> None:
    reader = FrameReader("x", parse)
    reader.feed(b"ab")
    reader.idle()
    assert reader.next_frame() is None
    reader.feed(b"abcdefgh")
    assert reader.next_frame() is None
    reader.idle()
    with pytest.raises(WireCorrupt, match="8 bytes"):
        reader.next_frame()
    assert reader.next_frame() is None
    assert not reader.partial
