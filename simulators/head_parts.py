"""What sits on and under a synthetic head: ears, neck, shoulders, long hair, a cap and sunglasses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.head_identity import Hair, Identity
from simulators.head_shape import HeadGrid, smooth, step

Floats = NDArray[np.float32]


class Bone(IntEnum):
    """What a part moves with: the whole turn, half of it, or the feet on the quay."""

    HEAD = 0
    NECK = 1
    BODY = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A grid of `points` (rows, columns, 3) in head coordinates (cm) with its `paint` (rows, columns, 4:
    linear RGB, gloss). `closed`: its back is never seen. Every `stride`-th texel becomes a vertex."""

    points: Floats
    paint: Floats
    bone: Bone
    closed: bool
    stride: int


def parts(identity: Identity, grid: HeadGrid) -> list[Part]:
    """Everything that always belongs to this person, the head itself excepted."""
    found = [_ear(identity, grid, -1), _ear(identity, grid, 1), _neck(identity), _torso(identity)]
    if identity.look.hair_style is Hair.LONG:
        found.append(_locks(identity))
    return found


def _noise(seed: int, rows: int, columns: int, cells: tuple[int, int]) -> Floats:
    rng = np.random.default_rng([0xA57, seed])
    raw = rng.normal(0, 1, cells).astype(np.float32)
    return np.asarray(cv2.resize(raw, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32)


def _paint(colour: tuple[float, float, float], shade: Floats, gloss: float) -> Floats:
    paint = np.empty((*shade.shape, 4), np.float32)
    paint[..., :3] = np.array(colour, np.float32) * shade[..., None]
    paint[..., 3] = gloss
    return paint


def _ear(identity: Identity, grid: HeadGrid, side: int) -> Part:
    size = 48
    radius, angle = np.meshgrid(np.linspace(0.02, 1, size), np.linspace(-np.pi, np.pi, size), indexing="ij")
    lobe = 1 - 0.22 * np.clip(np.sin(angle), 0, 1)  # narrower below
    along = 1.6 * radius * np.cos(angle) * lobe  # towards the back of the head
    down = 2.75 * radius * np.sin(angle)
    rim = 0.55 * np.exp(-(((radius - 0.86) / 0.12) ** 2)) + 0.25 * np.exp(-(((radius - 0.5) / 0.1) ** 2))
    bowl = -0.35 * np.exp(-((radius / 0.35) ** 2))
    flare = 0.40
    out = along * np.sin(flare) + (rim + bowl) * np.cos(flare) - 0.5 * step(0.93, 1.0, radius.astype(np.float32))
    column = int(np.argmin(np.abs(grid.turn[0] - side * 1.5)))
    row = int(np.argmin(np.abs(grid.y[:, column] - 1.4)))
    root = grid.points[row, column]
    scale = abs(float(root[0])) / 7.4
    x = side * (abs(float(root[0])) + 0.12 + (out + 0.05 * down) * scale)
    z = float(root[2]) + 0.6 + (along * np.cos(flare)) * scale
    y = float(root[1]) + 0.1 + (down + 0.12 * along) * scale
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    shade = (1 - 0.5 * np.exp(-((radius / 0.4) ** 2)) - 0.35 * np.exp(-(((radius - 0.68) / 0.1) ** 2))).astype(
        np.float32
    )
    shade *= np.array(0.95, np.float32)
    paint = _paint(identity.look.skin, shade, 0.25)
    paint[..., 1:3] *= 0.9
    if side > 0:
        points, paint = points[:, ::-1], paint[:, ::-1]
    return Part(np.ascontiguousarray(points), np.ascontiguousarray(paint), Bone.HEAD, False, 3)


def _tube(rows: int, columns: int) -> tuple[Floats, Floats]:
    down, turn = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-np.pi, np.pi, columns), indexing="ij")
    return down.astype(np.float32), turn.astype(np.float32)


def _neck(identity: Identity) -> Part:
    down, turn = _tube(72, 128)
    thick = identity.build.neck
    child = 1 - 0.12 * float(np.clip((16 - identity.age_years) / 8, 0, 1))
    radius = smooth(((0, 5.3), (0.4, 5.3), (0.7, 5.5), (1.0, 5.6)), down) * thick * child
    cord = 0.18 * np.exp(-(((np.abs(turn) - 0.55 - 0.2 * (1 - down)) / 0.12) ** 2)) * step(0.1, 0.5, down)
    throat = 0.35 * np.exp(-((turn / 0.22) ** 2) - ((down - 0.45) / 0.12) ** 2)
    x = (radius + cord) * np.sin(turn)
    z = 1.6 + 1.2 * down - (0.92 * radius + cord + throat) * np.cos(turn)
    y = 5.5 + 13.5 * down
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    under = 0.50 + 0.5 * step(0.28, 0.72, down)  # the chin keeps the light off
    paint = _paint(identity.look.skin, under * (1 + 0.03 * _noise(identity.seed, 72, 128, (30, 50))), 0.2)
    return Part(points, paint, Bone.NECK, True, 4)


def _torso(identity: Identity) -> Part:
    down, turn = _tube(96, 160)
    grown = 1 - 0.2 * float(np.clip((16 - identity.age_years) / 8, 0, 1))
    wide = smooth(((0, 6.0), (0.1, 8.0), (0.3, 15.0), (0.5, 19.5), (0.75, 21.3), (1, 21.8)), down) * grown
    deep = smooth(((0, 6.9), (0.2, 8.0), (0.5, 10.2), (1, 12.0)), down) * grown
    sin, cos = np.sin(turn), np.cos(turn)
    x = wide * np.sign(sin) * np.abs(sin) ** 0.8
    z = 3.2 - deep * cos
    y = 14.6 + 22 * down**1.25 - 0.8 * np.clip(cos, -1, 1) * (1 - down) * -2.0
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    folds = 1 + 0.10 * _noise(identity.seed + 1, 96, 160, (5, 22)) + 0.05 * _noise(identity.seed + 2, 96, 160, (60, 90))
    collar = 1 - 0.35 * np.exp(-(((down - 0.05) / 0.02) ** 2))
    paint = _paint(identity.look.clothes, (folds * collar).astype(np.float32), 0.04)
    return Part(points, paint, Bone.BODY, False, 4)


def _locks(identity: Identity) -> Part:
    rows, columns = 96, 192
    straight = np.linspace(0, 1, rows, dtype=np.float32)
    down, share = np.meshgrid(straight, np.linspace(-1, 1, columns), indexing="ij")
    turn = (np.pi - share * (np.pi - 1.42 - 0.12 * down)).astype(np.float32)  # from temple round the back to temple
    wave = 0.25 * _noise(identity.seed + 3, rows, columns, (8, 30))
    radius = smooth(((0, 7.6), (0.2, 8.7), (0.5, 8.6), (0.8, 8.9), (1.0, 8.2)), down) * identity.build.width + wave
    x = radius * np.sin(turn)
    z = 1.0 - 1.12 * radius * np.cos(turn)
    y = -4.5 + (19 + 1.5 * np.cos(turn)) * down
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    strand = cv2.GaussianBlur(_noise(identity.seed + 4, rows, columns, (rows, columns)), (0, 0), sigmaX=0.7, sigmaY=7)
    paint = _paint(identity.look.hair, np.clip(1 + 1.1 * strand, 0.3, 2.0).astype(np.float32), 0.2)
    return Part(points, paint, Bone.HEAD, False, 4)


def cap(identity: Identity, grid: HeadGrid) -> Part:
    """A seafarer's knitted cap, down to the middle of the forehead."""
    rows = slice(0, int(np.searchsorted(grid.y[:, grid.y.shape[1] // 2], -4.6)))
    bare = grid.points[rows]
    outward = bare - np.array((0, -1.0, 0), np.float32)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    brim = step(-6.6, -6.2, grid.y[rows])
    points = bare + outward * (0.7 + 0.45 * brim)[..., None]
    rib = 1 + 0.22 * np.sin(grid.turn[rows] * 70)
    paint = _paint(identity.look.clothes, (rib * (1 - 0.2 * brim)).astype(np.float32), 0.02)
    return Part(points.astype(np.float32), paint, Bone.HEAD, False, 7)


def sunglasses(identity: Identity, grid: HeadGrid) -> Part:
    """Dark glasses before the eyes and back to the ears."""
    rows, columns = 40, 160
    down, share = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    eye = np.exp(-(((np.abs(share) - 0.31) / 0.225) ** 6))
    half = 0.26 + 1.75 * eye
    x = 7.9 * np.sin(share * 1.5) * identity.build.width
    front = float(-grid.points[..., 2].min())
    z = -(front - 1.2) * np.cos(share * 1.5) ** 0.7
    y = -0.1 + down * half
    points = np.stack([x, y, z], axis=-1).astype(np.float32)
    frame = np.where(np.abs(down) > 0.86, 0.6, 1.0).astype(np.float32)
    return Part(points, _paint((0.018, 0.018, 0.022), frame, 0.9), Bone.HEAD, False, 2)
