"""Whole synthetic document pages as a page camera sees them: data page or card, portrait box, print, zone, light."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from border.documents.layout import layout_of
from border.documents.values import Format
from training.mrz.generate import Press, overlaid, paper, put_line
from training.mrz.glyphs import PITCH_PX, Cut
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
    Format.FR_ID: (105, 74),
}
LINE_MM, LAST_BASELINE_MM = 6.35, 6.2  # between lines; of the last one above the lower edge
SPREADS, STRIPS, SHORT = 0.25, 0.1, 0.15  # shares of wild pages: with a page above, the bare zone, cut off above
WORDS = ("SPECIMEN", "UTOPIA", "12 AUG 1974", "M", "F", "Republic", "Ministry of the Interior", "Signature")


class Profile(StrEnum):
    """How the page lies before the camera."""

    CRADLE = "cradle"  # the kiosk's own: pushed to a stop, at most a few degrees askew, sometimes upside down
    HANDHELD = "handheld"  # any quarter turn, up to ten degrees askew, perspective, half the resolution
    WILD = "wild"  # also spreads, bare strips, a page in a third of the picture, shadows, screens, 12 px a character


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A flat document. `pixels`: height x width x 3 in 0..255. `zone`: 4 x 2, x and y of the printed zone's corners.

    The corners follow the reader's eye: the first line's beginning and end, the last line's end and beginning.
    """

    pixels: Floats
    zone: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One picture and what its zone says. `pixels`: height x width x 3, BGR. `zone`: as a sheet's."""

    pixels: Pixels
    lines: tuple[str, ...]
    zone: Floats


def random_page(rng: Rng, press: Press, profile: Profile, format_: Format | None = None) -> Page:
    """A page of an invented holder; nothing in it belongs to anybody."""
    lines = random_zone(rng, format_)
    sheet = printed_sheet(rng, press, lines)
    if profile is Profile.WILD:
        sheet = recut(rng, sheet)
    turns = (rng.random() < 0.15) * 2 if profile is Profile.CRADLE else int(rng.integers(4))
    pixels, zone = photographed(rng, press, sheet, profile, int(turns))
    return Page(pixels, lines, zone)


def clean_page(lines: tuple[str, ...], press: Press, seed: int = 0) -> Pixels:
    """The page of these lines in good light, straight, at about 300 dpi: what a working cradle shows."""
    rng = np.random.default_rng(seed)
    flat = printed_sheet(rng, press, lines).pixels
    large = cv2.resize(flat, None, fx=1.3, fy=1.3, interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(30, 30, 30))
    return np.asarray(np.clip(framed, 0, 255), np.uint8)


def printed_sheet(rng: Rng, press: Press, lines: tuple[str, ...]) -> Sheet:
    """The document itself, PX_PER_MM."""
    layout = layout_of(lines)
    assert layout is not None, "the lines of no format"
    width, height = (round(side * PX_PER_MM) for side in SIZES_MM[layout.format])
    page = _tinted(rng, height, width)
    zone_top = height - round((LAST_BASELINE_MM + LINE_MM * len(lines) - 1) * PX_PER_MM)
    _portrait(rng, page[:zone_top])
    _print_fields(rng, page[:zone_top])
    cut = press.cuts[int(rng.integers(len(press.cuts)))]
    left = (width - PITCH_PX * len(lines[0])) / 2 + rng.normal(0, 4)
    _print_zone(rng, page, cut, lines, left)
    top = height - (LAST_BASELINE_MM + (len(lines) - 1) * LINE_MM) * PX_PER_MM - cut.cap_height_px
    right, bottom = left + PITCH_PX * len(lines[0]), height - LAST_BASELINE_MM * PX_PER_MM
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return Sheet(page, np.array(corners, np.float32))


def _tinted(rng: Rng, height: int, width: int) -> Floats:
    sheet = np.maximum(paper(rng, height, width), 140)
    return np.asarray(sheet[:, :, None] * (1 - rng.uniform(0, 0.25, 3).astype(np.float32)), np.float32)


def _print_zone(rng: Rng, page: Floats, cut: Cut, lines: tuple[str, ...], left: float) -> None:
    ink = np.zeros(page.shape[:2], np.float32)
    for above, line in enumerate(reversed(lines)):
        base = page.shape[0] - (LAST_BASELINE_MM + above * LINE_MM) * PX_PER_MM
        put_line(rng, ink, cut, line, (left, base, PITCH_PX))
    page += ink[:, :, None] * (rng.uniform(10, 80) - page)


def _portrait(rng: Rng, page: Floats) -> None:
    """A box with something head-like in it where a portrait would stand: left as a rule, right, or nowhere."""
    height, width = page.shape[:2]
    where, wide = rng.random(), width * rng.uniform(0.2, 0.32)
    if where < 0.07:
        return
    left = round(width * rng.uniform(0.03, 0.08) if where < 0.87 else width * 0.97 - wide)
    top = round(height * rng.uniform(0.08, 0.25))
    right, bottom = left + round(wide), round(height * rng.uniform(0.8, 0.98))
    box = page[top:bottom, left:right]
    box[:] = box * 0.4 + rng.uniform(90, 200, 3).astype(np.float32) * 0.6
    centre = ((right - left) // 2, (bottom - top) // 2)
    skin = tuple(float(level) for level in rng.uniform(40, 200) * np.array((0.75, 0.85, 1.0)))
    cv2.ellipse(box, centre, ((right - left) // 4, (bottom - top) // 3), 0, 0, 360, skin, -1)
    shoulders = (centre[0], bottom - top)
    cv2.ellipse(box, shoulders, ((right - left) // 2, (bottom - top) // 4), 0, 180, 360, (60, 50, 40), -1)


def _print_fields(rng: Rng, page: Floats) -> None:
    """Labels and values of the visual zone, in a font that is not OCR-B, sparse or dense."""
    height, width = page.shape[:2]
    words = [str(rng.integers(10**6, 10**9)) for _ in range(9)] + list(WORDS[:5])
    ink = np.zeros((height, width), np.uint8)
    step, size = int(rng.integers(38, 90)), rng.uniform(0.4, 0.95)
    columns = [width * rng.uniform(0.33, 0.42)] + [width * rng.uniform(0.55, 0.75)] * (rng.random() < 0.7)
    for y in range(round(height * rng.uniform(0.08, 0.25)), height - 24, step):
        for x in (round(column) for column in columns if rng.random() < 0.9):
            cv2.putText(ink, "Label / Libelle", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.32, 150, 1, cv2.LINE_AA)
            said, below = str(rng.choice(words)), y + round(36 * size)
            cv2.putText(ink, said, (x, below), cv2.FONT_HERSHEY_DUPLEX, size, 210, 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(5))):  # emblems, barcodes, signatures, rules
        _ornament(rng, ink)
    if rng.random() < 0.4:  # the state's name over the page, or on a coloured bar
        cv2.putText(ink, "UTOPIA  PASSPORT", (width // 4, 44), cv2.FONT_HERSHEY_TRIPLEX, 1.1, 230, 2, cv2.LINE_AA)
    page -= (page - rng.uniform(10, 90)) * (ink[:, :, None] / np.float32(255))


def _ornament(rng: Rng, ink: NDArray[np.uint8]) -> None:
    """One thing that is no print of fields, as dark as it likes: a ring, bars, a scrawl, a straight line."""
    height, width = ink.shape
    x, y, size = int(rng.uniform(0, width)), int(rng.uniform(0, height)), int(rng.uniform(12, 0.2 * width))
    level, kind = int(rng.integers(50, 255)), int(rng.integers(4))
    if kind == 0:
        for radius in range(size // 3, size, max(3, size // 6)):
            cv2.ellipse(ink, (x, y), (radius, int(radius * rng.uniform(0.4, 1))), 0, 0, 360, level, 2, cv2.LINE_AA)
    elif kind == 1:
        for bar in range(x, min(width, x + 3 * size), 5):
            cv2.rectangle(ink, (bar, y), (bar + int(rng.integers(1, 4)), min(height, y + size // 2)), level, -1)
    elif kind == 2:
        walk = np.cumsum(rng.normal((size / 12, 0), size / 5, (30, 2)), axis=0) + np.array((x, y))
        cv2.polylines(ink, [walk.astype(np.int32)], False, level, int(rng.integers(1, 4)), cv2.LINE_AA)
    else:
        cv2.line(ink, (x, y), (x + 4 * size, y), level, int(rng.integers(1, 4)))


def recut(rng: Rng, sheet: Sheet) -> Sheet:
    """Overlays, and another piece of the document: with the page above it, cut off above, or the bare zone."""
    grey = sheet.pixels.mean(axis=2)
    pixels = sheet.pixels + (overlaid(rng, np.asarray(grey, np.float32)) - grey)[:, :, None]
    kind, height = rng.random(), sheet.pixels.shape[0]
    if kind < SPREADS:
        above = _tinted(rng, height, sheet.pixels.shape[1])
        print_rows(rng, above)
        above[-12:] *= np.linspace(1, 0.5, 12, dtype=np.float32)[:, None, None]  # towards the fold
        return Sheet(np.concatenate([above, pixels]), sheet.zone + np.array([0, height], np.float32))
    if kind < SPREADS + STRIPS:
        margins = rng.uniform(3, 60, 4)
        left, top = np.maximum(0, sheet.zone.min(axis=0) - margins[:2]).astype(int)
        right, bottom = (sheet.zone.max(axis=0) + margins[2:]).astype(int)
        piece = pixels[top:bottom, left:right]
        return Sheet(np.ascontiguousarray(piece), sheet.zone - np.array([left, top], np.float32))
    if kind < SPREADS + STRIPS + SHORT:
        top = int(rng.uniform(0.1, 0.9) * sheet.zone[0, 1])
        return Sheet(np.ascontiguousarray(pixels[top:]), sheet.zone - np.array([0, top], np.float32))
    return Sheet(pixels, sheet.zone)


def print_rows(rng: Rng, page: Floats) -> None:
    """Rows of small print, as on the page above, on a visa's sticker or on a newspaper under the document."""
    height, width = page.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    size = rng.uniform(0.35, 1.0)
    step, left = round(44 * size * rng.uniform(0.8, 2.0)), int(rng.uniform(0, 0.3) * width)
    for y in range(step, height, step):
        words = " ".join(str(word) for word in rng.choice(WORDS, int(rng.integers(1, 14))))
        cv2.putText(ink, words, (left, y), cv2.FONT_HERSHEY_DUPLEX, size, 230, 1, cv2.LINE_AA)
    page -= (page - rng.uniform(10, 90)) * (ink[:, :, None] / np.float32(255))


def photographed(rng: Rng, press: Press, sheet: Sheet, profile: Profile, quarter_turns: int) -> tuple[Pixels, Floats]:
    """The sheet on its support, through a camera; and where its zone is in the picture."""
    placed, zone = _placed(rng, press, sheet, profile, quarter_turns)
    seen = _lit(rng, placed)
    if profile is Profile.WILD:
        seen = _disturbed(rng, seen)
    if rng.random() < 0.7:
        seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.4, 1.3))  # type: ignore[assignment]
    seen = seen + rng.normal(0, rng.uniform(0, 7), seen.shape).astype(np.float32)
    levels = (255 * (np.clip(seen, 0, 255) / 255) ** rng.uniform(0.75, 1.35)).astype(np.uint8)
    _, file = cv2.imencode(".jpg", levels, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))))
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.uint8), zone


SCALES = {Profile.CRADLE: (1.0, 1.5), Profile.HANDHELD: (0.65, 1.3), Profile.WILD: (0.52, 1.2)}
TILTS_DEG = {Profile.CRADLE: 1.0, Profile.HANDHELD: 4.0, Profile.WILD: 5.0}  # standard deviations
BENDS = {Profile.CRADLE: 0.003, Profile.HANDHELD: 0.015, Profile.WILD: 0.015}  # of the width: a corner out of place
MARGINS = {Profile.CRADLE: (0.02, 0.06), Profile.HANDHELD: (0.02, 0.2), Profile.WILD: (0.0, 0.8)}  # of the width


def _placed(rng: Rng, press: Press, sheet: Sheet, profile: Profile, quarter_turns: int) -> tuple[Floats, Floats]:
    """Scaled, turned and seen in perspective, on a support of another grey."""
    page, scale = sheet.pixels, rng.uniform(*SCALES[profile])
    height, width = page.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    angle = np.deg2rad(90 * quarter_turns + rng.normal(0, TILTS_DEG[profile]))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = (corners - corners.mean(axis=0)) @ turn * scale + rng.normal(0, width * BENDS[profile], (4, 2))
    margins = width * scale * rng.uniform(*MARGINS[profile], (2, 2))
    placed -= placed.min(axis=0) - margins[0]
    right, bottom = placed.max(axis=0) + margins[1]
    size = (int(right), int(bottom))
    if scale < 1:
        page = cv2.GaussianBlur(page, (0, 0), 0.35 / scale)  # type: ignore[assignment]
    to_place = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    under = support(rng, press, size) if profile is Profile.WILD else float(rng.choice((20, 45, 90, 130)))
    seen = np.empty((size[1], size[0], 3), np.float32)
    seen[:] = under
    cv2.warpPerspective(page, to_place, size, seen, cv2.INTER_CUBIC, cv2.BORDER_TRANSPARENT)
    return seen, np.asarray(cv2.perspectiveTransform(sheet.zone[None], to_place)[0], np.float32)


def support(rng: Rng, press: Press, size: tuple[int, int]) -> Floats:
    """What a document lies on, width x height: plain, uneven like wood or cloth, or something printed."""
    grain = cv2.resize(press.papers[int(rng.integers(len(press.papers)))], size, interpolation=cv2.INTER_LINEAR)
    under = (np.asarray(grain, np.float32) - 180) * rng.uniform(0, 1.5) + rng.uniform(15, 230)
    page = np.asarray(under[:, :, None] * rng.uniform(0.75, 1.0, 3).astype(np.float32), np.float32)
    if rng.random() < 0.3:
        _cluttered(rng, page)
    if rng.random() < 0.45:
        print_rows(rng, page)
    return page


def _cluttered(rng: Rng, page: Floats) -> None:
    """Things on the table and their shadows: patches of any grey, straight and round."""
    height, width = page.shape[:2]
    for _ in range(int(rng.integers(2, 12))):
        middle = rng.uniform(0, 1, 2) * (width, height)
        spread = rng.uniform(0.03, 0.5) * width
        colour = tuple(float(level) for level in rng.uniform(0, 255) * rng.uniform(0.7, 1.0, 3))
        if rng.random() < 0.5:
            corners = middle + rng.normal(0, spread, (int(rng.integers(3, 6)), 2))
            cv2.fillPoly(page, [corners.astype(np.int32)], colour, cv2.LINE_AA)
        else:
            axes = (int(spread), int(spread * rng.uniform(0.2, 1)))
            cv2.ellipse(page, middle.astype(int).tolist(), axes, rng.uniform(0, 180), 0, 360, colour, -1, cv2.LINE_AA)


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


def _disturbed(rng: Rng, seen: Floats) -> Floats:
    """A shadow's edge across the picture, the grid of a screen, a cast of colour."""
    height, width = seen.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if rng.random() < 0.25:
        angle, soft = rng.uniform(0, 2 * np.pi), width * rng.uniform(0.005, 0.1)
        across = (x - rng.uniform(0, width)) * np.cos(angle) + (y - rng.uniform(0, height)) * np.sin(angle)
        shade = 1 / (1 + np.exp(np.clip(across / soft, -30, 30)))
        seen = seen * (1 - rng.uniform(0.15, 0.6) * shade)[:, :, None]
    if rng.random() < 0.1:
        pitch, tilt = rng.uniform(2.0, 6.0), rng.normal(0, 0.1)
        grid = np.cos(2 * np.pi * (x + tilt * y) / pitch) + np.cos(2 * np.pi * (y - tilt * x) / pitch)
        seen = seen * (1 + rng.uniform(0.02, 0.08) * grid)[:, :, None]
    return np.asarray(seen * rng.uniform(0.7, 1.05, 3).astype(np.float32), np.float32)
