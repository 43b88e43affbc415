"""Contact sheets: many screens in one picture, each under its name, for a person to look over."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

TILE = (400, 250)  # px
LABEL_PX, GAP_PX = 26, 8
INK, PAPER = (45, 33, 20), (255, 255, 255)

Picture = NDArray[np.uint8]


def sheet(screens: Sequence[tuple[str, bytes]], columns: int = 6) -> bytes:
    """PNG of all screens (a name and a PNG each), row by row."""
    width, height = TILE[0] + GAP_PX, TILE[1] + LABEL_PX + GAP_PX
    rows = -(-len(screens) // columns)
    paper = np.full((rows * height + GAP_PX, columns * width + GAP_PX, 3), PAPER, np.uint8)
    for number, (name, png) in enumerate(screens):
        row, column = divmod(number, columns)
        top, left = GAP_PX + row * height, GAP_PX + column * width
        cv2.putText(paper, name, (left, top + LABEL_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
        paper[top + LABEL_PX : top + LABEL_PX + TILE[1], left : left + TILE[0]] = _tile(png)
    return cv2.imencode(".png", paper)[1].tobytes()


def _tile(png: bytes) -> Picture:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError("a screen that is no picture")
    return np.asarray(cv2.resize(pixels, TILE, interpolation=cv2.INTER_AREA), np.uint8)
