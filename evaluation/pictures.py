"""Pictures from files, in colour or grey."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class Unreadable(Exception):
    """A file whose beginning is a picture's and whose rest is not; the text names it and the next step."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is cut short or damaged; write it anew or take it away, then go on")


def colour(path: Path, border_px: int = 0) -> Pixels:
    """Height x width x 3, BGR, with so many pixels of its own edge replicated around it. Raises `Unreadable`."""
    pixels = _read(path, cv2.IMREAD_COLOR)
    if not border_px:
        return pixels
    around = (border_px,) * 4
    return np.asarray(cv2.copyMakeBorder(pixels, *around, borderType=cv2.BORDER_REPLICATE), np.uint8)


def grey(path: Path) -> Pixels:
    """Height x width, 0 black to 255 white. Raises `Unreadable`."""
    return _read(path, cv2.IMREAD_GRAYSCALE)


def _read(path: Path, how: int) -> Pixels:
    pixels = cv2.imread(str(path), how)
    if pixels is None:
        raise Unreadable(path)
    return np.asarray(pixels, np.uint8)
