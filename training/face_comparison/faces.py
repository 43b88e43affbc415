"""Chips to calibrate and to measure on: synthetic heads, and photographs where somebody has them.

Photographs are read from the folder that LANDFALL_PHOTOGRAPHS names, in the layout of deepface/tests/unit/dataset (or
`et`) and face_recognition; nothing of them is kept.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from appliance.vision.face_comparison import chip
from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import FaceMesher
from appliance.vision.model import Model, Pixels
from simulators.faces import Identity, Lighting, Pose, Scene, render

log = logging.getLogger(__name__)

PERSONS = {
    "alex_lacamoire": "lacamoire",
    "alex-lacamoire": "lacamoire",
    "biden": "biden",
    "john": "harington",
    "kit_": "harington",
    "lin-manuel": "miranda",
    "obama": "obama",
    "rose_leslie": "leslie",
}
"""How paths under face_recognition/ begin to name who is shown; two people in one picture are nobody's."""
_SEVERAL = ("two_people", "obama_and_biden", "kit_with_rose", "couple", "selfie-many-people")
_COPIES = ("-240p", "-480p", "-720p", "-1080p", "_small", "_partial", "32bit", "_reflection")  # one photograph again
PICTURES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one photograph. `person`: by its path; "" when unknown."""

    name: str
    person: str
    chip: Pixels  # 150 x 150 x 3, RGB


class FaceFinder:
    """Detector and mesh, as the kiosk uses them."""

    def __init__(self) -> None:
        self._detector = FaceDetector(Model.load(FACES))
        self._mesher = FaceMesher(Model.load(MESH))

    def chips(self, pixels: Pixels) -> list[Pixels]:
        """Of every face, the largest first."""
        meshes = [self._mesher.find(pixels, face) for face in self._detector.find(pixels)]
        cut = [chip(pixels, mesh) for mesh in meshes if mesh is not None]
        return [one for one in cut if one is not None]


def synthetic(finder: FaceFinder, seeds: Sequence[int], looks: int = 1) -> Iterator[tuple[int, Pixels]]:
    """Seed and chip of drawn heads, each in so many poses and lights. A head without a face found is left out."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for look in range(looks):
            pose = Pose(
                yaw_deg=rng.uniform(-10, 10),
                pitch_deg=rng.uniform(-8, 8),
                roll_deg=rng.uniform(-6, 6),
                distance_cm=rng.uniform(40, 75),
                mouth_open=rng.choice([0.0, 0.2]),
            )
            light = list(Lighting)[rng.integers(len(Lighting))] if look else Lighting.GOOD
            found = finder.chips(render(Identity.of(seed), pose, Scene(lighting=light, backdrop_seed=seed)))
            if found:
                yield seed, found[0]


def photographs(finder: FaceFinder, folder: Path) -> list[Face]:
    """Every face of every photograph under deepface/ and face_recognition/, each file once whatever its name."""
    faces, seen = [], set[bytes]()
    for path in sorted(p for top in ("deepface/tests", "face_recognition") for p in (folder / top).rglob("*")):
        if path.suffix.lower() not in PICTURES or (data := path.read_bytes()) in seen:
            continue
        seen.add(data)
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            log.warning("%s cannot be decoded", path.name)
            continue
        cut = finder.chips(np.asarray(picture, np.uint8))
        faces += [Face(path.name, _person(path), one) for one in cut]
    return faces


def _person(path: Path) -> str:
    if "face_recognition" not in path.parts or any(mark in path.name for mark in (*_SEVERAL, *_COPIES)):
        return ""
    for name in (path.parent.name, path.name):
        for begins, person in PERSONS.items():
            if name.startswith(begins):
                return person
    return ""


def listed_pairs(folder: Path) -> dict[tuple[str, str], bool]:
    """deepface's own list of pairs of file names, and whether it says one person."""
    with (folder / "deepface/tests/unit/dataset/master.csv").open(newline="") as rows:
        return {(row["file_x"], row["file_y"]): row["Decision"] == "Yes" for row in csv.DictReader(rows)}
