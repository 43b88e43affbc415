"""The wire that is a file of the kernel: bytes both ways, in time, and gone when it is gone."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.deadline import Deadline
from drivers.device_file import DeviceFile
from drivers.errors import Cancelled, DeviceGone, DeviceTimeout
from hw_tests.conformance.rig import soon, within


@pytest.fixture
def far_end(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    master, slave = os.openpty()
    tty.setraw(slave)
    path = tmp_path / "device"
    path.symlink_to(os.ttyname(slave))
    yield master, path
    for end in (master, slave):
        try:
            os.close(end)
        except OSError:
            continue  # the test has pulled it


def test_bytes_go_both_ways(far_end: tuple[int, Path]) -> None:
    master, path = far_end
    file = DeviceFile("d", str(path))
    file.send(b"question", Deadline(5))
    assert os.read(master, 100) == b"question"
    os.write(master, b"answer")
    assert file.receive(Deadline(5)) == b"answer"
    os.write(master, b"late")
    file.drain()
    with pytest.raises(DeviceTimeout):
        file.receive(Deadline(0.2))
    file.close()
    file.close()


def test_a_device_that_takes_no_bytes_is_a_timeout_and_lets_a_caller_go(far_end: tuple[int, Path]) -> None:
    _, path = far_end
    file = DeviceFile("d", str(path))
    with within(1), pytest.raises(DeviceTimeout):
        file.send(bytes(1_000_000), Deadline(0.5))
    deadline = Deadline(60)
    with within(1), soon(deadline.cancel), pytest.raises(Cancelled):
        file.send(bytes(1_000_000), deadline)
    file.close()


def test_a_question_of_the_kernels_that_fails_is_a_device_that_is_gone(far_end: tuple[int, Path]) -> None:
    def fails(_file: int) -> int:
        raise OSError(19, "No such device")

    file = DeviceFile("d", str(far_end[1]))
    assert file.ask(lambda number: number >= 0)
    with pytest.raises(DeviceGone, match="No such device"):
        file.ask(fails)
    file.close()


def test_a_file_that_was_never_there_or_may_not_be_opened_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DeviceGone):
        DeviceFile("d", str(tmp_path / "nothing")).receive(Deadline(5))
    with pytest.raises(DeviceGone):
        DeviceFile("d", str(tmp_path)).send(b"x", Deadline(5))
