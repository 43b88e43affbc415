"""The portrait in a document's chip as pixels: JPEG or JPEG 2000, its size known before anything is decoded."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from appliance.vision.model import Pixels

MAX_BYTES = 512 * 1024
MAX_PIXELS = 4_000_000
"""Doc 9303-9 asks for some 180 000; passports with 2 000 000 have been seen."""
MIN_SIDE_PX = 32

_EOI, _SOS = 0xD9, 0xDA
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0..SOF15 without DHT, JPG and DAC
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_CODE_STREAM = b"\xff\x4f\xff\x51"


class PortraitUnfit(ValueError):
    """A picture that cannot be compared: `reason` is a word, never the picture."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def decode(data: bytes) -> Pixels:
    """Height x width x 3, uint8, BGR. Raises PortraitUnfit: too_large, unknown_format, wrong_size, damaged."""
    if len(data) > MAX_BYTES:
        raise PortraitUnfit("too_large")
    size = _size(data)
    if size is None:
        raise PortraitUnfit("unknown_format")
    width, height = size
    if min(size) < MIN_SIDE_PX or width * height > MAX_PIXELS:
        raise PortraitUnfit("wrong_size")
    pixels = _decoded(data)
    if pixels is None or pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
        raise PortraitUnfit("damaged")
    return pixels


def _decoded(data: bytes) -> Pixels | None:
    try:
        # as it lies in the file: a turn by its EXIF would be a portrait that nobody signed as upright
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        found = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return None if found is None else np.asarray(found, np.uint8)


def _size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the file's own header says; None for another kind of file."""
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg_size(data)
    if data.startswith(_CODE_STREAM):
        return _stream_size(data, 2)
    if data.startswith(_JP2):
        at = next((at for kind, at in _boxes(data) if kind == b"jp2c"), None)
        return None if at is None or data[at : at + 4] != _CODE_STREAM else _stream_size(data, at + 2)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Of the first frame header (ITU-T T.81, B.2.2); a picture with a second one is somebody's trick."""
    found: list[tuple[int, int]] = []
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (_SOS, _EOI):
            break
        if marker in _FRAMES and at + 9 <= len(data):
            found.append((int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")))
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return found[0] if len(found) == 1 else None


def _stream_size(data: bytes, at: int) -> tuple[int, int] | None:
    """Of the SIZ segment whose marker stands at `at` (ITU-T T.800, A.5.1); at most four components, 8 bits each."""
    if at + 40 > len(data) or data[at : at + 2] != b"\xff\x51":
        return None
    x, y, x0, y0 = (int.from_bytes(data[at + 6 + 4 * n : at + 10 + 4 * n], "big") for n in range(4))
    components = int.from_bytes(data[at + 38 : at + 40], "big")
    if not 1 <= components <= 4 or x <= x0 or y <= y0:
        return None
    return x - x0, y - y0


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """(kind, start of content) of the boxes of a JP2 file (ITU-T T.800, annex I), one after the other."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at + 8
        if size < 8:  # 0: to the end of the file; 1: longer than anything a chip holds
            return
        at += size
