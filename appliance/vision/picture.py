"""What the face path does with pixels: pictures shrunk, laid straight, made grey, blurred; in numpy, and in C.

No OpenCV, whose code alone is a fifth of what the face path may hold in memory. Where it has the same operation the
outcome is its own or within the rounding that each function names (tests/vision/test_picture.py holds one against the
other). Pictures are height x width x 3, uint8, BGR, as they come from a camera. Where no compiler has built picture.c
(scripts/kernel.py) OpenCV does its work.
"""

from __future__ import annotations

import ctypes
import math
import platform
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.vision.model import Floats, Pixels

Values = NDArray[np.float64]
Words = NDArray[np.uint32]
Whole = NDArray[np.int64]
Place = tuple[int, int]

FAR = 2.0**14  # px; a map that leads further leads nowhere
BYTE = np.uint32(0xFF)
GREY = (3735, 19235, 9798)  # of blue, green and red in 32768: 0.114, 0.587 and 0.299 (ITU-R BT.601)

if sys.byteorder != "little":
    raise ImportError("a pixel's four bytes are one word, the first byte lowest")

BUILT = Path(__file__).with_name(f"picture-{platform.machine()}.so")
_IN = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
_CUT = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_ROOM = (ctypes.c_void_p, ctypes.c_void_p)


def _built() -> ctypes.CDLL | None:
    if not BUILT.exists():
        return None
    library = ctypes.CDLL(str(BUILT))
    library.lay_rgb.argtypes, library.lay_rgb.restype = (*_IN, *_CUT, ctypes.c_float), None
    library.lay_words.argtypes, library.lay_words.restype = (*_IN, *_CUT), None
    library.blur.argtypes, library.blur.restype = (*_IN, ctypes.c_int64, *_ROOM, ctypes.c_void_p), None
    library.steepness.argtypes, library.steepness.restype = (*_IN, ctypes.c_void_p), None
    return library


_C = _built()


def rgb_means(pixels: Pixels, times: int) -> Floats:
    """Means over blocks of `times` x `times` pixels, RGB, 0..255; what is left over at both ends is cut off."""
    height, width = pixels.shape[:2]
    means = np.empty((height // times, width // times, 3), np.float32)
    put_rgb_means(pixels, times, 1.0, means)
    return means


def put_rgb_means(pixels: Pixels, times: int, scale: float, out: Floats) -> None:
    """As `rgb_means` times `scale`, into `out`, as high and as wide as there are blocks."""
    height, width = out.shape[:2]
    top, left = ((n % times) // 2 for n in pixels.shape[:2])
    part = pixels[top : top + height * times, left : left + width * times]
    # down first, where the bytes of a row lie one after the other; then all colours across at once
    rows = part.reshape(height, times, width * times * 3)
    sums = np.add.reduce(rows, axis=1, dtype=np.uint16 if times * 255 < 1 << 16 else np.uint32)
    np.matmul(sums.astype(np.float32).reshape(height, width, times * 3), _across(times, scale), out=out)


@cache
def _across(times: int, scale: float) -> Floats:
    """What makes RGB means of sums of `times` BGR pixels, side by side."""
    return np.tile(np.eye(3, dtype=np.float32)[::-1], (times, 1)) * np.float32(scale / (times * times))


def inverse(there: NDArray[np.floating]) -> Values:
    """The 2 x 3 map back; NaN when there is none."""
    (a, b, x), (c, d, y) = there.tolist()
    area = a * d - b * c
    if not (math.isfinite(area) and area):
        return np.full((2, 3), np.nan)
    a, b, c, d = d / area, -b / area, -c / area, a / area
    return np.array([[a, b, -a * x - b * y], [c, d, -c * x - d * y]])


def laid(pixels: Pixels, to_cut: NDArray[np.floating], width: int, height: int) -> Pixels:
    """A cut of `width` x `height`, into which the 2 x 3 map `to_cut` leads from the frame; black beside the frame.

    Between pixels it is bilinear, by 16ths of a pixel: off by a 32nd of what neighbours differ by at most, and by a
    fifth of a level in the mean. A map that has no inverse, or leads far from any frame, gives black.
    """
    return laid_words(pixels, to_cut, width, height).view(np.uint8).reshape(height, width, 4)[:, :, :3]


def laid_words(pixels: Pixels, to_cut: NDArray[np.floating], width: int, height: int) -> Words:
    """As `laid`, a word of four bytes a pixel: blue lowest, then green and red."""
    words = np.zeros((height, width), np.uint32)
    from_cut = inverse(to_cut)
    if not _leads_near(from_cut, width, height):
        return words
    if _C is None:
        words.view(np.uint8).reshape(height, width, 4)[:, :, :3] = _by_opencv(pixels, to_cut, width, height)
    else:
        _cut(_C.lay_words, pixels, from_cut, words)
    return words


def lay_rgb(pixels: Pixels, to_cut: NDArray[np.floating], scale: float, out: Floats) -> None:
    """Put into `out`, height x width x 3 in one piece, what `laid` makes, not rounded: red first, times `scale`."""
    height, width, colours = out.shape
    if colours != 3 or out.dtype != np.float32:
        raise ValueError(f"a cut is laid into height x width x 3 float32, not {out.shape} {out.dtype}")
    from_cut = inverse(to_cut)
    if not _leads_near(from_cut, width, height):
        out[...] = 0
    elif _C is None:
        np.multiply(_by_opencv(pixels, to_cut, width, height)[:, :, ::-1], np.float32(scale), out=out)
    else:
        _cut(_C.lay_rgb, pixels, from_cut, out, scale)


def _leads_near(from_cut: Values, width: int, height: int) -> bool:
    """Whether every corner of the cut comes from near the frame; NaN does not."""
    return all(
        abs(right * x + down * y + start) < FAR
        for right, down, start in from_cut.tolist()
        for x in (0, width)
        for y in (0, height)
    )


def _cut(lay: Callable[..., None], pixels: Pixels, from_cut: Values, out: NDArray[Any], *rest: float) -> None:
    """Let C fill `out`, which it takes to be as large as it says, as it takes the picture to be."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"a picture is height x width x 3 bytes, not {pixels.shape} {pixels.dtype}")
    if not out.flags.c_contiguous:
        raise ValueError("a cut is laid into memory in one piece")
    whole, lines = np.ascontiguousarray(pixels), np.ascontiguousarray(from_cut)
    height, width = pixels.shape[:2]
    lay(_at(whole), width, height, _at(lines), _at(out), out.shape[1], out.shape[0], *rest)


def _by_opencv(pixels: Pixels, to_cut: NDArray[np.floating], width: int, height: int) -> Pixels:
    import cv2  # noqa: PLC0415 - a fifth of the memory, and needed only where nothing was built

    return np.asarray(cv2.warpAffine(pixels, to_cut.astype(np.float64), (width, height)), np.uint8)


def grey(words: Words) -> Pixels:
    """Brightness of a picture of words (see `laid_words`), as OpenCV rounds it."""
    total = (words & BYTE) * np.uint32(GREY[0])
    for place, weight in ((8, GREY[1]), (16, GREY[2])):
        colour = words >> np.uint32(place)
        colour &= BYTE
        colour *= np.uint32(weight)
        total += colour
    total += np.uint32(1 << 14)
    total >>= np.uint32(15)
    return total.astype(np.uint8)


@cache
def _bell(sigma: float) -> tuple[int, ...]:
    """Half a Gaussian in 256ths, from its end to its middle; what rounding takes from one goes to the next."""
    reach = (round(sigma * 6 + 1) | 1) // 2
    plain = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    left, weights = 0.0, []
    for share in plain[:reach] / plain.sum() * 256:
        weights.append(round(share + left))
        left += share - weights[-1]
    return *weights, 256 - 2 * sum(weights)


def blurred(grey: Pixels, sigma: float) -> Pixels:
    """A Gaussian over a grey picture larger than it reaches, mirrored at its edges, as OpenCV's, to the bit."""
    if _C is None:
        return _gaussian_by_opencv(grey, sigma)
    bell = np.array(_bell(sigma), np.uint16)
    reach = len(bell) - 1
    whole, out = _grey_for_c(grey, reach), np.empty(grey.shape, np.uint8)
    height, width = grey.shape
    room, sums = np.empty(width + 2 * reach, np.uint16), np.empty(width, np.uint32)
    _C.blur(_at(whole), width, height, _at(bell), reach, _at(room), _at(sums), _at(out))
    return out


def steepness(grey: Pixels) -> Floats:
    """How much the levels rise from pixel to pixel, whichever way: the length of Sobel's gradient, 3 x 3."""
    if _C is None:
        return _gradient_by_opencv(grey)
    whole, out = _grey_for_c(grey, 1), np.empty(grey.shape, np.float32)
    height, width = grey.shape
    room = np.empty(2 * (width + 2), np.int16)
    _C.steepness(_at(whole), width, height, _at(room), _at(out))
    return out


def _grey_for_c(grey: Pixels, reach: int) -> Pixels:
    if grey.dtype != np.uint8 or grey.ndim != 2 or min(grey.shape) <= reach:
        raise ValueError(f"a grey picture is more than {reach} bytes high and wide, not {grey.shape} {grey.dtype}")
    return np.ascontiguousarray(grey)


def _at(array: NDArray[Any]) -> int:
    return array.ctypes.data


def _gaussian_by_opencv(grey: Pixels, sigma: float) -> Pixels:
    import cv2  # noqa: PLC0415 - as in _by_opencv

    return np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8)


def _gradient_by_opencv(grey: Pixels) -> Floats:
    import cv2  # noqa: PLC0415 - as in _by_opencv

    right, down = (cv2.Sobel(grey, cv2.CV_32F, x, 1 - x) for x in (1, 0))
    return np.asarray(cv2.magnitude(right, down), np.float32)


def histogram(levels: Pixels, where: NDArray[np.bool_]) -> Whole:
    """How often each level 0..255 occurs there."""
    return np.bincount(levels[where], minlength=256)


def filled(points: Values, side: int) -> NDArray[np.bool_]:
    """Which pixels of a square the convex hull of these points (n x 2, rounded to pixels) covers, its edge with it."""
    places = sorted({(y, x) for x, y in np.rint(points).astype(np.int64).tolist()})
    rows, columns = np.arange(side), np.arange(side, dtype=np.int32)
    first, last = (_reached(_edge(places, which), rows, which) for which in (1, -1))
    last[(rows < places[0][0]) | (rows > places[-1][0])] = -1
    covered = columns >= first[:, None]
    covered &= columns <= last[:, None]
    return covered


def _edge(places: list[Place], which: int) -> list[Place]:
    """The hull's left (1) or right (-1) corners from above to below, of sorted (y, x)."""
    corners: list[Place] = []
    for y, x in places:
        while len(corners) > 1:
            (one_y, one_x), (two_y, two_x) = corners[-2:]
            if which * ((two_y - one_y) * (x - one_x) - (two_x - one_x) * (y - one_y)) > 0:
                break
            corners.pop()
        corners.append((y, x))
    end, beside = (-1, -2) if which > 0 else (0, 1)
    if len(corners) > 1 and corners[end][0] == corners[beside][0]:  # of a level edge one end is on the other side
        corners.pop(end)
    return corners


def _reached(corners: list[Place], rows: Whole, which: int) -> NDArray[np.int32]:
    """The outermost pixel of each row that a line along this edge touches."""
    y, x = np.array(corners, np.float64).T
    above, here, below = which * np.interp(rows + np.array([[-0.5], [0.0], [0.5]]), y, x)
    outermost: Values = which * np.minimum(np.rint(here), np.ceil(np.minimum(above, below)))
    return outermost.astype(np.int32)
