"""Whole synthetic document pages as a page camera sees them: data page or card, portrait box, print, zone, light."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from border.documents.values import Format
from training.mrz.generate import Press, paper, put_line
from training.mrz.glyphs import PITCH_PX
from training.mrz.grammar import Rng, random_zone

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

PX_PER_MM = PITCH_PX / 2.54  # OCR-B has ten characters to the inch
SIZES_MM = {
    Format.TD1: (86, 54),
    Format.TD2: (105, 74),
    Format.TD3: (125, 88),
    Format.MRV_A: (120, 80),
    Format.MRV_B: (105, 74),
}
LINE_MM, LAST_BASELINE_MM = 6.35, 6.2  # between lines; of the last one above the lower edge


class Profile(StrEnum):
    """How the page lies before the camera."""

    CRADLE = "cradle"  # the kiosk's own: pushed to a stop, at most a few degrees askew, sometimes upside down
    HANDHELD = "handheld"  # any quarter turn, up to ten degrees askew, perspective, half the resolution


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One picture and what its zone says. `pixels`: height x width x 3, BGR."""

    pixels: Pixels
    lines: tuple[str, ...]


def random_page(rng: Rng, press: Press, profile: Profile, format_: Format | None = None) -> Page:
    """A page of an invented holder; nothing in it belongs to anybody."""
    lines = random_zone(rng, format_)
    flat = printed_page(rng, press, lines)
    turn = (rng.random() < 0.15) * 2 if profile is Profile.CRADLE else int(rng.integers(4))
    return Page(photographed(rng, flat, profile, int(turn)), lines)


def clean_page(lines: tuple[str, ...], press: Press, seed: int = 0) -> Pixels:
    """The page of these lines in good light, straight, at about 300 dpi: what a working cradle shows."""
    rng = np.random.default_rng(seed)
    flat = printed_page(rng, press, lines)
    large = cv2.resize(flat, None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(30, 30, 30))
    return np.asarray(np.clip(framed, 0, 255), np.uint8)


def printed_page(rng: Rng, press: Press, lines: tuple[str, ...]) -> Floats:
    """The document itself, PX_PER_MM, height x width x 3 in 0..255."""
    width, height = (round(side * PX_PER_MM) for side in SIZES_MM[_format_of(lines)])
    sheet = np.maximum(paper(rng, height, width), 140)
    tint = 1 - rng.uniform(0, 0.25, 3).astype(np.float32)
    page = sheet[:, :, None] * tint
    zone_top = height - round((LAST_BASELINE_MM + LINE_MM * len(lines) - 1) * PX_PER_MM)
    _portrait(rng, page[:zone_top])
    _print_fields(rng, page[:zone_top])
    ink = np.zeros((height, width), np.float32)
    cut = press.cuts[int(rng.integers(len(press.cuts)))]
    left = (width - PITCH_PX * len(lines[0])) / 2 + rng.normal(0, 4)
    for above, line in enumerate(reversed(lines)):
        base = height - (LAST_BASELINE_MM + above * LINE_MM) * PX_PER_MM
        put_line(rng, ink, cut, line, (left, base, PITCH_PX))
    return np.asarray(page + ink[:, :, None] * (rng.uniform(10, 80) - page), np.float32)


def _format_of(lines: tuple[str, ...]) -> Format:
    visa = lines[0].startswith("V")
    by_width = {30: Format.TD1, 36: Format.MRV_B if visa else Format.TD2, 44: Format.MRV_A if visa else Format.TD3}
    return by_width[len(lines[0])]


def _portrait(rng: Rng, page: Floats) -> None:
    """A box with something head-like in it, where a portrait would stand."""
    height, width = page.shape[:2]
    left, top = round(width * rng.uniform(0.04, 0.08)), round(height * rng.uniform(0.1, 0.2))
    right, bottom = left + round(width * 0.26), round(height * 0.94)
    box = page[top:bottom, left:right]
    box[:] = box * 0.4 + rng.uniform(90, 200, 3).astype(np.float32) * 0.6
    centre = ((right - left) // 2, (bottom - top) // 2)
    skin = tuple(float(level) for level in rng.uniform(40, 200) * np.array((0.75, 0.85, 1.0)))
    cv2.ellipse(box, centre, ((right - left) // 4, (bottom - top) // 3), 0, 0, 360, skin, -1)
    shoulders = (centre[0], bottom - top)
    cv2.ellipse(box, shoulders, ((right - left) // 2, (bottom - top) // 4), 0, 180, 360, (60, 50, 40), -1)


def _print_fields(rng: Rng, page: Floats) -> None:
    """Labels and values of the visual zone, in a font that is not OCR-B."""
    height, width = page.shape[:2]
    words = [str(rng.integers(10**6, 10**9)) for _ in range(9)] + ["SPECIMEN", "UTOPIA", "12 AUG 1974", "M", "F"]
    ink = np.zeros((height, width), np.uint8)
    for y in range(round(height * 0.16), height - 30, 62):
        for x in (round(width * 0.36), round(width * 0.68)):
            cv2.putText(ink, "Label / Libelle", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.32, 150, 1, cv2.LINE_AA)
            cv2.putText(ink, str(rng.choice(words)), (x, y + 22), cv2.FONT_HERSHEY_DUPLEX, 0.6, 210, 1, cv2.LINE_AA)
    page -= (page - 40) * (ink[:, :, None] / np.float32(255))


def photographed(rng: Rng, page: Floats, profile: Profile, quarter_turns: int) -> Pixels:
    """The page on its support, through a camera."""
    seen = _lit(rng, np.rot90(_placed(rng, page, profile), quarter_turns))
    if rng.random() < 0.7:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.3))  # type: ignore[assignment]
    seen = seen + rng.normal(0, rng.uniform(0, 7), seen.shape).astype(np.float32)
    levels = (255 * (np.clip(seen, 0, 255) / 255) ** rng.uniform(0.75, 1.35)).astype(np.uint8)
    _, file = cv2.imencode(".jpg", levels, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))))
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8)


def _placed(rng: Rng, page: Floats, profile: Profile) -> Floats:
    """Scaled, turned a little and seen in perspective, on a support of another grey."""
    handheld = profile is Profile.HANDHELD
    scale = rng.uniform(0.65, 1.3) if handheld else rng.uniform(1.0, 1.5)
    angle = np.deg2rad(rng.normal(0, 4.0) if handheld else rng.normal(0, 1.0))
    height, width = page.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    middle = corners.mean(axis=0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = (corners - middle) @ turn * scale + rng.normal(0, width * (0.015 if handheld else 0.003), (4, 2))
    margin = width * scale * rng.uniform(0.02, 0.2 if handheld else 0.06)
    placed -= placed.min(axis=0) - margin
    size = tuple(int(side) for side in placed.max(axis=0) + margin)
    if scale < 1:
        page = cv2.GaussianBlur(page, (0, 0), 0.35 / scale)  # type: ignore[assignment]
    to_place = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    support = float(rng.choice((20, 45, 90, 130)))
    placed_page = cv2.warpPerspective(
        page,
        to_place,
        (size[0], size[1]),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(support,) * 3,
    )
    return np.asarray(placed_page, np.float32)


def _lit(rng: Rng, seen: Floats) -> Floats:
    """Uneven light, and with one page in four a lamp mirrored in the laminate."""
    height, width = seen.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 1 + rng.normal(0, 0.08) * (x / width - 0.5) + rng.normal(0, 0.08) * (y / height - 0.5)
    seen = seen * light[:, :, None]
    if rng.random() < 0.25:
        at_x, at_y = rng.uniform(0, width), rng.uniform(0, height)
        wide, high = width * rng.uniform(0.03, 0.12), height * rng.uniform(0.03, 0.12)
        blob = np.exp(-(((x - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2)
        seen = seen + rng.uniform(40, 150) * blob[:, :, None]
    return np.asarray(seen, np.float32)
