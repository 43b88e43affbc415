"""Rows of print in a band of a page; and, where the net finds no zone, blocks of print that may be one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import percentiles

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

WORK_WIDTH_PX = 1400  # every page is looked at in this width
MAX_BLOCKS = 14
BLOCK_SETTINGS = ((9, 21, 9), (13, 31, 15), (17, 31, 25), (9, 15, 15))  # px: black-hat, horizontal, vertical close
MIN_BLOCK_WIDTH, MIN_BLOCK_ASPECT, MAX_TILT_DEG = 0.3, 2.2, 25.0
NEIGHBOURS = 0.25  # of a line's width: from the middle of a line up and down to the next ones, in every format
ROW_HATS = (11, 17, 25)
ROW_LEVELS = (0.35, 0.5, 0.65)  # of the profile's range
MIN_ROW_PX, MAX_ROW_SHARE = 6, 0.09  # the share is of the width
TILTS_DEG, FINE_DEG = np.arange(-5, 5.01, 1.0), 0.5
COLUMN_PX = 16  # a column of ink by which a tilt is told


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of print: middle, width, height in pixels of the working page, and its tilt in degrees."""

    x: float
    y: float
    width: float
    height: float
    tilt_deg: float = 0.0

    def with_neighbours(self) -> Block:
        """High enough for a zone: lines are often found one by one, and their neighbours stand close by."""
        return replace(self, height=max(1.5 * self.height + 10, NEIGHBOURS * self.width))

    def is_like(self, other: Block) -> bool:
        near = abs(self.x - other.x) < 0.1 * self.width and abs(self.y - other.y) < 0.25 * self.height
        same_size = 0.75 < self.width / other.width < 1.33 and 0.7 < self.height / other.height < 1.43
        return near and same_size and abs(self.tilt_deg - other.tilt_deg) < 2


@dataclass(frozen=True, slots=True)
class Row:
    """One row of print inside a band: top, bottom, left, right in pixels, the last two exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def working_page(grey: Grey) -> Grey:
    """The page in the locator's width."""
    scale = WORK_WIDTH_PX / grey.shape[1]
    size = (WORK_WIDTH_PX, max(32, round(grey.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8)


def found_bands(page: Grey) -> Iterator[Grey]:
    """Every block that looks like rows of print, upright and levelled, in the order of the settings."""
    seen: list[Block] = []
    for setting in BLOCK_SETTINGS:
        for block in _blocks(page, setting):
            if len(seen) < MAX_BLOCKS and not any(block.is_like(other) for other in seen):
                seen.append(block)
                yield levelled(_upright(page, block))


def _blocks(page: Grey, setting: tuple[int, int, int]) -> Iterator[Block]:
    hat, across, down = setting
    ink = cv2.morphologyEx(page, cv2.MORPH_BLACKHAT, _box(hat, hat))
    edges = np.abs(cv2.Sobel(ink, cv2.CV_16S, 1, 0))
    scaled = cv2.convertScaleAbs(edges, alpha=255 / max(1.0, *percentiles(edges, (99,))))
    joined = cv2.morphologyEx(scaled, cv2.MORPH_CLOSE, _box(across, 3))
    _, solid = cv2.threshold(joined, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, _box(2 * across, down))
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _box(3 * across, 7))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    blocks = (_block(np.asarray(contour)) for contour in contours)
    wide = page.shape[1] * MIN_BLOCK_WIDTH
    fitting = (b for b in blocks if b.width >= wide and b.width >= MIN_BLOCK_ASPECT * b.height)
    level = (block.with_neighbours() for block in fitting if abs(block.tilt_deg) <= MAX_TILT_DEG)
    yield from sorted(level, key=lambda block: -block.y)


def _box(width: int, height: int) -> NDArray[np.uint8]:
    return np.ones((height, width), np.uint8)


def _block(contour: NDArray[np.int32]) -> Block:
    (x, y), (width, height), angle = cv2.minAreaRect(contour)
    if width < height:
        width, height, angle = height, width, angle - 90
    angle = (angle + 90) % 180 - 90
    return Block(x, y, max(1.0, width), max(1.0, height), angle)


def _upright(page: Grey, block: Block) -> Grey:
    """The block with a little paper at its ends, turned level."""
    width, height = round(1.1 * block.width), round(block.height)
    turn = cv2.getRotationMatrix2D((block.x, block.y), block.tilt_deg, 1.0)
    turn[:, 2] += np.array((width / 2 - block.x, height / 2 - block.y))
    band = cv2.warpAffine(page, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(band, np.uint8)


def levelled(band: Grey) -> Grey:
    """The band turned by the small angle at which its rows are sharpest; what was beyond it is like its edge."""
    tilt_deg = level_deg(band)
    if not tilt_deg:
        return band
    height, width = band.shape
    turned = cv2.warpAffine(
        band, shear(width, tilt_deg), (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(turned, np.uint8)


def level_deg(band: Grey) -> float:
    """The small angle at which the rows of the band are sharpest, for `shear`."""
    ink = _narrowed(np.asarray(cv2.morphologyEx(band, cv2.MORPH_BLACKHAT, _box(13, 13)), np.uint8))
    near = max(TILTS_DEG, key=lambda angle: _sharpness(ink, float(angle)))
    return float(max((near, near - FINE_DEG, near + FINE_DEG), key=lambda angle: _sharpness(ink, float(angle))))


def _narrowed(ink: Grey) -> Grey:
    """The ink in half its height and in columns of COLUMN_PX: a few degrees lift no column by a pixel of the half."""
    height, width = (max(1, side // step) for side, step in zip(ink.shape, (2, COLUMN_PX), strict=True))
    whole = ink[: height * 2, : width * COLUMN_PX]  # whole pixels only: others take OpenCV ten times as long
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def shear(width: int, tilt_deg: float, flatter: float = 1.0) -> NDArray[np.float64]:
    """Moves every column up or down: for a few degrees as good as a turn, and it keeps the band's place.

    `flatter`: how many times as high as wide a pixel is, where they are no squares.
    """
    slope = np.tan(np.deg2rad(tilt_deg)) / flatter
    return np.array([[1, 0, 0], [-slope, 1, slope * width / 2]], np.float64)


def _sharpness(ink: Grey, tilt_deg: float) -> float:
    height, width = ink.shape
    turned = cv2.warpAffine(ink, shear(width, tilt_deg, 2 / COLUMN_PX), (width, height))
    return float(np.square(np.diff(cv2.reduce(turned, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)[:, 0])).sum())


def rows(band: Grey) -> tuple[Row, ...]:
    """Every run of rows dense with ink, at several sizes of print and thresholds, top to bottom.

    The same row is found more than once with other edges; which edges are best is for the net to say.
    """
    found: dict[tuple[int, int], Row] = {}
    for hat in ROW_HATS:
        ink_levels = np.asarray(cv2.morphologyEx(band, cv2.MORPH_BLACKHAT, _box(hat, hat)), np.uint8)
        (most,) = percentiles(ink_levels, (98,))
        ink = np.minimum(ink_levels, np.uint8(max(1, round(most))))
        profile = cv2.blur(cv2.reduce(ink, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F), (1, 3))[:, 0]
        low, high = np.percentile(profile, (5, 98))
        for level in ROW_LEVELS:
            for top, bottom in _runs(profile > low + level * (high - low)):
                key = (round(top / 4), round(bottom / 4))
                if MIN_ROW_PX <= bottom - top <= MAX_ROW_SHARE * band.shape[1] and key not in found:
                    found[key] = _trimmed(ink, top, bottom)
    return tuple(sorted(found.values(), key=lambda row: row.top))


def _runs(dense: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(dense.astype(np.int8), prepend=0, append=0))
    yield from ((int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True))


def _trimmed(ink: Grey, top: int, bottom: int) -> Row:
    """The row without the empty paper at its ends."""
    means = cv2.reduce(ink[top:bottom], 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    columns = cv2.blur(means, (max(3, bottom - top), 1))[0]
    dense = np.flatnonzero(columns > 0.25 * float(np.percentile(columns, 90)))
    return Row(top, bottom, int(dense[0]), int(dense[-1]) + 1) if dense.size else Row(top, bottom, 0, ink.shape[1])
