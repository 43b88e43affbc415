"""Signs of a screen: simulated tablets show them, synthetic heads do not, and photographs of people do not either.

Set LANDFALL_PHOTOGRAPHS to a folder with `face_recognition/examples` for the last; none is part of the project.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytest

from appliance.vision import screen_cues
from appliance.vision.face_reading import FaceReader
from appliance.vision.screen_cues import ROWS, ScreenCues, banding
from border.rules.default import DEVELOPMENT
from simulators.faces import Identity, Pose, Scene, render
from simulators.presenters import BonaFide, Presenter, ScreenReplay
from training.attacks.frames import sent

LIMITS = DEVELOPMENT.screen
EXAMPLES = Path(os.environ.get("LANDFALL_PHOTOGRAPHS", "absent")) / "face_recognition" / "examples"


def looked(reader: FaceReader, presenter: Presenter, frames: int = 6) -> list[ScreenCues]:
    """After the camera's JPEG, as a kiosk gets them."""
    readings = (reader.read(sent(presenter.frame(n * 0.15, None))) for n in range(frames))
    return [reading.cues for reading in readings if reading.cues is not None]


@pytest.mark.parametrize("person", range(4))
def test_a_head_shows_neither_grid_nor_frame(reader: FaceReader, person: int) -> None:
    cues = looked(reader, BonaFide(Identity.of(person), scene=Scene(backdrop_seed=person + 1)))
    assert len(cues) == 6
    assert median(one.moire for one in cues) <= LIMITS.max_moire
    assert max(one.bezel for one in cues) <= LIMITS.max_bezel


@pytest.mark.parametrize("person", range(3))
def test_a_tablet_in_full_view_shows_its_frame(reader: FaceReader, person: int) -> None:
    cues = looked(reader, ScreenReplay(Identity.of(person), still=True))
    assert median(one.bezel for one in cues) > LIMITS.max_bezel


def test_a_pixel_grid_over_a_face_stands_out(reader: FaceReader) -> None:
    plain = render(Identity.of(3))
    y, x = np.mgrid[0:480, 0:640]
    grid = np.cos(2 * np.pi * (0.21 * x + 0.13 * y)) * 6
    gridded = np.clip(plain + grid[..., None], 0, 255).astype(np.uint8)
    before, after = reader.read(plain).cues, reader.read(gridded).cues
    assert before is not None and after is not None
    assert before.moire <= LIMITS.max_moire < after.moire


def test_a_face_at_the_edge_of_a_small_picture_has_no_moire_to_measure() -> None:
    assert np.isnan(screen_cues.moire(np.zeros((60, 60, 3), np.uint8), np.array([30.0, 30.0])))


def test_bands_that_run_are_seen_and_still_ones_are_not() -> None:
    rows = np.arange(ROWS) / ROWS
    still = [np.cos(2 * np.pi * 3 * rows).astype(np.float32) * 0.05 for _ in range(8)]
    running = [np.cos(2 * np.pi * (3 * rows - n / 5)).astype(np.float32) * 0.05 for n in range(8)]
    assert banding(still) == pytest.approx(0, abs=1e-6)
    assert banding(running) > 0.02
    assert np.isnan(banding(running[:4]))


def test_a_head_far_away_has_no_profile(reader: FaceReader) -> None:
    cues = reader.read(render(Identity.of(1), Pose(distance_cm=250))).cues
    assert cues is None or cues.rows is None


@pytest.mark.skipif(
    not EXAMPLES.is_dir(),
    reason="LANDFALL_PHOTOGRAPHS names no folder with face_recognition/examples: real photographs are not shipped",
)
def test_photographs_of_people_stay_below_every_limit(reader: FaceReader) -> None:
    pictures = [cv2.imread(str(path)) for path in sorted(EXAMPLES.glob("*.jpg"))]
    cues = [reader.read(np.asarray(picture, np.uint8)).cues for picture in pictures]
    found = [one for one in cues if one is not None]
    assert len(found) >= 5
    assert max(one.moire for one in found) <= LIMITS.max_moire
    assert max(one.bezel for one in found) <= LIMITS.max_bezel
