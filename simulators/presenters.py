"""What stands before the kiosk's camera, frame by frame: a bona fide traveller, an attack, or nobody.

All presenters are SYNTHETIC. Each is a function of time and of what the kiosk's screen asks. `asked` is
"turn_left", "turn_right", "lift_chin", "lower_chin", "look_straight" or None; left is the traveller's own left. The
picture is not mirrored:
who turns to his own left moves his nose to the picture's RIGHT (`Pose.yaw_deg` > 0), to his own right to the
picture's left (`Pose.yaw_deg` < 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.faces import FRONTAL, GOOD, Identity, Pose, Scene, empty_quay, render
from simulators.head_planes import Plane, Sheet, held, printed, tablet

Pixels = NDArray[np.uint8]

_TURNS = {"turn_left": 1.0, "turn_right": -1.0}
_NODS = {"lift_chin": -1.0, "lower_chin": 1.0}
_TURN_S = 0.8  # how long a head takes to turn
_SWAY_S = 6.0  # the small sway repeats, so that pictures can be used again


class Presenter(Protocol):
    """Somebody or something before the camera."""

    def frame(self, at_s: float, asked: str | None) -> Pixels:
        """The picture at this time: height x width x 3, uint8, BGR. `at_s` must not go backwards."""
        ...


@dataclass(slots=True)
class _Following:
    """An angle that follows what is asked: a reaction time, then a smooth movement. `signs` are those it answers."""

    amplitude_deg: float
    reaction_s: float
    signs: Mapping[str, float]
    _asked: str | None = None
    _from_deg: float = 0.0
    _to_deg: float = 0.0
    _start_s: float = 0.0

    def angle_deg(self, at_s: float, asked: str | None) -> float:
        if asked != self._asked:
            self._from_deg = self._at(at_s)
            self._to_deg = self.amplitude_deg * self.signs.get(asked or "", 0.0)
            self._asked, self._start_s = asked, at_s + self.reaction_s
        return self._at(at_s)

    def _at(self, at_s: float) -> float:
        share = min(max((at_s - self._start_s) / _TURN_S, 0.0), 1.0)
        return self._from_deg + (self._to_deg - self._from_deg) * share * share * (3 - 2 * share)


def _step(value: float, size: float) -> float:
    return round(value / size) * size


def _swaying(standing: Pose, yaw_deg: float, at_s: float, pitch_deg: float = 0.0) -> Pose:
    """The pose with a living person's small movements and blinks, in steps that repeat."""
    phase = 2 * np.pi * _step(at_s % _SWAY_S, 0.25) / _SWAY_S
    blinking = (at_s + 1.8) % 3.7
    lids = {0: 0.5, 1: 0.0, 2: 0.5}.get(int(blinking / 0.1), 1.0)
    return replace(
        standing,
        yaw_deg=_step(standing.yaw_deg + yaw_deg + 1.2 * np.sin(phase), 1.0),
        pitch_deg=_step(standing.pitch_deg + pitch_deg + 0.8 * np.cos(phase), 1.0),
        roll_deg=_step(standing.roll_deg + 0.7 * np.sin(phase + 1.0), 1.0),
        x_cm=_step(standing.x_cm + 0.25 * np.sin(phase + 0.5), 0.2),
        y_cm=_step(standing.y_cm + 0.12 * np.cos(phase), 0.2),
        eyes_open=min(standing.eyes_open, lids),
    )


class BonaFide:
    """A traveller who does what the screen asks, after a human reaction time.

    `standing` is where and how he stands when nothing is asked; with `obeys` false he only looks ahead.
    """

    def __init__(
        self, identity: Identity, *, scene: Scene = GOOD, standing: Pose = FRONTAL, obeys: bool = True
    ) -> None:
        self._identity, self._scene, self._standing = identity, scene, standing
        amplitude_deg = 27.0 if obeys else 0.0
        self._turn = _Following(amplitude_deg, 0.45, _TURNS)
        self._nod = _Following(amplitude_deg, 0.45, _NODS)
        self.fill = 0.0  # how brightly the kiosk's lamp shines on him, 0..1

    def frame(self, at_s: float, asked: str | None) -> Pixels:
        turn, nod = self._turn.angle_deg(at_s, asked), self._nod.angle_deg(at_s, asked)
        pose = _swaying(self._standing, turn, at_s, nod)
        return render(self._identity, pose, replace(self._scene, noise_seed=_moment(at_s), fill=self.fill))


class PrintedPhoto:
    """PAI species: a life-size print of the face held in two hands, which turns the paper when asked to turn."""

    def __init__(self, identity: Identity, *, scene: Scene = GOOD, distance_cm: float = 48.0) -> None:
        self._scene, self._distance_cm = scene, distance_cm
        self._sheet: Sheet = printed(identity)
        self._turn = _Following(38.0, 0.6, _TURNS)
        self._nod = _Following(38.0, 0.6, _NODS)

    def frame(self, at_s: float, asked: str | None) -> Pixels:
        tremor = np.sin(np.array((1.9, 2.7, 1.3, 2.2)) * at_s)
        plane = Plane(
            yaw_deg=self._turn.angle_deg(at_s, asked) + 1.5 * float(tremor[0]),
            pitch_deg=self._nod.angle_deg(at_s, asked) + 3.0 + 1.2 * float(tremor[1]),
            roll_deg=1.0 * float(tremor[2]),
            x_cm=0.3 * float(tremor[3]),
            y_cm=2.0,
            distance_cm=self._distance_cm,
        )
        return held(self._sheet, plane, replace(self._scene, noise_seed=_moment(at_s)))


# The film: (from s, yaw). Right first, then left, always: it cannot follow a random order.
_FILM = (
    (0.0, 0.0),
    (2.0, 0.0),
    (2.8, -27.0),
    (4.4, -27.0),
    (5.2, 0.0),
    (6.2, 0.0),
    (7.0, 27.0),
    (8.6, 27.0),
    (9.4, 0.0),
)
FILM_S = 10.0


class ScreenReplay:
    """PAI species: a tablet that replays a film of the traveller, or only a still of him, whatever is asked.

    The film turns right, then left, in `FILM_S` seconds, over and over. It can show the turn that is asked by
    chance; a random order within a short time is what works against it, and no more is claimed.
    """

    def __init__(self, identity: Identity, *, scene: Scene = GOOD, still: bool = False) -> None:
        self._identity, self._scene, self._still = identity, scene, still
        self._pressed_s: float | None = None  # when the film was started: with the first frame

    def frame(self, at_s: float, asked: str | None) -> Pixels:  # noqa: ARG002 (a film does not listen)
        self._pressed_s = at_s if self._pressed_s is None else self._pressed_s
        now = 0.0 if self._still else (at_s - self._pressed_s) % FILM_S
        yaw = float(np.interp(now, [p[0] for p in _FILM], [p[1] for p in _FILM]))
        filmed = render(self._identity, _swaying(FRONTAL, yaw, now))
        tremor = _step(0.8 * float(np.sin(1.1 * at_s)), 0.8)
        plane = Plane(yaw_deg=2 * tremor, pitch_deg=2.0, roll_deg=tremor, x_cm=0.2 * tremor, y_cm=0.5, distance_cm=34.0)
        scene = replace(self._scene, noise_seed=_moment(at_s))
        return held(tablet(filmed, refresh_phase=(at_s * 1.7) % 1.0), plane, scene)


class SideBySide:
    """Two before one camera: the middle of what each would show alone, beside each other."""

    def __init__(self, one: Presenter, other: Presenter) -> None:
        self._both = (one, other)

    def frame(self, at_s: float, asked: str | None) -> Pixels:
        seen = [presenter.frame(at_s, asked) for presenter in self._both]
        quarter = seen[0].shape[1] // 4
        return np.ascontiguousarray(np.hstack([pixels[:, quarter : quarter * 3] for pixels in seen]))


class Nobody:
    """The empty quay."""

    def __init__(self, *, scene: Scene = GOOD) -> None:
        self._scene = scene

    def frame(self, at_s: float, asked: str | None) -> Pixels:  # noqa: ARG002 (nobody listens)
        return empty_quay(replace(self._scene, noise_seed=_moment(at_s)))


def _moment(at_s: float) -> int:
    """A noise seed for this time; a thousand a second."""
    return int(at_s * 1000) % 2**31
