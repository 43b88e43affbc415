"""The simulated fingerprint module, talked to in bare bytes of the data sheet: no driver of ours in between."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simulators.zfm import R503_SIZE, ZFM_20_SIZE, SpeedChange, ZfmSim
from tests.drivers import golden


class Host:
    """Whoever holds the other end of the cable."""

    def __init__(self, sim: ZfmSim, baud: int = termios.B57600) -> None:
        self.end = os.open(sim.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.end)
        self.speed(baud)

    def speed(self, baud: int) -> None:
        settings = termios.tcgetattr(self.end)
        settings[4] = settings[5] = baud
        termios.tcsetattr(self.end, termios.TCSANOW, settings)

    def ask(self, data: bytes, *, quiet_s: float = 0.1) -> bytes:
        """All that is answered until it has been quiet so long; waits for the first byte."""
        os.write(self.end, data)
        answer = b""
        while select.select([self.end], [], [], quiet_s if answer else 3)[0]:
            answer += os.read(self.end, 65536)
        assert answer, "no answer"
        return answer

    def gets_no_answer(self, data: bytes, quiet_s: float = 0.3) -> bool:
        os.write(self.end, data)
        return not select.select([self.end], [], [], quiet_s)[0]


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[ZfmSim]:
    module = ZfmSim(tmp_path / "finger")
    yield module
    module.close()


@pytest.fixture
def host(sim: ZfmSim) -> Iterator[Host]:
    asking = Host(sim)
    yield asking
    os.close(asking.end)


def test_the_questions_of_the_data_sheet_get_its_answers(host: Host) -> None:
    assert host.ask(golden.ZFM_VFY_PWD) == golden.ZFM_OK
    assert host.ask(golden.ZFM_READ_SYS_PARA) == golden.ZFM_PARAMETERS
    assert host.ask(golden.ZFM_GEN_IMG) == golden.ZFM_NO_FINGER


def test_a_wrong_password_is_told(host: Host) -> None:
    assert host.ask(bytes.fromhex("EF01 FFFFFFFF 01 0007 13 00000001 001C")) == golden.ZFM_WRONG_PASSWORD


def test_a_wrong_sum_is_a_packet_error(host: Host) -> None:
    assert host.ask(golden.ZFM_GEN_IMG[:-1] + b"\x06") == golden.ZFM_PACKET_ERROR


def test_another_address_is_not_meant(host: Host) -> None:
    assert host.gets_no_answer(bytes.fromhex("EF01 FFFFFFFE 01 0003 01 0005"))


def test_noise_between_commands_is_stepped_over(host: Host) -> None:
    assert host.ask(b"\x00\x55" + golden.ZFM_VFY_PWD) == golden.ZFM_OK


def test_a_command_in_pieces_is_a_command(host: Host) -> None:
    for byte in golden.ZFM_VFY_PWD[:-1]:
        assert host.gets_no_answer(bytes([byte]), 0.01)
    assert host.ask(golden.ZFM_VFY_PWD[-1:]) == golden.ZFM_OK


def test_the_image_comes_in_packets_of_128_the_left_pixel_in_the_high_nibble(sim: ZfmSim, host: Host) -> None:
    finger = np.zeros((288, 256), dtype=np.uint8)
    finger[0, :4] = (0x1F, 0x2F, 0x30, 0x4A)
    sim.place(finger)
    assert host.ask(golden.ZFM_GEN_IMG) == golden.ZFM_OK
    sim.lift()  # the image is in the module's memory by now
    answer = host.ask(golden.ZFM_UP_IMAGE, quiet_s=1)
    assert answer[:12] == golden.ZFM_OK
    packets = [answer[start : start + 139] for start in range(12, len(answer), 139)]
    assert len(packets) == 288
    assert packets[0] == bytes.fromhex("EF01 FFFFFFFF 02 0082 1234") + bytes(126) + bytes.fromhex("00CA")
    assert packets[-1] == bytes.fromhex("EF01 FFFFFFFF 08 0082") + bytes(128) + bytes.fromhex("008A")
    assert all(packet[6] == 0x02 for packet in packets[:-1])


def test_an_image_nobody_took_cannot_be_uploaded(host: Host) -> None:
    assert host.ask(golden.ZFM_UP_IMAGE) == bytes.fromhex("EF01 FFFFFFFF 07 0003 15 001F")


def test_told_to_speak_faster_it_says_yes_at_the_old_speed_and_is_then_deaf_to_it(sim: ZfmSim, host: Host) -> None:
    assert host.ask(golden.ZFM_BAUD_115200) == golden.ZFM_OK
    assert host.gets_no_answer(golden.ZFM_VFY_PWD)
    host.speed(termios.B115200)
    assert host.ask(golden.ZFM_VFY_PWD) == golden.ZFM_OK


def test_a_firmware_may_refuse_another_speed(sim: ZfmSim, host: Host) -> None:
    sim.speed_change = SpeedChange.REFUSES
    assert host.ask(golden.ZFM_BAUD_115200) == bytes.fromhex("EF01 FFFFFFFF 07 0003 1A 0024")
    assert host.ask(golden.ZFM_VFY_PWD) == golden.ZFM_OK


def test_an_unknown_instruction_is_a_packet_error(host: Host) -> None:
    assert host.ask(bytes.fromhex("EF01 FFFFFFFF 01 0003 7E 0082")) == golden.ZFM_PACKET_ERROR


def test_only_a_sensor_with_a_ring_takes_its_command(tmp_path: Path, host: Host) -> None:
    assert host.ask(golden.ZFM_RING_BREATHES_BLUE) == golden.ZFM_PACKET_ERROR
    ringed = ZfmSim(tmp_path / "ringed", size=R503_SIZE)
    other = Host(ringed)
    assert other.ask(golden.ZFM_RING_BREATHES_BLUE) == golden.ZFM_OK
    assert ringed.ring == bytes([1, 100, 2, 0])
    os.close(other.end)
    ringed.close()


def test_locked_it_answers_only_the_password(tmp_path: Path) -> None:
    locked = ZfmSim(tmp_path / "locked", password=b"\x00\x00\x00\x01")
    asking = Host(locked)
    assert asking.ask(golden.ZFM_GEN_IMG) == bytes.fromhex("EF01 FFFFFFFF 07 0003 21 002B")
    assert asking.ask(bytes.fromhex("EF01 FFFFFFFF 01 0007 13 00000001 001C")) == golden.ZFM_OK
    assert asking.ask(golden.ZFM_GEN_IMG) == golden.ZFM_NO_FINGER
    os.close(asking.end)
    locked.close()


def test_throttled_an_upload_takes_its_true_time(sim: ZfmSim, host: Host) -> None:
    sim.place(np.zeros((288, 256), dtype=np.uint8))
    host.ask(golden.ZFM_BAUD_115200)
    host.speed(termios.B115200)
    host.ask(golden.ZFM_GEN_IMG)
    sim.throttle = True
    begun_s = time.monotonic()
    assert len(host.ask(golden.ZFM_UP_IMAGE, quiet_s=1)) == 12 + 288 * 139
    assert 3.4 <= time.monotonic() - 1 - begun_s <= 10


def test_wrong_status_answers_everything_with_a_no(sim: ZfmSim, host: Host) -> None:
    sim.faults.wrong_status = True
    assert host.ask(golden.ZFM_VFY_PWD) == bytes.fromhex("EF01 FFFFFFFF 07 0003 18 0022")


@pytest.mark.parametrize("shape", [(256, 288), (288, 255), (288, 256, 1)])
def test_a_finger_of_another_size_does_not_fit_the_glass(sim: ZfmSim, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        sim.place(np.zeros(shape, dtype=np.uint8))
    assert (sim.width, sim.height) == ZFM_20_SIZE
