"""A document's portrait, from the bytes of its file to pixels: bounded before anything is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cv2
import numpy as np

from appliance.vision.model import Pixels

MAX_BYTES = 500_000  # Doc 9303-10 expects 15 to 20 KB in data group 2; some states write ten times that
MAX_SIDE_PX = 4000
MIN_SIDE_PX = 60
MAX_SHOWN_PX = 1200

_JPEG, _PNG, _CODESTREAM = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\xff\x4f\xff\x51"
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's SOF0..SOF15
_SCAN, _END = 0xDA, 0xD9
# as it lies in the file: a turn that EXIF asks for is nobody's signed portrait
_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def decoded(picture: bytes) -> Pixels | None:
    """BGR, height x width x 3; None for anything but a JPEG, PNG or JPEG 2000 of sensible size."""
    size = None if len(picture) > MAX_BYTES else size_of(picture)
    if size is None or min(size) < MIN_SIDE_PX or max(size) > MAX_SIDE_PX:
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), _FLAGS)
    except cv2.error:
        return None
    if pixels is None or pixels.shape != (size[1], size[0], 3):
        return None  # not the picture that its header announced
    return np.asarray(pixels, np.uint8)


def shown(picture: bytes, pixels: Pixels) -> tuple[str, bytes]:
    """Media type and bytes that a browser shows: the file itself, or JPEG 2000 written anew, without loss.

    A larger one than any document needs is made smaller first: written anew, 500 KB can become 50 MB.
    """
    if picture.startswith(_JPEG):
        return "image/jpeg", picture
    if picture.startswith(_PNG):
        return "image/png", picture
    scale = MAX_SHOWN_PX / max(pixels.shape[:2])
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return "image/png", cv2.imencode(".png", pixels)[1].tobytes()


def size_of(picture: bytes) -> tuple[int, int] | None:
    """Width and height as the file's header says; None when it is no picture we know, or is cut short.

    A file with two headers that do not agree is None: one would be for us, the other for the decoder.
    """
    try:
        sizes = set(_sizes(picture))
    except (struct.error, ValueError):
        return None
    return sizes.pop() if len(sizes) == 1 else None


def _sizes(picture: bytes) -> Iterator[tuple[int, int]]:
    if picture.startswith(_JPEG):
        yield from _jpeg_sizes(picture)
    elif picture.startswith(_PNG):
        yield struct.unpack(">II", picture[16:24])
    elif picture.startswith(_CODESTREAM):
        yield _codestream_size(picture, 0)
    elif picture.startswith(_JP2):
        yield from _jp2_sizes(picture)


def _jpeg_sizes(picture: bytes) -> Iterator[tuple[int, int]]:
    """Of every frame header before the first scan (ITU-T T.81, B.2.2). Raises `struct.error` where the bytes end."""
    place = 2
    while True:
        marker, kind = struct.unpack_from(">BB", picture, place)
        if marker != 0xFF:
            raise ValueError("no marker where a segment begins")
        if kind in (_SCAN, _END):
            return
        if kind == 0xFF:  # a fill byte
            place += 1
            continue
        (length,) = struct.unpack_from(">H", picture, place + 2)
        if kind in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", picture, place + 5)
            yield width, height
        place += 2 + length


def _codestream_size(picture: bytes, place: int) -> tuple[int, int]:
    """Of the SIZ segment behind the start of a code stream (ITU-T T.800, A.5.1)."""
    if picture[place : place + 4] != _CODESTREAM:
        raise ValueError("no code stream")
    right, low, left, top = struct.unpack_from(">IIII", picture, place + 8)
    if not (left < right and top < low):
        raise ValueError("an empty picture")
    return right - left, low - top


def _jp2_sizes(picture: bytes) -> Iterator[tuple[int, int]]:
    """Of the image header and of the code stream; both must be there (ITU-T T.800, annex I)."""
    header = dict(_boxes(picture, 0, len(picture)))
    inner = dict(_boxes(picture, header.get(b"jp2h", len(picture)), len(picture)))
    height, width = struct.unpack_from(">II", picture, inner.get(b"ihdr", len(picture)))
    yield width, height
    yield _codestream_size(picture, header.get(b"jp2c", len(picture)))


def _boxes(picture: bytes, place: int, end: int) -> Iterator[tuple[bytes, int]]:
    """(kind, start of its content) of boxes one after the other."""
    while place + 8 <= end:
        (length,) = struct.unpack_from(">I", picture, place)
        yield picture[place + 4 : place + 8], place + 8
        if length < 8:  # 0: to the end; 1: longer than any portrait
            return
        place += length
