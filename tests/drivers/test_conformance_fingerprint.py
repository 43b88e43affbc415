"""Every fingerprint driver keeps what all must: the ZFM family on a pty, the U.are.U 4500 on a simulated USB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from drivers.api import Pixels
from drivers.bulk import ANY, UsbLine
from drivers.catalogue import FINGERPRINT
from drivers.fingerprint.uru4000 import READER, Uru4000Sensor
from hw_tests.conformance.fingerprint import FingerprintConformance, FingerprintRig
from simulators.faults import Faults
from simulators.uru4000 import HEIGHT, PLAIN, SECRET, WIDTH, Uru4000Sim
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


@contextmanager
def on_usb(layout: tuple[tuple[int, int], ...]) -> Iterator[FingerprintRig]:
    sim = Uru4000Sim(layout=layout)
    bus, finger = sim.bus, ramp(WIDTH, HEIGHT)
    sensor = Uru4000Sensor("finger-2", UsbLine("finger-2", ANY, READER, backend=bus, listen_s=0.1))
    try:
        yield FingerprintRig(
            sensor=sensor,
            shape=(HEIGHT, WIDTH),
            capture_s=1.0,
            place=lambda: sim.place(finger),
            lift=sim.lift,
            unplug=bus.unplug,
            replug=bus.replug,
            expected=sim.seen(finger),
            mute=lambda on: setattr(bus.faults, "mute", on),
            wrong_status=lambda on: setattr(bus.faults, "stalls", on),
        )
    finally:
        sensor.close()
    assert bus.open_handles == 0


class TestUru4000(FingerprintConformance):
    @pytest.fixture
    def rig(self) -> Iterator[FingerprintRig]:
        with on_usb(PLAIN) as rig:
            yield rig


class TestUru4000Scrambled(FingerprintConformance):
    @pytest.fixture
    def rig(self) -> Iterator[FingerprintRig]:
        with on_usb(SECRET) as rig:
            yield rig
