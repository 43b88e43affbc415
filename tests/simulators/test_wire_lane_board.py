"""The simulated lane board, talked to in bare bytes of its protocol sheet: no driver of ours in between."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.lane_board import BOARD, LaneBoardSim
from tests.drivers import golden


class Host:
    """Whoever holds the other end of the cable."""

    def __init__(self, sim: LaneBoardSim) -> None:
        self.end = os.open(sim.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.end)
        settings = termios.tcgetattr(self.end)
        settings[4] = settings[5] = termios.B115200
        termios.tcsetattr(self.end, termios.TCSANOW, settings)

    def ask(self, data: bytes, *, patience_s: float = 5.0) -> bytes:
        """The answer's frame without its zeros; b"" when none comes."""
        os.write(self.end, data)
        heard = b""
        while select.select([self.end], [], [], patience_s)[0]:
            heard += os.read(self.end, 4096)
            if heard.strip(b"\0") and heard.endswith(b"\0"):
                return heard.strip(b"\0")
        return b""


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[LaneBoardSim]:
    sim = LaneBoardSim(tmp_path / "lane")
    yield sim
    sim.close()


@pytest.fixture
def host(sim: LaneBoardSim) -> Iterator[Host]:
    host = Host(sim)
    yield host
    os.close(host.end)


def test_the_golden_order_opens_the_gate_and_silence_shuts_it(sim: LaneBoardSim, host: Host) -> None:
    answer = host.ask(golden.LANE_GO_FOR_FIVE_SECONDS)
    assert answer[1:4] == b"\x01\x82\x07"
    time.sleep(0.7)
    assert not sim.outputs.gate_is_open and sim.outputs.red


def test_the_golden_beat_is_answered_with_a_state_and_no_event(host: Host) -> None:
    answer = host.ask(golden.LANE_FIRST_BEAT)
    assert answer[1:3] == b"\x01\x83"
    assert b"\xff\xff\xff\xff" in answer, "no latch, so no age"


def test_an_answer_asked_for_again_is_the_same(host: Host) -> None:
    first = host.ask(golden.LANE_GO_FOR_FIVE_SECONDS)
    assert host.ask(golden.LANE_GO_FOR_FIVE_SECONDS) == first


def framed(*body: int) -> bytes:
    """COBS and CRC; the CRC by a shift register, not by anybody's table."""
    crc = 0xFFFF
    for byte in body:
        for bit in range(7, -1, -1):
            crc = ((crc << 1) & 0xFFFF) ^ (0x1021 if (crc >> 15) ^ (byte >> bit & 1) else 0)
    whole = bytes(body) + crc.to_bytes(2, "big")
    return b"".join(bytes([len(part) + 1]) + part for part in whole.split(b"\0")) + b"\0"


def test_a_greeting_names_the_board(host: Host) -> None:
    assert BOARD in host.ask(framed(1, 1, 5, 0, 0, 0, 0))


@pytest.mark.parametrize("at", range(1, len(golden.LANE_GO_FOR_FIVE_SECONDS) - 1))
def test_a_turned_bit_is_not_heard(sim: LaneBoardSim, host: Host, at: int) -> None:
    harmed = bytearray(golden.LANE_GO_FOR_FIVE_SECONDS)
    harmed[at] ^= 0x10
    assert host.ask(bytes(harmed), patience_s=0.15) == b""
    assert not sim.outputs.gate_is_open


def test_another_version_is_answered_as_such(host: Host) -> None:
    assert host.ask(framed(2, 3, 9))[1:5] == b"\x01\x83\x09\x08"
