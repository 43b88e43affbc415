"""The lane board keeps what all lanes must: the simulator, and the real firmware on MicroPython's unix port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import Sign
from hw_tests.conformance.lane import LaneConformance, LaneRig, Seen
from simulators.lane_board import LaneBoardSim
from tests.drivers.conftest import with_micropython
from tests.drivers.lane_host import patient_lane
from tests.drivers.lane_keys import new_key, signs
from tests.drivers.unix_board import GATE, GREEN, RED, UnixBoard


def seen_on(board: UnixBoard) -> Seen:
    level = board.outputs.get
    return Seen(red=level(RED) == 1, green=level(GREEN) == 1, gate_is_open=level(GATE) == 1)


def seen_by(sim: LaneBoardSim) -> Seen:
    shown = sim.outputs
    return Seen(shown.red, shown.green, shown.gate_is_open)


class TestSimulated(LaneConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[LaneRig]:
        kiosk = new_key()
        sim = LaneBoardSim(tmp_path / "lane", kiosk=kiosk.public_key())
        lane = patient_lane(sim.path, "lane-1")
        sign: Sign = signs(kiosk)
        yield LaneRig(
            lane=lane,
            too_long_s=16.0,
            sign=sign,
            look=lambda: seen_by(sim),
            press=sim.press,
            open_housing=sim.open_housing,
            close_housing=sim.close_housing,
            plug_headset=sim.plug_headset,
            unplug=sim.unplug,
            replug=sim.replug,
            foreign_sign=signs(new_key()),
            keeps_latch=True,
        )
        lane.close()
        sim.close()


class TestFirmware(LaneConformance):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[LaneRig]:
        with_micropython()
        board = UnixBoard(tmp_path / "lane")
        lane = patient_lane(board.path, "lane-1")
        yield LaneRig(
            lane=lane,
            too_long_s=16.0,
            sign=signs(board.owners.kiosk),
            look=lambda: seen_on(board),
            press=board.press,
            open_housing=board.open_housing,
            close_housing=board.close_housing,
            plug_headset=board.plug_headset,
            unplug=board.power_off,
            replug=board.power_on,
            foreign_sign=signs(new_key()),
            keeps_latch=True,
        )
        lane.close()
        board.close()
