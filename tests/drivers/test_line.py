"""The serial wire on a real tty of the kernel (a pty)."""

from __future__ import annotations

import fcntl
import os
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceGone, DeviceTimeout
from drivers.line import SerialLine


class FarEnd:
    """The other end of the cable, bare."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path.symlink_to(os.ttyname(self.slave))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self.master)
        os.close(self.slave)

    def wait_until_arrived(self, count: int) -> None:
        """Until so many bytes lie ready at the near end; a busy kernel carries them later."""
        ends_s = time.monotonic() + 10
        while int.from_bytes(fcntl.ioctl(self.slave, termios.FIONREAD, bytes(4)), sys.byteorder) < count:
            assert time.monotonic() < ends_s, "the bytes do not arrive"
            time.sleep(0.005)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarEnd]:
    end = FarEnd(tmp_path / "cable")
    yield end
    if end.path.is_symlink():
        end.unplug()


@pytest.fixture
def line(far: FarEnd) -> Iterator[SerialLine]:
    opened = SerialLine("x", str(far.path), 9600)
    opened.drain()
    yield opened
    opened.close()


def test_bytes_go_both_ways(far: FarEnd, line: SerialLine) -> None:
    line.send(b"\x00\xff question", Deadline(10))
    assert os.read(far.master, 100) == b"\x00\xff question"
    os.write(far.master, b"\x11\x13\r\n answer")
    assert line.receive(Deadline(10)) == b"\x11\x13\r\n answer"


def test_all_that_has_come_is_received_at_once(far: FarEnd, line: SerialLine) -> None:
    os.write(far.master, b"x" * 3000)
    far.wait_until_arrived(3000)
    assert len(line.receive(Deadline(10))) == 3000


def test_silence_is_a_timeout(line: SerialLine) -> None:
    begun_s = time.monotonic()
    with pytest.raises(DeviceTimeout):
        line.receive(Deadline(0.2))
    assert 0.2 <= time.monotonic() - begun_s < 10


def test_a_caller_who_leaves_is_let_go(line: SerialLine) -> None:
    deadline = Deadline(60)
    threading.Timer(0.2, deadline.cancel).start()
    begun_s = time.monotonic()
    with pytest.raises(Cancelled):
        line.receive(deadline)
    assert time.monotonic() - begun_s < 10


def test_nothing_is_sent_for_a_caller_who_has_left(far: FarEnd, line: SerialLine) -> None:
    deadline = Deadline(60)
    deadline.cancel()
    with pytest.raises(Cancelled):
        line.send(b"late", deadline)
    os.set_blocking(far.master, False)
    with pytest.raises(BlockingIOError):
        os.read(far.master, 10)


def test_draining_forgets_what_came_before(far: FarEnd, line: SerialLine) -> None:
    os.write(far.master, b"old")
    far.wait_until_arrived(3)
    line.drain()
    os.write(far.master, b"new")
    assert line.receive(Deadline(10)) == b"new"


def test_draining_until_idle_outlasts_a_trickle(far: FarEnd, line: SerialLine) -> None:
    def trickle() -> None:
        for _ in range(10):
            os.write(far.master, b"old")
            time.sleep(0.03)

    writer = threading.Thread(target=trickle)
    writer.start()
    line.drain_until_idle(Deadline(30), 2)
    writer.join()
    with pytest.raises(DeviceTimeout):
        line.receive(Deadline(0.1))


def test_a_line_that_is_never_idle_is_a_timeout(far: FarEnd, line: SerialLine) -> None:
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.01):
            os.write(far.master, b"x")

    writer = threading.Thread(target=chatter)
    writer.start()
    try:
        with pytest.raises(DeviceTimeout):
            line.drain_until_idle(Deadline(4), 3)  # a silence longer than any a busy machine gives the writer
    finally:
        stop.set()
        writer.join()


def test_what_was_never_there_is_gone(tmp_path: Path) -> None:
    absent = SerialLine("x", str(tmp_path / "nothing"), 9600)
    for call in (lambda: absent.receive(Deadline(10)), lambda: absent.send(b"x", Deadline(10)), absent.drain):
        with pytest.raises(DeviceGone):
            call()
    with pytest.raises(DeviceGone):
        absent.set_baud(9600)


def test_a_plain_file_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    with pytest.raises(DeviceGone):
        SerialLine("x", str(path), 9600).receive(Deadline(10))


def test_unplugged_while_waiting_is_gone_and_the_next_call_opens_again(far: FarEnd, line: SerialLine) -> None:
    hand = threading.Timer(0.2, far.unplug)
    hand.start()
    with pytest.raises(DeviceGone):
        line.receive(Deadline(30))
    hand.join()
    with pytest.raises(DeviceGone):
        line.send(b"x", Deadline(5))
    far.plug()
    line.send(b"again", Deadline(5))
    assert os.read(far.master, 10) == b"again"


def test_unplugged_between_calls_is_gone_whatever_comes_next(far: FarEnd, line: SerialLine) -> None:
    far.unplug()
    with pytest.raises(DeviceGone):
        line.drain_until_idle(Deadline(5), 0.1)
    far.plug()
    line.set_baud(57600)
    assert line.baud == 57600


def test_a_new_speed_reaches_the_kernel_and_survives_a_replug(far: FarEnd, line: SerialLine) -> None:
    line.set_baud(115200)
    assert termios.tcgetattr(far.master)[5] == termios.B115200
    line.close()
    line.drain()
    assert termios.tcgetattr(far.master)[5] == termios.B115200


def test_two_programs_cannot_share_a_line(far: FarEnd, line: SerialLine) -> None:
    with pytest.raises(DeviceGone, match="lock"):
        SerialLine("y", str(far.path), 9600).drain()


def test_a_line_that_takes_no_bytes_is_a_timeout(line: SerialLine) -> None:
    with pytest.raises(DeviceTimeout):
        line.send(b"x" * 200_000, Deadline(10))  # nobody reads at the far end


def test_close_is_safe_twice(line: SerialLine) -> None:
    line.close()
    line.close()
