"""Synthetic faces: a procedural head before a port, seen by the kiosk's camera. No photograph, no real person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.head_identity import Identity
from simulators.head_light import RIGS, Lighting, backdrop, develop, dot_rows, grainy, shade, unit_rows
from simulators.head_model import HeadModel, head_model, painted
from simulators.head_paint import Expression
from simulators.head_parts import Bone
from simulators.head_raster import Camera, Hits, rasterise

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_PIVOT = np.array((0.0, 7.0, -0.5), np.float32)  # the neck, about which a head turns; head coordinates, cm
_MIDDLE = np.array((0.0, 1.5, -7.0), np.float32)  # of the picture, in the plane of the eyes


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the head is. The picture is not mirrored.

    `yaw_deg` > 0: the traveller turns to his own LEFT, his nose moves to the picture's right. `pitch_deg` > 0
    looks down. `roll_deg` > 0 tilts to his own right shoulder, counter-clockwise in the picture. `x_cm`, `y_cm`
    shift the head right and down from where it hangs well in the picture; `distance_cm` is from the lens to the
    plane of the eyes. `eyes_open`, `mouth_open`: 0..1.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    x_cm: float = 0.0
    y_cm: float = 0.0
    distance_cm: float = 48.0
    eyes_open: float = 1.0
    mouth_open: float = 0.0

    def __post_init__(self) -> None:
        if not 25 <= self.distance_cm <= 300:
            raise ValueError(f"a face {self.distance_cm} cm from the lens")
        if not (0 <= self.eyes_open <= 1 and 0 <= self.mouth_open <= 1):
            raise ValueError("eyes_open and mouth_open are shares, 0..1")


@dataclass(frozen=True, slots=True)
class Scene:
    """The place: light, what the traveller wears, and the camera. `focal` is in picture heights."""

    lighting: Lighting = Lighting.GOOD
    hat: bool = False
    sunglasses: bool = False
    backdrop_seed: int = 1
    noise_seed: int = 0
    width_px: int = 640
    height_px: int = 480
    focal: float = 1.5
    fill: float = 0.0  # the kiosk's own lamp beside the lens, 0..1

    @property
    def camera(self) -> Camera:
        return Camera(self.focal * self.height_px, self.width_px, self.height_px)


FRONTAL = Pose()
GOOD = Scene()


def render(identity: Identity, pose: Pose = FRONTAL, scene: Scene = GOOD) -> Pixels:
    """One camera picture, height x width x 3, uint8, BGR, yours to write on. Equal arguments give equal pixels."""
    clean = _clean(identity, pose, replace(scene, noise_seed=0))
    return grainy(clean, RIGS[scene.lighting], scene.noise_seed)


def empty_quay(scene: Scene = GOOD) -> Pixels:
    """The camera's picture when nobody stands before it."""
    return grainy(_clean(None, FRONTAL, replace(scene, noise_seed=0)), RIGS[scene.lighting], scene.noise_seed)


@lru_cache(maxsize=48)  # 0.9 MB each at 640x480; people hold still, and turn by the same steps
def _clean(identity: Identity | None, pose: Pose, scene: Scene) -> Pixels:
    """The picture before sensor noise."""
    rig = RIGS[scene.lighting]
    light = backdrop(scene.backdrop_seed, scene.height_px, scene.width_px) * np.float32(rig.backdrop)
    if identity is not None:
        _draw(light, identity, pose, scene)
    clean = develop(light, rig)
    clean.setflags(write=False)
    return clean


def _draw(light: Floats, identity: Identity, pose: Pose, scene: Scene) -> None:
    model = head_model(identity, hat=scene.hat, shades=scene.sunglasses)
    hits = rasterise(model.mesh, placed(model, pose), scene.camera)
    light.reshape(-1, 3)[hits.pixel] = _lit(model, pose, scene, hits)
    _soften_outline(light, hits)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Floats:
    """3x3, head to camera axes, in the signs of `Pose`: roll about z first, then pitch about x, then yaw about y."""
    (cy, cp, cr), (sy, sp, sr) = (f(np.radians((-yaw_deg, pitch_deg, -roll_deg))) for f in (np.cos, np.sin))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(yaw @ pitch @ roll, np.float32)


def _bones(pose: Pose) -> tuple[Floats, Floats, Floats]:
    """The rotation of each `Bone`, in their order."""
    full = rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
    half = rotation(0.45 * pose.yaw_deg, 0.25 * pose.pitch_deg, 0.3 * pose.roll_deg)
    return full, half, np.eye(3, dtype=np.float32)


def placed(model: HeadModel, pose: Pose) -> Floats:
    """All points in camera coordinates."""
    turns = _bones(pose)
    points = model.mesh.points - _PIVOT
    there = np.empty_like(points)
    for bone in Bone:
        which = model.mesh.group == bone
        there[which] = points[which] @ turns[bone].T
    return there + _PIVOT - _MIDDLE + np.array((pose.x_cm, pose.y_cm, pose.distance_cm), np.float32)


def _looked_up(atlas: Pixels, hits: Hits) -> Floats:
    columns = 512  # remap wants a picture: the list of positions is folded into rows of this length
    missing = -hits.pixel.size % columns
    at = np.pad(hits.atlas, ((0, missing), (0, 0))).reshape(-1, columns, 2)
    columns_at, rows_at = np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1])
    found = cv2.remap(atlas, columns_at, rows_at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1, found.shape[-1])[: hits.pixel.size], np.float32)


def _lit(model: HeadModel, pose: Pose, scene: Scene, hits: Hits) -> Floats:
    """Linear RGB (n, 3) of every pixel hit."""
    expression = Expression(round(pose.eyes_open * 8) / 8, round(pose.mouth_open * 8) / 8)
    atlas = painted(model.identity, expression, hat=scene.hat, shades=scene.sunglasses)
    paint = (_looked_up(atlas, hits) / np.float32(255)) ** 2
    turns = _bones(pose)
    still = (_looked_up(model.normals, hits) - 128) / np.float32(127)
    normal = np.asarray(still @ turns[Bone.HEAD].T, np.float32)
    for bone in (Bone.NECK, Bone.BODY):
        which = hits.group == bone
        normal[which] = still[which] @ turns[bone].T
    towards, normal = unit_rows(_towards_lens(hits, scene.camera)), unit_rows(normal)
    normal[dot_rows(normal, towards) < 0] *= -1  # thin parts are seen from both sides
    return shade(paint[:, :3], paint[:, 3], normal, towards, RIGS[scene.lighting], scene.fill)


def _towards_lens(hits: Hits, camera: Camera) -> Floats:
    row, column = np.divmod(hits.pixel, camera.width_px)
    ray = [camera.width_px / 2 - column, camera.height_px / 2 - row, np.full(row.size, -camera.focal_px)]
    return np.stack(ray, axis=1).astype(np.float32)


def _soften_outline(light: Floats, hits: Hits) -> None:
    """Smooth the outline's steps, as a lens and a larger sensor would."""
    cover = np.zeros(light.shape[:2], np.uint8)
    cover.reshape(-1)[hits.pixel] = 255
    edge = cv2.morphologyEx(cover, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    blurred = cv2.GaussianBlur(light, (0, 0), 0.9)
    light[edge] = blurred[edge]


__all__ = ["FRONTAL", "GOOD", "Identity", "Lighting", "Pose", "Scene", "empty_quay", "placed", "render", "rotation"]
