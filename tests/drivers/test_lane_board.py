"""The driver of the lane board against a simulated one that can be wrong in every way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import Happening, Lamp, Lane, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.errors import ALL, DeviceError, DeviceGone, DeviceRefused, DeviceTimeout
from hw_tests.conformance.lane import comes_true, happens, obeys_again
from hw_tests.conformance.rig import within
from scripts import lane_firmware
from simulators.lane_board import LaneBoardSim
from tests.drivers.lane_host import numbered
from tests.drivers.lane_keys import new_key

WAIT = LaneOrder(Lamp.WAIT)
OPEN = LaneOrder(Lamp.GO, 10.0)
RELEASE = new_key()


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[LaneBoardSim]:
    sim = LaneBoardSim(tmp_path / "lane", release=RELEASE.public_key())
    yield sim
    sim.close()


@pytest.fixture
def lane(sim: LaneBoardSim) -> Iterator[Lane]:
    lane = LANE["board"](str(sim.path), "lane")
    yield lane
    lane.close()


def test_a_mute_board_is_a_timeout_and_recovers(sim: LaneBoardSim, lane: Lane) -> None:
    lane.obey(WAIT, Deadline(10))
    sim.faults.mute = True
    with within(3), pytest.raises(DeviceTimeout):
        lane.obey(WAIT, Deadline(30))
    sim.faults.mute = False
    assert obeys_again(lane, WAIT).lamp is Lamp.WAIT


def test_a_board_that_says_no_is_refused_and_the_talk_goes_on(sim: LaneBoardSim, lane: Lane) -> None:
    lane.obey(WAIT, Deadline(10))
    with pytest.raises(DeviceRefused):
        lane.obey(LaneOrder(Lamp.GO, 20.0), Deadline(10))
    with pytest.raises(DeviceRefused):
        lane.obey(LaneOrder(Lamp.GO, 100.0), Deadline(10))
    assert lane.obey(WAIT, Deadline(10)).lamp is Lamp.WAIT


def test_a_board_that_was_never_there_is_gone_at_once(tmp_path: Path) -> None:
    lane = LANE["board"](str(tmp_path / "nothing"), "lane")
    with within(1), pytest.raises(DeviceGone):
        lane.obey(WAIT, Deadline(30))
    with within(1), pytest.raises(DeviceGone):
        lane.next_event(Deadline(30))
    lane.close()


def test_noise_between_the_frames_harms_nothing(sim: LaneBoardSim, lane: Lane) -> None:
    for size in range(1, 60):
        sim.say(bytes([size]) * size)
        assert lane.obey(WAIT, Deadline(10)).lamp is Lamp.WAIT


@pytest.mark.parametrize(
    "bad",
    [{"lossy": 0.02}, {"noisy": 0.01}, {"lossy": 0.005, "noisy": 0.005, "split": True}, {"delay_s": 0.25}],
    ids=str,
)
def test_on_a_bad_line_nothing_but_device_errors_and_no_gate_that_was_not_ordered(
    sim: LaneBoardSim, lane: Lane, bad: dict[str, float]
) -> None:
    for seed in range(5):
        sim.faults.dice.seed(seed)
        for name, value in bad.items():
            setattr(sim.faults, name, value)
        try:
            state = lane.obey(WAIT, Deadline(0.5))
            assert state.lamp is Lamp.WAIT and not state.gate_is_open
        except DeviceError as error:
            assert type(error) in ALL
    sim.faults.clear()
    assert not sim.outputs.gate_is_open
    assert obeys_again(lane, OPEN).gate_is_open


def test_an_order_whose_caller_has_left_is_never_given(sim: LaneBoardSim, lane: Lane) -> None:
    lane.obey(WAIT, Deadline(10))
    sim.faults.mute = True
    blocked = threading.Thread(target=lambda: _swallowed(lane, WAIT, 3.0))
    blocked.start()
    time.sleep(0.1)
    with pytest.raises(DeviceError):
        lane.obey(OPEN, Deadline(0.2))
    sim.faults.mute = False
    blocked.join()
    assert obeys_again(lane, WAIT).lamp is Lamp.WAIT
    with pytest.raises(DeviceTimeout):
        deadline = Deadline(1.5)
        while lane.next_event(deadline).happening is not Happening.GATE_OPENED:
            pass


def _swallowed(lane: Lane, order: LaneOrder, seconds: float) -> None:
    try:
        lane.obey(order, Deadline(seconds))
    except DeviceError:
        return


def test_a_lamp_that_the_board_took_back_is_asked_for_again_and_a_gate_is_not(sim: LaneBoardSim, lane: Lane) -> None:
    lane.obey(WAIT, Deadline(10))
    sim.restart()
    obeyed = comes_true(lambda: sim.lamp == "wait")
    assert obeyed, "a restarted board waits for an officer again"
    obeys_again(lane, OPEN)
    sim.restart()
    happens_although_gone(lane, Happening.RESTARTED)
    assert sim.lamp == "stop" and not sim.outputs.gate_is_open


def happens_although_gone(lane: Lane, happening: Happening) -> None:
    deadline = Deadline(10)
    while True:
        try:
            if lane.next_event(deadline).happening is happening:
                return
        except DeviceError:
            deadline.pause(lane.device, 0.05)


def test_a_board_that_restarts_says_so(sim: LaneBoardSim, lane: Lane) -> None:
    lane.obey(WAIT, Deadline(10))
    assert happens(lane, Happening.RESTARTED).detail == "power"
    sim.restart()
    happens_although_gone(lane, Happening.RESTARTED)


def test_a_newer_firmware_is_handed_over_once(sim: LaneBoardSim, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(lane_firmware.bundle(RELEASE, numbered(7)))
    lane = LANE["board"](f"{sim.path}?firmware={tmp_path / 'new'}", "lane")
    assert lane.obey(WAIT, Deadline(60)).lamp is Lamp.WAIT
    assert happens(lane, Happening.FIRMWARE).detail == "7 runs"
    assert sim.version == 7
    lane.close()


def test_a_newer_firmware_that_does_not_come_up_is_told(sim: LaneBoardSim, tmp_path: Path) -> None:
    sim.new_firmware_comes_up = False
    (tmp_path / "new").write_bytes(lane_firmware.bundle(RELEASE, numbered(7)))
    lane = LANE["board"](f"{sim.path}?firmware={tmp_path / 'new'}", "lane")
    assert lane.obey(WAIT, Deadline(60)).lamp is Lamp.WAIT
    assert happens(lane, Happening.FIRMWARE).detail == "7 did not come up"
    lane.close()


@pytest.mark.parametrize("what", ["absent", "foreign"])
def test_a_firmware_that_cannot_be_taken_is_told_and_the_lane_serves(
    sim: LaneBoardSim, tmp_path: Path, what: str
) -> None:
    if what == "foreign":
        (tmp_path / "new").write_bytes(lane_firmware.bundle(new_key(), numbered(7)))
    lane = LANE["board"](f"{sim.path}?firmware={tmp_path / 'new'}", "lane")
    assert lane.obey(WAIT, Deadline(60)).lamp is Lamp.WAIT
    assert happens(lane, Happening.FIRMWARE).detail.startswith("not taken")
    assert sim.version == 1
    lane.close()


def test_a_board_unplugged_in_the_middle_of_an_update_is_updated_when_it_is_back(
    sim: LaneBoardSim, tmp_path: Path
) -> None:
    (tmp_path / "new").write_bytes(lane_firmware.bundle(RELEASE, numbered(7)))
    sim.faults.delay_s = 0.02
    lane = LANE["board"](f"{sim.path}?firmware={tmp_path / 'new'}", "lane")
    with pytest.raises(DeviceError):
        threading.Timer(0.6, sim.unplug).start()
        lane.obey(WAIT, Deadline(60))
    sim.faults.delay_s = 0.0
    sim.replug()
    assert obeys_again(lane, WAIT).lamp is Lamp.WAIT
    assert comes_true(lambda: sim.version == 7)
    lane.close()


def test_two_threads_that_come_first_at_once_open_one_line(sim: LaneBoardSim, lane: Lane) -> None:
    threads = [threading.Thread(target=lambda: lane.obey(WAIT, Deadline(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([t for t in threading.enumerate() if t.name == "lane board lane"]) == 1
