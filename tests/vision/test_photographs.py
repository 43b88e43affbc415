"""The same measures on real photographs and one film, where somebody has them; none is part of the project.

Set LANDFALL_PHOTOGRAPHS to a folder that holds `face_recognition/examples` (ageitgey/face_recognition, MIT).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.vision.face_comparison import distance
from appliance.vision.face_reading import FaceReader
from appliance.vision.mesh_points import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from appliance.vision.model import Pixels
from appliance.vision.pose import homography_residual, pose_of, yaw_change_deg
from appliance.vision.track import MIN_LIKENESS, Sighting, likeness
from appliance.vision.turn import Need, Side
from border.rules.default import DEVELOPMENT

EXAMPLES = Path(os.environ.get("LANDFALL_PHOTOGRAPHS", "")) / "face_recognition" / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir() or "LANDFALL_PHOTOGRAPHS" not in os.environ,
    reason="LANDFALL_PHOTOGRAPHS names no folder with face_recognition/examples: real photographs are not shipped",
)


def test_every_portrait_holds_one_face_that_is_found(reader: FaceReader) -> None:
    portraits = [p for p in sorted(EXAMPLES.glob("*.jpg")) if "two_people" not in p.name]
    assert portraits
    for path in portraits:
        picture = cv2.imread(str(path))
        assert picture is not None
        reading = reader.read(np.asarray(picture, np.uint8))
        assert len(reading.faces) == 1 and reading.sighting is not None, path.name


def sightings(reader: FaceReader) -> list[Sighting]:
    """The longest stretch of the film that shows one head without a cut."""
    film = cv2.VideoCapture(str(EXAMPLES / "short_hamilton_clip.mp4"))
    runs: list[list[Sighting]] = [[]]
    while (read := film.read())[0]:
        seen = reader.read(np.asarray(read[1], np.uint8)).sighting
        if seen is None or (runs[-1] and likeness(runs[-1][-1].looks, seen.looks) < MIN_LIKENESS):
            runs.append([])
        if seen is not None:
            runs[-1].append(seen)
    film.release()
    return max(runs, key=len)


def test_a_real_head_that_turns_far_enough_always_leaves_depth(reader: FaceReader) -> None:
    track = sightings(reader)
    straight = min(track, key=lambda one: abs(pose_of(one.mesh).yaw_deg))
    turns = [
        (abs(yaw_change_deg(straight.mesh, one.mesh)), homography_residual(straight.mesh, one.mesh)) for one in track
    ]
    need = Need.of(DEVELOPMENT.turn, Side.LEFT)
    far = [residual - need.residual_at(degrees) for degrees, residual in turns if degrees >= need.min_change_deg]
    assert len(far) >= 10 and min(far) >= 0


FACES = {
    "obama": ("obama.jpg", "obama2.jpg"),
    "biden": ("biden.jpg", "knn_examples/train/biden/biden2.jpg"),
    "leslie": ("knn_examples/train/rose_leslie/img1.jpg", "knn_examples/train/rose_leslie/img2.jpg"),
    "harington": ("knn_examples/train/kit_harington/john1.jpeg", "knn_examples/train/kit_harington/john2.jpeg"),
}


def picture(name: str) -> Pixels:
    found = cv2.imread(str(EXAMPLES / name))
    assert found is not None, name
    return np.asarray(found, np.uint8)


def test_two_pictures_of_one_person_agree_and_of_two_people_do_not(reader: FaceReader) -> None:
    shown = [(who, reader.portrait(picture(name))) for who, names in FACES.items() for name in names]
    assert all(embedding is not None for _, embedding in shown)
    limit = DEVELOPMENT.comparison.max_distance
    for (who, one), (whom, other) in combinations(shown, 2):
        assert (distance(one, other) <= limit) is (who == whom), (who, whom)


def at_eye_distance(reader: FaceReader, pixels: Pixels, wanted_px: float) -> Pixels:
    seen = reader.read(pixels).sighting
    assert seen is not None
    apart = float(np.linalg.norm(seen.mesh.points[LEFT_EYE_OUTER, :2] - seen.mesh.points[RIGHT_EYE_OUTER, :2]))
    scale = wanted_px / (0.68 * apart)  # between the middles of the eyes
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


WORN: dict[str, Callable[[Pixels], Pixels]] = {
    "motion of 11 px": lambda pixels: np.asarray(cv2.blur(pixels, (11, 1)), np.uint8),
    "out of focus": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 2), np.uint8),
    "half the light": lambda pixels: (pixels // 2).astype(np.uint8),
    "half the size": lambda pixels: np.asarray(cv2.resize(pixels, None, fx=0.5, fy=0.5), np.uint8),
}


@pytest.mark.parametrize("how", WORN)
@pytest.mark.parametrize("name", [names[0] for names in FACES.values()])
def test_a_straight_look_that_a_poor_camera_saw_is_still_the_same_person(
    reader: FaceReader, name: str, how: str
) -> None:
    good = at_eye_distance(reader, picture(name), 80)
    apart = distance(reader.portrait(good), reader.portrait(WORN[how](good)))
    assert apart < 0.4 < DEVELOPMENT.turn.max_track_distance
