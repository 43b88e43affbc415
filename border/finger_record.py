"""The finger image record of ISO/IEC 19794-4:2005: one plain live-scan impression as PNG, written and read.

The edition of 2005, because passports carry their fingers in it (ICAO Doc 9303-10, DG3), so that one reader will do
for both. Its one byte of quality cannot say whose scale it is on; the encounter's quality component says so.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MEDIA_TYPE = "application/x-iso19794-4"  # ours: nobody has registered one

_RECORD = struct.Struct(">4s4s6sHHBBHHHHBBH")  # 32 bytes, big-endian, as all that follows
_VIEW = struct.Struct(">IBBBBBHHB")  # 14 bytes, then the picture
_PNG = struct.Struct(">8sI4sIIBBBBB")  # a PNG's signature and the beginning of its header chunk
_FORMAT, _EDITION = b"FIR\0", b"010\0"
_PIXELS_PER_INCH, _EIGHT_BITS, _AS_PNG, _LIVE_SCAN_PLAIN = 1, 8, 5, 0
_GREY = 0
PITCHES_PPI = range(125, 1201)
MAX_SIDE_PX = 2000

LEVELS: tuple[tuple[int, int, int], ...] = ((40, 1000, 120), (35, 750, 100), (30, 500, 80), (20, 250, 5))
"""Acquisition settings of table 1 that need no certificate: level, least pitch in ppi, least number of grey levels."""
LEAST_LEVEL = 10


class RecordWrong(Exception):
    """The bytes are no finger image record of this profile; the text says what is wrong first."""


class FingerPosition(IntEnum):
    """Table 5 of the standard; a kiosk does not know which finger it was given."""

    UNKNOWN = 0
    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10


@dataclass(frozen=True, slots=True)
class FingerRecord:
    """One impression. `png`: 8-bit grey, 0 = ridge, of exactly this width and height."""

    position: FingerPosition
    quality: int  # 0..100, 100 = best; of the metric that the encounter names
    level: int  # acquisition settings: 10, 20, 30, 35 or 40
    pitch_ppi: int
    width_px: int
    height_px: int
    png: bytes

    def __post_init__(self) -> None:
        """Raises `RecordWrong` for values that the record cannot hold or that contradict the picture."""
        wrong = next(_mistakes(self), None)
        if wrong:
            raise RecordWrong(wrong)

    def __repr__(self) -> str:
        return f"<finger record {self.width_px}x{self.height_px} {len(self.png)} bytes>"  # never the picture


def level_of(pitch_ppi: int, grey_levels: int) -> int:
    """The highest acquisition settings level that a picture of this pitch and so many grey levels meets."""
    return next((level for level, ppi, levels in LEVELS if pitch_ppi >= ppi and grey_levels >= levels), LEAST_LEVEL)


def write(record: FingerRecord) -> bytes:
    """The record's bytes."""
    pitch, block = record.pitch_ppi, _VIEW.size + len(record.png)
    head = _RECORD.pack(
        _FORMAT,
        _EDITION,
        (_RECORD.size + block).to_bytes(6, "big"),
        0,  # capture device: none registered
        record.level,
        1,  # finger
        _PIXELS_PER_INCH,
        *(pitch, pitch),  # as scanned
        *(pitch, pitch),  # as stored
        _EIGHT_BITS,
        _AS_PNG,
        0,
    )
    size = record.width_px, record.height_px
    view = _VIEW.pack(block, record.position, 1, 1, record.quality, _LIVE_SCAN_PLAIN, *size, 0)
    return head + view + record.png


def read(data: bytes) -> FingerRecord:
    """The one impression of a record. Raises `RecordWrong` for anything that `write` would not have written."""
    if len(data) < _RECORD.size + _VIEW.size:
        raise RecordWrong("too short")
    head, view = _RECORD.unpack_from(data), _VIEW.unpack_from(data, _RECORD.size)
    level, pitch = head[4], head[7]
    _, position, _, _, quality, _, width, height, _ = view
    if position > max(FingerPosition):
        raise RecordWrong("finger position")
    record = FingerRecord(
        FingerPosition(position), quality, level, pitch, width, height, data[_RECORD.size + _VIEW.size :]
    )
    if write(record) != data:
        raise RecordWrong("a field that this profile does not have")
    return record


def _mistakes(record: FingerRecord) -> Iterator[str]:
    if record.level not in (LEAST_LEVEL, *(level for level, _, _ in LEVELS)):
        yield "acquisition level"
    if not 0 <= record.quality <= 100:
        yield "quality"
    if record.pitch_ppi not in PITCHES_PPI:
        yield "pitch"
    if not (0 < record.width_px <= MAX_SIDE_PX and 0 < record.height_px <= MAX_SIDE_PX):
        yield "size"
    elif record.png[: _PNG.size] != _png_head(record):
        yield "the picture is no grey PNG of the size that the record says"


def _png_head(record: FingerRecord) -> bytes:
    size = record.width_px, record.height_px
    return _PNG.pack(b"\x89PNG\r\n\x1a\n", 13, b"IHDR", *size, _EIGHT_BITS, _GREY, 0, 0, 0)


def shown(media_type: str, data: bytes) -> tuple[str, bytes]:
    """What a page can show of a sample: the picture inside a finger record, anything else as it is.

    Raises `RecordWrong` when it calls itself a record and is none.
    """
    return ("image/png", read(data).png) if media_type == MEDIA_TYPE else (media_type, data)
