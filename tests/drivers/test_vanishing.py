"""Every serial device pulled out at any byte of what it says: gone, and back it serves with nothing left over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from drivers.api import DocumentReader, Happening, Lamp, LaneOrder
from drivers.catalogue import DOCUMENT_READER, FINGERPRINT, LANE
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceGone
from hw_tests.conformance.lane import happens, obeys_again
from hw_tests.conformance.rig import soon
from simulators.lane_board import LaneBoardSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.wedge import EVENT, WedgeSim
from simulators.zfm import R503_SIZE, ZfmSim
from tests.drivers import golden
from tests.drivers.typing_readers import wedge_on

BEFORE_S = 0.7  # the reader must have asked before the document passes


@dataclass(frozen=True, slots=True)
class Rig:
    reader: DocumentReader
    sim: MrzSwipeSim | WedgeSim


@contextmanager
def swiped(path: Path, profile: Profile, options: str = "") -> Iterator[Rig]:
    sim = MrzSwipeSim(path, profile)
    reader = DOCUMENT_READER[profile.value](f"{path}{options}", "r")
    yield Rig(reader, sim)
    reader.close()
    sim.close()


@contextmanager
def typed(path: Path) -> Iterator[Rig]:
    sim = WedgeSim(path)
    reader = wedge_on(path)
    yield Rig(reader, sim)
    reader.close()
    sim.close()


READERS: dict[str, Callable[[Path], object]] = {
    "elyctis": lambda path: swiped(path, Profile.ELYCTIS),
    "elyctis, inquired": lambda path: swiped(path, Profile.ELYCTIS, "?mode=inquire"),
    "rte": lambda path: swiped(path, Profile.RTE),
    "line": lambda path: swiped(path, Profile.LINE),
    "wedge": typed,
}
SOME = (0, 1, 2, 3, 7, 44, 45, 46, 89)


def pulled_while_it_speaks(rig: Rig, at: int) -> None:
    """Pulled at this byte; of a reader that types, in the middle of that event."""
    if isinstance(rig.sim, WedgeSim):
        at = at * EVENT.size + at % EVENT.size
    rig.sim.faults.leaves_after_bytes = at
    with soon(lambda: rig.sim.present(golden.PASSPORT), BEFORE_S), pytest.raises(DeviceGone):
        for _ in range(2):  # before a short frame has reached this byte, it may have been read whole
            rig.reader.read(Deadline(30))
    rig.sim.faults.clear()
    with pytest.raises(DeviceGone):
        rig.reader.read(Deadline(30))
    rig.sim.replug()
    with soon(lambda: rig.sim.present(golden.TD2_CARD), BEFORE_S):
        assert rig.reader.read(Deadline(30)).lines == golden.TD2_CARD


@pytest.mark.parametrize("at", SOME)
@pytest.mark.parametrize("kind", READERS)
def test_a_reader_pulled_at_a_byte_is_gone_and_back_it_reads(tmp_path: Path, kind: str, at: int) -> None:
    with READERS[kind](tmp_path / "reader") as rig:  # type: ignore[attr-defined]
        pulled_while_it_speaks(rig, at)


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", READERS)
def test_a_reader_pulled_at_every_byte_is_gone_and_back_it_reads(tmp_path: Path, kind: str) -> None:
    with READERS[kind](tmp_path / "reader") as rig:  # type: ignore[attr-defined]
        for at in range(90):
            pulled_while_it_speaks(rig, at)


@pytest.mark.parametrize("at", [0, 1, 5, 11, 12, 13, 24, 60, 500, 5000, 18000])
def test_a_finger_sensor_pulled_at_a_byte_is_gone_and_back_it_takes_an_impression(tmp_path: Path, at: int) -> None:
    sim = ZfmSim(tmp_path / "finger", size=R503_SIZE)
    sensor = FINGERPRINT["r503"](str(sim.path), "finger-1")
    sim.place(np.full((R503_SIZE[1], R503_SIZE[0]), 170, np.uint8))
    sim.faults.leaves_after_bytes = at
    with pytest.raises(DeviceGone):
        sensor.capture(Deadline(30), lambda _share: None)
    with pytest.raises(DeviceGone):
        sensor.capture(Deadline(30), lambda _share: None)
    sim.replug()
    assert (sensor.capture(Deadline(30), lambda _share: None).pixels == 170).all()
    sensor.close()
    sim.close()


@pytest.mark.parametrize("at", [0, 1, 2, 9, 20, 40])
def test_a_lane_board_pulled_at_a_byte_is_gone_its_gate_shut_and_back_it_obeys(tmp_path: Path, at: int) -> None:
    sim = LaneBoardSim(tmp_path / "lane")
    lane = LANE["board"](str(sim.path), "lane-1")
    lane.obey(LaneOrder(Lamp.GO, 10.0), Deadline(10))
    happens(lane, Happening.GATE_OPENED)
    sim.faults.leaves_after_bytes = at
    with pytest.raises(DeviceError):
        while True:  # it speaks all the time
            lane.next_event(Deadline(10))
    assert not sim.outputs.gate_is_open
    sim.replug()
    state = obeys_again(lane, LaneOrder(Lamp.WAIT))
    assert (state.lamp, state.gate_is_open) == (Lamp.WAIT, False)
    lane.close()
    sim.close()
