"""The ZFM family keeps what all fingerprint sensors must, against the simulator on a pty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from drivers.api import Pixels
from drivers.catalogue import FINGERPRINT
from hw_tests.conformance.fingerprint import FingerprintConformance, FingerprintRig
from simulators.faults import Faults
from simulators.zfm import R503_SIZE, ZFM_20_SIZE, ZfmSim


def ramp(width: int, height: int) -> Pixels:
    """Grey rises along every row and from row to row, so that nibble order and line order both show."""
    columns = np.linspace(0, 200, width)
    rows = np.linspace(0, 55, height)
    return (columns[np.newaxis, :] + rows[:, np.newaxis]).astype(np.uint8)


def seen_through_4_bits(finger: Pixels) -> Pixels:
    return np.array([level // 16 * 17 for level in range(256)], dtype=np.uint8)[finger]


@contextmanager
def simulated(path: Path, name: str, size: tuple[int, int]) -> Iterator[FingerprintRig]:
    faults = Faults()
    sim = ZfmSim(path, size=size, faults=faults)
    sensor = FINGERPRINT[name](str(path), "finger-1")
    finger = ramp(*size)
    try:
        yield FingerprintRig(
            sensor=sensor,
            shape=(size[1], size[0]),
            capture_s=1.0,
            place=lambda: sim.place(finger),
            lift=sim.lift,
            unplug=sim.unplug,
            replug=sim.replug,
            expected=seen_through_4_bits(finger),
            mute=lambda on: setattr(faults, "mute", on),
            delay=lambda seconds: setattr(faults, "delay_s", seconds),
            wrong_status=lambda on: setattr(faults, "wrong_status", on),
        )
    finally:
        sensor.close()
        sim.close()


class TestZfm20(FingerprintConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[FingerprintRig]:
        with simulated(tmp_path / "finger", "zfm", ZFM_20_SIZE) as rig:
            yield rig


class TestR503(FingerprintConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[FingerprintRig]:
        with simulated(tmp_path / "finger", "r503", R503_SIZE) as rig:
            yield rig
