"""Portraits as chips hold them: both formats show the same face; pictures made to do harm are never decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.vision.model import Pixels
from appliance.vision.portrait import MAX_BYTES, decoded, size_of
from simulators.passport.document import portrait
from simulators.passport.lds import JPEG, JPEG_2000
from simulators.travellers import traveller

FACE = traveller("skipper").face()
PICTURES = {kind: portrait(FACE, kind).data for kind in (JPEG, JPEG_2000)}
EVERY = pytest.mark.parametrize("kind", list(PICTURES))
STREAM = b"\xff\x4f\xff\x51"


def pixels_of(picture: bytes) -> Pixels:
    pixels = decoded(picture)
    assert pixels is not None
    return pixels


def bare_stream() -> bytes:
    """The code stream of the JP2 file, as some chips hold it."""
    return PICTURES[JPEG_2000][PICTURES[JPEG_2000].index(STREAM) :]


def test_both_formats_show_the_same_face() -> None:
    ours, theirs = (pixels_of(picture) for picture in PICTURES.values())
    assert ours.shape == theirs.shape == (531, 413, 3)
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 3


def test_a_bare_code_stream_is_the_same_picture() -> None:
    assert np.array_equal(pixels_of(bare_stream()), pixels_of(PICTURES[JPEG_2000]))


def test_a_grey_portrait_has_three_channels() -> None:
    grey = cv2.cvtColor(pixels_of(PICTURES[JPEG]), cv2.COLOR_BGR2GRAY)
    for suffix in (".jpg", ".jp2"):
        assert pixels_of(cv2.imencode(suffix, grey)[1].tobytes()).shape == (531, 413, 3)


def _with(picture: bytes, at: int, value: bytes) -> bytes:
    return picture[:at] + value + picture[at + len(value) :]


@pytest.mark.parametrize("whole", [bare_stream(), PICTURES[JPEG_2000]], ids=["bare", "file"])
def test_a_code_stream_that_would_fill_the_memory_is_not_decoded(whole: bytes) -> None:
    """In the file, the image header still says 413 x 531."""
    bomb = _with(whole, whole.index(STREAM) + 8, (0x7FFFFFFF).to_bytes(4, "big"))
    assert decoded(bomb) is None


def test_an_image_header_that_says_otherwise_is_not_believed() -> None:
    whole = PICTURES[JPEG_2000]
    assert size_of(_with(whole, whole.index(b"ihdr") + 4, (400).to_bytes(4, "big"))) is None


def test_a_jpeg_with_two_sizes_is_not_decoded() -> None:
    jpeg = PICTURES[JPEG]
    at = jpeg.index(b"\xff\xc0")
    segment = jpeg[at : at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")]
    assert decoded(_with(jpeg, at + 5, b"\xff\xff\xff\xff")) is None
    assert decoded(jpeg[:at] + _with(segment, 5, b"\x20\x00\x20\x00") + jpeg[at:]) is None


def test_a_turn_that_nobody_signed_is_not_made() -> None:
    """An EXIF orientation lies beside the picture; another one would be another portrait."""
    jpeg = PICTURES[JPEG]
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    assert np.array_equal(pixels_of(turned), pixels_of(jpeg))


def test_ten_megabytes_are_refused_by_their_number() -> None:
    assert decoded(PICTURES[JPEG] + bytes(10 << 20)) is None
    assert decoded(PICTURES[JPEG] + bytes(MAX_BYTES - len(PICTURES[JPEG]))) is not None


@EVERY
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.floats(0, 1), noise=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_damaged_pictures_are_pixels_or_nothing(kind: str, at: float, noise: bytes, cut: bool) -> None:
    picture = PICTURES[kind]
    place = int(at * (len(picture) - 1))
    pixels = decoded(picture[:place] if cut else picture[:place] + noise + picture[place + len(noise) :])
    assert pixels is None or (pixels.ndim, pixels.shape[2]) == (3, 3)
