"""A document's portrait, from the bytes of its file to pixels: bounded before anything is decoded."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from appliance.vision.model import Pixels

MAX_BYTES = 500_000  # Doc 9303-10 expects 15 to 20 KB in data group 2; some states write ten times that
MAX_SIDE_PX = 4000
MIN_SIDE_PX = 60

_JPEG, _PNG, _JP2, _CODESTREAM = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG's SOF0..SOF15


def decoded(picture: bytes) -> Pixels | None:
    """BGR, height x width x 3; None for anything but a JPEG, PNG or JPEG 2000 of sensible size."""
    size = None if len(picture) > MAX_BYTES else size_of(picture)
    if size is None or min(size) < MIN_SIDE_PX or max(size) > MAX_SIDE_PX:
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if pixels is None else np.asarray(pixels, np.uint8)


def shown(picture: bytes, pixels: Pixels) -> tuple[str, bytes]:
    """Media type and bytes that a browser shows: the file itself, or JPEG 2000 written anew without loss."""
    if picture.startswith(_JPEG):
        return "image/jpeg", picture
    if picture.startswith(_PNG):
        return "image/png", picture
    return "image/png", cv2.imencode(".png", pixels)[1].tobytes()


def size_of(picture: bytes) -> tuple[int, int] | None:
    """Width and height as the file's header says; None when it is no picture we know, or is cut short."""
    try:
        if picture.startswith(_JPEG):
            return _jpeg_size(picture)
        if picture.startswith(_PNG):
            return struct.unpack(">II", picture[16:24])
        if picture.startswith(_JP2):
            height, width = struct.unpack_from(">II", picture, picture.index(b"ihdr") + 4)
            return width, height
        if picture.startswith(_CODESTREAM):
            right, low, left, top = struct.unpack_from(">IIII", picture, 8)
            return right - left, low - top
    except (struct.error, ValueError, IndexError):
        return None
    return None


def _jpeg_size(picture: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header. Raises `struct.error` at the end of the bytes."""
    place = 2
    while True:
        marker, kind, length = struct.unpack_from(">BBH", picture, place)
        if marker != 0xFF:
            raise ValueError("no marker where a segment begins")
        if kind in _FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", picture, place + 5)
            return width, height
        place += 2 + length
