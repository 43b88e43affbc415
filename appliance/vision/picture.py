"""What the face path does with pixels: pictures shrunk, laid straight, made grey, blurred; whole numbers in numpy.

No OpenCV, whose code alone is a fifth of what the face path may hold in memory. Where it has the same operation the
outcome is its own or within the rounding that each function names (tests/vision/test_picture.py holds one against the
other). Pictures are height x width x 3, uint8, BGR, as they come from a camera.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.vision.model import Floats, Pixels

Values = NDArray[np.float64]
Words = NDArray[np.uint32]
Whole = NDArray[np.int64]
Place = tuple[int, int]

FINE_BITS = 16  # of a place, behind the point, while places are added up
PART_BITS = 4  # and when the four pixels around it are weighed: two such shares and a byte fill 16 bits
PARTS = 1 << PART_BITS
FAR = 2.0**14  # px; a map that leads further leads nowhere
LAYERS = 10  # of numbers, each as large as a band
BAND = 96  # rows laid at a time: what they need stays in the processor's cache
EVEN = np.uint32(0x00FF00FF)
ODD = np.uint32(0xFF00FF00)
HALF = np.uint32(0x00800080)
GREY = (3735, 19235, 9798)  # of blue, green and red in 32768: 0.114, 0.587 and 0.299 (ITU-R BT.601)

if sys.byteorder != "little":
    raise ImportError("pixels are taken four bytes at a time, the first byte lowest")


def rgb_means(pixels: Pixels, times: int) -> Floats:
    """Means over blocks of `times` x `times` pixels, RGB, 0..255; what is left over at both ends is cut off."""
    height, width = (n // times for n in pixels.shape[:2])
    top, left = ((n % times) // 2 for n in pixels.shape[:2])
    part = pixels[top : top + height * times, left : left + width * times]
    # down first, where the bytes of a row lie one after the other; then all colours across at once
    rows = part.reshape(height, times, width * times * 3)
    sums = np.add.reduce(rows, axis=1, dtype=np.uint16 if times * 255 < 1 << 16 else np.uint32)
    means: Floats = sums.astype(np.float32).reshape(-1, times * 3) @ _across(times)
    return means.reshape(height, width, 3)


@cache
def _across(times: int) -> Floats:
    """What makes RGB means of sums of `times` BGR pixels, side by side."""
    return np.tile(np.eye(3, dtype=np.float32)[::-1], (times, 1)) / np.float32(times * times)


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
    from_cut = inverse(to_cut)
    corners = from_cut @ [[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]]
    cut = np.zeros((height, width), np.uint32)
    if (np.abs(corners) < FAR).all():
        spans = [_span(ends, length) for ends, length in zip(corners, pixels.shape[1::-1], strict=True)]
        words = _words(pixels, *spans)
        from_cut[:, 2] -= [span.first for span in spans]
        room = np.empty((LAYERS, min(BAND, height), width), np.uint32)
        for first in range(0, height, BAND):
            band = cut[first : first + BAND]
            layers = room[:, : len(band)]
            _place(layers[:2].view(np.int32), from_cut, first)
            for places, span in zip(layers[:2].view(np.int32), spans, strict=True):
                if span.is_cut:
                    np.clip(places, 0, (span.behind - span.first - 2) << PART_BITS, out=places)
            _sample(words, layers, out=band)
    return cut.view(np.uint8).reshape(height, width, 4)[:, :, :3]


@dataclass(frozen=True, slots=True)
class _Span:
    """The pixels of one side that a cut may need, one beside the frame for all that lie there."""

    first: int
    behind: int  # the last: the pixel after a place is read too, also where it has no weight
    is_cut: bool  # the cut reaches further than that


def _span(ends: Values, length: int) -> _Span:
    """Between these places, of a side of so many pixels."""
    first, last = math.floor(ends.min()), math.floor(ends.max())
    is_cut = first < -1 or last + 3 > length
    return _Span(min(max(first, -1), length), min(max(last, -1), length) + 3, is_cut)


def _words(pixels: Pixels, across: _Span, down: _Span) -> Words:
    """This part of the frame, four bytes a pixel, black where there is no frame.

    The fourth byte is the next pixel's first: all four are read at once, and it is never looked at.
    """
    height, width = pixels.shape[:2]
    left, right = max(across.first, 0), min(across.behind, width)
    top, below = max(down.first, 0), min(down.behind, height)
    if left >= right or top >= below:
        return np.zeros((down.behind - down.first, across.behind - across.first), np.uint32)
    whole = np.ascontiguousarray(pixels if below < height else np.concatenate([pixels, pixels[-1:]]))
    part = np.ndarray((below - top, right - left), np.uint32, whole, (top * width + left) * 3, (width * 3, 3))
    beside = ((top - down.first, down.behind - below), (left - across.first, across.behind - right))
    return np.pad(part, beside) if any(map(any, beside)) else part.copy()


def _place(places: NDArray[np.int32], from_cut: Values, first: int) -> None:
    """x and y (2 x rows x columns) of the pixels of these rows, from `first` on, in 16ths of a pixel."""
    _, rows, columns = places.shape
    fine = from_cut * (1 << FINE_BITS)
    along = fine[:, :1] * np.arange(columns) + (fine[:, 2:] + (1 << (FINE_BITS - PART_BITS - 1)))  # to the nearest
    down = fine[:, 1:2] * np.arange(first, first + rows)
    np.add(along.astype(np.int32)[:, None], down.astype(np.int32)[:, :, None], out=places)
    places >>= FINE_BITS - PART_BITS


def _sample(words: Words, layers: Words, out: Words) -> None:
    """The colours at the places that lie in the first two layers; the others are worked on."""
    wide = words.shape[1]
    x, y, at, one = layers[:4].view(np.int32)
    np.right_shift(y, PART_BITS, out=at)
    at *= wide
    at += np.right_shift(x, PART_BITS, out=one)
    where = at.astype(np.intp)
    shares, lanes = layers[:2], layers[2:10].reshape(2, 4, *x.shape)  # lanes of blue and red, lanes of green
    shares &= np.uint32(PARTS - 1)
    for word, step in zip(lanes[0], (0, 1, wide, wide + 1), strict=True):
        words.ravel()[step:].take(where, out=word, mode="clip")  # none lies outside; a check would cost a copy
    np.right_shift(lanes[0], np.uint32(8), out=lanes[1])
    lanes &= EVEN
    _weigh(lanes[:, 0::2], lanes[:, 1::2], shares[0])
    _weigh(lanes[:, 0], lanes[:, 2], shares[1])
    blue_red, green = lanes[:, 0]
    blue_red += HALF
    green += HALF
    np.right_shift(blue_red, np.uint32(8), out=out)
    out &= EVEN
    green &= ODD
    out |= green


def _weigh(one: Words, other: Words, share: Words) -> None:
    """16ths of both, put into `one`: `share` of the other. Lanes of 16 bits hold a byte weighed twice."""
    one *= np.uint32(PARTS) - share
    other *= share
    one += other


def grey(pixels: Pixels) -> Pixels:
    """Brightness of a BGR picture, as OpenCV rounds it."""
    total = np.multiply(pixels[:, :, 0], np.uint32(GREY[0]), dtype=np.uint32)
    for colour in (1, 2):
        total += np.multiply(pixels[:, :, colour], np.uint32(GREY[colour]), dtype=np.uint32)
    total += np.uint32(1 << 14)
    return (total >> np.uint32(15)).astype(np.uint8)


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
    """A Gaussian over a grey picture, mirrored at its edges, as OpenCV's, to the bit."""
    half = _bell(sigma)
    padded = np.pad(grey, len(half) - 1, mode="reflect").astype(np.uint16)
    along = _folded(padded.T, half).T  # a byte times 256ths fills 16 bits
    both = _folded(along.astype(np.uint32), half)
    both += np.uint32(1 << 15)
    both >>= np.uint32(16)
    return both.astype(np.uint8)


def _folded(padded: NDArray[Any], half: tuple[int, ...]) -> NDArray[Any]:
    """Down the first axis: rows equally far from a middle one weighed together."""
    reach = len(half) - 1
    length = len(padded) - 2 * reach
    total: NDArray[Any] = padded[reach : reach + length] * padded.dtype.type(half[-1])
    pair = np.empty_like(total)
    for above, weight in enumerate(half[:-1]):
        below = 2 * reach - above
        np.add(padded[above : above + length], padded[below : below + length], out=pair)
        pair *= padded.dtype.type(weight)
        total += pair
    return total


def steepness(grey: Pixels) -> Floats:
    """How much the levels rise from pixel to pixel, whichever way: the length of Sobel's gradient, 3 x 3."""
    padded = np.pad(grey, 1, mode="reflect").astype(np.int16)
    down = padded[:-2] + padded[2:]
    down += padded[1:-1]
    down += padded[1:-1]
    across = padded[:, :-2] + padded[:, 2:]
    across += padded[:, 1:-1]
    across += padded[:, 1:-1]
    right = np.subtract(down[:, 2:], down[:, :-2]).astype(np.float32)
    below = np.subtract(across[2:], across[:-2]).astype(np.float32)
    right *= right
    below *= below
    right += below
    length: Floats = np.sqrt(right, out=right)
    return length


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
