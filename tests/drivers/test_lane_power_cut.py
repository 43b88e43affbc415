"""The power goes in the middle of a write to the board's flash: what starts afterwards is the old firmware or the new.

The flash is real littlefs, as on the RP2040, on a file; a cut leaves half a write behind.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.errors import DeviceError
from drivers.lane import board_wire as wire
from drivers.lane.board_wire import Status
from scripts import lane_firmware
from tests.drivers.conftest import with_micropython
from tests.drivers.lane_host import Host, comes_true, hosting, numbered
from tests.drivers.unix_board import GATE, Owners, UnixBoard

SAMPLE = 47
"""In every run one write in so many is cut; all of them in `make test-full`."""


@pytest.fixture(autouse=True)
def _micropython() -> None:
    with_micropython()


Act = Callable[[Host, UnixBoard, bytes], None]


class Cutting:
    """The same board with the same flash again and again, each time with the power cut one write later."""

    def __init__(self, folder: Path, before: Act | None = None) -> None:
        owners = Owners()
        self._new = lane_firmware.bundle(owners.release, numbered(2))
        self._board = UnixBoard(folder / "lane", owners=owners)
        self._master = folder / "master"
        if before:
            self._act(before, 0)
        self._board.power_off()
        shutil.copy(self._board.flash, self._master)

    def versions_after(self, act: Act, step: int) -> list[int]:
        """What starts after each cut; the last one comes so late that `act` is done before it."""
        versions, cut, died = list[int](), 1, True
        while died:
            shutil.copy(self._master, self._board.flash)
            self._board.close_housing()
            self._board.power_on(cut=cut)
            died = self._act(act, cut)
            self._board.power_off()
            versions.append(self._starts())
            cut += step
        self._board.close()
        return versions

    def _act(self, act: Act, cut: int) -> bool:
        """Whether the power went meanwhile."""
        board = self._board
        with hosting(board.path) as host:
            try:
                host.greeted(lambda: board.is_alive)
                act(host, board, self._new)
            except (DeviceError, AssertionError):
                if not cut or not comes_true(lambda: not board.is_alive):
                    raise
        return not board.is_alive

    def _starts(self) -> int:
        board = self._board
        board.close_housing()
        board.power_on()
        with hosting(board.path) as host:
            version = host.greeted().version
            assert board.outputs[GATE] == 0
            host.prove()
            assert host.hello().version == version
        board.power_off()
        return version


def updated(host: Host, _board: UnixBoard, bundle: bytes) -> None:
    """All but the restart: the new one has its name, and has not had its chance."""
    assert host.begin(bundle) is Status.OK
    host.send(wire.bundle(bundle).data)
    assert host.end() is Status.OK


def proved(host: Host, _board: UnixBoard, _bundle: bytes) -> None:
    host.prove()


def opened(host: Host, board: UnixBoard, _bundle: bytes) -> None:
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)


def test_a_cut_in_the_writes_of_an_update(tmp_path: Path) -> None:
    versions = Cutting(tmp_path).versions_after(updated, SAMPLE)
    assert len(versions) > 8
    assert versions == [1] * (len(versions) - 1) + [2], "the new one counts only when all of it is there"


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_cut_in_each_write_of_an_update(tmp_path: Path) -> None:
    versions = Cutting(tmp_path).versions_after(updated, 1)
    assert len(versions) > 100
    assert versions == sorted(versions) and set(versions) == {1, 2}


def test_a_cut_in_each_write_of_a_trial(tmp_path: Path) -> None:
    versions = Cutting(tmp_path, updated).versions_after(proved, 1)
    assert len(versions) > 3
    assert versions[-1] == 2 and set(versions) == {1, 2}, "a trial that was cut short falls back"


def test_a_cut_in_each_write_of_the_latch(tmp_path: Path) -> None:
    versions = Cutting(tmp_path).versions_after(opened, 1)
    assert len(versions) > 1 and set(versions) == {1}
