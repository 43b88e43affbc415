"""One practice port for all journeys: broker, centre, and kiosks that open when a test first needs them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import load
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "journeys"

MAIN, BRISK, PASSIVE, CHIP = "journey-main", "journey-brisk", "journey-passive", "journey-chip"
KIOSKS = (MAIN, BRISK, PASSIVE, CHIP)

HARD_MARK_SHARE = 0.8
"""Of the room at the start: real free room may swing by a fifth before a brisk kiosk notices."""


def hard_mark_bytes(stand: Stand) -> int:
    """As it stands in this kiosk's configuration."""
    return load(stand.place.folder / "kiosk.toml").storage.hard_mark_mb * 1_000_000


@pytest.fixture(scope="session")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    harbour = Harbour(tmp_path_factory.mktemp("harbour"), KIOSKS)
    try:
        harbour.open()
        yield harbour
    finally:
        harbour.close()


@pytest.fixture(scope="session")
def main_stand(harbour: Harbour) -> Stand:
    return harbour.open_kiosk(MAIN)


@pytest.fixture
def stand(main_stand: Stand) -> Iterator[Stand]:
    """The kiosk at its true pace, free when the test begins and free again when it ends."""
    main_stand.go_home()
    yield main_stand
    main_stand.go_home()


@pytest.fixture(scope="session")
def brisk_stand(harbour: Harbour) -> Stand:
    """Its journey's limits are a tenth: who dawdles for six seconds has timed out. A fifth of the disk is enough
    to fill it."""
    mark_mb = round(HARD_MARK_SHARE * shutil.disk_usage(harbour.folder).free / 1_000_000)
    marks = {"soft_mark_mb": mark_mb, "hard_mark_mb": mark_mb}
    return harbour.open_kiosk(BRISK, scale=0.1, settings={"times": {"deciding_s": 0.4}, "storage": marks})


@pytest.fixture
def brisk(brisk_stand: Stand) -> Iterator[Stand]:
    brisk_stand.go_home()
    yield brisk_stand
    brisk_stand.go_home()


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Where pictures of the journeys are kept."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    return ARTEFACTS
