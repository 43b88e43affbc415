"""A head ready to be drawn: all parts in one mesh with one texture atlas, kept for the last few people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.head_identity import Identity
from simulators.head_paint import Expression, paint_expression, paint_skin
from simulators.head_parts import Bone, Part, cap, parts, sunglasses
from simulators.head_raster import Mesh
from simulators.head_shape import GRID, HeadGrid, head_grid

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class HeadModel:
    """`mesh` with `normals` (rows, columns, 3: unit normal * 127 + 128) and the atlas without expression."""

    identity: Identity
    mesh: Mesh
    normals: Pixels
    paint: Pixels  # (rows, columns, 4): square root of linear RGB and gloss, * 255
    grid: HeadGrid
    skin: NDArray[np.float16]  # the head's own paint before eyes and mouth


@lru_cache(maxsize=8)
def head_model(identity: Identity, *, hat: bool, shades: bool) -> HeadModel:
    """Build (about a second) or recall the model of this person, dressed as asked."""
    grid = head_grid(identity)
    skin = paint_skin(identity, grid)
    dressed = [Part(grid.points, skin, Bone.HEAD, True, 6), *parts(identity, grid)]
    if hat:
        dressed.append(cap(identity, grid))
    if shades:
        dressed.append(sunglasses(identity, grid))
    return HeadModel(
        identity,
        _mesh(dressed),
        _stacked([_normals(p.points) for p in dressed]),
        _stacked([_packed(p.paint) for p in dressed]),
        grid,
        skin.astype(np.float16),
    )


@lru_cache(maxsize=24)
def painted(model_of: Identity, expression: Expression, *, hat: bool, shades: bool) -> Pixels:
    """The atlas with this expression."""
    model = head_model(model_of, hat=hat, shades=shades)
    face = paint_expression(model_of, model.grid, model.skin.astype(np.float32), expression)
    atlas = model.paint.copy()
    atlas[:GRID, :GRID] = _packed(face)
    return atlas


def _packed(paint: Floats) -> Pixels:
    return np.asarray(np.sqrt(np.clip(paint, 0, 1)) * 255 + 0.5, np.uint8)


def _stacked(layers: list[Pixels]) -> Pixels:
    width = max(layer.shape[1] for layer in layers)
    fitted = [cv2.copyMakeBorder(p, 0, 0, 0, width - p.shape[1], cv2.BORDER_REPLICATE) for p in layers]
    return np.concatenate(fitted).astype(np.uint8)


def _normals(points: Floats) -> Pixels:
    across = np.gradient(points, axis=1)
    down = np.gradient(points, axis=0)
    normal = np.cross(down, across)
    normal = np.asarray(cv2.GaussianBlur(normal.astype(np.float32), (0, 0), 0.8), np.float32)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    return np.asarray(np.clip(normal * 127 + 128, 0, 255), np.uint8)


def _mesh(dressed: list[Part]) -> Mesh:
    points, atlas, group, triangles, closed = [], [], [], [], []
    first, top = 0, 0
    for part in dressed:
        rows, columns = _every(part.points.shape[0], part.stride), _every(part.points.shape[1], part.stride)
        grid = np.ix_(rows, columns)
        points.append(part.points[grid].reshape(-1, 3))
        atlas.append(np.stack(np.meshgrid(columns, rows + top), axis=-1).reshape(-1, 2))
        group.append(np.full(rows.size * columns.size, part.bone, np.uint8))
        faces = _quads(rows.size, columns.size) + first
        triangles.append(faces)
        closed.append(np.full(len(faces), part.closed))
        first += rows.size * columns.size
        top += part.points.shape[0]
    return Mesh(
        np.concatenate(points).astype(np.float32),
        np.concatenate(atlas).astype(np.float32),
        np.concatenate(group),
        np.concatenate(triangles),
        np.concatenate(closed),
    )


def _every(size: int, stride: int) -> NDArray[np.int64]:
    return np.unique(np.append(np.arange(0, size, stride), size - 1))


def _quads(rows: int, columns: int) -> NDArray[np.int64]:
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    a, b, c, d = corner, corner + 1, corner + columns, corner + columns + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
