"""A portrait is bytes from outside: decoded only when it is a picture we know, of sensible size."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.vision.portrait import MAX_BYTES, MAX_SHOWN_PX, MAX_SIDE_PX, decoded, shown, size_of
from border.messages.envelope import MAX_SAMPLE_BYTES

PIXELS = np.linspace(0, 255, 120 * 90 * 3).astype(np.uint8).reshape(120, 90, 3)
FILES = {kind: cv2.imencode(kind, PIXELS)[1].tobytes() for kind in (".jpg", ".png", ".jp2")}


@pytest.mark.parametrize("kind", FILES)
def test_the_three_kinds_are_measured_and_decoded(kind: str) -> None:
    assert size_of(FILES[kind]) == (90, 120)
    pixels = decoded(FILES[kind])
    assert pixels is not None and pixels.shape == (120, 90, 3)
    assert np.abs(pixels.astype(int) - PIXELS).mean() < 6


def test_a_bare_codestream_is_a_portrait_too() -> None:
    stream = FILES[".jp2"][FILES[".jp2"].index(b"\xff\x4f\xff\x51") :]
    assert size_of(stream) == (90, 120)


def test_a_browser_is_shown_the_file_itself_or_a_faithful_copy() -> None:
    assert shown(FILES[".jpg"], PIXELS) == ("image/jpeg", FILES[".jpg"])
    assert shown(FILES[".png"], PIXELS) == ("image/png", FILES[".png"])
    kind, copy = shown(FILES[".jp2"], PIXELS)
    assert kind == "image/png"
    again = decoded(copy)
    assert again is not None and np.array_equal(again, PIXELS)


def test_a_copy_is_no_larger_than_a_record_can_carry_whatever_the_file_unfolds_to() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (MAX_SIDE_PX, 900, 3), np.uint8)
    _kind, copy = shown(FILES[".jp2"], noise)
    assert size_of(copy) == (270, MAX_SHOWN_PX)
    assert len(shown(FILES[".jp2"], noise[:1200])[1]) < MAX_SAMPLE_BYTES


def huge_png() -> bytes:
    return FILES[".png"][:16] + struct.pack(">II", 60_000, 60_000) + FILES[".png"][24:]


@pytest.mark.parametrize(
    "picture",
    [
        b"",
        b"not a picture",
        FILES[".jpg"][:20],
        huge_png(),
        cv2.imencode(".png", np.zeros((20, 20, 3), np.uint8))[1].tobytes(),
        cv2.imencode(".png", np.zeros((MAX_SIDE_PX + 1, 80), np.uint8))[1].tobytes(),
        FILES[".jpg"] + bytes(MAX_BYTES),
        cv2.imencode(".bmp", PIXELS)[1].tobytes(),
    ],
    ids=["empty", "text", "cut", "bomb", "tiny", "tall", "long", "bmp"],
)
def test_anything_else_is_not_decoded(picture: bytes) -> None:
    assert decoded(picture) is None


@given(st.sampled_from(sorted(FILES)), st.integers(0, 400), st.binary(max_size=12))
def test_damaged_files_never_raise(kind: str, place: int, damage: bytes) -> None:
    broken = FILES[kind][:place] + damage + FILES[kind][place + len(damage) :]
    pixels = decoded(broken)
    assert pixels is None or pixels.ndim == 3
