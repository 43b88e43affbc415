"""Data of our own making, in the very layout that anybody's data has: synthetic heads, prints and documents.

SYNTHETIC: nobody in it exists. It shows that everything runs and how a report reads; a figure of it is no error rate
of people, fingers or documents.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.work import Work
from simulators import fingers
from simulators.faces import Identity, Lighting, Pose, Scene, render
from simulators.fingers import Condition
from simulators.presenters import BonaFide, Presenter, PrintedPhoto, ScreenReplay
from training.mrz.generate import Press
from training.mrz.pages import Profile, random_page

Pixels = NDArray[np.uint8]

FIRST_PERSON, FIRST_FINGER, FIRST_PAGE = 5000, 7000, 930_000  # seeds that no training and no test has used
FRAME_S = 0.4
ASKED = ((0.8, "look_straight"), (2.8, "turn_left"), (4.0, "look_straight"), (6.0, "turn_right"))
"""Until when what is asked; both sides, because a recording cannot answer."""

PORTRAITS = (
    ("straight", Pose(), Scene()),
    ("aside", Pose(yaw_deg=9, pitch_deg=4), Scene()),
    ("far", Pose(distance_cm=80), Scene()),
    ("dark", Pose(yaw_deg=-5), Scene(lighting=Lighting.DARK)),
)

ORDER = {
    Condition.GOOD: 100,
    Condition.OFF_CENTRE: 70,
    Condition.DRY: 50,
    Condition.WET: 50,
    Condition.LIGHT: 40,
    Condition.PARTIAL: 20,
    Condition.EMPTY: 0,
}
"""In which order impressions were made worse: an order of making, no other program's score."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files that are made together, because each picture of a recording follows from the one before."""

    paths: tuple[Path, ...]
    make: Callable[[], Iterable[Pixels]]

    def is_done(self) -> bool:
        return all(path.exists() for path in self.paths)

    def do(self) -> None:
        for path, pixels in zip(self.paths, self.make(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            _, data = cv2.imencode(path.suffix, pixels)
            fresh = path.with_name(f".{path.name}")
            fresh.write_bytes(data.tobytes())
            fresh.replace(path)


def make(folder: Path, count: int, work: Work) -> Path:
    """Write `count` of everything below the folder, skipping what is there; interrupted, it goes on. Returns it."""
    batches = [*_recordings(folder, count), *_portraits(folder, count), *_prints(folder, count), *_pages(folder, count)]
    work.unkept("making data", [batch for batch in batches if not batch.is_done()], _Batch.do)
    return folder


def _recordings(folder: Path, count: int) -> Iterator[_Batch]:
    kinds: dict[str, Callable[[Identity], Presenter]] = {
        "bona_fide": BonaFide,
        "attack/print_held_and_turned": PrintedPhoto,
        "attack/still_on_a_tablet": partial(ScreenReplay, still=True),
    }
    for number in range(count):
        for kind, stand in kinds.items():
            into = folder / "pad" / kind / f"person_{number:03d}" / "turning"
            paths = tuple(into / f"{frame:03d}.jpg" for frame in range(round(ASKED[-1][0] / FRAME_S)))
            yield _Batch(paths, partial(_turning, stand, Identity.of(FIRST_PERSON + number), len(paths)))


def _turning(stand: Callable[[Identity], Presenter], person: Identity, frames: int) -> Iterator[Pixels]:
    presenter = stand(person)
    for frame in range(frames):
        at_s = frame * FRAME_S
        yield presenter.frame(at_s, next(asked for until_s, asked in ASKED if at_s < until_s))


def _portraits(folder: Path, count: int) -> Iterator[_Batch]:
    for number in range(count):
        for name, pose, scene in PORTRAITS:
            path = folder / "face" / f"person_{number:03d}" / f"{name}.jpg"
            yield _one(path, partial(render, Identity.of(FIRST_PERSON + number), pose, scene))


def _one(path: Path, draw: Callable[[], Pixels]) -> _Batch:
    return _Batch((path,), lambda: (draw(),))


def _prints(folder: Path, count: int) -> Iterator[_Batch]:
    sensor = folder / "finger" / "simulated"
    rows = [(f"finger_{n:03d}/{condition}.png", n, condition) for n in range(count) for condition in ORDER]
    sensor.mkdir(parents=True, exist_ok=True)
    (sensor / "sensor.toml").write_text(f"pitch_ppi = {fingers.PITCH_PPI}\n", "utf-8")
    with (sensor / "quality.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "quality"), *((name, ORDER[condition]) for name, _, condition in rows)])
    for name, number, condition in rows:
        yield _one(sensor / name, partial(_print, number, condition))


def _print(number: int, condition: Condition) -> Pixels:
    return fingers.impression(fingers.master(FIRST_FINGER + number), condition, 1)


def _pages(folder: Path, count: int) -> Iterator[_Batch]:
    for profile in Profile:
        for number in range(count):
            path = folder / "mrz" / profile.value / f"page_{number:03d}.jpg"
            yield _one(path, partial(_page, profile, number, path))


@lru_cache(maxsize=1)
def _press() -> Press:
    return Press.of(FIRST_PAGE, pool=16)


def _page(profile: Profile, number: int, path: Path) -> Pixels:
    """A page from its own seed; its lines are written before its picture, which says that both are there."""
    page = random_page(np.random.default_rng((FIRST_PAGE, list(Profile).index(profile), number)), _press(), profile)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".txt").write_text("\n".join(page.lines) + "\n", "utf-8")
    return page.pixels
