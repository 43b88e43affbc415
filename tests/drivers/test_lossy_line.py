"""Over many seeds of a bad line nothing but a `DeviceError` escapes, and no wrong value is handed over."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from drivers.catalogue import DOCUMENT_READER, FINGERPRINT
from drivers.deadline import Deadline
from drivers.errors import ALL, DeviceError
from simulators.faults import Faults
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.zfm import R503_SIZE, ZfmSim
from tests.drivers import golden

FINGER = np.random.default_rng(7).integers(0, 256, (192, 192), dtype=np.uint8)
SEEN = np.array([level // 16 * 17 for level in range(256)], dtype=np.uint8)[FINGER]
BAD_LINES = [
    {"lossy": 0.01},
    {"noisy": 0.0005},
    {"noisy": 0.02},
    {"lossy": 0.0003, "noisy": 0.0003, "split": True},
]


def nobody(_share: float) -> None:
    """Does not listen."""


@pytest.mark.parametrize("bad", BAD_LINES, ids=str)
def test_a_fingerprint_sensor_on_a_bad_line(tmp_path: Path, bad: dict[str, float]) -> None:
    faults = Faults()
    sim = ZfmSim(tmp_path / "f", size=R503_SIZE, faults=faults)
    sim.place(FINGER)
    sensor = FINGERPRINT["r503"](f"{sim.path}?fast=0", "f")
    try:
        for seed in range(6):
            faults.dice.seed(seed)
            for name, value in bad.items():
                setattr(faults, name, value)
            try:
                pixels = sensor.capture(Deadline(0.8), nobody).pixels
                wrong = int(np.count_nonzero(pixels != SEEN))
                # a 16-bit sum misses few pairs of turned bits; it never misses a lost byte
                assert wrong == 0 or (bad.get("noisy") and wrong <= 8)
            except DeviceError as error:
                assert type(error) in ALL
        faults.clear()
        assert np.array_equal(sensor.capture(Deadline(8), nobody).pixels, SEEN)
    finally:
        sensor.close()
        sim.close()


@pytest.mark.parametrize("bad", BAD_LINES, ids=str)
@pytest.mark.parametrize("profile", list(Profile))
def test_a_document_reader_on_a_bad_line(tmp_path: Path, profile: Profile, bad: dict[str, float]) -> None:
    faults = Faults()
    sim = MrzSwipeSim(tmp_path / "r", profile, faults=faults)
    reader = DOCUMENT_READER[profile.value](str(sim.path), "r")
    try:
        for seed in range(4):
            faults.dice.seed(seed)
            for name, value in bad.items():
                setattr(faults, name, value)
            timer = threading.Timer(0.2, sim.present, [golden.PASSPORT])
            timer.start()
            try:
                lines = reader.read(Deadline(0.6)).lines
                assert lines == golden.PASSPORT or profile is not Profile.RTE, "an RTE frame has a check byte"
                assert all(len(line) == 44 for line in lines)
            except DeviceError as error:
                assert type(error) in ALL
            finally:
                timer.join()
        faults.clear()
        timer = threading.Timer(0.3, sim.present, [golden.IDENTITY_CARD])
        timer.start()
        assert reader.read(Deadline(5)).lines == golden.IDENTITY_CARD
        timer.join()
    finally:
        reader.close()
        sim.close()
