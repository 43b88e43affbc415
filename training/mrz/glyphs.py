"""OCR-B characters as small pictures of ink, drawn from Debian's font files (package fonts-ocr-b)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import ALPHABET

Floats = NDArray[np.float32]

FONTS = Path("/usr/share/fonts/opentype/ocr-b")
ROUND, SHARP = "OCRB.otf", "OCRBS.otf"  # the ends of the strokes
# File, width and height of the characters against the font's: printers of documents stretch it within its pitch.
CUTS = (
    (ROUND, 1.0, 1.0),
    (SHARP, 1.0, 1.0),
    (ROUND, 0.87, 1.0),
    (ROUND, 1.1, 0.93),
    (SHARP, 0.92, 1.1),
    (SHARP, 1.12, 1.06),
)
PITCH_PX = 23.1  # of a 32 px font: OCR-B is 0.723 em wide
FINE = 8  # drawn this much larger, then shrunk
PHASES = 4  # sub-pixel places in each direction
CELL_W, CELL_H, BASELINE = 28, 40, 32  # px of one cell; the character stands in its middle


class FontsMissing(Exception):
    """OCR-B is not installed: apt-get install fonts-ocr-b."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut of the font. `ink[character, phase_y, phase_x]`: CELL_H x CELL_W, 0 paper .. 1 ink."""

    name: str
    ink: Floats
    cap_height_px: float


def load_cuts() -> tuple[Cut, ...]:
    """All cuts. Raises `FontsMissing`."""
    return tuple(_load(FONTS / name, (wide, high)) for name, wide, high in CUTS)


def _load(path: Path, stretch: tuple[float, float]) -> Cut:
    face = cv2.FontFace()
    if not path.is_file() or not face.set(str(path)):
        raise FontsMissing(f"{path} is not there: apt-get install fonts-ocr-b")
    size = round(1000 * PITCH_PX * FINE / _advance(face, 1000))
    ink = np.zeros((len(ALPHABET), PHASES, PHASES, CELL_H, CELL_W), np.float32)
    for at, char in enumerate(ALPHABET):
        for y in range(PHASES):
            for x in range(PHASES):
                ink[at, y, x] = _draw(face, char, size, (x / PHASES, y / PHASES), stretch)
    rows = np.flatnonzero(ink[ALPHABET.index("H"), 0, 0].max(axis=1) > 0.5)
    return Cut(path.name, ink, float(BASELINE - rows[0]))


def _advance(face: cv2.FontFace, size: int) -> float:
    end, _ = cv2.putText(np.zeros((8, 8, 3), np.uint8), "H" * 10, (0, 0), (255, 255, 255), face, size)
    return end[0] / 10


def _draw(face: cv2.FontFace, char: str, size: int, phase: tuple[float, float], stretch: tuple[float, float]) -> Floats:
    """One character, its sub-pixel place `phase` (x, y) to the right of and below the cell's origin.

    It is stretched about the middle of the cell and its baseline.
    """
    large = np.zeros((CELL_H * FINE, CELL_W * FINE, 3), np.uint8)
    left = (CELL_W - PITCH_PX) / 2 + phase[0]
    origin = (round(left * FINE), round((BASELINE + phase[1]) * FINE))
    cv2.putText(large, char, origin, (255, 255, 255), face, size)
    middle, base = CELL_W * FINE / 2, BASELINE * FINE
    to_place = np.array([[stretch[0], 0, (1 - stretch[0]) * middle], [0, stretch[1], (1 - stretch[1]) * base]])
    drawn = large if stretch == (1.0, 1.0) else cv2.warpAffine(large, to_place, large.shape[1::-1])
    small = cv2.resize(drawn[:, :, 0], (CELL_W, CELL_H), interpolation=cv2.INTER_AREA)
    return np.asarray(np.asarray(small) / 255, np.float32)
