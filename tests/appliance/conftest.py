"""What several files of the Runner's tests share: one face, and the rows that were walked."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from appliance.vision.face_reading import FaceReader
from appliance.vision.track import Sighting
from simulators.faces import FRONTAL, GOOD, render
from simulators.travellers import traveller
from tests.journeys.rows import Row


@pytest.fixture(scope="module")
def front() -> Sighting:
    """One synthetic face, seen by the real nets once."""
    seen = FaceReader.load().read(render(traveller("skipper").face(), FRONTAL, GOOD)).sighting
    assert seen is not None
    return seen


@pytest.fixture
def walked(caplog: pytest.LogCaptureFixture) -> Callable[[], list[Row]]:
    caplog.set_level(logging.INFO, "appliance.journey.runner")

    def rows() -> list[Row]:
        said = (record.args for record in caplog.records if str(record.msg).startswith("journey:"))
        return [(args[0], args[1]) for args in said if isinstance(args, tuple)]  # type: ignore[misc]

    return rows
