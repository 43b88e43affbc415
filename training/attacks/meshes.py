"""Presentations as meshes, without pictures and nets: quick enough for thousands, and hard on the rule that judges.

What an attack shows is exact geometry with landmark noise. What the net would say of its depth is given to the
attacker: every species but the still one is read as a head that turns as far as the sheet in his hands does. Real nets
are far less obliging (`frames.py` asks them), so a rate from here says what the want of parallax alone stops.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from appliance.vision.challenge import ASKS, ChallengeView, TurnChallenge
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.frame_ref import FrameRef
from appliance.vision.mesh_points import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from appliance.vision.track import CHIP, Sighting
from appliance.vision.turn import SIDES, Movement
from border.rules.policy import TurnLimits
from simulators.faces import rotation
from training.attacks.heads import head_of

Values = NDArray[np.float64]

FOCAL_PX, WIDTH_PX, HEIGHT_PX = 720.0, 640, 480
FRAME_S = 0.1
EYES_TO_NECK = np.array((0.0, 5.5, 6.5))  # cm, from the middle of the picture to the neck's turning point
FILMED_CM = 60.0  # how far the camera was from whoever was photographed
AWAY = np.array((0.0, 0.0, FILMED_CM))
FILM_S = 60.0


class Species(StrEnum):
    """Presentation attack instruments, and the bona fide ones they are held against."""

    BONA_FIDE = "bona_fide"
    STILL_PHOTO = "still_photo"  # held still: no response
    FLAT_PHOTO = "flat_photo"  # turned as asked
    MOVED_PHOTO = "moved_photo"  # turned, pushed aside, tilted and brought nearer
    ROTATED_PHOTO = "rotated_photo"  # turned, and rolled in its plane
    BENT_PHOTO = "bent_photo"  # round an upright axis, 12 to 30 cm
    BENDING_PHOTO = "bending_photo"  # flat for the straight look, bent to 12 to 30 cm while it is turned
    WORN_PHOTO = "worn_photo"  # a cut-out over a head: bent to 8 to 12 cm
    REPLAYED_TURN = "replayed_turn"  # a film of somebody doing some challenge, not this one


BONA_FIDE = (Species.BONA_FIDE,)
PHOTOS = (Species.FLAT_PHOTO, Species.MOVED_PHOTO, Species.ROTATED_PHOTO, Species.BENT_PHOTO, Species.BENDING_PHOTO)
"""What the flat, bent and moved photographs of the goal are."""

WAYS: dict[str, tuple[str, float]] = {
    "turn_left": ("yaw", 1.0),
    "turn_right": ("yaw", -1.0),
    "lift_chin": ("pitch", -1.0),
    "lower_chin": ("pitch", 1.0),
}


@dataclass(frozen=True, slots=True)
class Angles:
    """Degrees, in the signs of `simulators.faces.Pose`; `share` 0..1 of the asked movement."""

    yaw: float
    pitch: float
    roll: float
    share: float


class Follower:
    """Someone's neck, or hands: goes where it is asked after a reaction time, and is never quite still."""

    def __init__(self, rng: np.random.Generator, amplitude_deg: float) -> None:
        self._amplitude_deg = amplitude_deg
        self._reaction_s, self._takes_s = rng.uniform(0.3, 0.9), rng.uniform(0.5, 1.2)
        self._phase = rng.uniform(0, 2 * math.pi, 3)
        self._stand = rng.normal(0, (2.5, 2.5, 2.0))
        self._asked: str | None = None
        self._from, self._to = np.zeros(2), np.zeros(2)  # yaw, pitch
        self._start_s = 0.0

    def at(self, at_s: float, asked: str | None) -> Angles:
        if asked != self._asked:
            axis, sign = WAYS.get(asked or "", ("yaw", 0.0))
            self._from = self._now(at_s)
            self._to = np.array((axis == "yaw", axis == "pitch"), np.float64) * sign * self._amplitude_deg
            self._asked, self._start_s = asked, at_s + self._reaction_s
        yaw, pitch = self._now(at_s)
        sway = 0.8 * np.sin(self._phase + at_s * np.array((1.1, 0.9, 0.7)))
        share = float(np.hypot(yaw, pitch)) / self._amplitude_deg if self._amplitude_deg else 0.0
        yaw, pitch, roll = np.array((yaw, pitch, 0.0)) + sway + self._stand
        return Angles(float(yaw), float(pitch), float(roll), share)

    def _now(self, at_s: float) -> Values:
        share = min(max((at_s - self._start_s) / self._takes_s, 0.0), 1.0)
        now: Values = self._from + (self._to - self._from) * share * share * (3 - 2 * share)
        return now


class Performer:
    """One presentation: its mesh at each time, in answer to what is asked ("turn_left" and so on, or None)."""

    def __init__(self, species: Species, seed: int, noise: float, movement: Movement = Movement.BOTH) -> None:
        """`noise`: standard deviation of each coordinate of each point in each frame, in outer-eye distances."""
        self._rng = np.random.default_rng([0xA77, list(Species).index(species), seed])
        self._noise = noise
        self._head = head_of(seed)
        self._place = np.array((*self._rng.normal(0, 1.0, 2), self._rng.uniform(42, 58)))
        self._neck = Follower(self._rng, _amplitude_deg(species, self._rng))
        make = _film(movement) if species is Species.REPLAYED_TURN else _POINTS[species]
        self._points = make(self._head, self._rng)

    def mesh(self, at_s: float, asked: str | None) -> FaceMesh:
        points, depth = self._points(self._neck, at_s, asked)
        xy = seen(points + self._place)
        z = (depth - depth.mean()) * FOCAL_PX / self._place[2]
        eyes = float(np.linalg.norm(xy[LEFT_EYE_OUTER] - xy[RIGHT_EYE_OUTER]))
        clean = np.concatenate([xy, z[:, None]], axis=1)
        noisy = clean + self._rng.normal(0, self._noise * eyes, clean.shape)
        return FaceMesh(noisy.astype(np.float32), 1.0, frame_width=WIDTH_PX, frame_height=HEIGHT_PX)


def _amplitude_deg(species: Species, rng: np.random.Generator) -> float:
    if species in BONA_FIDE:
        return float(np.clip(rng.normal(29, 4), 22, 45))  # people stop when the screen says that it is enough
    return 0.0 if species is Species.STILL_PHOTO else float(rng.uniform(20, 50))


Shown = tuple[Values, Values]
"""What the camera sees (468 x 3, cm, about the place), and the depths that the net is taken to report."""

Show = Callable[[Follower, float, str | None], Shown]


def seen(points: Values) -> Values:
    """Pixels (n x 2) of points in camera coordinates."""
    shown: Values = points[:, :2] / points[:, 2:] * FOCAL_PX + np.array((WIDTH_PX / 2, HEIGHT_PX / 2))
    return shown


def turned(head: Values, angles: Angles) -> Values:
    """The head turned about its neck, the middle of the face at the origin when it looks ahead."""
    out: Values = head @ rotation(angles.yaw, angles.pitch, angles.roll).astype(np.float64).T + EYES_TO_NECK
    return out


def _alive(head: Values, _rng: np.random.Generator) -> Show:
    def show(neck: Follower, at_s: float, asked: str | None) -> Shown:
        points = turned(head, neck.at(at_s, asked))
        return points, points[:, 2]

    return show


def _printed(head: Values) -> Values:
    """The face on a sheet, life-size, as a camera at `FILMED_CM` saw it; 468 x 2, cm, about its middle."""
    there = turned(head, Angles(0, 0, 0, 0)) + AWAY
    sheet: Values = there[:, :2] / there[:, 2:] * FILMED_CM
    middle: Values = sheet.mean(axis=0)
    return sheet - middle


def _sheet(
    *, radius_cm: tuple[float, float] | None = None, bends: bool = False, moves: bool = False, rolls: bool = False
) -> Callable[[Values, np.random.Generator], Show]:
    """A photograph in the hand; its depths are believed to be those of the head on it, turned as the sheet is."""

    def make(head: Values, rng: np.random.Generator) -> Show:
        flat = _printed(head)
        radius = rng.uniform(*radius_cm) if radius_cm else math.inf
        aside, tilt = rng.uniform(-1, 1, 3) * (6, 4, 14), rng.uniform(-20, 20)
        roll = rng.choice((-1, 1)) * rng.uniform(10, 30)

        def show(hands: Follower, at_s: float, asked: str | None) -> Shown:
            angles = hands.at(at_s, asked)
            bend = radius / max(angles.share, 1e-6) if bends else radius
            turn = rotation(
                angles.yaw,
                angles.pitch + (tilt * angles.share if moves else 0.0),
                angles.roll + (roll * angles.share if rolls else 0.0),
            ).astype(np.float64)
            points = rolled_up(flat, bend) @ turn.T + (aside * angles.share if moves else 0.0)
            return points, turned(head, angles)[:, 2]

        return show

    return make


def rolled_up(flat: Values, radius_cm: float) -> Values:
    """A sheet bent round an upright axis behind it, its middle towards the camera: 468 x 3, cm."""
    if not radius_cm < 1e4:
        return np.concatenate([flat, np.zeros((len(flat), 1))], axis=1)
    angle = flat[:, 0] / radius_cm
    bent: Values = np.stack([radius_cm * np.sin(angle), flat[:, 1], radius_cm * (1 - np.cos(angle))], axis=1)
    return bent


def _film(movement: Movement) -> Callable[[Values, np.random.Generator], Show]:
    """A screen that shows another challenge of the same person: its order and its waits are not those asked now."""
    known = [ASKS[side].value for side in SIDES[movement]]

    def make(head: Values, rng: np.random.Generator) -> Show:
        actor = Follower(rng, float(rng.uniform(22, 40)))
        script, ends_s = list[tuple[float, str]](), 0.0
        while ends_s < FILM_S:
            ends_s += rng.uniform(1.0, 2.2)
            script.append((ends_s, "look_straight"))
            ends_s += rng.uniform(1.2, 2.5)
            script.append((ends_s, str(rng.choice(known))))

        def show(_hands: Follower, at_s: float, _asked: str | None) -> Shown:
            asked = next((what for until_s, what in script if at_s % FILM_S < until_s), None)
            there = turned(head, actor.at(at_s, asked)) + AWAY
            screen = np.concatenate([there[:, :2] / there[:, 2:] * FILMED_CM, np.zeros((len(there), 1))], axis=1)
            return screen, there[:, 2]

        return show

    return make


_POINTS: dict[Species, Callable[[Values, np.random.Generator], Show]] = {
    Species.BONA_FIDE: _alive,
    Species.STILL_PHOTO: _sheet(),
    Species.FLAT_PHOTO: _sheet(),
    Species.MOVED_PHOTO: _sheet(moves=True),
    Species.ROTATED_PHOTO: _sheet(rolls=True),
    Species.BENT_PHOTO: _sheet(radius_cm=(12, 30)),
    Species.BENDING_PHOTO: _sheet(radius_cm=(12, 30), bends=True),
    Species.WORN_PHOTO: _sheet(radius_cm=(8, 12)),
}

LOOKS = np.full(CHIP * CHIP, 1 / CHIP, np.float32)
"""A patch that always resembles itself: continuity by looks is given to the attacker as well."""


def trial(
    species: Species, seed: int, limits: TurnLimits, *, noise: float = 0.02, movement: Movement = Movement.BOTH
) -> ChallengeView:
    """One whole challenge with this presentation; an attack has got through when its phase is PASSED."""
    performer = Performer(species, seed, noise, movement)
    dice = random.Random(f"{species} {seed}")  # noqa: S311 (repeatable on purpose)
    challenge = TurnChallenge(limits, dice, movement=movement)
    view, frames = challenge.view, 0
    while not view.ended:
        at_s = frames * FRAME_S
        mesh = performer.mesh(at_s, view.prompt.value if view.prompt else None)
        view = challenge.feed(Sighting(mesh, LOOKS), FrameRef(f"{frames:064x}", "simulated", at_s))
        frames += 1
    return view
