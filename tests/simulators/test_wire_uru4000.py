"""The simulated U.are.U 4500, talked to in bare pyusb by its registers: no driver of ours in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import usb.core

from simulators.uru4000 import HEIGHT, KEEPS_KEY, NOT_PRESENT, WIDTH, Uru4000Sim

FINGER = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


class Host:
    """Whoever has found the reader."""

    def __init__(self, sim: Uru4000Sim) -> None:
        self.usb: Any = usb.core.find(idVendor=0x05BA, idProduct=0x000A, backend=sim.bus)
        assert self.usb is not None

    def read(self, register: int, count: int) -> bytes:
        return bytes(self.usb.ctrl_transfer(0xC0, 0x04, register, 0, count, 500))

    def write(self, register: int, data: str) -> None:
        self.usb.ctrl_transfer(0x40, 0x04, register, 0, bytes.fromhex(data), 500)

    def event(self, ms: int = 500) -> str:
        return bytes(self.usb.read(0x81, 64, ms)).hex()[:4]


@pytest.fixture
def sim() -> Uru4000Sim:
    return Uru4000Sim()


@pytest.fixture
def host(sim: Uru4000Sim) -> Host:
    return Host(sim)


def test_woken_up_it_reports_its_power_and_who_it_is(host: Host) -> None:
    assert host.read(0x07, 1) == b"\x01"
    host.write(0x07, "81")
    assert host.read(0x07, 1) == b"\x81"
    host.write(0x07, "01")
    assert host.event() == "56aa"
    assert host.read(0xF0, 16).hex() == "1a0a1a0a01150000002000108b211130"


def test_a_finger_is_told_when_it_comes_and_when_it_goes_and_only_to_who_waits(sim: Uru4000Sim, host: Host) -> None:
    host.write(0x4E, "10")
    with pytest.raises(usb.core.USBTimeoutError):
        host.event(50)
    sim.place(FINGER)
    assert host.event() == "0101"
    sim.lift()
    with pytest.raises(usb.core.USBTimeoutError):
        host.event(50)
    host.write(0x4E, "12")
    assert host.event() == "0200"


def test_an_image_is_a_header_of_64_bytes_and_lines_of_384_upside_down_and_inverted(
    sim: Uru4000Sim, host: Host
) -> None:
    sim.place(FINGER)
    host.write(0x4E, "20")
    data = bytes(host.usb.read(0x82, 111424, 500))
    assert len(data) == 64 + HEIGHT * WIDTH
    assert data[4:7] == bytes.fromhex("2201 00")
    assert data[16:22] == bytes.fromhex("0491 0491 0000")
    assert data[64] == 255 - FINGER[-1, -1]
    assert data[-1] == 255 - FINGER[0, 0]


def test_lines_that_are_absent_are_not_sent(host: Host, sim: Uru4000Sim) -> None:
    sim.layout = ((KEEPS_KEY, 200), (NOT_PRESENT, 5), (KEEPS_KEY, 85))
    sim.place(FINGER)
    host.write(0x4E, "20")
    data = bytes(host.usb.read(0x82, 111424, 500))
    assert data[4:6] == (285).to_bytes(2, "little")
    assert len(data) == 64 + 285 * WIDTH


def test_the_same_key_under_another_seed(host: Host) -> None:
    host.write(0x33, "00 00000000")
    key = int.from_bytes(host.read(0x34, 4), "little")
    host.write(0x33, "00 78563412")
    assert int.from_bytes(host.read(0x34, 4), "little") == key ^ 0x12345678


def test_what_it_does_not_know_stalls(host: Host) -> None:
    for ask in (lambda: host.usb.ctrl_transfer(0xC0, 0x05, 7, 0, 1, 500), lambda: host.write(0x99, "00")):
        with pytest.raises(usb.core.USBError, match="Pipe"):
            ask()


def test_unplugged_it_is_not_found_and_old_handles_stay_dead(sim: Uru4000Sim, host: Host) -> None:
    host.read(0x07, 1)
    sim.bus.unplug()
    assert usb.core.find(idVendor=0x05BA, backend=sim.bus) is None
    sim.bus.replug()
    with pytest.raises(usb.core.USBError, match="No such device"):
        host.read(0x07, 1)
    assert Host(sim).read(0x07, 1) == b"\x01"


@pytest.mark.parametrize("shape", [(WIDTH, HEIGHT), (HEIGHT, WIDTH - 1)])
def test_a_finger_of_another_size_does_not_fit_the_glass(sim: Uru4000Sim, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError):
        sim.place(np.zeros(shape, np.uint8))
