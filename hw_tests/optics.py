"""Numbers of a camera from its frames: sharpness by the rise of edges, exposure, noise, pixels that stick.

Frames are height x width x 3 uint8 BGR; luma is float32, 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.api import Pixels

Luma = NDArray[np.float32]
MIN_STEP = 60.0  # an edge of the card is a step of at least so many levels
REACH = 16  # and done within so many pixels on either side, or it is none
HOT_STEP = 50.0  # a pixel that stands out so far in the dark sticks
DEAD_SHARE = 0.6  # a pixel that stays below this share of its surroundings on white paper sticks


def luma(pixels: Pixels) -> Luma:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.float32)


def edge_widths(picture: Luma) -> NDArray[np.float32]:
    """Of each upright edge and each level edge found: its step divided by its steepest slope, in pixels.

    A perfect edge is 1; an edge blurred by a Gaussian of sigma s is s times the root of 2 pi. Contrast does not matter.
    """
    return np.concatenate([_rises(picture), _rises(picture.T)])


def _rises(picture: Luma) -> NDArray[np.float32]:
    slope = np.abs(np.diff(picture, axis=1))
    rows, columns = np.nonzero(slope[:, REACH : -REACH - 1] > MIN_STEP / REACH)
    around = (columns + REACH)[:, None] + np.arange(-REACH, REACH + 2)[None, :]
    values = picture[rows[:, None], around]
    slopes = np.abs(np.diff(values, axis=1))
    step = np.abs(values[:, -1] - values[:, 0])
    full = values.max(axis=1) - values.min(axis=1)
    # one edge alone, steepest in the middle, from one flat field to another
    good = (slopes.argmax(axis=1) == REACH) & (step >= MIN_STEP) & (full <= 1.25 * step)
    return np.asarray(full[good] / slopes[good, REACH], np.float32)


def shares(picture: Luma) -> tuple[float, float]:
    """Per cent of pixels that are black (below 8) and burnt out (250 and more)."""
    return 100 * float((picture < 8).mean()), 100 * float((picture >= 250).mean())


def noise(pictures: Sequence[Luma]) -> float:
    """Median over all pixels of the deviation in time, in levels; a scene that moves in parts does not matter."""
    return float(np.median(np.std(np.stack(pictures), axis=0)))


def hot(pictures: Sequence[Luma]) -> NDArray[np.bool_]:
    """With the lens covered: pixels that shine in the median of the pictures."""
    still = np.median(np.stack(pictures), axis=0).astype(np.float32)
    return np.asarray(still - cv2.medianBlur(still, 5) > HOT_STEP)


def dead(pictures: Sequence[Luma]) -> NDArray[np.bool_]:
    """On white paper: pixels that stay dark in the median of the pictures."""
    still = np.median(np.stack(pictures), axis=0).astype(np.float32)
    return np.asarray(still < DEAD_SHARE * cv2.medianBlur(still, 5))


def spots(mask: NDArray[np.bool_]) -> int:
    """How many spots the marked pixels make: JPEG smears one pixel over its neighbours."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return int(cv2.connectedComponents(near)[0]) - 1


def map_png(mask: NDArray[np.bool_]) -> bytes:
    """The marked pixels in white on black, each as a dot that can be seen."""
    seen: Any = cv2.dilate(mask.astype(np.uint8) * 255, np.ones((5, 5), np.uint8))
    return bytes(cv2.imencode(".png", seen)[1].tobytes())
