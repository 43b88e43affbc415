"""The nets, loaded once; scripts/models.py must have put them in place."""

from __future__ import annotations

import pytest

from appliance.vision.face_reading import FaceReader


@pytest.fixture(scope="session")
def reader() -> FaceReader:
    return FaceReader.load()
