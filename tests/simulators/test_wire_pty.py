"""The far end of a serial cable, and its faults."""

from __future__ import annotations

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.faults import Faults
from simulators.pty_wire import PtyWire


class Plugged:
    """A wire, what it heard, and a host that talks bare bytes."""

    def __init__(self, path: Path) -> None:
        self.heard: list[bytes] = []
        self.faults = Faults()
        self.wire = PtyWire(path, self.heard.append, self.faults, throttle=False)
        self.wire.replug()

    def open(self) -> int:
        end = os.open(self.wire.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(end)
        speed(end, termios.B9600)
        return end


def speed(end: int, baud: int) -> None:
    settings = termios.tcgetattr(end)
    settings[4] = settings[5] = baud
    termios.tcsetattr(end, termios.TCSANOW, settings)


def read(end: int, quiet_s: float = 0.8) -> bytes:
    """All that comes until it has been quiet so long; waits for the first byte."""
    data = b""
    while select.select([end], [], [], quiet_s if data else 3)[0]:
        data += os.read(end, 4096)
    return data


def silent(end: int) -> bool:
    return not select.select([end], [], [], 0.3)[0]


@pytest.fixture
def plugged(tmp_path: Path) -> Iterator[Plugged]:
    there = Plugged(tmp_path / "device")
    yield there
    there.wire.close()


def test_bytes_go_both_ways_unchanged(plugged: Plugged) -> None:
    end = plugged.open()
    everything = bytes(range(256))
    plugged.wire.say(everything, baud=9600)
    assert read(end) == everything
    os.write(end, everything)
    time.sleep(0.1)
    assert b"".join(plugged.heard) == everything
    os.close(end)


def test_a_mute_device_says_nothing_and_hears(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.faults.mute = True
    plugged.wire.say(b"word", baud=9600)
    os.write(end, b"hello?")
    assert silent(end)
    assert plugged.heard == [b"hello?"]
    os.close(end)


def test_a_late_device_keeps_its_order(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.faults.delay_s = 0.4
    plugged.wire.say(b"first ", baud=9600)
    time.sleep(0.05)
    plugged.faults.delay_s = 0.0
    plugged.wire.say(b"second", baud=9600)
    assert not select.select([end], [], [], 0.2)[0]
    assert read(end, 1.2) == b"first second"
    os.close(end)


def test_split_bytes_all_arrive_in_pieces(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.faults.split = True
    plugged.wire.say(b"x" * 100, baud=9600)
    assert read(end) == b"x" * 100
    assert len(plugged.faults.pieces(b"x" * 100)) > 5
    os.close(end)


def test_a_lossy_wire_loses_about_its_share(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.faults.lossy = 0.1
    plugged.wire.say(b"x" * 2000, baud=9600)
    assert 1700 <= len(read(end)) <= 1900
    os.close(end)


def test_a_noisy_wire_turns_one_bit_in_about_its_share(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.faults.noisy = 0.1
    plugged.wire.say(b"\x00" * 2000, baud=9600)
    turned = [byte for byte in read(end) if byte]
    assert 100 <= len(turned) <= 300
    assert {byte.bit_count() for byte in turned} == {1}
    os.close(end)


def test_a_throttled_wire_takes_ten_bits_for_a_byte(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.wire.throttle = True
    begun_s = time.monotonic()
    plugged.wire.say(b"x" * 480, baud=9600)
    assert len(read(end)) == 480
    assert 0.5 <= time.monotonic() - 0.8 - begun_s <= 10
    os.close(end)


def test_a_host_at_another_speed_reads_rubbish(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.wire.say(b"hello", baud=57600)
    rubbish = read(end)
    assert len(rubbish) == 5
    assert not set(rubbish) & set(b"hello")
    os.close(end)


def test_unplugged_the_path_vanishes_and_the_host_hangs_up(plugged: Plugged) -> None:
    end = plugged.open()
    plugged.wire.unplug()
    assert not plugged.wire.path.is_symlink()
    assert not plugged.wire.plugged_in
    with pytest.raises(OSError):
        os.write(end, b"anybody?")
    os.close(end)
    plugged.wire.say(b"into the void", baud=9600)
    plugged.wire.replug()
    end = plugged.open()
    assert silent(end)
    plugged.wire.say(b"back", baud=9600)
    assert read(end) == b"back"
    os.close(end)


def test_unplugging_and_replugging_twice_changes_nothing(plugged: Plugged) -> None:
    plugged.wire.replug()
    plugged.wire.unplug()
    plugged.wire.unplug()
    plugged.wire.replug()
    plugged.wire.replug()
    assert plugged.wire.path.exists()


def test_what_nobody_reads_is_lost_and_blocks_nobody(plugged: Plugged) -> None:
    plugged.wire.say(b"x" * 20_000, baud=9600)
    plugged.wire.say(b"y" * 20_000, baud=9600)
    time.sleep(1.5)
    end = plugged.open()
    termios.tcflush(end, termios.TCIFLUSH)
    while not silent(end):
        os.read(end, 4096)
    plugged.wire.say(b"fresh", baud=9600)
    assert read(end).endswith(b"fresh")
    os.close(end)


def test_close_joins_the_thread_leaves_no_descriptor_and_is_safe_twice(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        wire = PtyWire(tmp_path / "device", lambda _data: None, Faults(), throttle=False)
        wire.replug()
        wire.close()
        wire.close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wire")]
    assert not (tmp_path / "device").is_symlink()


def test_faults_can_all_be_cleared() -> None:
    faults = Faults(mute=True, delay_s=1, split=True, noisy=0.5, lossy=0.5, wrong_status=True)
    faults.clear()
    assert faults.pieces(b"abc") == [b"abc"]
    assert not faults.wrong_status
    assert faults.delay_s == 0
