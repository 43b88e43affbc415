"""The page locator: one look of a small net at the whole picture says where the zone is and which way it reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.errors import ModelUnfit
from appliance.vision.model import MODELS, Model
from appliance.vision.mrz_locator import level_deg, shear

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

NAME = "mrz_locator"
SIDE_PX, CELL_PX = 320, 4
CELLS = SIDE_PX // CELL_PX
SURE_CELL, FAINT_CELL = 0.5, 0.2  # the second where the first finds nothing
NEIGHBOURS = 0.07  # of a line's width: from a line to the next one, and a little more
MIN_CELLS = 12  # fewer make no zone that could be read
BELIEF = 0.25  # of the perspective that the edges of a zone show: it is too thin to show much, and cells are coarse
BAND_WIDTH_PX = 1360
BESIDE, ABOVE = 0.05, 0.3  # paper at each side of a zone, of its width and its height


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """Where a zone lies in a picture. `corners`: 4 x 2, x and y in pixels, as the reader's eye meets them.

    First line's beginning and end, last line's end and beginning; so they also say which way it reads. `score`: 0..1,
    the mean certainty of its cells. `way`: 0..1, how sure it is that the lines read this way and not from their end.
    """

    corners: Floats
    score: float
    way: float

    @property
    def width(self) -> float:
        """Along the lines, pixels, the mean of the first and the last one."""
        return float(np.linalg.norm(self.corners[[1, 2]] - self.corners[[0, 3]], axis=1).mean())

    @property
    def height(self) -> float:
        """Across the lines, pixels."""
        return float(np.linalg.norm(self.corners[[3, 2]] - self.corners[[0, 1]], axis=1).mean())

    @property
    def quarter_turns(self) -> int:
        """0..3: how often the page was turned by 90 degrees clockwise."""
        x, y = self.corners[1] - self.corners[0]
        return round(float(np.rad2deg(np.arctan2(y, x))) / 90) % 4

    def with_neighbours(self) -> Zone:
        """High enough for a whole zone when only one of its lines was seen."""
        down = self.corners[[3, 2, 2, 3]] - self.corners[[0, 1, 1, 0]]
        step = down / np.maximum(1.0, np.linalg.norm(down, axis=1, keepdims=True)) * NEIGHBOURS * self.width
        return Zone(
            np.asarray(self.corners + step * np.array([[-1], [-1], [1], [1]]), np.float32), self.score, self.way
        )

    def reversed(self) -> Zone:
        """The same place read from its end."""
        return Zone(np.roll(self.corners, 2, axis=0), self.score, 1 - self.way)


class Finder:
    """The locator net. One thread only, like the model under it."""

    def __init__(self, model: Model) -> None:
        """Raises `ModelUnfit` when the net looks at no such pictures."""
        if model.card.input_shape != (1, SIDE_PX, SIDE_PX, 1):
            raise ModelUnfit(model.card.name, f"it looks at no pictures of {SIDE_PX} x {SIDE_PX}")
        self._model = model

    @staticmethod
    def load(models: Path = MODELS) -> Finder:
        """The net in that folder. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return Finder(Model.load(NAME, models))

    def find(self, grey: Grey) -> tuple[Zone, ...]:
        """Every patch of cells that may be a zone, in the picture's pixels, the likeliest first."""
        seen, scale, (left, top) = letterboxed(grey)
        cells = self._model.run_levels(seen, SCALED)[0][0]
        return tuple(_in_picture(zone, scale, (left, top)) for zone in zones_of(cells))


def letterboxed(grey: Grey) -> tuple[Grey, float, tuple[int, int]]:
    """The whole picture within SIDE_PX x SIDE_PX on black; its scale, and where its left upper corner went."""
    height, width = grey.shape
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2
    seen = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    seen[top : top + size[1], left : left + size[0]] = small
    return seen, scale, (left, top)


def scaled(seen: Grey) -> Floats:
    """0..255 to -1..1, as the net takes it."""
    return np.asarray(seen, np.float32) / np.float32(127.5) - np.float32(1)


SCALED = scaled(np.arange(256, dtype=np.uint8))


def zones_of(cells: Floats) -> tuple[Zone, ...]:
    """From the net's word on every cell to zones in its pixels, the likeliest first.

    `cells`: CELLS x CELLS x 3: the logit of holding print of a zone, cosine and sine of the way of reading.
    """
    held = np.asarray(1 / (1 + np.exp(-np.clip(cells[:, :, 0], -30, 30))), np.float32)
    for level in (SURE_CELL, FAINT_CELL):
        count, labels = cv2.connectedComponents((held > level).astype(np.uint8), connectivity=8)
        patches = (labels == label for label in range(1, count))
        if zones := [_zone(held, cells, patch) for patch in patches if int(patch.sum()) >= MIN_CELLS]:
            return tuple(sorted(zones, key=lambda zone: -zone.score * zone.width))
    return ()


def _zone(held: Floats, cells: Floats, patch: NDArray[np.bool_]) -> Zone:
    y, x = np.nonzero(patch)
    points, weight = ((np.stack([x, y], axis=1) + 0.5) * CELL_PX).astype(np.float32), held[patch]
    middle = np.average(points, axis=0, weights=weight)
    said = np.average(cells[patch][:, 1:3], axis=0, weights=weight)
    along = _axis(points - middle, weight)
    if float(along @ said) < 0:
        along = -along
    axes = np.stack([along, np.array([-along[1], along[0]])])  # the second points to the lines that follow
    corners = _edges((points - middle) @ axes.T)
    return Zone(
        np.asarray(corners @ axes + middle, np.float32), float(weight.mean()), min(1.0, abs(float(along @ said)))
    )


def _axis(offsets: Floats, weight: Floats) -> Floats:
    """The direction in which the cells lie furthest apart."""
    _, vectors = np.linalg.eigh((offsets * weight[:, None]).T @ offsets)
    return np.asarray(vectors[:, -1], np.float32)


def _edges(places: Floats) -> Floats:
    """The four corners, from the cells' places along and across: straight edges above and below, in perspective."""
    left, right = np.percentile(places[:, 0], (0.5, 99.5)) + np.array((-CELL_PX / 2, CELL_PX / 2))
    column = np.floor((places[:, 0] - left) / CELL_PX).astype(int)
    order = np.argsort(column, kind="stable")
    columns, first = np.unique(column[order], return_index=True)
    middles = (columns + 0.5) * CELL_PX + left
    above, below = (_line(middles, ends.reduceat(places[order, 1], first)) for ends in (np.minimum, np.maximum))
    slope = (above[0] + below[0]) / 2
    bend = (above[0] - below[0]) / 2 * BELIEF
    slopes = (slope + bend, slope - bend)
    heights = (above[1] - CELL_PX / 2, below[1] + CELL_PX / 2)
    middle = float(middles.mean())
    rows = [(x, heights[at] + slopes[at] * (x - middle)) for at, x in ((0, left), (0, right), (1, right), (1, left))]
    return np.array(rows, np.float32)


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope, and height at the mean of x; columns far off a first line do not count in the second."""
    keep = np.ones(len(x), bool)
    slope, height = 0.0, float(np.median(y))
    for _ in range(2):
        offsets = x[keep] - x.mean()
        height = float(y[keep].mean())
        slope = float(offsets @ (y[keep] - height) / max(1.0, float(offsets @ offsets)))
        height -= slope * float(offsets.mean())
        keep = np.abs(y - height - slope * (x - x.mean())) <= CELL_PX * 1.2
        if keep.sum() < 3:
            break
    return slope, height


def _in_picture(zone: Zone, scale: float, corner: tuple[int, int]) -> Zone:
    corners = (zone.corners - np.array(corner, np.float32)) / np.float32(scale)
    return Zone(np.asarray(corners, np.float32), zone.score, zone.way)


def straightened(grey: Grey, zone: Zone, tilt_deg: float = 0.0) -> Grey:
    """The zone with paper around it, upright and in BAND_WIDTH_PX, taken from the picture in its full resolution.

    `tilt_deg`: the small angle at which its lines still stand then, as the band itself tells.
    """
    width, height = max(1.0, zone.width), max(1.0, zone.height)
    beside, above = BESIDE * width + CELL_PX, ABOVE * height + CELL_PX
    size = (BAND_WIDTH_PX, max(48, round(BAND_WIDTH_PX * (height + 2 * above) / (width + 2 * beside))))
    edge = np.array([beside / (width + 2 * beside) * size[0], above / (height + 2 * above) * size[1]])
    far = np.array(size) - edge
    target = np.array([edge, (far[0], edge[1]), far, (edge[0], far[1])], np.float32)
    source, corners = _nearer(grey, zone.corners, (width + 2 * beside) / BAND_WIDTH_PX)
    to_band = cv2.getPerspectiveTransform(corners, target)
    if tilt_deg:
        to_band = np.vstack([shear(BAND_WIDTH_PX, tilt_deg), (0, 0, 1)]) @ to_band
    band = cv2.warpPerspective(source, to_band, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(band, np.uint8)


def level(grey: Grey, zone: Zone) -> Grey:
    """The zone straightened, and once more where its lines lean.

    It is cut out anew: to turn what was cut out would lose the print that leaves it at its edges, and smear them.
    """
    band = straightened(grey, zone)
    tilt_deg = level_deg(band)
    return straightened(grey, zone, tilt_deg) if tilt_deg else band


def grown(zone: Zone) -> Floats:
    """The corners of what `straightened` cuts out: 4 x 2, in the order of the zone's."""
    width, height = max(1.0, zone.width), max(1.0, zone.height)
    beside, above = BESIDE * width + CELL_PX, ABOVE * height + CELL_PX
    rim = np.array([(-beside, -above), (width + beside, -above), (width + beside, height + above)])
    rim = np.concatenate([rim, [(-beside, height + above)]]).astype(np.float32)
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    return np.asarray(cv2.perspectiveTransform(rim[None], cv2.getPerspectiveTransform(flat, zone.corners))[0])


def _nearer(grey: Grey, corners: Floats, shrinks: float) -> tuple[Grey, Floats]:
    """The part of the picture around the corners, averaged first when the band is much smaller."""
    reach = 0.25 * float(np.ptp(corners, axis=0).max())
    left, top = np.maximum(0, corners.min(axis=0) - reach).astype(int)
    right, bottom = (corners.max(axis=0) + reach).astype(int) + 1
    part = grey[top:bottom, left:right]
    moved = corners - np.array([left, top], np.float32)
    if shrinks <= 1.5 or min(part.shape) < 8:
        return part, np.asarray(moved, np.float32)
    size = (max(1, round(part.shape[1] / shrinks)), max(1, round(part.shape[0] / shrinks)))
    ratio = np.array([size[0] / part.shape[1], size[1] / part.shape[0]], np.float32)
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    return small, np.asarray(moved * ratio, np.float32)
