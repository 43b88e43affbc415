"""The reference bundle as it was imported, on the three sample pictures of its upstream; none is part of the project.

Set LANDFALL_PASSIVE_BUNDLE to a bundle made by `landfall-models import`, LANDFALL_PASSIVE_KEY to the public policy key
(PEM) it was signed for, LANDFALL_PASSIVE_SAMPLES to the folder with image_T1.jpg, image_F1.jpg and image_F2.jpg.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from appliance.vision import pad_bundle
from appliance.vision.face_reading import FaceReader
from simulators.faces import Identity, render

NAMES = ("LANDFALL_PASSIVE_BUNDLE", "LANDFALL_PASSIVE_KEY", "LANDFALL_PASSIVE_SAMPLES")
PLACES = [Path(os.environ.get(name, "absent")) for name in NAMES]
BUNDLE, KEY, SAMPLES = PLACES

pytestmark = pytest.mark.skipif(
    not all(place.exists() for place in PLACES),
    reason=f"{', '.join(NAMES)} do not all name something that is there: weights are not shipped",
)


@pytest.fixture(scope="module")
def judge() -> FaceReader:
    key = load_pem_public_key(KEY.read_bytes())
    assert isinstance(key, EllipticCurvePublicKey)
    return FaceReader.load(passive=pad_bundle.load(BUNDLE, key))


@pytest.mark.parametrize(("picture", "bona_fide"), [("T1", 0.987), ("F1", 0.155), ("F2", 0.077)])
def test_the_samples_have_the_scores_that_the_recipe_was_measured_with(
    judge: FaceReader, picture: str, bona_fide: float
) -> None:
    pixels = cv2.imread(str(SAMPLES / f"image_{picture}.jpg"))
    assert pixels is not None
    score = judge.read(np.asarray(pixels, np.uint8)).attack_score
    assert score is not None
    assert 1 - score == pytest.approx(bona_fide, abs=0.002)


def test_a_synthetic_traveller_is_judged(judge: FaceReader) -> None:
    score = judge.read(render(Identity.of(2))).attack_score
    assert score is not None and 0 <= score <= 1  # what it is says nothing: the nets never saw a drawn face
