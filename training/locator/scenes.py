"""Small pictures of documents lying anywhere, in any position, and which cells of them hold the zone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_finder import CELL_PX, CELLS, SIDE_PX, letterboxed
from training.mrz.generate import Press
from training.mrz.grammar import Rng, random_zone
from training.mrz.pages import Sheet, printed_sheet, recut, support

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

SHEETS = 500  # flat documents, each laid down many times
SHEET_SCALE = 0.4  # of pages.PX_PER_MM
SUPPORTS, SUPPORT_PX = 120, 400
EMPTY = 0.06  # share of scenes without a document
SCANS = 0.4  # share of scenes that the document fills, as a scanner or a cradle shows it
UPRIGHT = 0.5  # share of scenes that are near one of the four positions; the others lie at any angle within 15 degrees


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Flat documents and what they lie on, drawn once: grey sheets, each with its zone; grey supports."""

    sheets: tuple[tuple[Grey, Floats], ...]
    supports: tuple[Grey, ...]

    @staticmethod
    def of(seed: int, sheets: int = SHEETS, supports: int = SUPPORTS) -> Stock:
        """Raises `training.mrz.glyphs.FontsMissing`."""
        rng, press = np.random.default_rng((seed, 2)), Press.of(seed, pool=40)
        drawn = tuple(_small(recut(rng, printed_sheet(rng, press, random_zone(rng)))) for _ in range(sheets))
        size = (SUPPORT_PX, SUPPORT_PX)
        lain = tuple(_grey(support(rng, press, size)) for _ in range(supports))
        return Stock(drawn, lain)

    def write(self, path: Path) -> None:
        """Into one file, which is there whole or not at all."""
        held: dict[str, Any] = {f"sheet{at}": sheet for at, (sheet, _) in enumerate(self.sheets)}
        held |= {f"zone{at}": zone for at, (_, zone) in enumerate(self.sheets)}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, supports=np.stack(self.supports), **held)
        unfinished.replace(path)


def stocked(path: Path, seed: int) -> Stock:
    """The stock of a seed, kept at `path` once it is drawn."""
    if not path.is_file():
        Stock.of(seed).write(path)
    with np.load(path) as held:
        count = sum(name.startswith("sheet") for name in held.files)
        sheets = tuple((held[f"sheet{at}"], held[f"zone{at}"]) for at in range(count))
        return Stock(sheets, tuple(held["supports"]))


def _grey(pixels: Floats) -> Grey:
    return np.asarray(np.clip(pixels, 0, 255) @ (0.114, 0.587, 0.299), np.uint8)


def _small(sheet: Sheet) -> tuple[Grey, Floats]:
    grey = cv2.resize(_grey(sheet.pixels), None, fx=SHEET_SCALE, fy=SHEET_SCALE, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8), sheet.zone * SHEET_SCALE


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture as the net gets it, and the truth. `zone`: 4 x 2 in its pixels; None where there is none.

    `seen`: SIDE_PX x SIDE_PX grey. `held`: CELLS x CELLS, 0 or 1. The way of reading is that of the zone's first
    corner to its second.
    """

    seen: Grey
    held: NDArray[np.uint8]
    zone: Floats | None

    @property
    def direction(self) -> tuple[float, float]:
        """Cosine and sine of the way of reading, x to the right and y down; (0, 0) where nothing is to be read."""
        if self.zone is None:
            return 0.0, 0.0
        x, y = self.zone[1] - self.zone[0]
        length = float(np.hypot(x, y))
        return float(x) / length, float(y) / length


def random_scene(rng: Rng, stock: Stock) -> Scene:
    """A document somewhere on something; filling the picture or a fifth of it, dark, bright, blurred."""
    sheet, flat_zone = stock.sheets[int(rng.integers(len(stock.sheets)))]
    quarter = int(rng.integers(4))
    is_scan = rng.random() < SCANS
    height, width = _scan_size(rng, sheet, quarter) if is_scan else _picture_size(rng)
    picture = cv2.resize(stock.supports[int(rng.integers(len(stock.supports)))], (width, height)).astype(np.float32)
    zone = None
    if rng.random() >= EMPTY:
        to_place = _laid(rng, sheet.shape[1::-1], (width, height), quarter, is_scan=is_scan)
        cv2.warpPerspective(
            sheet.astype(np.float32), to_place, (width, height), picture, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT
        )
        zone = np.asarray(cv2.perspectiveTransform(flat_zone[None], to_place)[0], np.float32)
        if not _is_whole(zone, (width, height)):
            return random_scene(rng, stock)
        _held(rng, picture, zone)
    seen, scale, (left, top) = letterboxed(_looked_at(rng, picture))
    zone = None if zone is None else zone * np.float32(scale) + np.array([left, top], np.float32)
    return Scene(seen, _cells(zone), zone)


def _picture_size(rng: Rng) -> tuple[int, int]:
    """Height and width, upright or lying, at about twice the net's resolution at the most."""
    long, aspect = rng.uniform(1.0, 1.9) * SIDE_PX, float(rng.choice((1.0, 1.33, 1.42, 1.5, 1.78, 2.2)))
    sides = round(long), round(long / aspect)
    return sides if rng.random() < 0.5 else sides[::-1]


def _scan_size(rng: Rng, sheet: Grey, quarter: int) -> tuple[int, int]:
    """Height and width of a picture that the document fills."""
    height, width = sheet.shape if quarter % 2 == 0 else sheet.shape[::-1]
    scale = rng.uniform(1.0, 1.9) * SIDE_PX / max(height, width)
    return round(height * scale * rng.uniform(0.95, 1.15)), round(width * scale * rng.uniform(0.98, 1.15))


def _laid(
    rng: Rng, sheet: tuple[int, int], picture: tuple[int, int], quarter: int, *, is_scan: bool
) -> NDArray[np.float64]:
    """From the sheet's pixels to the picture's: any of four positions, some degrees more, perspective, a size."""
    (width, height), room = sheet, np.array(picture, np.float64)
    spread = 1.5 if is_scan else 3.0 if rng.random() < UPRIGHT else 12.0
    angle = np.deg2rad(90 * quarter + rng.normal(0, spread))
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = (corners - corners.mean(axis=0)) @ turn + rng.normal(0, 0.004 * width if is_scan else 0.02 * width, (4, 2))
    extent = np.ptp(placed, axis=0)
    fit = float((room / extent).min())
    placed *= fit * rng.uniform(*((0.95, 1.12) if is_scan else (0.3, 1.0) if rng.random() < 0.6 else (0.85, 1.15)))
    slack = room - np.ptp(placed, axis=0)
    placed += slack * rng.uniform(0, 1, 2) - placed.min(axis=0)
    return np.asarray(cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32)), np.float64)


def _held(rng: Rng, picture: Floats, zone: Floats) -> None:
    """Fingers over the document, not over its zone; and somebody's ring around what matters, as in a manual."""
    if rng.random() < 0.25:
        height, width = picture.shape
        fingers = np.zeros((height, width), np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            (x, y), (to_x, to_y) = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int).tolist()
            cv2.line(fingers, (x, y), (to_x, to_y), 255, max(2, int(width * rng.uniform(0.03, 0.12))), cv2.LINE_AA)
        cv2.fillConvexPoly(fingers, np.round(zone + (zone - zone.mean(axis=0)) * 0.25).astype(np.int32), 0)
        picture += (fingers / np.float32(255)) * (np.float32(rng.uniform(60, 230)) - picture)
    if rng.random() < 0.05:
        (x, y), axes, angle = cv2.minAreaRect(zone)
        ring = (round(x), round(y)), (round(axes[0] * 0.6), round(axes[1] * 0.6 + axes[0] * 0.05)), angle
        cv2.ellipse(picture, ring[0], ring[1], ring[2], 0, 360, float(rng.uniform(0, 255)), 2, cv2.LINE_AA)


def _is_whole(zone: Floats, size: tuple[int, int]) -> bool:
    return bool((zone > 0).all() and (zone < np.array(size)).all())


def _looked_at(rng: Rng, picture: Floats) -> Grey:
    """Light, a lamp in the laminate, a shadow, blur, noise and the range of the sensor."""
    height, width = picture.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1 + rng.normal(0, 0.2) * (x / width - 0.5) + rng.normal(0, 0.2) * (y / height - 0.5)
    if rng.random() < 0.25:
        angle, soft = rng.uniform(0, 2 * np.pi), width * rng.uniform(0.005, 0.1)
        across = (x - rng.uniform(0, width)) * np.cos(angle) + (y - rng.uniform(0, height)) * np.sin(angle)
        light = light * (1 - rng.uniform(0.15, 0.6) / (1 + np.exp(np.clip(across / soft, -30, 30))))
    picture = picture * light
    if rng.random() < 0.3:
        at_x, at_y = rng.uniform(0, width), rng.uniform(0, height)
        blob = np.exp(-(((x - at_x) / (width * rng.uniform(0.02, 0.15))) ** 2) - ((y - at_y) / (height * 0.08)) ** 2)
        picture = picture + rng.uniform(40, 200) * blob
    if rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.8))  # type: ignore[assignment]
    picture = picture + rng.normal(0, rng.uniform(0, 9), picture.shape).astype(np.float32)
    levels = np.clip(picture * rng.uniform(0.45, 1.3), 0, 255) / 255
    return np.asarray(255 * levels ** rng.uniform(0.6, 1.6), np.uint8)


def _cells(zone: Floats | None) -> NDArray[np.uint8]:
    """Which cells have their middle inside the zone; a zone thinner than a cell still holds those it crosses."""
    held = np.zeros((CELLS * 2, CELLS * 2), np.uint8)
    if zone is not None:
        points = np.round((zone / CELL_PX * 2 - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(held, points, 1, shift=4)
    return np.asarray(held.reshape(CELLS, 2, CELLS, 2).sum(axis=(1, 3)) >= 2, np.uint8)
