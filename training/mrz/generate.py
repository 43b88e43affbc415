"""Printed lines as a reader's camera sees them: ink, paper, light, lens and crop, each drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import ALPHABET, WIDTH_PX, to_strip
from training.mrz import grammar
from training.mrz.glyphs import BASELINE, CELL_H, CELL_W, PHASES, PITCH_PX, Cut, load_cuts
from training.mrz.grammar import Rng

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

CUT_SHARES = (0.36, 0.2, 0.14, 0.1, 0.1, 0.1)
POOL = 80  # papers
PAPER_H, PAPER_W = 160, 1700
MARGIN_X, BASE_Y, CANVAS_H = 60, 62, 100  # px; where the line stands on its canvas


@dataclass(frozen=True, slots=True)
class Press:
    """What printing needs: the font's cuts, and papers to print on (grey 0..255, PAPER_H x PAPER_W)."""

    cuts: tuple[Cut, ...]
    papers: tuple[Floats, ...]
    noise: Floats  # standard normal, larger than any canvas

    @staticmethod
    def of(seed: int, pool: int = POOL) -> Press:
        """Raises `glyphs.FontsMissing`."""
        rng = np.random.default_rng((seed, 1))
        papers = tuple(paper(rng, PAPER_H, PAPER_W) for _ in range(pool))
        return Press(load_cuts(), papers, rng.standard_normal((PAPER_H * 2, PAPER_W * 2), dtype=np.float32))


def paper(rng: Rng, height: int, width: int) -> Floats:
    """Security paper: a grey, a gradient, up to three families of guilloche lines, and a slow unevenness."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    grey = rng.uniform(110, 250) + rng.normal(0, 12) * x / width + rng.normal(0, 8) * y / height
    for _ in range(int(rng.integers(4))):
        angle, frequency = rng.uniform(0, np.pi), rng.uniform(0.02, 0.35)
        phase = rng.uniform(0, 12) * np.sin(rng.uniform(0.002, 0.03) * (x * rng.uniform(-1, 1) + y))
        wave = np.cos(frequency * 2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) + phase)
        grey = grey + rng.uniform(2, 28) / 2 * wave
    slow = rng.normal(0, rng.uniform(0, 10), (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    return np.asarray(grey + cv2.resize(slow, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class PrintedLine:
    """One line of text as the net will see it, and where each character stands: x in pixels of the strip."""

    text: str
    strip: Grey  # HEIGHT_PX x WIDTH_PX
    centres_px: Floats  # one per character; outside 0..WIDTH_PX when the crop lost it


def printed_line(rng: Rng, press: Press, text: str) -> PrintedLine:
    """Print it and look at it: paper, wear, overlays, light, lens and crop all by chance."""
    cut = press.cuts[int(rng.choice(len(press.cuts), p=CUT_SHARES))]
    pitch = PITCH_PX * rng.uniform(0.94, 1.1)
    width = int(2 * MARGIN_X + pitch * len(text)) + CELL_W
    ink = _typeset(rng, cut, text, pitch, (CANVAS_H, width))
    grey = _lit(rng, overlaid(rng, _printed(rng, press, _worn(rng, ink))))
    scale = rng.uniform(0.3, 1.0)
    seen = _seen(rng, press, grey, scale)
    to_crop, size = _crop(rng, (MARGIN_X, pitch * len(text), cut.cap_height_px), pitch, scale)
    crop = cv2.warpPerspective(seen, to_crop, size, borderMode=cv2.BORDER_REPLICATE)
    middles = np.stack([MARGIN_X + pitch * (np.arange(len(text)) + 0.5), np.full(len(text), BASE_Y - 10.0)], axis=1)
    places = cv2.perspectiveTransform((middles * scale)[None], to_crop)[0]
    return PrintedLine(
        text, to_strip(np.asarray(crop, np.uint8)), (places[:, 0] * WIDTH_PX / size[0]).astype(np.float32)
    )


def _typeset(rng: Rng, cut: Cut, text: str, pitch: float, size: tuple[int, int]) -> Floats:
    """The line and, half of the time each, a neighbour above and below; 0 paper .. 1 ink."""
    ink = np.zeros(size, np.float32)
    put_line(rng, ink, cut, text, (MARGIN_X, BASE_Y, pitch))
    for side in (-1, 1):
        if rng.random() < 0.5:
            other = grammar.characters(rng, len(text))
            put_line(rng, ink, cut, other, (MARGIN_X, BASE_Y + side * rng.uniform(42, 67), pitch))
    return ink


def put_line(rng: Rng, ink: Floats, cut: Cut, text: str, at: tuple[float, float, float]) -> None:
    """Print into `ink` from x on baseline y at a pitch (px), every character a little out of place."""
    left, base, pitch = at
    left -= (CELL_W - pitch) / 2  # the character stands in the middle of its cell
    places = np.stack([left + pitch * np.arange(len(text)), np.full(len(text), base)], axis=1)
    places += rng.normal(0, (0.35, 0.4), places.shape)
    for char, (x, y) in zip(text, places, strict=True):
        column, row = int(np.floor(x)), int(np.floor(y)) - BASELINE
        cell = cut.ink[ALPHABET.index(char), int((y % 1) * PHASES), int((x % 1) * PHASES)]
        top, bottom = max(0, row), min(ink.shape[0], row + CELL_H)
        if bottom <= top:
            continue
        place = ink[top:bottom, column : column + CELL_W]
        np.maximum(place, cell[top - row : bottom - row, : place.shape[1]], out=place)


def _worn(rng: Rng, ink: Floats) -> Floats:
    """Too much ink, too little, or ink that did not take everywhere."""
    kind = rng.random()
    if kind < 0.3:
        ink = cv2.dilate(ink, np.ones((int(rng.integers(1, 3)), int(rng.integers(1, 4))), np.uint8))  # type: ignore[assignment]
    elif kind < 0.5:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.5, 1.0)) ** 2  # type: ignore[assignment]
    if rng.random() < 0.3:
        coarse = rng.normal(0, 1, (ink.shape[0] // 6 + 1, ink.shape[1] // 6 + 1)).astype(np.float32)
        takes = cv2.resize(coarse, ink.shape[::-1], interpolation=cv2.INTER_CUBIC)
        ink = ink * np.clip(1.4 + takes * rng.uniform(0.2, 0.8), 0, 1)
    return ink


def _printed(rng: Rng, press: Press, ink: Floats) -> Floats:
    sheet = press.papers[int(rng.integers(len(press.papers)))]
    top, left = (int(rng.integers(n - m + 1)) for n, m in zip(sheet.shape, ink.shape, strict=True))
    under = sheet[top : top + ink.shape[0], left : left + ink.shape[1]]
    return np.asarray(under + ink * (rng.uniform(0.02, 0.62) * float(np.median(under)) - under), np.float32)


def overlaid(rng: Rng, grey: Floats) -> Floats:
    """What lies over the print: a hologram's pattern, strokes of a pen or a stamp, the dots of a screen."""
    height, width = grey.shape
    kind = rng.random()
    if kind < 0.12:  # a kinegram: bright lines whose strength swells and fades
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        angle, fineness = rng.uniform(0, np.pi), rng.uniform(0.03, 0.2)
        bend = rng.uniform(0, 6) * np.sin(rng.uniform(0.005, 0.04) * x + rng.uniform(0, 6))
        wave = np.sin(2 * np.pi * fineness * (x * np.cos(angle) + y * np.sin(angle)) + bend)
        swell = 0.5 + 0.5 * np.sin(rng.uniform(0.002, 0.02) * x + rng.uniform(0, 6))
        return np.asarray(grey + rng.uniform(10, 50) * swell * np.maximum(wave, 0), np.float32)
    if kind < 0.24:
        return _struck(rng, grey)
    if kind < 0.32:  # photographed from a screen: its grid against the camera's
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        pitch, tilt = rng.uniform(1.8, 5.0), rng.normal(0, 0.1)
        grid = np.cos(2 * np.pi * (x + tilt * y) / pitch) + np.cos(2 * np.pi * (y - tilt * x) / pitch)
        return np.asarray(grey * (1 + rng.uniform(0.02, 0.12) * grid), np.float32)
    return grey


def _struck(rng: Rng, grey: Floats) -> Floats:
    """A few curved strokes across the line, darker or brighter than the paper, seldom as dark as the print."""
    height, width = grey.shape
    strokes = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        x = np.linspace(rng.uniform(-0.2, 1.0), rng.uniform(0.0, 1.2), 24) * width
        y = height * (rng.uniform(0, 1) + rng.uniform(-0.8, 0.8) * np.sin(np.linspace(0, rng.uniform(0.5, 6), 24)))
        points = np.stack([x, y], axis=1).astype(np.int32)
        cv2.polylines(strokes, [points], False, int(rng.integers(80, 256)), int(rng.integers(1, 6)), cv2.LINE_AA)
    level, strength = rng.uniform(30, 255), rng.uniform(0.2, 0.75)
    return np.asarray(grey + strokes.astype(np.float32) / 255 * strength * (level - grey), np.float32)


def _lit(rng: Rng, grey: Floats) -> Floats:
    """A lamp mirrored in the laminate, or the edge of a shadow."""
    kind = rng.random()
    if kind < 0.15:
        edge = rng.uniform(0, grey.shape[1])
        soft = rng.uniform(2, 200)
        dark = 1 / (1 + np.exp(np.clip((np.arange(grey.shape[1]) - edge) / soft, -30, 30)))
        return np.asarray(grey * (1 - rng.uniform(0.1, 0.6) * (dark if rng.random() < 0.5 else 1 - dark)), np.float32)
    if kind >= 0.33:
        return grey
    y, x = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]].astype(np.float32)
    centre_x, centre_y = rng.uniform(0, grey.shape[1]), rng.uniform(0, grey.shape[0])
    blob = np.exp(-(((x - centre_x) / rng.uniform(30, 160)) ** 2) - ((y - centre_y) / rng.uniform(15, 60)) ** 2)
    return np.asarray(grey + rng.uniform(30, 170) * blob, np.float32)


def _seen(rng: Rng, press: Press, grey: Floats, scale: float) -> Grey:
    """Through a lens, onto a sensor, into a file, at `scale` of its size."""
    if rng.random() < 0.7:
        grey = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.3, 1.9))  # type: ignore[assignment]
    if rng.random() < 0.2:
        length, along = int(rng.integers(3, 8)), rng.random() < 0.5
        grey = cv2.blur(grey, (length, 1) if along else (1, length))  # type: ignore[assignment]
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (int(rng.integers(n - m)) for n, m in zip(press.noise.shape, small.shape, strict=True))
    small = small + rng.uniform(0, 14) * press.noise[top : top + small.shape[0], left : left + small.shape[1]]
    levels = (255 * (np.clip(small, 0, 255) / 255) ** rng.uniform(0.6, 1.6)).astype(np.uint8)
    if rng.random() < 0.5:
        _, file = cv2.imencode(".jpg", levels, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 96))))
        levels = cv2.imdecode(file, cv2.IMREAD_GRAYSCALE)  # type: ignore[assignment]
    return np.asarray(levels, np.uint8)


def _crop(
    rng: Rng, line: tuple[float, float, float], pitch: float, scale: float
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The crop a locator would make, a little askew, with some paper on every side: its perspective and its size."""
    left, length, cap = line
    right = left + length + rng.uniform(0.1, 2.4) * pitch
    left -= rng.uniform(0.1, 2.4) * pitch
    top, bottom = BASE_Y - cap - rng.uniform(1, 15), BASE_Y + rng.uniform(0, 13)
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    middle, tilt = corners.mean(axis=0), rng.normal(0, 0.008)
    turn = np.array([[1, tilt], [-tilt, 1]])
    corners = ((corners - middle) @ turn + middle + rng.normal(0, 1.7, (4, 2))) * scale
    width, height = max(8, round((right - left) * scale)), max(4, round((bottom - top) * scale))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    to_crop = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    return np.asarray(to_crop, np.float64), (width, height)
