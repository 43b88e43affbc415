"""Heads as 468 points in space, taken from our own synthetic people, and varied without end.

Where the mesh net lays each of its points on a few rendered heads is looked up once on their surface; the same
places on any other synthetic head are that head's points. So nothing but our own generator says how heads are shaped.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import POINTS, FaceMesher
from appliance.vision.model import Model
from simulators.faces import FRONTAL, GOOD, placed, render
from simulators.head_identity import Hair, Identity
from simulators.head_model import head_model
from simulators.head_raster import rasterise
from simulators.head_shape import GRID, head_grid

Values = NDArray[np.float64]

PEOPLE = 24  # distinct heads from the generator; every trial warps one of them anew
MODELS_OF_PLACES = 5  # heads whose points are looked up
BUMPS, BUMP_SIGMA_CM, BUMP_CM = 6, 2.5, 0.25
AXIS_SD = 0.04


def head_of(seed: int) -> Values:
    """468 x 3, cm: x to the picture's right, y down, z away from the camera; the neck's turning point is the origin."""
    rng = np.random.default_rng([0x4EAD, seed])
    points = _person(int(rng.integers(PEOPLE))) * rng.normal(1, AXIS_SD, 3)
    centres = points[rng.integers(0, POINTS, BUMPS)]
    push = rng.normal(0, BUMP_CM, (BUMPS, 3))
    apart = np.linalg.norm(points[:, None] - centres, axis=2)
    moved: Values = points + np.exp(-0.5 * (apart / BUMP_SIGMA_CM) ** 2) @ push
    return moved


@lru_cache(maxsize=PEOPLE)
def _person(number: int) -> Values:
    rows, columns = _places()
    grid = head_grid(Identity.of(1000 + number))
    neck = np.array((0.0, 7.0, -0.5))
    points: Values = grid.points[rows, columns].astype(np.float64) - neck
    return points


@lru_cache(maxsize=1)
def _places() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each mesh point on the heads' common grid: the median over some people."""
    detector, mesher = FaceDetector(Model.load(FACES)), FaceMesher(Model.load(MESH))
    found = [_places_on(identity, detector, mesher) for identity in _short_haired(MODELS_OF_PLACES)]
    middle = np.median(np.stack(found), axis=0).round().astype(np.int64)
    return middle[:, 0], middle[:, 1]


def _short_haired(count: int) -> list[Identity]:
    """People whose foreheads and temples are skin."""
    people = (Identity.of(seed) for seed in range(1000, 2000))
    shorn = (one for one in people if one.look.hair_style in (Hair.BALD, Hair.CROPPED) and one.age_years >= 19)
    return [one for one, _ in zip(shorn, range(count), strict=False)]


def _places_on(identity: Identity, detector: FaceDetector, mesher: FaceMesher) -> Values:
    """468 x 2, row and column of the grid under each mesh point of a straight look."""
    pixels = render(identity, FRONTAL, GOOD)
    mesh = mesher.find(pixels, detector.find(pixels)[0])
    if mesh is None:
        raise RuntimeError("the mesh net sees no face on a synthetic head that looks straight")
    model = head_model(identity, hat=False, shades=False)
    hits = rasterise(model.mesh, placed(model, FRONTAL), GOOD.camera)
    skin = hits.atlas[:, 1] <= GRID - 1  # the atlas begins with the head itself
    row, column = np.divmod(hits.pixel[skin], GOOD.width_px)
    seen = np.stack([column, row], axis=1).astype(np.float64)
    nearest = [int(np.argmin(((seen - point) ** 2).sum(axis=1))) for point in mesh.points[:, :2]]
    return hits.atlas[skin][nearest][:, ::-1].astype(np.float64)
