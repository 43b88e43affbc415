"""Flat things with a face on them, held before the camera: a printed sheet or a tablet, seen in exact perspective.

Presentation attack instruments for practice and tests, SYNTHETIC like the faces on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.faces import GOOD, Identity, Pose, Scene, empty_quay, render, rotation

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

PPCM = 18  # texels per centimetre of sheet


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a sheet is: angles as in `Pose`, its middle in cm right, down and away from the lens."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    x_cm: float
    y_cm: float
    distance_cm: float


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """`pixels` (rows, columns, 3) BGR at `PPCM` texels per cm; `cover` (rows, columns) 0..255 where it hides
    what is behind; `shines`: a screen, with its pixel grid, that needs no other light."""

    pixels: Pixels
    cover: Pixels
    shines: bool


def held(sheet: Sheet, plane: Plane, scene: Scene = GOOD) -> Pixels:
    """The camera's picture of the sheet before the port: an exact perspective homography of a plane."""
    homography = _homography(sheet, plane, scene)
    size = (scene.width_px, scene.height_px)
    shown = cv2.warpPerspective(sheet.pixels, homography, size, flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(sheet.cover, homography, size, flags=cv2.INTER_LINEAR)
    behind = empty_quay(scene)
    if sheet.shines:
        shown = _through_glass(np.asarray(shown, np.uint8), plane)
    share = (cover.astype(np.float32) / 255)[..., None]
    lit = 1.0 if sheet.shines else float(0.9 + 0.1 * np.cos(np.radians(plane.yaw_deg - 20)))
    return np.asarray(np.clip(behind * (1 - share) + shown * share * lit, 0, 255), np.uint8)


def _homography(sheet: Sheet, plane: Plane, scene: Scene) -> NDArray[np.float64]:
    """Texel (column, row, 1) to picture (column, row, 1)."""
    rows, columns = sheet.cover.shape
    turn = rotation(plane.yaw_deg, plane.pitch_deg, plane.roll_deg).astype(np.float64)
    place = np.array((plane.x_cm, plane.y_cm, plane.distance_cm))
    across, down = turn[:, 0] / PPCM, turn[:, 1] / PPCM
    corner = place - across * (columns - 1) / 2 - down * (rows - 1) / 2
    focal = scene.focal * scene.height_px
    lens = np.array([[focal, 0, scene.width_px / 2 - 0.5], [0, focal, scene.height_px / 2 - 0.5], [0, 0, 1.0]])
    return np.asarray(lens @ np.stack([across, down, corner], axis=1), np.float64)


@lru_cache(maxsize=8)
def printed(identity: Identity) -> Sheet:
    """A life-size print, 21 x 27 cm, held by two thumbs at its lower corners."""
    shot = render(identity, Pose(distance_cm=60.0), Scene(backdrop_seed=7, focal=1.5))
    rows, columns = 27 * PPCM, 21 * PPCM
    life = PPCM * 60.0 / (1.5 * 480)  # texels per picture pixel at the eyes
    big = cv2.resize(shot, None, fx=life, fy=life, interpolation=cv2.INTER_CUBIC)
    top = max((big.shape[0] - rows) // 2 - PPCM, 0)
    left = (big.shape[1] - columns) // 2
    crop = big[top : top + rows, left : left + columns]
    crop = cv2.resize(crop, (columns, rows)) if crop.shape[:2] != (rows, columns) else crop
    paper = _inked(np.asarray(crop, np.float32) / np.float32(255), identity.seed)
    paper[: PPCM // 2], paper[-PPCM // 2 :] = 0.9, 0.9
    paper[:, : PPCM // 2], paper[:, -PPCM // 2 :] = 0.9, 0.9
    return _with_thumbs(paper, identity)


def _inked(picture: Floats, seed: int) -> Floats:
    """What a desktop printer makes of a picture: less gamut, rotated dot screens, paper grain."""
    rng = np.random.default_rng([0x9A9, seed])
    grey = picture.mean(axis=2, keepdims=True)
    flat = grey + (picture - grey) * 0.78
    ink = 0.13 + 0.74 * flat**0.92
    rows, columns = picture.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    for channel, angle in enumerate((0.26, 0.79, 1.31)):
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        dots = np.cos(2 * np.pi * u / 3.1) * np.cos(2 * np.pi * v / 3.1)
        middle = 4 * ink[..., channel] * (1 - ink[..., channel])
        ink[..., channel] += 0.10 * middle * dots
    ink += 0.012 * rng.normal(0, 1, (rows, columns, 1))
    return np.asarray(ink * np.array((0.97, 0.99, 1.0)), np.float32)


def _with_thumbs(paper: Floats, identity: Identity) -> Sheet:
    """The sheet with a margin all round, and the holder's thumbs over its lower corners."""
    margin = 3 * PPCM
    wide = cv2.copyMakeBorder(paper, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    cover = np.zeros(wide.shape[:2], np.float32)
    cover[margin:-margin, margin:-margin] = 1
    skin = np.array(identity.look.skin[::-1], np.float32) ** (1 / 2.2)
    y, x = np.mgrid[0 : wide.shape[0], 0 : wide.shape[1]].astype(np.float32) / PPCM
    for side in (-1, 1):
        middle = wide.shape[1] / 2 / PPCM
        tip = (middle + side * 9.2, wide.shape[0] / PPCM - 7.2)
        along = (x - tip[0]) * side * 0.78 + (y - tip[1]) * 0.62
        across = (y - tip[1]) * 0.78 - (x - tip[0]) * side * 0.62
        half = 1.0 * np.sqrt(np.clip(1 - np.clip(-along / 1.2, 0, 1) ** 2, 0, 1)) * (along > -1.2)
        thumb = np.clip((half - np.abs(across)) * PPCM / 2, 0, 1)
        nail = np.exp(-(((along + 0.35) / 0.6) ** 4) - ((across / 0.55) ** 4))
        tone = skin * (1 - 0.45 * (np.abs(across) / 1.05) ** 2)[..., None] * (1 - 0.12 * nail)[..., None]
        tone = tone + (0.22 * nail)[..., None]
        wide = wide * (1 - thumb[..., None]) + tone * thumb[..., None]
        cover = np.maximum(cover, thumb)
    return Sheet(np.asarray(np.clip(wide * 255, 0, 255), np.uint8), np.asarray(cover * 255, np.uint8), False)


_SCREEN_CM = (15.0, 20.0)  # width, height of the lit part
_BEZEL_CM = 1.4


def tablet(filmed: Pixels, *, refresh_phase: float) -> Sheet:
    """A tablet that shows this picture: bezel, blue cast, raised black, refresh bands at `refresh_phase` 0..1."""
    columns, rows = (int(cm * PPCM) for cm in _SCREEN_CM)
    high, wide = filmed.shape[:2]
    upright = filmed[high // 16 : high * 29 // 32, wide * 17 // 64 : wide * 47 // 64]  # the face fills a held tablet
    screen = cv2.resize(upright, (columns, rows), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    line = np.arange(rows, dtype=np.float32)[:, None, None] / rows
    band = 1 - 0.09 * np.clip(np.cos(2 * np.pi * (2 * line - refresh_phase)), 0, 1) ** 2
    shown = (18 + screen * np.array((0.98, 0.92, 0.86), np.float32)) * band
    bezel = int(_BEZEL_CM * PPCM)
    dark = (24, 22, 22)
    whole = cv2.copyMakeBorder(shown, bezel, bezel, bezel, bezel, cv2.BORDER_CONSTANT, value=dark)
    return Sheet(np.asarray(np.clip(whole, 0, 255), np.uint8), np.full(whole.shape[:2], 255, np.uint8), True)


def _through_glass(shown: Pixels, plane: Plane) -> Pixels:
    """The pixel grid's moire and the glass's reflection, for the whole picture."""
    moire, glare = _glass(shown.shape[0], shown.shape[1], round(plane.roll_deg, 1), round(plane.yaw_deg, 1))
    return np.asarray(np.clip(shown * moire + glare, 0, 255), np.uint8)


@lru_cache(maxsize=12)
def _glass(height: int, width: int, roll_deg: float, yaw_deg: float) -> tuple[Floats, Floats]:
    """Sub-pixel stripes drawn twice finer and averaged down, so that the moire arises by itself."""
    y, x = np.mgrid[0 : 2 * height, 0 : 2 * width].astype(np.float32)
    angle = np.radians(roll_deg + 1.7)
    u = (x * np.cos(angle) + y * np.sin(angle)) / (2.27 * np.cos(np.radians(yaw_deg)))
    v = (y * np.cos(angle) - x * np.sin(angle)) / 2.27
    rows = 1 - 0.25 * (0.5 + 0.5 * np.cos(2 * np.pi * v))
    fine = np.stack([1 + 0.34 * np.cos(2 * np.pi * (u + k / 3)) for k in range(3)], axis=-1) * rows[..., None]
    moire = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    moire /= moire.mean()
    far = ((x[::2, ::2] / 2 - 0.68 * width) / 90) ** 2 + ((y[::2, ::2] / 2 - 0.22 * height) / 60) ** 2
    glare = 34 * np.exp(-0.5 * far)[..., None]
    return np.asarray(moire, np.float32), np.asarray(glare, np.float32)
