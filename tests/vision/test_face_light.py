"""What the light does to a face, held against the plain formulas written out, over a cut-out that OpenCV made."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.vision import face_light
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.face_light import BRIGHT, DARK, LINEAR, LUMA, SIDE, Light, percentile
from appliance.vision.face_quality import Marks
from appliance.vision.face_reading import FaceReader
from appliance.vision.mesh_points import OVAL
from appliance.vision.model import Pixels
from simulators.faces import Identity, Lighting, Pose, Scene, render

POSES = (Pose(), Pose(distance_cm=29), Pose(x_cm=-15), Pose(y_cm=-12), Pose(yaw_deg=25), Pose(x_cm=14, roll_deg=20))

TOLERANCES = {
    "mean": 5e-4,
    "variance": 5e-4,
    "dark_share": 5e-3,
    "bright_share": 5e-3,
    "entropy_bits": 0.02,
    "sharpness": 5e-3,
    "highlights": 1.0,
}
"""What the edge of the skin and 16ths of a pixel make of it, each in the measure's own unit."""


def plain(pixels: Pixels, mesh: FaceMesh, marks: Marks) -> dict[str, float]:
    """The measures over the skin as one would write them first: everything whole, nothing left out."""
    to_chip = face_light._levelling(marks.right_eye, marks.left_eye)
    chip = cv2.warpAffine(pixels, to_chip, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full(pixels.shape[:2], 255, np.uint8), to_chip, (SIDE, SIDE)) == 255
    outline = mesh.points[list(OVAL), :2] @ to_chip[:, :2].T + to_chip[:, 2]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(outline).astype(np.int32)), 1)
    skin = mask.astype(np.bool_) & inside
    luma = (LINEAR[chip] @ LUMA * 255 + 0.5).astype(np.uint8)[skin]
    share = np.bincount(luma, minlength=256) / luma.size
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY), np.uint8)
    soft, softer = (gradient(np.asarray(cv2.GaussianBlur(grey, (0, 0), sigma), np.uint8))[skin] for sigma in (0.7, 2.1))
    return {
        "mean": float(luma.mean()) / 255,
        "variance": float((luma / 255).var()),
        "dark_share": float((luma <= DARK).mean()),
        "bright_share": float((luma >= BRIGHT).mean()),
        "entropy_bits": float(-(share[share > 0] * np.log2(share[share > 0])).sum()),
        "sharpness": max(0.0, 1 - float(softer.mean()) / float(soft.mean())),
        "highlights": float(np.percentile(grey[skin], 95)),
    }


def gradient(grey: Pixels) -> NDArray[np.float64]:
    return np.hypot(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1))


@pytest.mark.parametrize("person", [1, 4, 5, 6])
@pytest.mark.parametrize("lighting", list(Lighting))
def test_the_measures_are_those_of_the_plain_formulas(reader: FaceReader, lighting: Lighting, person: int) -> None:
    compared = 0
    for pose in POSES:
        pixels = render(Identity.of(person), pose, Scene(lighting=lighting))
        seen = reader.read(pixels, max_second_face=1.0).sighting
        if seen is None:
            continue
        marks = Marks.of(seen.mesh)
        light = face_light.measure(pixels, seen.mesh, marks.right_eye, marks.left_eye, marks.mouth)
        for name, value in plain(pixels, seen.mesh, marks).items():
            assert getattr(light, name) == pytest.approx(value, abs=TOLERANCES[name]), (pose, name)
        compared += 1
    assert compared >= 3


@given(st.lists(st.integers(0, 255), min_size=1, max_size=60), st.floats(0, 100))
def test_a_percentile_from_counts_is_numpys(values: list[int], share: float) -> None:
    counts = np.bincount(values, minlength=256)
    assert percentile(counts, share) == pytest.approx(float(np.percentile(values, share)), abs=1e-9)


def test_a_sliver_of_a_face_has_no_measure() -> None:
    none = Light(*[math.nan] * 10)
    assert all(math.isnan(getattr(none, name)) for name in Light.__slots__)
