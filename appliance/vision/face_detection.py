"""Faces in a picture: BlazeFace short range, fed and decoded here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from appliance.vision.model import Floats, Model, Pixels
from appliance.vision.picture import laid, put_rgb_means, rgb_means

MODEL = "face_detection_short_range"
SIDE = 128  # px, the net's input
GRIDS = ((16, 2), (8, 6))  # cells per side, anchors per cell; 896 anchors in all
MIN_SCORE = 0.5
MIN_LOGIT = math.log(MIN_SCORE / (1 - MIN_SCORE))
MIN_GROUP_OVERLAP = 0.3  # intersection over union that makes two answers one face
COORDS = 16  # centre, size, then six key points

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """One face. Pixels of the frame, origin top left; `left` and the like may lie outside it.

    `key_points`: the traveller's right eye, left eye, nose tip, mouth, right ear, left ear, each (x, y).
    """

    left: float
    top: float
    width: float
    height: float
    score: float  # 0..1, 1 = surely a face
    key_points: tuple[tuple[float, float], ...]

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        return self.width * self.height


class FaceDetector:
    """Finds faces; one thread only, as its model."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def find(self, pixels: Pixels) -> tuple[DetectedFace, ...]:
        """All faces in a BGR picture (height x width x 3, uint8), the largest first."""
        side = max(pixels.shape[:2])
        out = self._model.run_filled(partial(put_squared, pixels))
        rows = merge(decode(out[len(ANCHORS) * COORDS].reshape(-1, COORDS), out[len(ANCHORS)]))
        away = ((side - pixels.shape[1]) // 2, (side - pixels.shape[0]) // 2)
        return tuple(sorted((_face(row, side, away) for row in rows), key=lambda face: -face.area))


def anchors() -> Values:
    """Centres of the 896 anchors as (x, y) in 0..1, in the order the net answers."""
    rows = []
    for cells, per_cell in GRIDS:
        centres = (np.arange(cells) + 0.5) / cells
        x, y = np.meshgrid(centres, centres)
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(rows)


ANCHORS = anchors()
_AROUND = np.tile(ANCHORS, COORDS // 2)
_HALVES = np.eye(COORDS, dtype=np.float32) / np.float32(SIDE)
_HALVES[2:4, :4] = np.float32(0.5 / SIDE) * np.array([[-1, 0, 1, 0], [0, -1, 0, 1]], np.float32)
_HALVES[:2, 2:4] = _HALVES[:2, :2]
"""What makes left, top, right, bottom of centre and size, and leaves the key points: pixels to shares of the side."""


def put_squared(pixels: Pixels, out: Floats) -> None:
    """The net's input, 128 x 128 x 3, RGB, -1..1: the frame centred on a black square."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    times = max(side // SIDE, 1)
    inner_height, inner_width = height // times, width // times
    scale = SIDE * times / side
    down, right = ((SIDE - 1) / 2 - scale * (n - 1) / 2 for n in (inner_height, inner_width))
    if scale == 1 and down.is_integer() and right.is_integer():  # as of every frame of 640 or 1280 px
        out[...] = 0
        middle = out[int(down) : int(down) + inner_height, int(right) : int(right) + inner_width]
        put_rgb_means(pixels, times, 1 / 127.5, middle)
    else:
        levels = np.rint(rgb_means(pixels, times)).astype(np.uint8)
        out[...] = laid(levels, np.array([[scale, 0, right], [0, scale, down]]), SIDE, SIDE)
        out *= np.float32(1 / 127.5)
    out -= np.float32(1)


def decode(regressors: Floats, logits: Floats) -> Values:
    """Candidates as rows of left, top, right, bottom, 6 x (x, y), score, in 0..1 of the square."""
    keep = np.flatnonzero(logits > np.float32(MIN_LOGIT))
    rows = np.empty((len(keep), COORDS + 1))
    np.add(regressors[keep] @ _HALVES, _AROUND[keep], out=rows[:, :-1])
    rows[:, -1] = 1 / (1 + np.exp(-np.minimum(logits.ravel()[keep], np.float32(80))))
    return rows


def merge(candidates: Values) -> list[Values]:
    """Weighted non-maximum suppression: each group of overlapping candidates becomes its weighted mean."""
    left = candidates[np.argsort(-candidates[:, -1], kind="stable")]
    found = []
    while len(left):
        group = overlap(left[0], left) > MIN_GROUP_OVERLAP
        group[0] = True  # a candidate of no area overlaps nothing, not even itself
        together = left[group]
        weights = together[:, -1]
        row = weights @ together
        row /= weights.sum()
        row[-1] = together[0, -1]
        found.append(row)
        left = left[~group]
    return found


def overlap(box: Values, boxes: Values) -> Values:
    """Intersection over union of one left, top, right, bottom box with many; 0 where there is no area."""
    inside = _area(np.minimum(boxes[:, 2:4], box[2:4]) - np.maximum(boxes[:, :2], box[:2]))
    union = _area(boxes[:, 2:4] - boxes[:, :2]) - inside
    union += _area(box[None, 2:4] - box[:2])
    share: Values = np.divide(inside, union, out=np.zeros(len(boxes)), where=union > 0)
    return share


def _area(sides: Values) -> Values:
    """Of widths and heights; none where one of them is negative."""
    np.maximum(sides, 0, out=sides)
    area: Values = sides[:, 0] * sides[:, 1]
    return area


def _face(row: Values, side: int, away: tuple[int, int]) -> DetectedFace:
    xy = row[:-1].reshape(-1, 2) * side - away
    (left, top), (right, bottom) = xy[0], xy[1]
    points = tuple((float(x), float(y)) for x, y in xy[2:])
    return DetectedFace(float(left), float(top), float(right - left), float(bottom - top), float(row[-1]), points)
