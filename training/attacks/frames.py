"""Presentations as camera pictures, for the whole chain with its nets: slower than `meshes.py`, nothing is given away.

Faces are our own synthetic people. A sheet of paper is a textured surface in space, flat or bent, seen in exact
perspective before the port; the screen is that of `simulators/head_planes.py`, with its pixel grid and its bands.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.vision.challenge import ASKS, ChallengeView, TurnChallenge
from appliance.vision.face_reading import FaceReader, FaceReading
from appliance.vision.frame_ref import FrameRef
from appliance.vision.turn import SIDES, Movement
from border.rules.policy import TurnLimits
from drivers.api import Frame
from simulators.faces import GOOD, Identity, Pose, Scene, empty_quay, render, rotation
from simulators.head_planes import PPCM, Plane, Sheet, held, printed, tablet
from simulators.head_raster import Camera, rasterise
from simulators.head_raster import Mesh as Surface
from simulators.presenters import BonaFide, Presenter
from training.attacks.meshes import Follower, Species, rolled_up

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]

FRAME_S = 0.15
COLUMNS, ROWS = 33, 33  # vertices of a sheet
JPEG_QUALITY = 88  # what a network camera sends
EYES_OF_SHEET_CM = -0.8  # the eyes stand a little above the middle of the sheet


def presenter(species: Species, seed: int, movement: Movement = Movement.BOTH) -> Presenter:
    """The presentation of this seed: whoever is shown, where, and how far it is turned come from it."""
    rng = np.random.default_rng([0xF4A, list(Species).index(species), seed])
    identity = Identity.of(5000 + seed)
    scene = replace(GOOD, backdrop_seed=1 + seed % 6)
    if species is Species.BONA_FIDE:
        standing = Pose(pitch_deg=rng.normal(0, 3), x_cm=rng.normal(0, 1.5), distance_cm=rng.uniform(42, 58))
        return BonaFide(identity, scene=scene, standing=standing)
    if species is Species.REPLAYED_TURN:
        return Film(identity, rng, scene, movement)
    return Paper(species, identity, rng, scene)


class Paper:
    """A life-size print in two hands, or worn, that does what is asked as well as paper can."""

    def __init__(self, species: Species, identity: Identity, rng: np.random.Generator, scene: Scene) -> None:
        self._species, self._scene = species, scene
        print_ = printed(identity)
        self._sheet = cut_out(print_) if species is Species.WORN_PHOTO else print_
        self._hands = Follower(rng, 0.0 if species is Species.STILL_PHOTO else float(rng.uniform(20, 50)))
        narrow, wide = (8.0, 12.0) if species is Species.WORN_PHOTO else (12.0, 30.0)
        is_bent = species in (Species.BENT_PHOTO, Species.BENDING_PHOTO, Species.WORN_PHOTO)
        self._radius_cm = float(rng.uniform(narrow, wide)) if is_bent else math.inf
        moves, rolls = species is Species.MOVED_PHOTO, species is Species.ROTATED_PHOTO
        self._aside = rng.uniform(-1, 1, 3) * (5, 3, 12) * moves
        self._tilt_deg = float(rng.uniform(-20, 20)) * moves
        self._roll_deg = float(rng.choice((-1, 1)) * rng.uniform(10, 30)) * rolls
        self._place = np.array((rng.normal(0, 1), rng.normal(1.5, 0.5), rng.uniform(42, 54)))

    def frame(self, at_s: float, asked: str | None) -> Pixels:
        angles = self._hands.at(at_s, asked)
        bends = self._species is Species.BENDING_PHOTO
        radius = self._radius_cm / max(angles.share, 1e-6) if bends else self._radius_cm
        turn = rotation(
            angles.yaw, angles.pitch + self._tilt_deg * angles.share, angles.roll + self._roll_deg * angles.share
        )
        grid = rolled_up(_grid(self._sheet), radius) @ turn.T.astype(np.float64)
        points = grid + self._place + self._aside * angles.share
        return photographed(self._sheet, points, replace(self._scene, noise_seed=_moment(at_s)))


class Film:
    """A tablet that replays a film of the traveller doing some other challenge."""

    def __init__(self, identity: Identity, rng: np.random.Generator, scene: Scene, movement: Movement) -> None:
        self._identity, self._scene = identity, scene
        self._actor = Follower(rng, float(rng.uniform(24, 34)))
        self._cuts = np.cumsum(rng.uniform(1.0, 2.4, 60))
        known = [ASKS[side].value for side in SIDES[movement]]
        self._asks = [str(rng.choice(known)) if n % 2 else None for n in range(60)]
        self._phase, self._lean = rng.uniform(0, 6, 2)
        self._distance_cm = float(rng.uniform(30, 38))

    def frame(self, at_s: float, asked: str | None) -> Pixels:  # noqa: ARG002 (a film does not listen)
        angles = self._actor.at(at_s, self._asks[int(np.searchsorted(self._cuts, at_s % 60))])
        filmed = render(self._identity, Pose(yaw_deg=round(angles.yaw), pitch_deg=round(angles.pitch)))
        lean = float(np.sin(self._lean + 1.1 * at_s))
        plane = Plane(1.5 * lean, 2.0, 0.8 * lean, 0.2 * lean, 0.5, self._distance_cm)
        scene = replace(self._scene, noise_seed=_moment(at_s))
        return held(tablet(filmed, refresh_phase=(self._phase + at_s * 1.7) % 1.0), plane, scene)


def _grid(sheet: Sheet) -> Values:
    """The vertices of a sheet lying flat, cm about its middle: (ROWS * COLUMNS) x 2."""
    rows, columns = sheet.cover.shape
    x = (np.linspace(0, columns - 1, COLUMNS) - (columns - 1) / 2) / PPCM
    y = (np.linspace(0, rows - 1, ROWS) - (rows - 1) / 2) / PPCM
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def photographed(sheet: Sheet, points: Values, scene: Scene) -> Pixels:
    """The camera's picture of a sheet whose vertices stand at `points` (camera coordinates, cm)."""
    rows, columns = sheet.cover.shape
    at = np.stack(np.meshgrid(np.linspace(0, columns - 1, COLUMNS), np.linspace(0, rows - 1, ROWS)), axis=-1)
    first = (np.arange(ROWS - 1)[:, None] * COLUMNS + np.arange(COLUMNS - 1)).reshape(-1)
    a, b, c, d = first, first + 1, first + COLUMNS, first + COLUMNS + 1
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)
    surface = Surface(
        points.astype(np.float32),
        at.reshape(-1, 2).astype(np.float32),
        np.zeros(ROWS * COLUMNS, np.uint8),
        triangles,
        np.zeros(len(triangles), np.bool_),
    )
    lens = Camera(2 * scene.camera.focal_px, 2 * scene.width_px, 2 * scene.height_px)  # finer, then averaged down
    hits = rasterise(surface, surface.points, lens)
    place = np.full((lens.height_px * lens.width_px, 2), -1, np.float32)
    place[hits.pixel] = hits.atlas
    maps = place.reshape(lens.height_px, lens.width_px, 2)
    shown, cover = (
        cv2.resize(
            cv2.remap(layer, maps[..., 0].copy(), maps[..., 1].copy(), cv2.INTER_LINEAR, borderValue=0),
            (scene.width_px, scene.height_px),
            interpolation=cv2.INTER_AREA,
        )
        for layer in (cv2.bitwise_and(sheet.pixels, sheet.pixels, mask=sheet.cover), sheet.cover)
    )
    share = cover.astype(np.float32)[..., None] / 255
    behind = empty_quay(scene)
    return np.clip(behind * (1 - share) + shown.astype(np.float32) * 0.95, 0, 255).astype(np.uint8)


def cut_out(sheet: Sheet) -> Sheet:
    """The face alone, with holes where the eyes look through."""
    rows, columns = sheet.cover.shape
    x, y = (np.arange(n, dtype=np.float32) / PPCM - n / PPCM / 2 for n in (columns, rows))
    y = y[:, None] - EYES_OF_SHEET_CM
    face = (x / 8.5) ** 2 + ((y - 2.5) / 11.0) ** 2 < 1
    eyes = ((np.abs(x) - 3.1) / 1.0) ** 2 + (y / 0.5) ** 2 < 1
    return Sheet(sheet.pixels, np.where(face & ~eyes, sheet.cover, 0).astype(np.uint8), False)


def sent(pixels: Pixels) -> Pixels:
    """The picture after the camera's JPEG."""
    coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def play(
    reader: FaceReader, species: Species, seed: int, limits: TurnLimits, *, movement: Movement = Movement.BOTH
) -> Iterator[tuple[Frame, FaceReading, ChallengeView]]:
    """One whole challenge, frame by frame, with all that the nets say of each; ends when the challenge has."""
    who = presenter(species, seed, movement)
    dice = random.Random(f"{species} {seed}")  # noqa: S311 (repeatable on purpose)
    challenge = TurnChallenge(limits, dice, movement=movement)
    view, at_s = challenge.view, 0.0
    while not view.ended:
        frame = Frame.of(sent(who.frame(at_s, view.prompt.value if view.prompt else None)), at_s, "simulated")
        reading = reader.read(frame.pixels)
        view = challenge.feed(reading.sighting, FrameRef(frame.sha256, frame.camera, at_s))
        yield frame, reading, view
        at_s += FRAME_S


def trial(
    reader: FaceReader, species: Species, seed: int, limits: TurnLimits, *, movement: Movement = Movement.BOTH
) -> ChallengeView:
    """How a whole challenge through the nets ended; an attack has got through when its phase is PASSED."""
    *_, (_, _, view) = play(reader, species, seed, limits, movement=movement)
    return view


def _moment(at_s: float) -> int:
    return int(at_s * 1000) % 2**31
