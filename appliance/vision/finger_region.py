"""Segmentation: where the finger lies in an impression, as a mask, an area and a middle."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

PITCH_PPI = 500  # of the picture handed in
STEP = 4  # px; the mask has one cell for so many, 0.2 mm
CELL_MM2 = (STEP * 25.4 / PITCH_PPI) ** 2
NOISE_PX = 1.2  # sigma of the blur that takes a sensor's noise and leaves its ridges
WINDOW = 17  # px, about two ridges
MIN_DEVIATION = 5.0  # grey levels after that blur; bare glass has less, the faintest ridge more
DROWNED = 60.0  # grey levels darker than the glass: skin, though no ridge is seen
GAP = 5  # cells that a crease or a dry place may part


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """`mask`: a cell for every STEP px, read-only; empty and in the middle when there is no finger."""

    mask: Mask
    area_mm2: float
    centre: tuple[float, float]  # shares of the picture from its left and top
    coverage: float  # share of the picture
    reach: float  # share of the picture's edge where the finger goes on beyond it


def segmented(grey: NDArray[np.float32]) -> Region:
    """The finger in a grey picture at 500 ppi (height x width, 0 = ridge)."""
    if min(grey.shape) < WINDOW:
        return _described(np.zeros((0, 0), bool))
    calm = cv2.GaussianBlur(grey, (0, 0), NOISE_PX)
    mean, square = (cv2.blur(values, (WINDOW, WINDOW))[::STEP, ::STEP] for values in (calm, calm * calm))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    glass = float(np.percentile(mean, 95))
    seen = (deviation > MIN_DEVIATION) | (mean < glass - DROWNED)
    return _described(_one_piece(seen.astype(np.uint8)))


def levels_at(grey: NDArray[np.float32], shares: tuple[float, ...]) -> tuple[float, ...]:
    """The grey levels below which these shares (0..1) of the pixels lie, of whole levels 0..255; counting, not sorting.

    Between two pixels the level is interpolated, as numpy's quantile does.
    """
    whole = grey.reshape(1, -1).astype(np.uint8)
    below = np.cumsum(cv2.calcHist([whole], [0], None, [256], [0, 256]).ravel().astype(np.int64))
    found = []
    for share in shares:
        place = share * (grey.size - 1)
        low, high = np.searchsorted(below, (int(place), min(int(place) + 1, grey.size - 1)), side="right")
        found.append(float(low + (high - low) * (place - int(place))))
    return tuple(found)


def _one_piece(seen: NDArray[np.uint8]) -> Mask:
    """The largest piece of what is seen, without gaps, specks and holes."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    tidy = cv2.morphologyEx(cv2.morphologyEx(seen, cv2.MORPH_CLOSE, kernel), cv2.MORPH_OPEN, kernel)
    outlines, _ = cv2.findContours(tidy, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out = np.zeros(seen.shape, np.uint8)
    if outlines:
        cv2.drawContours(out, [max(outlines, key=cv2.contourArea)], -1, (1,), cv2.FILLED)
    return np.asarray(cv2.erode(out, kernel), bool)  # the window sees a ridge from as far outside


def _described(mask: Mask) -> Region:
    mask.setflags(write=False)
    count = int(mask.sum())
    if not count:
        return Region(mask, 0.0, (0.5, 0.5), 0.0, 0.0)
    down, across = ((np.argwhere(mask).mean(axis=0) + 0.5) / mask.shape).tolist()
    edge = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return Region(mask, count * CELL_MM2, (across, down), count / mask.size, float(edge.mean()))
