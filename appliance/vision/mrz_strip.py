"""From a crop of one printed line to the strip the line net reads; training cuts its strips with the same code."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

HEIGHT_PX, WIDTH_PX = 32, 640
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
BLANK = len(ALPHABET)  # the net's 38th class: between two characters
SIDE_MARGIN = 0.3  # of the height: the net wants a little paper before the first character
MIN_RANGE = 8.0  # grey levels; less contrast than this is noise, and stretching it would print letters


def to_strip(crop: Grey) -> Grey:
    """A grey crop of any size, at least 1 x 1, to HEIGHT_PX x WIDTH_PX; proportions are not kept."""
    shrinks = crop.shape[1] > WIDTH_PX
    strip = cv2.resize(crop, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return np.asarray(strip, np.uint8)


def normalised(strips: Grey) -> Floats:
    """Strips (..., HEIGHT_PX, WIDTH_PX) to -1..1, each by its own 2nd and 98th percentile."""
    if strips.ndim == 2:
        return stretch(strips)[strips]
    return np.stack([normalised(strip) for strip in strips])


def stretch(strip: Grey) -> Floats:
    """What each of the 256 grey levels of this strip becomes."""
    low, high = percentiles(strip, (2, 98))
    scaled = (np.arange(256) - low) / max(high - low, MIN_RANGE)
    return np.asarray(np.clip(scaled * 2 - 1, -1, 1), np.float32)


def percentiles(values: NDArray[np.integer[Any]], shares: tuple[float, ...]) -> tuple[float, ...]:
    """What `numpy.percentile` says of small whole numbers from 0, counted instead of sorted: many times as fast."""
    counts = np.cumsum(_counted(values))
    return tuple(_percentile(counts, share / 100 * (values.size - 1)) for share in shares)


def _counted(values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    if values.dtype != np.uint8:
        return np.bincount(values.ravel())
    return cv2.calcHist([values], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def _percentile(counts: NDArray[np.int64], place: float) -> float:
    """`counts`: how many values are at most 0, 1, 2 ...; `place`: among all of them in order, from 0."""
    below, above = (int(np.searchsorted(counts, at, "right")) for at in (math.floor(place), math.ceil(place)))
    return below + (above - below) * (place - math.floor(place))
