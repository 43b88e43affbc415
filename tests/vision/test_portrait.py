"""Portraits to pixels: both formats come out as drawn; hostile pictures are refused before they are decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.vision.portrait import MAX_BYTES, PortraitUnfit, decode
from simulators.passport.document import portrait
from simulators.passport.lds import JPEG, JPEG_2000
from simulators.travellers import traveller

FACE = traveller("skipper").face()
PICTURES = {kind: portrait(FACE, kind).data for kind in (JPEG, JPEG_2000)}
EVERY = pytest.mark.parametrize("kind", list(PICTURES))


def bare_stream() -> bytes:
    """The code stream of the JP2 file, as some chips hold it."""
    whole = PICTURES[JPEG_2000]
    return whole[whole.index(b"\xff\x4f\xff\x51") :]


@EVERY
def test_both_formats_show_the_same_face(kind: str) -> None:
    other = JPEG if kind == JPEG_2000 else JPEG_2000
    ours, theirs = decode(PICTURES[kind]), decode(PICTURES[other])
    assert ours.shape == theirs.shape == (531, 413, 3)
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 3


def test_a_bare_code_stream_is_the_same_picture() -> None:
    assert np.array_equal(decode(bare_stream()), decode(PICTURES[JPEG_2000]))


def test_a_grey_portrait_has_three_channels() -> None:
    grey = cv2.cvtColor(decode(PICTURES[JPEG]), cv2.COLOR_BGR2GRAY)
    for suffix in (".jpg", ".jp2"):
        assert decode(cv2.imencode(suffix, grey)[1].tobytes()).shape == (531, 413, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "unknown_format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "unknown_format"),
        (b"\xff\xd8\xff\xd9", "unknown_format"),
        (b"\xff\xd8\xff\xe0" + bytes(MAX_BYTES), "too_large"),
        (PICTURES[JPEG] + bytes(10 << 20), "too_large"),
    ],
)
def test_what_is_no_portrait_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PortraitUnfit) as refused:
        decode(data)
    assert refused.value.reason == reason


def _claims(data: bytes, at: int, width: int) -> bytes:
    return data[:at] + width.to_bytes(4, "big") + data[at + 4 :]


def test_a_size_that_would_fill_the_memory_is_refused_by_its_header() -> None:
    jpeg = PICTURES[JPEG]
    at = jpeg.index(b"\xff\xc0") + 5
    streams = [bare_stream(), PICTURES[JPEG_2000]]
    bombs = [_claims(one, one.index(b"\xff\x4f\xff\x51") + 8, 0x7FFFFFFF) for one in streams]
    for bomb in (jpeg[:at] + b"\xff\xff\xff\xff" + jpeg[at + 4 :], *bombs):
        with pytest.raises(PortraitUnfit) as refused:
            decode(bomb)
        assert refused.value.reason == "wrong_size"


def test_a_second_size_in_a_jpeg_is_a_trick() -> None:
    jpeg = PICTURES[JPEG]
    at = jpeg.index(b"\xff\xc0")
    segment = jpeg[at : at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")]
    with pytest.raises(PortraitUnfit):
        decode(jpeg[:at] + segment + jpeg[at:])


def test_too_small_is_no_face() -> None:
    with pytest.raises(PortraitUnfit) as refused:
        decode(cv2.imencode(".jpg", np.zeros((20, 300, 3), np.uint8))[1].tobytes())
    assert refused.value.reason == "wrong_size"


@EVERY
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1), noise=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_damaged_pictures_are_pixels_or_refused(kind: str, at: float, noise: bytes, cut: bool) -> None:
    data = PICTURES[kind]
    place = int(at * (len(data) - 1))
    try:
        pixels = decode(data[:place] if cut else data[:place] + noise + data[place + len(noise) :])
    except PortraitUnfit:
        return
    assert pixels.ndim == 3 and pixels.shape[2] == 3
