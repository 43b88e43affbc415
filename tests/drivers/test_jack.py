"""A headphone jack as a lane of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import Happening, Lamp, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.device_file import DeviceFile
from drivers.errors import DeviceGone, DeviceTimeout
from drivers.lane.jack import JackLane
from hw_tests.conformance.rig import soon
from simulators.jack import JackSim


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[JackSim]:
    sim = JackSim(tmp_path / "jack")
    yield sim
    sim.close()


@pytest.fixture
def jack(sim: JackSim) -> Iterator[JackLane]:
    jack = JackLane("lane", DeviceFile("lane", str(sim.path)), lambda _file: sim.is_in)
    yield jack
    jack.close()


def next_of(jack: JackLane, seconds: float = 5) -> Happening:
    return jack.next_event(Deadline(seconds)).happening


def test_a_headset_is_told_when_it_comes_and_when_it_goes(sim: JackSim, jack: JackLane) -> None:
    with pytest.raises(DeviceTimeout):
        next_of(jack, 0.3)
    for _ in range(2):
        with soon(lambda: sim.plug(True)):
            assert next_of(jack) is Happening.HEADSET_IN
        assert jack.obey(LaneOrder(Lamp.STOP), Deadline(1)).headset_is_in
        with soon(lambda: sim.plug(False)):
            assert next_of(jack) is Happening.HEADSET_OUT
        assert not jack.obey(LaneOrder(Lamp.STOP), Deadline(1)).headset_is_in


def test_a_headset_that_was_in_before_is_told_once(sim: JackSim, jack: JackLane) -> None:
    sim.is_in = True
    assert next_of(jack) is Happening.HEADSET_IN
    with pytest.raises(DeviceTimeout):
        next_of(jack, 0.3)


def test_behind_an_overrun_queue_the_kernel_is_asked(sim: JackSim, jack: JackLane) -> None:
    with pytest.raises(DeviceTimeout):
        next_of(jack, 0.3)
    sim.overrun(is_in=True)
    assert next_of(jack) is Happening.HEADSET_IN


def test_a_card_pulled_out_is_gone_and_back_it_is_asked_how_it_is(sim: JackSim, jack: JackLane) -> None:
    sim.is_in = True
    assert next_of(jack) is Happening.HEADSET_IN
    sim.unplug()
    for _ in range(2):
        with pytest.raises(DeviceGone):
            next_of(jack)
    sim.is_in = False
    sim.replug()
    assert next_of(jack) is Happening.HEADSET_OUT


def test_a_file_without_such_a_switch_is_gone_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeviceGone):
        LANE["jack"](str(tmp_path / "file"), "lane").next_event(Deadline(5))
