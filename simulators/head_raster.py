"""A small software rasteriser: grids of points seen by a pinhole camera, far triangles painted first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Mesh:
    """`points` (n, 3) cm; `atlas` (n, 2) column and row in the texture atlas; `group` (n,) which bone moves it;
    `triangles` (m, 3) vertex numbers; `closed` (m,) true where the back of a triangle is never seen."""

    points: Floats
    atlas: Floats
    group: NDArray[np.uint8]
    triangles: Ints
    closed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole: `focal_px`, principal point in the middle of width_px x height_px, looking along +z."""

    focal_px: float
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class Hits:
    """What the camera sees: flat pixel numbers with the atlas position, group and depth (cm) behind each."""

    pixel: Ints
    atlas: Floats
    group: NDArray[np.uint8]
    depth: Floats


def rasterise(mesh: Mesh, points: Floats, camera: Camera) -> Hits:
    """The nearest surface of each pixel; `points` are the mesh's points in camera coordinates (z > 0)."""
    depth = points[:, 2]
    screen = points[:, :2] / depth[:, None] * camera.focal_px
    screen += np.array([camera.width_px / 2 - 0.5, camera.height_px / 2 - 0.5], np.float32)
    triangles = _facing(mesh, screen)
    triangles = triangles[np.argsort(-depth[triangles].sum(axis=1), kind="stable")]
    owner, column, row = _candidates(screen[triangles], camera)
    weights, inside = _barycentric(screen[triangles], owner, column, row)
    owner, pixel = owner[inside], row[inside] * camera.width_px + column[inside]
    last = np.full(camera.width_px * camera.height_px, -1, np.int32)
    last[pixel] = np.arange(pixel.size)  # assignment keeps the last: the nearest
    kept = last[last >= 0]
    corners = triangles[owner[kept]]
    shares = [w / depth[corners[:, i]] for i, w in enumerate(weights[:, kept])]  # perspective-correct
    near = 1 / (shares[0] + shares[1] + shares[2])
    atlas = sum_of(mesh.atlas[corners[:, i]] * (share * near)[:, None] for i, share in enumerate(shares))
    return Hits(pixel[kept], atlas, mesh.group[corners[:, 0]], near)


def sum_of(terms: Iterable[Floats]) -> Floats:
    """The plain sum; numpy's own is slow along an axis of three."""
    return np.asarray(reduce(np.add, terms), np.float32)


def _facing(mesh: Mesh, screen: Floats) -> Ints:
    a, b, c = (screen[mesh.triangles[:, i]] for i in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.asarray(mesh.triangles[(area > 1e-6) | (~mesh.closed & (area < -1e-6))])


def _candidates(corners: Floats, camera: Camera) -> tuple[Ints, Ints, Ints]:
    """Every pixel of every triangle's bounding box: triangle number, column, row; in the triangles' order."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    low = np.ceil(np.minimum(np.minimum(a, b), c) - 1e-3).astype(np.int32)
    high = np.floor(np.maximum(np.maximum(a, b), c) + 1e-3).astype(np.int32)
    limit = np.array([camera.width_px - 1, camera.height_px - 1])
    low, high = np.maximum(low, 0), np.minimum(high, limit)
    size = np.maximum(high - low + 1, 0)
    count = size[:, 0] * size[:, 1]
    lines = np.repeat(np.arange(count.size), np.where(count > 0, size[:, 1], 0))  # rows of boxes first
    line_row = _counted(size[:, 1] * (count > 0)) + low[lines, 1]
    width = size[lines, 0]
    owner = np.repeat(lines, width)
    return owner, _counted(width) + np.repeat(low[lines, 0], width), np.repeat(line_row, width)


def _counted(lengths: Ints) -> Ints:
    """0, 1, ... up to each length in turn, one after the other."""
    starts = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(lengths.sum()) - np.repeat(starts, lengths), np.int32)


def _barycentric(corners: Floats, owner: Ints, column: Ints, row: Ints) -> tuple[Floats, Ints]:
    """The three weights (3, k) of the candidates inside their triangle, with their numbers (k,)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    v_of = np.stack([ac[:, 1], -ac[:, 0]], axis=1) / area[:, None]
    w_of = np.stack([-ab[:, 1], ab[:, 0]], axis=1) / area[:, None]
    dx = (column - a[owner, 0]).astype(np.float32)
    dy = (row - a[owner, 1]).astype(np.float32)
    v = dx * v_of[owner, 0] + dy * v_of[owner, 1]
    w = dx * w_of[owner, 0] + dy * w_of[owner, 1]
    u = 1 - v - w
    inside = np.flatnonzero((u >= -1e-3) & (v >= -1e-3) & (w >= -1e-3))
    return np.stack([u[inside], v[inside], w[inside]]).astype(np.float32), inside.astype(np.int32)
