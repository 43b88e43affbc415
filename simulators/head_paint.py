"""The colours of a synthetic head: skin, brows, hair, eyes and lips painted on its grid, in linear light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.head_identity import Hair, Identity
from simulators.head_shape import EYE_Y, GRID, MOUTH_Y, HeadGrid, bump, hair_cover, step

Floats = NDArray[np.float32]
AnyFloats = NDArray[np.floating[Any]]

GLOSS = 3  # the fourth channel of a paint: 0 matt .. 1 wet


@dataclass(frozen=True, slots=True)
class Expression:
    """`eyes_open` and `mouth_open` are shares, 0..1."""

    eyes_open: float = 1.0
    mouth_open: float = 0.0


def noise(rng: np.random.Generator, cells: int) -> Floats:
    """Smooth noise of unit deviation over the grid."""
    raw = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(raw, (GRID, GRID), interpolation=cv2.INTER_CUBIC), np.float32)


def paint_skin(identity: Identity, grid: HeadGrid) -> Floats:
    """(GRID, GRID, 4): linear RGB and gloss of everything that does not move in a face."""
    rng = np.random.default_rng([0x5C1, identity.seed])
    skin = np.empty((GRID, GRID, 4), np.float32)
    skin[..., :3] = np.array(identity.look.skin, np.float32)
    _complexion(identity, grid, skin, rng)
    shade = np.clip(1 - 0.55 * np.clip(grid.hollow, -0.25, 0.9), 0.4, 1.12)
    skin[..., :3] *= shade[..., None]
    _lay_brows(identity, grid, skin, rng)
    _lay_hair(identity, grid, skin, rng)
    return skin


def _complexion(identity: Identity, grid: HeadGrid, skin: Floats, rng: np.random.Generator) -> None:
    look, build = identity.look, identity.build
    side, y = np.abs(grid.x), grid.y
    mottle = 1 + 0.035 * noise(rng, 24) + 0.03 * noise(rng, 90) + 0.03 * noise(rng, 300)
    red = 0.5 * bump(side, y, (4.2, 3.4), (1.6, 1.3)) + 0.5 * bump(side, y, (0, 3.9), (1.1, 0.8))
    red += 0.35 * bump(side, y, (0, 10.0), (1.6, 0.8))
    socket = bump(side, y, (build.eye_gap_cm - 0.2, 0.2), (1.35, 0.85)) * (0.22 + 0.2 * look.wrinkles)
    for channel, push in enumerate((0.02, -0.14, -0.12)):
        skin[..., channel] *= mottle * (1 + push * red) * (1 - socket * (0.7 + 0.15 * channel))
    nostril = bump(side, y, (0.72 * build.nose_width, 3.75 * build.nose_length + 0.82), (0.3, 0.17))
    skin[..., :3] *= (1 - 0.88 * np.clip(1.3 * nostril, 0, 1))[..., None]
    spots = step(1.1, 1.9, noise(rng, 260)) * np.exp(-(((y - 2.2) / 3.0) ** 2))
    skin[..., :3] *= 1 - (look.freckles * 0.5 * spots)[..., None] * np.array((0.6, 0.9, 1.0), np.float32)
    oily = 0.30 + 0.22 * bump(side, y, (0, 2.0), (0.9, 3.0)) + 0.2 * bump(side, y, (0, -4.2), (3.0, 1.4))
    skin[..., GLOSS] = oily * np.clip(1 + 0.25 * noise(rng, 300), 0.3, 2)


def _lay_brows(identity: Identity, grid: HeadGrid, skin: Floats, rng: np.random.Generator) -> None:
    look, build = identity.look, identity.build
    along = np.asarray((np.abs(grid.x) - 1.15) / 3.55, np.float32)  # 0 at the inner end, 1 at the outer
    arch = -build.brow_height_cm - 0.55 * np.sin(np.clip(along, 0, 1) * np.pi * 0.72) + 0.25 * along
    half = (0.40 - 0.24 * np.clip(along, 0, 1)) * look.brow_weight
    across = (grid.y - arch) / half
    body = np.exp(-(np.abs(across) ** 2.6)) * step(-0.06, 0.08, along) * (1 - step(0.86, 1.04, along))
    strands = np.clip(0.9 + 0.35 * cv2.GaussianBlur(noise(rng, 400), (0, 0), sigmaX=1.6, sigmaY=0.5), 0.35, 1.15)
    hair = np.array(look.hair, np.float32) * 0.75
    cover = np.clip(body * strands * 0.93, 0, 0.96)[..., None]
    skin[..., :3] = skin[..., :3] * (1 - cover) + hair * cover


def _lay_hair(identity: Identity, grid: HeadGrid, skin: Floats, rng: np.random.Generator) -> None:
    look = identity.look
    cover = hair_cover(identity, grid.x, grid.y, grid.turn)
    if look.hair_style is Hair.CROPPED:
        cover = cover * 0.88
    curly = look.hair_style in (Hair.ROUND, Hair.CROPPED)
    strand = noise(rng, 170) if curly else cv2.GaussianBlur(noise(rng, 500), (0, 0), sigmaX=0.8, sigmaY=9) * 3
    tone = np.clip(1 + 0.33 * strand, 0.25, 2.2)
    colour = np.array(look.hair, np.float32) * tone[..., None]
    rim = cv2.GaussianBlur(cover, (0, 0), 7) * (1 - cover)  # a soft shadow where the hair begins
    skin[..., :3] *= (1 - 0.35 * rim)[..., None]
    skin[..., :3] = skin[..., :3] * (1 - cover[..., None]) + colour * cover[..., None]
    skin[..., GLOSS] = skin[..., GLOSS] * (1 - cover) + 0.22 * cover


def paint_expression(identity: Identity, grid: HeadGrid, skin: Floats, expression: Expression) -> Floats:
    """A copy of `skin` with the eyes and the mouth as the expression has them."""
    painted = skin.copy()
    for sign in (-1, 1):
        _paint_eye(identity, grid, painted, sign, expression.eyes_open)
    _paint_mouth(identity, grid, painted, expression.mouth_open)
    return painted


def _window(grid: HeadGrid, x: tuple[float, float], y: tuple[float, float]) -> tuple[slice, slice]:
    """The part of the grid whose front lies in this box of centimetres."""
    middle = GRID // 2
    rows = np.flatnonzero((grid.y[:, middle] > y[0]) & (grid.y[:, middle] < y[1]))
    line = grid.x[rows[len(rows) // 2]]
    columns = np.flatnonzero((line > x[0]) & (line < x[1]) & (np.abs(grid.turn[0]) < 1.4))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _soft(edge: AnyFloats, width: float) -> Floats:
    """1 where `edge` is clearly positive, 0 where negative."""
    return np.asarray(1 / (1 + np.exp(-np.clip(edge / width, -30, 30))), np.float32)


def _mix(
    paint: Floats, area: tuple[slice, slice], colour: AnyFloats, cover: AnyFloats, gloss: float | None = None
) -> None:
    part = paint[area]
    part[..., :3] += cover[..., None] * (colour - part[..., :3])
    if gloss is not None:
        part[..., GLOSS] += cover * (gloss - part[..., GLOSS])


def _paint_eye(identity: Identity, grid: HeadGrid, paint: Floats, sign: int, eyes_open: float) -> None:
    build, look = identity.build, identity.look
    centre = sign * build.eye_gap_cm
    area = _window(grid, (centre - 2.3, centre + 2.3), (EYE_Y - 1.9, EYE_Y + 1.5))
    out = np.asarray((grid.x[area] * sign - build.eye_gap_cm) / build.eye_size, np.float32)  # towards the temple
    down = np.asarray((grid.y[area] - EYE_Y) / build.eye_size + build.eye_tilt * out, np.float32)
    bow = np.clip(1 - np.abs(out / 1.5) ** 2.3, 0, 1)
    lower = 0.42 * np.clip(1 - (out / 1.5) ** 2, 0, 1)
    wide = 0.54 * bow * (1 + 0.1 * out)
    upper = np.asarray(-wide + (1 - eyes_open) * (wide + lower), np.float32)
    between = _soft(down - upper, 0.035) * _soft(lower - down, 0.035) * (np.abs(out) < 1.5)
    black = np.array((0.012, 0.009, 0.008), np.float32)
    skin = np.array(look.skin, np.float32)
    fold = np.exp(-(((down + wide + 0.30) / 0.07) ** 2)) * (np.abs(out) < 1.6) * bow**0.3
    _mix(paint, area, skin * 0.35, 0.55 * look.lid_crease * fold)
    _mix(paint, area, _ball(identity, out, down, upper), between, 0.55)
    inner = bump(out, down, (-1.36, 0.05), (0.16, 0.14)) * between
    _mix(paint, area, np.array((0.42, 0.16, 0.14), np.float32), 0.8 * inner)
    thick = 0.075 + 0.03 * np.clip(out, -1, 1.4)
    line = np.exp(-(((down - upper + 0.02) / thick) ** 2)) * _soft(1.56 - np.abs(out), 0.03)
    _mix(paint, area, black, 0.93 * line, 0.1)
    edge = np.exp(-(((down - lower - 0.02) / 0.05) ** 2)) * _soft(1.5 - np.abs(out), 0.05)
    _mix(paint, area, skin * np.array((0.34, 0.26, 0.26), np.float32), 0.6 * edge, 0.4)


def _ball(identity: Identity, out: Floats, down: Floats, upper: Floats) -> Floats:
    """Sclera, iris and pupil seen between the lids."""
    look = identity.look
    colour = np.empty((*out.shape, 3), np.float32)
    colour[:] = np.array((0.74, 0.69, 0.66), np.float32)
    colour *= (1 - 0.34 * np.clip(np.abs(out) / 1.45, 0, 1) ** 2)[..., None]
    radius = np.hypot(out, down + 0.10)
    angle = np.arctan2(down + 0.10, out)
    rays = 1 + 0.25 * np.sin(angle * 23 + 4 * np.sin(angle * 5)) * step(0.2, 0.5, radius)
    iris = np.array(look.iris, np.float32) * (rays * (1.35 - 1.1 * step(0.40, 0.58, radius)))[..., None]
    disc = _soft(0.585 - radius, 0.025)[..., None]
    colour = colour * (1 - disc) + iris * disc
    pupil = _soft(0.24 - radius, 0.025)[..., None]
    colour = colour * (1 - pupil) + 0.006 * pupil
    colour *= (1 - 0.5 * np.exp(-np.clip(down - upper, 0, 3) / 0.2))[..., None]  # the upper lid's shadow
    spark = np.exp(-(((out - 0.16) / 0.1) ** 2) - ((down + 0.34) / 0.1) ** 2)[..., None]
    return np.asarray(colour * (1 - spark) + 0.95 * spark, np.float32)


def _paint_mouth(identity: Identity, grid: HeadGrid, paint: Floats, opened: float) -> None:
    build, look = identity.build, identity.look
    area = _window(grid, (-3.9, 3.9), (MOUTH_Y - 1.6, MOUTH_Y + 2.9))
    x, y = grid.x[area] / (2.55 * build.mouth_width), grid.y[area] - MOUTH_Y
    inside = np.clip(1 - x * x, 0, 1)
    gap = 1.15 * float(np.clip(opened, 0, 1)) * inside**0.8
    line = 0.05 * np.cos(np.clip(np.abs(x), 0, 1) * 6) * inside  # the meeting of the lips, slightly waved
    bowed = 0.80 * inside**0.55 * (1 - 0.22 * np.exp(-((x / 0.13) ** 2)) + 0.05 * np.cos(x * 9))
    upper = line - bowed * (0.35 + 0.5 * build.lip_fullness)
    lower = line + gap + (0.45 + 0.55 * build.lip_fullness) * 0.98 * inside**0.75
    lips = _soft(y - upper, 0.05) * _soft(lower - y, 0.07) * (np.abs(x) < 1)
    colour = np.array(look.lips, np.float32) * np.where(y < line + gap / 2, 0.80, 1.02)[..., None]
    chapped = 1 + 0.10 * np.sin(grid.x[area] * 26)
    _mix(paint, area, np.asarray(colour * chapped[..., None], np.float32), 0.9 * lips, 0.5)
    dark = np.array((0.03, 0.01, 0.01), np.float32)
    if opened > 0:
        hole = _soft(y - line, 0.04) * _soft(line + gap - y, 0.04) * (np.abs(x) < 0.97)
        _mix(paint, area, dark, hole, 0.05)
        teeth = hole * _soft(line + 0.45 * gap - y, 0.05) * (np.abs(x) < 0.72)
        _mix(paint, area, np.array((0.62, 0.58, 0.5), np.float32), 0.85 * teeth, 0.4)
    else:
        seam = np.exp(-(((y - line) / 0.075) ** 2)) * (1 - step(0.96, 1.04, np.abs(x)))
        _mix(paint, area, dark, 0.82 * seam)
    corner = bump(np.abs(x), y, (1.0, 0.05), (0.06, 0.12))
    _mix(paint, area, dark, 0.5 * corner)
