"""Whole ridge patterns grown from noise: zero-pole orientation, then oriented filters until noise has become ridges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ROWS, COLUMNS = 520, 420  # at 500 ppi; larger than any sensor below looks
ORIENTATIONS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """One finger. `ridges`: ROWS x COLUMNS float32, 1 = middle of a ridge, -1 = of a valley."""

    kind: str  # arch, loop or whorl
    period_px: float
    ridges: Floats


def grown(rng: np.random.Generator) -> Pattern:
    """One finger's whole pattern; about a second of one core."""
    kind = str(rng.choice(["arch", "loop", "whorl"], p=[0.10, 0.65, 0.25]))
    period = float(rng.uniform(7.4, 10.6))
    way = _orientation(kind, rng)
    ridges = rng.normal(0, 1, way.shape).astype(np.float32)
    kernels = [_kernel(np.pi * k / ORIENTATIONS, period, float(rng.uniform(3.4, 4.6))) for k in range(ORIENTATIONS)]
    gain = float(rng.uniform(1.2, 2.4))
    for _ in range(int(rng.integers(8, 15))):
        ridges = _sharpened(ridges, way, kernels, gain)
    return Pattern(kind, period, ridges)


def _orientation(kind: str, rng: np.random.Generator) -> NDArray[np.intp]:
    """The number of the nearest of the filters' directions at each pixel."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    x = columns - COLUMNS / 2 + float(rng.uniform(-12, 12))
    up = ROWS * 0.46 - rows + float(rng.uniform(-12, 12))
    if kind == "arch":
        rise = np.clip(1.35 - np.abs(up + 25) / float(rng.uniform(170, 230)), 0.15, 1.2)
        angle = np.arctan(-rise * np.sin(2 * np.pi * x / (COLUMNS * 0.9)))
    else:
        angle = _from_points(*(_loop(rng) if kind == "loop" else _whorl(rng)), x, up)
    angle = angle + 0.12 * _cloud(rng, 60)
    nearest: NDArray[np.intp] = np.rint(angle / (np.pi / ORIENTATIONS)).astype(np.intp) % ORIENTATIONS
    return nearest


Points = list[tuple[float, float]]


def _loop(rng: np.random.Generator) -> tuple[Points, Points]:
    side = 1 if rng.random() < 0.5 else -1
    return [(0.0, 0.0)], [(side * float(rng.uniform(70, 125)), -float(rng.uniform(105, 175)))]


def _whorl(rng: np.random.Generator) -> tuple[Points, Points]:
    lean, apart = float(rng.uniform(-9, 9)), float(rng.uniform(14, 26))
    deltas = [(side * float(rng.uniform(92, 132)), -float(rng.uniform(98, 152))) for side in (1, -1)]
    return [(lean, apart), (-lean, -apart)], deltas


def _from_points(cores: Points, deltas: Points, x: Floats, up: Floats) -> Floats:
    angle = np.zeros_like(x)
    for sign, points in ((1, cores), (-1, deltas)):
        for across, above in points:
            angle += sign * np.arctan2(up - above, x - across)
    return np.asarray(angle / 2, np.float32)


def _sharpened(ridges: Floats, way: NDArray[np.intp], kernels: list[Floats], gain: float) -> Floats:
    answer = np.empty_like(ridges)
    for k, kernel in enumerate(kernels):
        spot = way == k
        if spot.any():
            answer[spot] = cv2.filter2D(ridges, -1, kernel, borderType=cv2.BORDER_REFLECT)[spot]
    return np.asarray(np.tanh(gain * answer / answer.std()), np.float32)


def _kernel(direction: float, period: float, sigma: float) -> Floats:
    y, x = np.mgrid[-10:11, -10:11].astype(np.float32)
    across = x * np.sin(direction) + y * np.cos(direction)  # y counts downwards
    wave = np.exp(-(x * x + y * y) / (2 * sigma**2)) * np.cos(2 * np.pi * across / period)
    wave -= wave.mean()
    return np.asarray(wave / np.abs(wave).sum(), np.float32)


def _cloud(rng: np.random.Generator, sigma: float) -> Floats:
    return cloud(rng, (ROWS, COLUMNS), sigma)


def cloud(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> Floats:
    """Smooth noise of unit deviation."""
    shrink = max(int(sigma / 2), 1)
    small = rng.normal(0, 1, (shape[0] // shrink + 3, shape[1] // shrink + 3)).astype(np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    wide = cv2.resize(soft, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((wide - wide.mean()) / (wide.std() + 1e-6), np.float32)
