"""Synthetic fingerprints: ridge patterns grown from noise, and impressions of them in every condition.

SYNTHETIC: no print here was ever on a finger. An orientation field with singular points (zero-pole model) steers
oriented band-pass filters that are applied over and over until noise has become ridges.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

PITCH_PPI = 500
WIDTH_PX, HEIGHT_PX = 256, 288
_ROWS, _COLUMNS = 440, 360  # of a master: larger than a sensor, so that a finger can miss its middle
_ORIENTATIONS = 16
_ROUNDS = 14


class Pattern(StrEnum):
    ARCH = "arch"
    LOOP = "loop"
    WHORL = "whorl"


class Condition(StrEnum):
    """How the finger lies on the sensor, or what lies there instead."""

    GOOD = "good"
    DRY = "dry"
    WET = "wet"
    LIGHT = "light"  # too little pressure
    PARTIAL = "partial"
    OFF_CENTRE = "off_centre"
    ARTEFACT = "artefact"  # a presentation attack instrument: a moulded copy
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, eq=False)
class Master:
    """One finger's whole pattern. `ridges`: 440 x 360 float32, read-only, 1 = middle of a ridge, -1 = of a valley."""

    seed: int
    pattern: Pattern
    period_px: float
    ridges: Floats


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a condition does to an impression; shares are 0..1, sizes px, levels grey levels."""

    moisture: float  # below 0 thins the ridges, above 0 fattens them
    crisp: float  # steepness of the ridges' edges
    breaks: float  # share of ridge lost to pores and dryness
    blots: float  # share of ridges swallowed by water
    pressure_holes: float
    creases: float  # expected number
    area: tuple[float, float]  # contact ellipse, share of the sensor's half width and half height
    shift_px: tuple[float, float]
    blur_px: float
    contrast: float
    ground: float
    noise: float


_RECIPES = {
    Condition.GOOD: _Recipe(0.0, 5.5, 0.14, 0.0, 0.0, 0.6, (0.98, 1.02), (0, 0), 0.65, 190, 232, 2.0),
    Condition.DRY: _Recipe(-0.45, 7.0, 0.75, 0.0, 0.35, 4.0, (0.86, 0.92), (0, 0), 0.7, 150, 236, 6.0),
    Condition.WET: _Recipe(0.62, 4.0, 0.05, 0.75, 0.0, 0.5, (1.04, 1.08), (0, 0), 1.25, 185, 222, 3.0),
    Condition.LIGHT: _Recipe(-0.35, 5.0, 0.35, 0.0, 0.45, 1.0, (0.68, 0.72), (0, 8), 0.9, 82, 238, 4.0),
    Condition.PARTIAL: _Recipe(0.0, 5.5, 0.18, 0.0, 0.0, 0.6, (0.55, 0.48), (-34, 62), 0.7, 175, 232, 2.5),
    Condition.OFF_CENTRE: _Recipe(0.0, 5.5, 0.16, 0.0, 0.0, 0.6, (0.92, 0.96), (92, -78), 0.7, 180, 232, 2.5),
    Condition.ARTEFACT: _Recipe(0.12, 14.0, 0.0, 0.0, 0.0, 0.0, (0.94, 0.98), (4, -4), 1.15, 84, 196, 3.0),
}


@lru_cache(maxsize=32)
def master(seed: int) -> Master:
    """The finger of this seed; grown once (about a second), then remembered."""
    rng = np.random.default_rng([0xF1A6, seed])
    pattern = (Pattern.ARCH, Pattern.LOOP, Pattern.WHORL)[int(np.searchsorted((0.10, 0.75), rng.random()))]
    period = float(rng.uniform(7.8, 10.2))
    ridges = _grown(_orientation(pattern, rng), period, rng)
    ridges.setflags(write=False)
    return Master(seed, pattern, period, ridges)


def _orientation(pattern: Pattern, rng: np.random.Generator) -> Floats:
    """The ridges' direction at each pixel, radians counter-clockwise from the picture's right, modulo pi."""
    rows, columns = np.mgrid[0:_ROWS, 0:_COLUMNS].astype(np.float32)
    x = columns - _COLUMNS / 2 + float(rng.uniform(-8, 8))
    up = _ROWS * 0.46 - rows + float(rng.uniform(-8, 8))
    if pattern is Pattern.ARCH:
        rise = np.clip(1.35 - np.abs(up + 25) / 190, 0.15, 1.2)
        return np.asarray(np.arctan(-rise * np.sin(2 * np.pi * x / (_COLUMNS * 0.95))), np.float32)
    if pattern is Pattern.LOOP:
        side = 1 if rng.random() < 0.5 else -1
        cores = [(0.0, 0.0)]
        deltas = [(side * float(rng.uniform(70, 120)), -float(rng.uniform(110, 170)))]
    else:
        lean = float(rng.uniform(-8, 8))
        cores = [(lean, 20.0), (-lean, -20.0)]
        deltas = [(float(rng.uniform(95, 130)), -float(rng.uniform(100, 150))) for _ in range(2)]
        deltas[1] = (-deltas[1][0], deltas[1][1])
    angle = np.zeros_like(x)
    for cx, cy in cores:
        angle += np.arctan2(up - cy, x - cx)
    for dx, dy in deltas:
        angle -= np.arctan2(up - dy, x - dx)
    return np.asarray(angle / 2, np.float32)


def _grown(direction: Floats, period: float, rng: np.random.Generator) -> Floats:
    """Ridges out of noise: at each pixel the filter of its own direction, again and again."""
    nearest = np.rint(direction / (np.pi / _ORIENTATIONS)).astype(np.int32) % _ORIENTATIONS
    spots = [np.nonzero(nearest == k) for k in range(_ORIENTATIONS)]
    boxes = [_box(rows, columns) for rows, columns in spots]
    kernels = [_kernel(np.pi * k / _ORIENTATIONS, period) for k in range(_ORIENTATIONS)]
    ridges = rng.normal(0, 1, direction.shape).astype(np.float32)
    for _ in range(_ROUNDS):
        answer = np.empty_like(ridges)
        for spot, (top, bottom, left, right), kernel in zip(spots, boxes, kernels, strict=True):
            if spot[0].size:
                part = cv2.filter2D(ridges[top:bottom, left:right], -1, kernel, borderType=cv2.BORDER_REFLECT)
                answer[spot] = part[spot[0] - top, spot[1] - left]
        ridges = np.tanh(1.6 * answer / answer.std()).astype(np.float32)
    return ridges


def _box(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[int, int, int, int]:
    """The box around these pixels with a kernel's half width of room."""
    if not rows.size:
        return 0, 0, 0, 0
    room = 10
    return (
        max(int(rows.min()) - room, 0),
        min(int(rows.max()) + room + 1, _ROWS),
        max(int(columns.min()) - room, 0),
        min(int(columns.max()) + room + 1, _COLUMNS),
    )


def _kernel(direction: float, period: float) -> Floats:
    y, x = np.mgrid[-10:11, -10:11].astype(np.float32)
    across = x * np.sin(direction) + y * np.cos(direction)  # y counts downwards
    wave = np.exp(-(x * x + y * y) / (2 * 4.2**2)) * np.cos(2 * np.pi * across / period)
    wave -= wave.mean()
    return np.asarray(wave / np.abs(wave).sum(), np.float32)


def impression(finger: Master, condition: Condition, seed: int) -> Pixels:
    """One touch: 288 x 256 (height, width) uint8 at 500 ppi, 0 = ridge, 255 = valley; read-only is up to you.

    Equal arguments give equal pixels; another `seed` is another touch of the same finger.
    """
    rng = np.random.default_rng([0x70C4, finger.seed, seed])
    if condition is Condition.EMPTY:
        return _bare_glass(rng)
    recipe = _RECIPES[condition]
    ridges = _pressed(finger, recipe, rng)
    ink = 1 / (1 + np.exp(-recipe.crisp * (ridges + recipe.moisture + _spread(rng, 0.08))))
    ink = _worn(ink.astype(np.float32), recipe, rng)
    if condition is Condition.ARTEFACT:
        ink = _bubbled(ink, rng)
    contact = _contact(recipe, rng)
    seen = cv2.GaussianBlur(np.asarray(ink * contact, np.float32), (0, 0), recipe.blur_px)
    grey = recipe.ground - recipe.contrast * seen
    if condition is Condition.ARTEFACT:
        grey -= 16 * contact  # the mould's own film dulls the glass
    grey += recipe.noise * rng.normal(0, 1, grey.shape)
    return np.asarray(np.clip(grey + 0.5, 0, 255), np.uint8)


def _spread(rng: np.random.Generator, deviation: float) -> float:
    return deviation * float(np.clip(rng.normal(), -2, 2))


def _cloud(rng: np.random.Generator, sigma: float) -> Floats:
    """Smooth noise over the sensor, unit deviation."""
    shrink = max(int(sigma / 2), 1)
    small = rng.normal(0, 1, (HEIGHT_PX // shrink + 2, WIDTH_PX // shrink + 2)).astype(np.float32)
    cloud = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), sigma / shrink), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(cloud / (cloud.std() + 1e-6), np.float32)


def _pressed(finger: Master, recipe: _Recipe, rng: np.random.Generator) -> Floats:
    """The pattern as the skin lies this time: turned, shifted, a little stretched."""
    turn = np.radians(_spread(rng, 4.0))
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    x -= WIDTH_PX / 2 + recipe.shift_px[0] + _spread(rng, 5)
    y -= HEIGHT_PX / 2 + recipe.shift_px[1] + _spread(rng, 5)
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    column = x * cos - y * sin + _COLUMNS / 2 + 1.6 * _cloud(rng, 60)
    row = x * sin + y * cos + _ROWS * 0.48 + 1.6 * _cloud(rng, 60)
    found = cv2.remap(
        finger.ridges,
        column.astype(np.float32),
        row.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(found, np.float32)


def _worn(ink: Floats, recipe: _Recipe, rng: np.random.Generator) -> Floats:
    """Pores, dry breaks, water and creases."""
    dust = np.clip(_cloud(rng, 1.6) - 0.35, 0, 1.5)
    ink = ink * np.clip(1 - recipe.breaks * 1.2 * dust, 0, 1)
    holes = np.clip(1 / (1 + np.exp(-6 * (_cloud(rng, 16) - 0.6))), 0, 1)
    ink = ink * (1 - recipe.pressure_holes * 1.6 * np.clip(holes, 0, 0.6))
    water = 1 / (1 + np.exp(-5 * (_cloud(rng, 20) - 0.35)))
    ink = np.maximum(ink, np.asarray(recipe.blots * water, np.float32))
    for _ in range(int(rng.poisson(recipe.creases))):
        ink = ink * (1 - _crease(rng))
    return np.asarray(ink, np.float32)


def _crease(rng: np.random.Generator) -> Floats:
    line = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)
    start = rng.uniform((20, 20), (WIDTH_PX - 20, HEIGHT_PX - 20))
    length, angle = float(rng.uniform(40, 200)), float(rng.uniform(0, np.pi))
    end = start + length * np.array((np.cos(angle), np.sin(angle)))
    cv2.line(line, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (0.85,), 2, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(line, (0, 0), 0.7), np.float32)


def _contact(recipe: _Recipe, rng: np.random.Generator) -> Floats:
    """Where skin touches glass: an ellipse with an uneven rim, 1 inside."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    x = (x - WIDTH_PX / 2 - recipe.shift_px[0]) / (recipe.area[0] * WIDTH_PX / 2)
    y = (y - HEIGHT_PX / 2 - recipe.shift_px[1]) / (recipe.area[1] * HEIGHT_PX / 2)
    rim = 1 - np.hypot(x, y) + 0.05 * _cloud(rng, 18) + 0.02 * _cloud(rng, 4)
    return np.asarray(1 / (1 + np.exp(-np.clip(rim * 40, -30, 30))), np.float32)


def _bubbled(ink: Floats, rng: np.random.Generator) -> Floats:
    """A casting's marks: air bubbles, and one ridge width everywhere (the recipe's crispness)."""
    marked = ink.copy()
    for _ in range(int(rng.integers(22, 40))):
        centre = (int(rng.integers(0, WIDTH_PX)), int(rng.integers(0, HEIGHT_PX)))
        cv2.circle(marked, centre, int(rng.integers(2, 7)), (0.0,), -1, cv2.LINE_AA)
    return marked


def _bare_glass(rng: np.random.Generator) -> Pixels:
    """No finger: the glass, unevenly lit, with a trace of dirt."""
    grey = 233 + 3 * _cloud(rng, 40) + 1.2 * _cloud(rng, 5) + 2 * rng.normal(0, 1, (HEIGHT_PX, WIDTH_PX))
    return np.asarray(np.clip(grey, 0, 255), np.uint8)
