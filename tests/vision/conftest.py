"""The three face nets, loaded once; scripts/models.py must have put them in place."""

from __future__ import annotations

import pytest

from appliance.vision.face_reading import FaceReader
from appliance.vision.track import Sighting
from simulators.faces import Identity, render


@pytest.fixture(scope="session")
def reader() -> FaceReader:
    return FaceReader.load()


@pytest.fixture(scope="session")
def frontal(reader: FaceReader) -> Sighting:
    """A synthetic head that looks straight, as the nets see it."""
    seen = reader.read(render(Identity.of(2))).sighting
    assert seen is not None
    return seen
