"""Impressions of a pattern: on sensors of several looks, with every fault that a touch can have, in degrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.finger.patterns import COLUMNS, ROWS, Floats, Pattern, cloud

Pixels = NDArray[np.uint8]


class Fault(StrEnum):
    """What is wrong with a touch. NONE is a good one; MIXED is ordinary wear and tear, of no single cause."""

    NONE = "none"
    MIXED = "mixed"
    DRY = "dry"
    WET = "wet"
    LIGHT = "light"
    HARD = "hard"
    PARTIAL = "partial"
    OFF_CENTRE = "off_centre"
    RESIDUE = "residue"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Look:
    """A kind of sensor: how it renders skin on glass. Grey levels 0..255; sizes in px of its own pitch."""

    name: str
    sensor_class: str
    sizes: tuple[tuple[int, int], ...]  # height, width
    pitches_ppi: tuple[int, ...]
    ground: tuple[float, float]
    contrast: tuple[float, float]
    softness: tuple[float, float]  # sigma of the blur, px at 500 ppi
    steepness: tuple[float, float]  # of a ridge's edge
    noise: tuple[float, float]
    stripes: float  # fixed pattern of lines, grey levels
    shade: float  # uneven light, grey levels
    levels: tuple[int, ...]  # grey levels that the sensor tells apart


LOOKS: tuple[Look, ...] = (
    Look("prism", "optical", ((288, 256), (300, 300), (400, 320)), (500, 508), (222, 246), (150, 205), (0.5, 1.0),
         (4, 7), (1, 3.5), 0.0, 5.0, (256, 16)),
    Look("area", "optical", ((374, 388), (480, 300), (560, 296), (500, 500)), (500, 569, 512), (236, 255), (150, 235),
         (0.4, 0.9), (5, 12), (0.5, 2.5), 0.0, 1.5, (256,)),
    Look("grey", "optical", ((288, 256), (352, 288), (480, 320)), (500, 700, 363), (190, 232), (70, 150), (0.6, 1.3),
         (3, 6), (2, 6), 0.8, 10.0, (256,)),
    Look("chip", "capacitive", ((160, 160), (192, 192), (300, 256), (208, 288)), (508, 363, 500), (205, 245),
         (110, 190), (0.35, 0.8), (3, 6), (2, 7), 4.0, 3.0, (256, 16)),
    Look("harsh", "capacitive", ((192, 192), (256, 256), (300, 300)), (508, 500), (228, 255), (185, 250), (0.3, 0.6),
         (7, 16), (1, 6), 2.0, 0.0, (256, 64)),
)  # fmt: skip
HELD_OUT = ("grey", "harsh")
"""Looks that no training sees: the figures are of these."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What is done to a pattern. Shares 0..1; sizes px at 500 ppi."""

    moisture: float = 0.0  # below 0 thins the ridges, above 0 fattens them
    breaks: float = 0.12  # of a ridge, by pores and dryness
    blots: float = 0.0  # of ridges drowned
    holes: float = 0.0  # where no pressure is
    creases: float = 0.6  # expected number
    scars: float = 0.0  # of the pattern blurred away by wear
    area: float = 1.0  # of an ordinary contact's half axes: 120 x 155 px, less where the glass is small
    shift: tuple[float, float] = (0.0, 0.0)  # right, down
    blur_px: float = 0.0
    faint: float = 1.0  # factor of the contrast
    noise: float = 0.0  # grey levels more


@dataclass(frozen=True, slots=True, eq=False)
class Impression:
    """One touch on one sensor. `quality`: 0..1, how little was done to the pattern."""

    pixels: Pixels
    pitch_ppi: int
    look: Look
    fault: Fault
    quality: float


def touched(
    rng: np.random.Generator, pattern: Pattern, look: Look, fault: Fault, size: int | None = None
) -> Impression:
    """One impression. The degree of the fault is drawn; named faults are clear ones."""
    degree = float(rng.uniform(0.55, 1.0)) if fault not in (Fault.NONE, Fault.MIXED) else float(rng.random())
    number = int(rng.integers(len(look.sizes))) if size is None else size
    height, width = look.sizes[number]
    pitch = int(rng.choice(look.pitches_ppi))
    scale = 500 / pitch
    shape = (round(height * scale), round(width * scale))
    touch, quality = _touch(rng, fault, degree, shape)
    grey = _rendered(rng, pattern, look, touch, shape, fault)
    if pitch != 500:
        way_down = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, (width, height), interpolation=way_down), np.float32)
    return Impression(_digitised(rng, grey, look, touch), pitch, look, fault, quality)


LEAST: dict[Fault, Touch] = {
    Fault.DRY: Touch(moisture=-0.25, breaks=0.45, creases=1.0),
    Fault.WET: Touch(moisture=0.3, blots=0.4),
    Fault.LIGHT: Touch(moisture=-0.15, faint=0.62, area=0.85, breaks=0.25),
    Fault.HARD: Touch(moisture=0.35, area=1.35, breaks=0.02, faint=1.1),
    Fault.PARTIAL: Touch(area=0.56),
    Fault.OFF_CENTRE: Touch(area=0.9, shift=(0.26, 0.0)),
    Fault.RESIDUE: Touch(faint=0.26, breaks=0.5, holes=0.5, blur_px=0.5, noise=1.0),
    Fault.EMPTY: Touch(faint=0.0),
}
MOST: dict[Fault, Touch] = {
    Fault.DRY: Touch(moisture=-0.6, breaks=0.95, holes=0.5, creases=6.0, noise=3.0),
    Fault.WET: Touch(moisture=0.7, blots=0.9, blur_px=0.9),
    Fault.LIGHT: Touch(moisture=-0.3, faint=0.37, area=0.65, holes=0.4, breaks=0.25),
    Fault.HARD: Touch(moisture=0.7, area=1.65, breaks=0.02, faint=1.1, blur_px=0.4),
    Fault.PARTIAL: Touch(area=0.32),
    Fault.OFF_CENTRE: Touch(area=0.9, shift=(0.42, 0.0)),
    Fault.RESIDUE: Touch(faint=0.14, breaks=0.5, holes=0.5, blur_px=0.5, noise=1.0),
    Fault.EMPTY: Touch(faint=0.0),
}
"""Of each named fault: what is done at its degree 0 and at its degree 1; what neither names is left to chance.

The shift is a share of the glass's shorter side, in any direction.
"""
BAD_ANYWAY = {Fault.EMPTY: 0.0, Fault.RESIDUE: 0.08}


def _touch(rng: np.random.Generator, fault: Fault, degree: float, shape: tuple[int, int]) -> tuple[Touch, float]:
    """What is done, and the quality that it leaves."""
    plain = Touch(
        moisture=float(rng.normal(0, 0.06)),
        breaks=float(rng.uniform(0.04, 0.2)),
        shift=(float(rng.normal(0, 5)), float(rng.normal(0, 6))),
        area=float(rng.uniform(0.95, 1.2)),
    )
    way = float(rng.uniform(0, 2 * np.pi))
    if fault is Fault.NONE:
        return plain, 1.0 - 0.1 * degree
    if fault is Fault.MIXED:
        return _mixed(rng, degree, plain), 1.0 - degree
    made = replace(plain, **dict(_between(fault, degree)))
    if fault is Fault.OFF_CENTRE:
        far = made.shift[0] * min(shape)
        made = replace(made, shift=(far * float(np.cos(way)), far * float(np.sin(way))))
    return made, BAD_ANYWAY.get(fault, 1.0 - 0.9 * degree)


def _between(fault: Fault, degree: float) -> Iterator[tuple[str, Any]]:
    """The fields that a named fault sets, at this degree."""
    usual = Touch()
    for field in fields(Touch):
        least, most = getattr(LEAST[fault], field.name), getattr(MOST[fault], field.name)
        if (least, most) == (getattr(usual, field.name),) * 2:
            continue
        if field.name == "shift":
            yield field.name, (least[0] + (most[0] - least[0]) * degree, 0.0)
        else:
            yield field.name, least + (most - least) * degree


def _mixed(rng: np.random.Generator, degree: float, plain: Touch) -> Touch:
    """Several faults at once, each up to the degree."""
    some = [float(value) for value in rng.random(9) * degree]
    side = 1 if rng.random() < 0.5 else -1
    return replace(
        plain, moisture=side * 0.6 * some[0], breaks=0.1 + 0.7 * some[1], blots=0.8 * some[2] * (side > 0),
        holes=0.6 * some[3], creases=0.4 + 8 * some[4], scars=1.3 * some[5], area=1.4 - 0.8 * some[6],
        blur_px=1.6 * some[7], faint=1 - 0.6 * some[8], noise=16 * degree * float(rng.random()),
    )  # fmt: skip


def _rendered(
    rng: np.random.Generator, pattern: Pattern, look: Look, touch: Touch, shape: tuple[int, int], fault: Fault
) -> Floats:
    """Grey levels at 500 ppi, before the sensor's own noise."""
    ridges = _laid(rng, pattern, touch, shape)
    if touch.scars > 0.05:
        worn = cv2.GaussianBlur(ridges, (0, 0), 3.5)
        where = 1 / (1 + np.exp(-4 * (cloud(rng, shape, 26) - 1.6 + 2.2 * touch.scars)))
        ridges = np.asarray(ridges * (1 - where) + worn * where, np.float32)
    steepness = float(rng.uniform(*look.steepness))
    ink = np.asarray(1 / (1 + np.exp(-steepness * (ridges + touch.moisture))), np.float32)
    ink = _worn(rng, ink, touch, shape) * _contact(rng, touch, shape)
    sigma = float(np.hypot(rng.uniform(*look.softness), touch.blur_px))
    seen = cv2.GaussianBlur(np.asarray(ink, np.float32), (0, 0), sigma)
    contrast = float(rng.uniform(*look.contrast)) * touch.faint
    ground = float(rng.uniform(*look.ground))
    grey = ground - contrast * seen + look.shade * cloud(rng, shape, 70)
    if fault is Fault.EMPTY:
        grey = grey + 1.5 * cloud(rng, shape, 6)  # dirt
    return np.asarray(grey, np.float32)


def _laid(rng: np.random.Generator, pattern: Pattern, touch: Touch, shape: tuple[int, int]) -> Floats:
    """The pattern as the skin lies this time: turned, shifted, a little stretched."""
    turn = float(np.radians(np.clip(rng.normal(0, 8), -25, 25)))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    x, y = x - shape[1] / 2 - touch.shift[0], y - shape[0] / 2 - touch.shift[1]
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    column = x * cos - y * sin + COLUMNS / 2 + 1.8 * cloud(rng, shape, 60)
    row = x * sin + y * cos + ROWS * 0.48 + 1.8 * cloud(rng, shape, 60)
    maps = column.astype(np.float32), row.astype(np.float32)
    return np.asarray(cv2.remap(pattern.ridges, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32)


def _worn(rng: np.random.Generator, ink: Floats, touch: Touch, shape: tuple[int, int]) -> Floats:
    """Pores, dry breaks, places without pressure, water and creases."""
    ink = ink * np.clip(1 - touch.breaks * 1.2 * np.clip(cloud(rng, shape, 1.6) - 0.35, 0, 1.5), 0, 1)
    if touch.holes:
        gone = 1 / (1 + np.exp(-6 * (cloud(rng, shape, float(rng.uniform(10, 24))) - 0.6)))
        ink = ink * (1 - 1.6 * touch.holes * np.clip(gone, 0, 0.6))
    if touch.blots:
        water = 1 / (1 + np.exp(-5 * (cloud(rng, shape, float(rng.uniform(12, 28))) - 0.35)))
        ink = np.maximum(ink, touch.blots * water)
    for _ in range(int(rng.poisson(touch.creases))):
        ink = ink * (1 - _crease(rng, shape))
    return np.asarray(ink, np.float32)


def _crease(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    line = np.zeros(shape, np.float32)
    start = rng.uniform((0, 0), (shape[1], shape[0]))
    end = start + float(rng.uniform(40, 200)) * np.array([np.cos(a := float(rng.uniform(0, np.pi))), np.sin(a)])
    (x, y), (to_x, to_y) = ((int(point[0]), int(point[1])) for point in (start, end))
    depth, width = (float(rng.uniform(0.5, 0.95)),), int(rng.integers(1, 4))
    cv2.line(line, (x, y), (to_x, to_y), depth, width, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(line, (0, 0), 0.7), np.float32)


def _contact(rng: np.random.Generator, touch: Touch, shape: tuple[int, int]) -> Floats:
    """Where skin touches glass: an ellipse with an uneven rim, 1 inside."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    x = (x - shape[1] / 2 - touch.shift[0]) / (min(120, 0.62 * shape[1]) * touch.area)
    y = (y - shape[0] / 2 - touch.shift[1]) / (min(155, 0.62 * shape[0]) * touch.area)
    rim = 1 - np.hypot(x, y) + 0.05 * cloud(rng, shape, 18) + 0.02 * cloud(rng, shape, 4)
    return np.asarray(1 / (1 + np.exp(-np.clip(rim * 40, -30, 30))), np.float32)


def _digitised(rng: np.random.Generator, grey: Floats, look: Look, touch: Touch) -> Pixels:
    noisy = grey + (float(rng.uniform(*look.noise)) + touch.noise) * rng.normal(0, 1, grey.shape)
    if look.stripes:
        noisy = noisy + look.stripes * rng.normal(0, 1, (1, grey.shape[1]))
    step = 256 / int(rng.choice(look.levels))
    whole = np.clip(noisy, 0, 255) // step * step
    return np.asarray(whole, np.uint8)
