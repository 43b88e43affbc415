"""The shape of a synthetic head: a lofted skull with sculpted features, on one grid, in centimetres.

Head coordinates: x to the picture's right when the head faces the camera, y down, z away from the camera;
the origin lies between the ears at eye level. `forward` below is -z. Grid rows run from the crown to under
the chin, columns once round the head from the back over the face (middle column) to the back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.head_identity import Build, Hair, Identity

Floats = NDArray[np.float32]

GRID = 512
_TOP_Y, _CHIN_Y, _END_Y = -4.0, 10.3, 11.9
_CROWN = 8.3  # the crown stands so far above _TOP_Y

EYE_Y = 0.0
MOUTH_Y = 6.95


@dataclass(frozen=True, slots=True)
class HeadGrid:
    """`x`, `y`: where a texel lies on the unsculpted front, in cm; `turn`: angle round the head, 0 = front.

    `points`: the sculpted surface (GRID, GRID, 3) in head coordinates. `hollow`: how deep a texel lies
    below its surroundings, in cm (negative on ridges); it darkens corners that light reaches badly.
    """

    x: Floats
    y: Floats
    turn: Floats
    points: Floats
    hollow: Floats


def smooth(knots: Sequence[tuple[float, float]], at: Floats) -> Floats:
    """A curve through (position, value) knots, cubic Hermite, flat outside."""
    xs = np.array([k[0] for k in knots], np.float32)
    ys = np.array([k[1] for k in knots], np.float32)
    slopes = np.gradient(ys, xs).astype(np.float32)
    i = np.clip(np.searchsorted(xs, at) - 1, 0, len(xs) - 2)
    width = xs[i + 1] - xs[i]
    t = np.clip((at - xs[i]) / width, 0, 1)
    s = 1 - t
    value = (1 + 2 * t) * s * s * ys[i] + t * s * s * width * slopes[i]
    value += t * t * (3 - 2 * t) * ys[i + 1] - t * t * s * width * slopes[i + 1]
    return np.asarray(value, np.float32)


def step(low: float, high: float, at: Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((at - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def bump(x: Floats, y: Floats, centre: tuple[float, float], size: tuple[float, float]) -> Floats:
    """A round hill of height 1 with the given standard deviations."""
    return np.exp(-0.5 * (((x - centre[0]) / size[0]) ** 2 + ((y - centre[1]) / size[1]) ** 2))


def head_grid(identity: Identity) -> HeadGrid:
    """The sculpted head of this person; hair is part of the surface."""
    build = identity.build
    turn = _turns()
    y = _heights()
    x, forward, drawn_y = _skull(build, turn, y)
    front = step(-0.25, 0.35, np.cos(turn))
    relief = (_features(build, x, drawn_y) + _ageing(identity, x, drawn_y)) * front
    hollow = cv2.GaussianBlur(relief, (0, 0), 14) - relief
    hollow += 0.6 * (cv2.GaussianBlur(relief, (0, 0), 4) - relief)
    stretch = np.where(drawn_y > 0, build.length, 1.0).astype(np.float32)
    points = np.stack([x, drawn_y * stretch, -(forward + relief)], axis=-1)
    points = _with_hair(identity, points, hair_cover(identity, x, drawn_y, turn))
    scale = 1 - 0.09 * float(np.clip((16 - identity.age_years) / 8, 0, 1))
    return HeadGrid(x, drawn_y, turn, (points * scale).astype(np.float32), hollow.astype(np.float32))


def _turns() -> Floats:
    s = np.linspace(-1, 1, GRID, dtype=np.float32)
    row = np.pi * (0.45 * s + 0.55 * s**3)  # more columns for the face than for the back
    return np.ascontiguousarray(np.broadcast_to(row, (GRID, GRID)), np.float32)


def _heights() -> Floats:
    crown = _TOP_Y - _CROWN * np.cos(np.linspace(0.03, np.pi / 2, 112, endpoint=False))
    face = np.linspace(_TOP_Y, _CHIN_Y, 336, endpoint=False)
    under = _CHIN_Y + (_END_Y - _CHIN_Y) * np.sin(np.linspace(0, np.pi / 2 - 0.05, 64))
    column = np.concatenate([crown, face, under]).astype(np.float32)[:, None]
    return np.ascontiguousarray(np.broadcast_to(column, (GRID, GRID)), np.float32)


_WIDTH = ((-4, 7.45), (-2, 7.6), (0, 7.55), (2, 7.35), (4, 6.95), (6, 6.45), (8, 5.9), (10.3, 5.2))
_FRONT = ((-4, 8.15), (-1.8, 8.45), (0, 8.15), (2, 8.2), (5, 8.5), (6.5, 8.45), (8.5, 8.1), (10.3, 8.0))
_BACK = ((-4, 9.6), (-1, 9.9), (2, 9.2), (5, 7.6), (8, 6.0), (10.3, 5.0))


def _skull(build: Build, turn: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """x, forward and y of the bare loft."""
    jaw = 1 + (build.jaw - 1) * step(2, 9, y)
    close = np.sqrt(np.clip(1 - (np.maximum(_TOP_Y - y, 0) / _CROWN) ** 2, 0, 1))
    close *= np.sqrt(np.clip(1 - (np.maximum(y - _CHIN_Y, 0) / (_END_Y - _CHIN_Y)) ** 2, 0, 1))
    cos, sin = np.cos(turn), np.sin(turn)
    point = 1 + 0.22 * step(5, 11, y)  # the chin is more pointed than an ellipse
    x = smooth(_WIDTH, y) * build.width * jaw * close * np.sign(sin) * np.abs(sin) ** point
    forward = np.where(cos > 0, smooth(_FRONT, y), smooth(_BACK, y)) * close * cos
    rise = 4.2 * step(4, 11.5, y) * (1 - cos)  # the jaw line climbs from the chin to the ears
    return x.astype(np.float32), forward.astype(np.float32), (y - rise).astype(np.float32)


def _features(build: Build, x: Floats, y: Floats) -> Floats:
    side = np.abs(x)
    gap = build.eye_gap_cm
    relief = _nose(build, side, y) + _mouth(build, side, y)
    relief += 0.42 * bump(side, y, (2.6, -build.brow_height_cm - 0.1), (1.9, 0.7))
    relief -= 1.15 * bump(side, y, (gap - 0.1, -0.1), (1.5, 1.05))
    relief += 0.62 * bump(side, y, (gap, 0.0), (1.1, 0.75)) * build.eye_size
    relief -= 0.35 * bump(side, y, (1.55, -0.2), (0.5, 0.7))  # beside the bridge
    relief += 0.45 * build.cheek * bump(side, y, (4.7, 2.7), (1.6, 1.1))
    relief -= 0.25 * bump(side, y, (5.0, 6.4), (1.3, 1.6))
    relief -= 0.3 * bump(side, y, (6.6, -2.5), (0.9, 2.0))
    relief += 0.55 * build.chin * bump(side, y, (0, 10.2), (1.7, 0.95))
    return np.asarray(relief, np.float32)


def _nose(build: Build, side: Floats, y: Floats) -> Floats:
    tip = 3.75 * build.nose_length
    base = tip + 1.15
    height = smooth(
        ((-2.0, 0.0), (-0.6, 0.25), (0.6, 0.85), (tip - 1.2, 1.85), (tip, 2.55), (base, 0.35), (base + 0.9, 0.0)), y
    )
    width = smooth(((-1.0, 0.95), (0.5, 0.75), (tip - 0.8, 0.95), (tip, 1.05), (base, 1.0)), y) * build.nose_width
    ridge = build.nose_height * height * np.exp(-((side / width) ** 2.1))
    wing = 1.05 * bump(side, y, (1.38 * build.nose_width, tip + 0.25), (0.52, 0.55))
    crease = 0.28 * bump(side, y, (2.05 * build.nose_width, tip + 0.35), (0.25, 0.6))
    hole = 0.35 * bump(side, y, (0.72 * build.nose_width, tip + 0.72), (0.32, 0.2))
    return np.asarray(ridge + wing - crease - hole, np.float32)


def _mouth(build: Build, side: Floats, y: Floats) -> Floats:
    full, wide = build.lip_fullness, build.mouth_width
    relief = 0.4 * full * bump(side, y, (0, MOUTH_Y - 0.5), (1.7 * wide, 0.42))
    relief += 0.5 * full * bump(side, y, (0, MOUTH_Y + 0.62), (1.45 * wide, 0.45))
    relief -= 0.3 * np.exp(-(((y - MOUTH_Y) / 0.18) ** 2)) * (1 - step(1.9 * wide, 2.7 * wide, side))
    relief -= 0.22 * bump(side, y, (2.75 * wide, MOUTH_Y + 0.05), (0.3, 0.35))
    relief -= 0.14 * bump(side, y, (0, 5.75), (0.28, 0.5))
    relief -= 0.4 * bump(side, y, (0, 8.75), (1.8, 0.5))
    return np.asarray(relief, np.float32)


def _ageing(identity: Identity, x: Floats, y: Floats) -> Floats:
    side, wrinkles = np.abs(x), identity.look.wrinkles
    fold = 1.95 + 0.34 * (y - 4.2)  # from the wing of the nose past the mouth's corner
    depth = np.exp(-(((side - fold) / 0.22) ** 2)) * step(3.6, 4.6, y) * (1 - step(6.6, 8.2, y))
    relief = -(0.05 + 0.24 * wrinkles) * depth
    brow = np.cos(2 * np.pi * (y + 0.06 * x * x * 0.3) / 0.85) * bump(side, y, (0, -4.4), (3.2, 1.0))
    relief += 0.055 * wrinkles * brow
    bag = bump(side, y, (identity.build.eye_gap_cm, 1.15), (1.1, 0.22))
    relief -= (0.05 + 0.16 * wrinkles) * bag
    return np.asarray(relief, np.float32)


_THICKNESS_CM = {Hair.BALD: 0.0, Hair.CROPPED: 0.25, Hair.SHORT: 0.8, Hair.ROUND: 2.6, Hair.LONG: 1.0}


def hair_cover(identity: Identity, x: Floats, y: Floats, turn: Floats) -> Floats:
    """Share of hair at each texel, 0..1, with a ragged edge."""
    look = identity.look
    if look.hair_style is Hair.BALD:
        return np.zeros_like(x)
    top = -look.hairline_cm
    line = (
        (0.0, top),
        (0.35, top),
        (0.62, top - 0.5),
        (0.85, top + 0.4),
        (1.05, -3.6),
        (1.2, -1.6),
        (1.3, 0.9),
        (1.5, 1.3),
    )
    behind = ((1.7, -0.5), (1.95, 3.0), (2.3, 6.5), (3.2, 7.5))
    edge = smooth(line + behind, np.abs(turn))
    rng = np.random.default_rng([0x4A1, identity.seed])
    tufts, waves = (rng.normal(0, 1, cells).astype(np.float32) for cells in ((60, 230), (20, 24)))
    ragged = 0.16 * np.asarray(cv2.resize(tufts, (GRID, GRID), interpolation=cv2.INTER_CUBIC), np.float32)
    ragged += 0.20 * np.asarray(cv2.resize(waves, (GRID, GRID), interpolation=cv2.INTER_CUBIC), np.float32)
    return step(-0.4, 0.4, (edge + ragged - y).astype(np.float32))


def _with_hair(identity: Identity, points: Floats, cover: Floats) -> Floats:
    """The scalp pushed outward by the hair on it."""
    thickness = _THICKNESS_CM[identity.look.hair_style]
    if thickness == 0.0:
        return points
    rng = np.random.default_rng([0x4A2, identity.seed])
    lumps = cv2.resize(rng.normal(0, 1, (40, 40)).astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_CUBIC)
    outward = points - np.array((0, -1.0, 0), np.float32)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    soft = cv2.GaussianBlur(cover, (0, 0), 5 + 3 * thickness)
    depth = thickness * soft**1.7 * (1 + 0.12 * lumps)
    return np.asarray(points + outward * depth[..., None], np.float32)
