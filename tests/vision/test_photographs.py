"""The same measures on real photographs and one film, where somebody has them; none is part of the project.

Set LANDFALL_PHOTOGRAPHS to a folder that holds `face_recognition/examples` (ageitgey/face_recognition, MIT).
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.vision.face_reading import FaceReader
from appliance.vision.pose import homography_residual, pose_of, yaw_change_deg
from appliance.vision.track import MIN_LIKENESS, Sighting, likeness
from appliance.vision.turn import Movement, Need
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
    need = Need.of(DEVELOPMENT.turn, Movement.TURN)
    far = [residual - need.residual_at(degrees) for degrees, residual in turns if degrees >= need.min_change_deg]
    assert len(far) >= 10 and min(far) >= 0
