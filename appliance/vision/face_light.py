"""What the light does to a face: luminance, colour and sharpness over the skin, measured on a levelled cut-out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import OVAL
from appliance.vision.model import Floats, Pixels
from appliance.vision.picture import blurred, filled, grey, histogram, inverse, laid_words, steepness

SIDE = 256  # px of the cut-out
EYES_APART = 90.0  # px between the eyes' centres in it
EYES_DOWN = 100.0  # px from its top to the eyes
DARK, BRIGHT = 25, 247  # luminance 0..255: at most, at least
EDGE = 2.0  # px; an outline that keeps so far from the frame's edge lies wholly in the frame
REACH = 12  # px; the wider blur looks 7 px around, the gradient one more
CHEEK = 0.3  # side of the two cheek squares, in eye distances

Values = NDArray[np.float64]

_S = np.arange(256) / 255
LINEAR = np.where(_S > 0.04045, ((_S + 0.055) / 1.055) ** 2.4, _S / 12.92).astype(np.float32)
"""sRGB byte to linear light, 0..1 (IEC 61966-2-1)."""

LUMA = np.array([0.0722, 0.7152, 0.2126], np.float32)  # of linear B, G, R (ITU-R BT.709)
_LUMINANCE = LUMA[:, None] * LINEAR * np.float32(255)
"""What a byte of each colour adds to the luminance."""

TO_XYZ = np.array([[0.43605, 0.38508, 0.14309], [0.22249, 0.71689, 0.06062], [0.01393, 0.09710, 0.71419]])
D50 = np.array([0.964221, 1.0, 0.825211])
"""Linear R, G, B to X, Y, Z under D50, and that light's white."""


@dataclass(frozen=True, slots=True)
class Light:
    """Native measures. Luminance is linear light, 0..1. Any of them may be NaN when no skin was in the frame."""

    mean: float
    variance: float
    dark_share: float  # of the skin, 0..1
    bright_share: float
    entropy_bits: float  # of the luminance histogram, 0..8
    cheek_overlap: float  # 0..1, 1 = both cheeks are lit alike
    colour_distance: float  # CIELAB units outside the range of skin
    sharpness: float  # 0..1, 1 = edges that vanish when blurred
    highlights: float  # 95th percentile of grey over the face, 0..255: eye white and shine, whatever the skin
    surround_ratio: float  # luminance around the head over that of the face; above 1 = light from behind


def measure(pixels: Pixels, mesh: FaceMesh, right_eye: Values, left_eye: Values, mouth: Values) -> Light:
    """All measures of one BGR frame, from the mesh and the centres of eyes and mouth (pixels of the frame)."""
    to_chip = _levelling(right_eye, left_eye)
    words = laid_words(pixels, to_chip, SIDE, SIDE)
    chip = words.view(np.uint8).reshape(SIDE, SIDE, 4)[:, :, :3]
    skin = _skin(pixels, mesh, to_chip)
    on_skin = np.bincount(luminance(words[skin].view(np.uint8).reshape(-1, 4)), minlength=256)
    if on_skin.sum() < SIDE:  # a sliver of a face says nothing about its light
        return Light(*[math.nan] * 10)
    counts = on_skin / on_skin.sum()
    levels = np.arange(256) / 255
    mean = float(counts @ levels)
    cheeks = _cheeks(chip, right_eye, left_eye, mouth, to_chip)
    levels_of_grey = grey(words)
    return Light(
        mean=mean,
        variance=float(counts @ (levels - mean) ** 2),
        dark_share=float(counts[: DARK + 1].sum()),
        bright_share=float(counts[BRIGHT:].sum()),
        entropy_bits=float(-(counts[counts > 0] * np.log2(counts[counts > 0])).sum()),
        cheek_overlap=_overlap(*(luminance(cheek) for cheek in cheeks)),
        colour_distance=_colour_distance(cheeks),
        sharpness=_sharpness(levels_of_grey, skin),
        highlights=percentile(histogram(levels_of_grey, skin), 95),
        surround_ratio=_surround_ratio(pixels, mesh, mean),
    )


def luminance(pixels: Pixels) -> Pixels:
    """Linear luminance of a BGR picture as bytes, 255 = white."""
    total: Floats = _LUMINANCE[0].take(pixels[..., 0])
    for colour in (1, 2):
        total += _LUMINANCE[colour].take(pixels[..., colour])
    total += np.float32(0.5)
    return total.astype(np.uint8)


def _levelling(right_eye: Values, left_eye: Values) -> NDArray[np.float64]:
    dx, dy = left_eye - right_eye
    apart = max(math.hypot(dx, dy), 1.0)
    scale = EYES_APART / apart
    turn = scale / apart * np.array([[dx, dy], [-dy, dx]])
    shift = np.array([SIDE / 2, EYES_DOWN]) - turn @ ((right_eye + left_eye) / 2)
    return np.concatenate([turn, shift[:, None]], axis=1)


def _skin(pixels: Pixels, mesh: FaceMesh, to_chip: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the cut-out holds face: inside the outline, and of the frame rather than of the border put around it."""
    height, width = pixels.shape[:2]
    outline = mesh.points[list(OVAL), :2]
    skin = filled(outline @ to_chip[:, :2].T + to_chip[:, 2], SIDE)
    if (outline > EDGE).all() and (outline < (width - EDGE, height - EDGE)).all():
        return skin
    places = np.arange(SIDE)
    for (right, down, start), length in zip(inverse(to_chip), (width, height), strict=True):
        place = right * places + down * places[:, None] + start
        skin &= (place >= 0) & (place <= length - 1)
    return skin


def percentile(counts: NDArray[np.int64], share: float) -> float:
    """The `share` (0..100) percentile of values told by how often each occurs, between neighbours as numpy does."""
    place = (int(counts.sum()) - 1) * share / 100
    before = math.floor(place)
    upto = np.cumsum(counts)
    low, high = (int(np.searchsorted(upto, at, side="right")) for at in (before, min(before + 1, int(upto[-1]) - 1)))
    return low + (high - low) * (place - before)


def _cheeks(
    chip: Pixels, right_eye: Values, left_eye: Values, mouth: Values, to_chip: NDArray[np.float64]
) -> tuple[Pixels, Pixels]:
    """Two squares beside the nose, half-way between eyes and mouth: the traveller's right, then left."""
    right, left, lips = (to_chip[:, :2] @ point + to_chip[:, 2] for point in (right_eye, left_eye, mouth))
    side = int(EYES_APART * CHEEK)
    top = int(EYES_DOWN + np.linalg.norm(lips - (right + left) / 2) / 2)
    rows = slice(top, top + side)
    return chip[rows, int(right[0]) - side : int(right[0])], chip[rows, int(left[0]) : int(left[0]) + side]


def _overlap(one: Pixels, other: Pixels) -> float:
    a, b = (np.bincount(square.ravel(), minlength=256) / max(square.size, 1) for square in (one, other))
    return float(np.minimum(a, b).sum())


def _colour_distance(cheeks: tuple[Pixels, Pixels]) -> float:
    blue, green, red = np.concatenate([cheek.reshape(-1, 3) for cheek in cheeks]).mean(axis=0)
    linear = np.interp([red, green, blue], np.arange(256), LINEAR)
    x, y, z = (_lab_step(value) for value in TO_XYZ @ linear / D50)
    a, b = 500 * (x - y), 200 * (y - z)
    if a < 0 or b < 0:
        return 100.0
    return math.hypot(max(5 - a, a - 25, 0.0), max(5 - b, b - 35, 0.0))


def _lab_step(share: float) -> float:
    return math.cbrt(share) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116


def _sharpness(grey: Pixels, skin: NDArray[np.bool_]) -> float:
    """The share of the gradient that one more blur takes away: much from a sharp picture, little from a soft one."""
    rows, columns = (_span(np.asarray(skin.any(axis=axis))) for axis in (1, 0))
    grey, skin = grey[rows, columns], skin[rows, columns]
    on_skin = skin.astype(np.float32)
    before, after = (float(np.vdot(steepness(blurred(grey, sigma)), on_skin)) for sigma in (0.7, 2.1))
    return max(0.0, 1 - after / before) if before > 0 else 0.0


def _span(has_skin: NDArray[np.bool_]) -> slice:
    """Where there is skin, and as far around as the blur and the gradient reach."""
    places = np.flatnonzero(has_skin)
    return slice(max(0, int(places[0]) - REACH), int(places[-1]) + 1 + REACH)


def _surround_ratio(pixels: Pixels, mesh: FaceMesh, face: float) -> float:
    """Mean luminance of the frame's part above the chin and outside the head, over the face's; NaN if there is none."""
    step = max(1, min(pixels.shape[:2]) // 96)
    low, high = (f(mesh.points[list(OVAL), :2], axis=0) / step for f in (np.min, np.max))
    width = high[0] - low[0]
    small = luminance(pixels[::step, ::step][: int(max(high[1], 0))])
    around = np.ones(small.shape, np.bool_)
    left, right = int(max(low[0] - width / 4, 0)), int(max(high[0] + width / 4, 0))
    around[int(max(low[1] - width / 2, 0)) :, left:right] = False  # hair and hat belong to the head
    return float(small[around].mean()) / 255 / max(face, 1 / 255) if around.any() else math.nan
