"""What NFIQ 2 measures of an impression, measured again: block by block at 500 ppi, as ISO/IEC 29794-4 defines it.

Our own code from the published definitions; on the five prints that NIST publishes with their values it agrees with
all of them that need no minutiae (training/README.md). The four that need FingerJet's minutiae are not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.model import Pixels

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCK = 32  # px; the local region of most measures
REACH = 36  # px; a rotated window of 32 x 16 fits into it
EDGE = 2  # px; so far a window that is padded reaches out of its block
LONG, SHORT = 32, 16  # px; the window along and across its profile
FLAT = 0.1  # a block of less deviation, in units of the whole picture's, shows no ridges
NEAR_WHITE = 250  # grey level; a margin of such rows and columns is no part of the picture
LEAST_PX = 64  # a side shorter than this holds no block that can be turned
MIN_TURN = np.radians(4.0)  # less between neighbours is no turn of the flow
RIDGE_PX, VALLEY_PX = (3.0, 10.0), (2.0, 10.0)  # mean widths that ridges and valleys of a finger can have

LIMITS = {
    "FDA": (0.268, 0.304, 0.33, 0.355, 0.38, 0.407, 0.44, 0.50, 1.0),
    "LCS": (0.0, 0.70, 0.74, 0.77, 0.79, 0.81, 0.83, 0.85, 0.87),
    "OCL": (0.337, 0.479, 0.579, 0.655, 0.716, 0.766, 0.81, 0.852, 0.898),
    "OF": (1.715e-2, 3.5e-2, 5.57e-2, 8.1e-2, 1.15e-1, 1.718e-1, 2.569e-1, 4.758e-1, 7.48e-1),
    "RVUP": (0.5, 0.667, 0.8, 1.0, 1.25, 1.5, 2.0, 24.0, 30.0),
}
"""The upper ends of nine of the ten bins that each local measure is counted in."""

NAMES: tuple[str, ...] = (
    "UniformImage",
    "SufficientFingerprintForeground",
    *(f"{name}_Bin10_{bin}" for name in LIMITS for bin in (*range(10), "Mean", "StdDev")),
    "ImgProcROIArea_Mean",
    "MMB",
    "Mu",
    "OrientationMap_ROIFilter_CoherenceRel",
    "OrientationMap_ROIFilter_CoherenceSum",
)
"""In the order of `Measures.values`; NFIQ 2's own names."""


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """`values`: one float64 for each of NAMES. `region`: where the finger is, in the grey that was measured."""

    values: Values
    region: Mask
    top_left: tuple[int, int]  # row and column of the region's first pixel in the picture handed in


def measured(grey: Pixels) -> Measures:
    """All measures of a grey picture at 500 ppi (height x width, uint8, 0 = ridge); no finger gives zeros."""
    top, left, cut = without_margin(grey)
    if min(cut.shape) < LEAST_PX or _deviation(cut) == 0:
        return Measures(np.zeros(len(NAMES)), np.zeros(cut.shape, bool), (top, left))
    region = finger_region(cut)
    blocks, whole = _Blocks.of(cut), _tensor(cut, BLOCK)
    local = {
        "FDA": blocks.rhythm(),
        "LCS": blocks.clarity(),
        "OCL": _certainty(*whole),
        "OF": blocks.flow(),
        "RVUP": blocks.uniformity(),
    }
    coherence = _coherence(cut, region, whole)
    means, _ = _pieces(cut, BLOCK)
    values = [
        _deviation(cut),
        float(region.sum()),
        *(value for name, limits in LIMITS.items() for value in _histogram(local[name], limits)),
        float(cv2.mean(cut, region.astype(np.uint8))[0]) if region.any() else 255.0,
        float(means.mean()),
        float(cv2.mean(cut)[0]),
        float(coherence.mean()) if coherence.size else 0.0,
        float(coherence.sum()),
    ]
    return Measures(np.array(values), region, (top, left))


def without_margin(grey: Pixels) -> tuple[int, int, Pixels]:
    """The picture without near-white rows and columns at its edges, and where it began."""
    if not grey.size:
        return 0, 0, grey
    lines = (cv2.reduce(grey, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for axis in (1, 0))
    rows, columns = (
        np.flatnonzero(line / count <= NEAR_WHITE) for line, count in zip(lines, grey.shape[::-1], strict=True)
    )
    if not rows.size or not columns.size:
        return 0, 0, grey
    top, left = int(rows[0]), int(columns[0])
    return top, left, grey[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]


def finger_region(grey: Pixels) -> Mask:
    """Where the finger lies: dark once blurred, without holes, the largest piece alone."""
    ridges = np.asarray(cv2.erode(grey, np.ones((5, 5), np.uint8)), np.uint8)
    rough = _halved(_blurred(ridges, 41))
    smooth = _halved(_blurred(rough, 91))
    framed = cv2.copyMakeBorder(smooth, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    _, outside = cv2.connectedComponents(framed, connectivity=4)
    solid = (outside != outside[0, 0])[1:-1, 1:-1].astype(np.uint8)
    count, _ = cv2.connectedComponents(solid, connectivity=4)
    return solid.astype(bool) if count <= 2 else _largest(solid)  # one piece, or none: nothing to compare


def _largest(solid: Pixels) -> Mask:
    """Of several pieces the one with the largest box around it; to measure them all takes four times as long."""
    _, pieces, boxes, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    areas = boxes[1:, cv2.CC_STAT_WIDTH] * boxes[1:, cv2.CC_STAT_HEIGHT]
    return np.asarray(pieces == 1 + int(areas.argmax()), bool)


def _blurred(grey: Pixels, width: int) -> Pixels:
    soft = cv2.GaussianBlur(grey.astype(np.float32), (width, width), 0)  # in whole numbers it takes ten times as long
    return np.rint(soft).astype(np.uint8)


def _halved(grey: Pixels) -> Pixels:
    return np.asarray(cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[1], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """The blocks of 32 px that a turned window fits around: which show ridges, and the direction across those.

    `seen`, `normals`: rows x columns. `corner` (n x 2) and `normal` (n): of those seen alone.
    """

    framed: Pixels  # the grey with EDGE px of nothing around it
    seen: Mask
    normals: Values
    corner: NDArray[np.intp]
    normal: Values

    @staticmethod
    def of(grey: Pixels) -> _Blocks:
        margin = (REACH - BLOCK) // 2
        rows, columns = ((side - 2 * margin) // BLOCK for side in grey.shape)
        seen = _four_agree(_ridged(grey, BLOCK))[:rows, :columns]
        inner = grey[margin : margin + rows * BLOCK, margin : margin + columns * BLOCK]
        normals = _normals(*_tensor(inner, BLOCK))
        return _Blocks(np.pad(grey, EDGE), seen, normals, np.argwhere(seen) * BLOCK, normals[seen])

    def flow(self) -> Values:
        """Orientation flow: by how much ridges turn from block to block, where they turn."""
        rows, columns = self.seen.shape
        normal, seen = np.pad(self.normals, 1), np.pad(self.seen, 1)
        near = [(slice(down, down + rows), slice(right, right + columns)) for down in range(3) for right in range(3)]
        turn = np.sum([np.abs(self.normals - normal[place]) for place in near], axis=0) / 8
        turns = turn[np.logical_and.reduce([seen[place] for place in near]) & (turn > MIN_TURN)]
        return np.asarray((turns - MIN_TURN) / (np.pi / 2 - MIN_TURN))

    def rhythm(self) -> Values:
        """Frequency domain analysis: how much of the profile's spectrum is in its strongest line."""
        profile = self._window(self.normal + np.pi / 2, LONG, SHORT, padded=EDGE).mean(axis=2)
        line = np.abs(np.fft.fft(profile, axis=1))[:, 1:]
        at = line[:, : LONG // 2].argmax(axis=1)
        each = np.arange(len(line))
        beside = line[each, at - 1] + line[each, at + 1]
        total = line[:, : (LONG - 1) // 2].sum(axis=1)
        share = np.divide(line[each, at] + 0.3 * beside, total, out=np.ones_like(total), where=total > 0)
        return np.where(at == 0, 1.0, share)

    def clarity(self) -> Values:
        """Local clarity: how few pixels of ridges are light, and of valleys dark."""
        window = self._window(self.normal, SHORT, LONG, padded=0)
        line, is_ridge = _trend(window.mean(axis=1))
        wrong = np.where(is_ridge, (window >= line[:, None]).sum(axis=1), (window < line[:, None]).sum(axis=1))
        ridges, valleys = is_ridge.sum(axis=1), (~is_ridge).sum(axis=1)
        share = [
            (wrong * kind).sum(axis=1) / (SHORT * np.maximum(count, 1))
            for kind, count in ((is_ridge, ridges), (~is_ridge, valleys))
        ]
        return np.where(_widths_are_human(is_ridge), 1 - (share[0] + share[1]) / 2, 0.0)

    def uniformity(self) -> Values:
        """Ridge valley uniformity: ratios of neighbouring ridges and valleys, of all blocks together."""
        _, is_ridge = _trend(self._window(self.normal, SHORT, LONG, padded=EDGE).mean(axis=1))
        block, at = np.nonzero(is_ridge[:, :-2] != is_ridge[:, 1:-1])
        count = np.bincount(block, minlength=len(is_ridge))
        first = np.cumsum(count) - count
        order = np.arange(len(block)) - first[block]
        width = np.diff(at, append=0).astype(np.float64)
        own = np.flatnonzero((order >= 1) & (order <= count[block] - 3))
        begins = is_ridge[block[own], at[first[block[own]]] + 1]
        ratio = width[own + 1] / width[own]
        turned = (count[block[own]] - 3 - order[own]) % 2 == begins
        return np.where(turned, 1 / ratio, ratio)

    def _window(self, angle: Values, height: int, width: int, padded: int) -> Values:
        """The nearest pixels of a height x width window turned by `angle` about its block's middle.

        Where the reference pads its block before turning, the window comes to lie that much beside the middle.
        """
        middle = REACH // 2 + padded
        half, wide = height // 2, width // 2
        y, x = np.ogrid[REACH // 2 - half : REACH // 2 + half, REACH // 2 - wide : REACH // 2 + wide]
        cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
        column = _fixed(x * cos, (middle - cos * middle + sin * middle) - y * sin) - padded
        row = _fixed(x * sin, (middle - sin * middle - cos * middle) + y * cos) - padded
        inside = (np.minimum(row, column) >= -padded) & (np.maximum(row, column) < REACH + padded)
        row += self.corner[:, 0, None, None].astype(np.int32) + EDGE
        column += self.corner[:, 1, None, None].astype(np.int32) + EDGE
        found = self.framed.ravel().take(row * self.framed.shape[1] + column, mode="clip")
        return np.asarray(found * inside, np.float64)


def _fixed(one: Values, other: Values) -> NDArray[np.int32]:
    """The sum, rounded as an affine warp to the nearest pixel rounds: in 1/1024 px, halves up."""
    return (np.rint(one * 1024).astype(np.int32) + np.rint(other * 1024).astype(np.int32) + 512) >> 10


def _trend(profile: Values) -> tuple[Values, Mask]:
    """The straight line through each profile (n x LONG), and where it is darker than that: its ridges."""
    at = np.arange(LONG) - (LONG - 1) / 2
    level = profile.mean(axis=1, keepdims=True)
    slope = (profile @ at)[:, None] / (at @ at)
    line = np.round(level + slope * at, 9)
    return line, profile < line


def _widths_are_human(is_ridge: Mask) -> Mask:
    """Whether the mean widths of ridges and of valleys (n x LONG) are those of fingers; the last run is not counted."""
    ends = is_ridge[:, :-1] != is_ridge[:, 1:]
    at = np.where(ends, np.arange(LONG - 1), 0)
    width = at - np.pad(np.maximum.accumulate(at, axis=1), ((0, 0), (1, 0)))[:, :-1]
    good = np.ones(len(is_ridge), bool)
    for kind, (least, most) in ((is_ridge[:, :-1], RIDGE_PX), (~is_ridge[:, :-1], VALLEY_PX)):
        count = (ends & kind).sum(axis=1)
        mean = (width / 20 * (ends & kind)).sum(axis=1) / np.maximum(count, 1)
        good &= (count > 0) & (mean >= least / 20) & (mean <= most / 20)
    return good


def _ridged(grey: Pixels, size: int) -> Mask:
    """Which blocks, the cut ones at the far edges too, deviate enough to show ridges."""
    mean, square = _pieces(grey, size)
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)) > FLAT * _deviation(grey), bool)


def _four_agree(cells: Mask) -> Mask:
    """Of each cell and those right, below and diagonally below: whether all hold."""
    return np.asarray(cells[:-1, :-1] & cells[1:, :-1] & cells[:-1, 1:] & cells[1:, 1:], bool)


def _tiles(grey: Pixels | Mask, height: int, width: int = 0) -> NDArray[Any]:
    """The whole blocks of a picture: rows x columns x height x width."""
    width = width or height
    rows, columns = grey.shape[0] // height, grey.shape[1] // width
    cut = grey[: rows * height, : columns * width]
    return cut.reshape(rows, height, columns, width).swapaxes(1, 2)


def _pieces(grey: Pixels, size: int) -> tuple[Values, Values]:
    """Of every block, the cut ones at the far edges too: the mean of the grey and of its square."""
    edges = [np.append(np.arange(0, side, size), side) for side in grey.shape]
    sums, squares = (total[np.ix_(*edges)].astype(np.float64) for total in cv2.integral2(grey))
    count = np.outer(*(np.diff(edge) for edge in edges))
    mean, square = (np.diff(np.diff(corners, axis=0), axis=1) / count for corners in (sums, squares))
    return mean, square


def _deviation(grey: Pixels) -> float:
    return float(cv2.meanStdDev(grey)[1][0, 0])


def _tensor(grey: Pixels, height: int, width: int = 0) -> tuple[Values, Values, Values]:
    """Sums of slope products over each whole tile, across, down and mixed; slopes are one-sided at the tile's edges."""
    width = width or height
    rows, columns = grey.shape[0] // height, grey.shape[1] // width
    levels = grey[: rows * height, : columns * width].astype(np.int32)
    across, down = _doubled_slope(levels.T, width).T, _doubled_slope(levels, height)
    tiles = rows, height, columns, width
    return _sums(across * across, tiles), _sums(down * down, tiles), _sums(across * down, tiles)


def _doubled_slope(levels: NDArray[np.int32], tile: int) -> NDArray[np.int32]:
    """From row to row the difference of the neighbours before and behind; at a tile's ends twice that of the two."""
    slope = np.zeros_like(levels)
    if tile > 1:
        np.subtract(levels[2:], levels[:-2], out=slope[1:-1])
        first, last = slope[::tile], slope[tile - 1 :: tile]
        np.subtract(levels[1::tile], levels[::tile], out=first)
        np.subtract(levels[tile - 1 :: tile], levels[tile - 2 :: tile], out=last)
        first *= 2
        last *= 2
    return slope


def _sums(products: NDArray[np.int32], tiles: tuple[int, int, int, int]) -> Values:
    """Over each tile, of products of doubled slopes: whole numbers, of which those of 32 x 32 px fit into 32 bits."""
    rows, height, columns, width = tiles
    across = products.reshape(rows, height, columns * width).sum(axis=1, dtype=np.int32)
    return np.asarray(across.reshape(rows, columns, width).sum(axis=2, dtype=np.int32) / 4.0)


def _normals(xx: Values, yy: Values, xy: Values) -> Values:
    """The direction across the ridges of each tile, radians, as the reference computes it.

    It takes the mixed product once where the axis of the tensor has it twice; the order of NFIQ 2 rests on that.
    """
    return np.arctan2(xy, xx - yy) / 2


def _certainty(xx: Values, yy: Values, xy: Values) -> Values:
    """Orientation certainty: how much less the grey changes along the ridges than across, of each tile."""
    spread = np.hypot(xx - yy, 2 * xy)
    most = xx + yy + spread
    seen = most > 0
    return 1 - (xx + yy - spread)[seen] / most[seen]


def _parallel(xx: Values, yy: Values, xy: Values) -> Values:
    """Coherence: how parallel the slopes of each tile are, 0..1."""
    total = xx + yy
    return np.divide(np.hypot(xx - yy, 2 * xy), total, out=np.zeros_like(total), where=total > 0)


def _coherence(grey: Pixels, region: Mask, whole: tuple[Values, Values, Values]) -> Values:
    """Of each block that the finger touches; `whole`: the tensor of the whole ones. Cut ones at the far edges count."""
    rows, columns = (side // BLOCK * BLOCK for side in grey.shape)
    touched = _tiles(region, BLOCK).any(axis=(2, 3))
    found = [_parallel(*whole)[touched]]
    for down, right in ((slice(0, rows), slice(columns, None)), (slice(rows, None), slice(0, columns)),
                        (slice(rows, None), slice(columns, None))):  # fmt: skip
        part = grey[down, right]
        if part.size:
            size = min(BLOCK, part.shape[0]), min(BLOCK, part.shape[1])
            found.append(_parallel(*_tensor(part, *size))[_tiles(region[down, right], *size).any(axis=(2, 3))])
    return np.concatenate(found)


def _histogram(values: Values, limits: tuple[float, ...]) -> list[float]:
    """Ten counts, the mean and the standard deviation."""
    bins = np.bincount(np.searchsorted(limits, values, side="right"), minlength=10)
    spread = (float(values.mean()), float(values.std())) if values.size else (0.0, 0.0)
    return [*(float(count) for count in bins), *spread]
