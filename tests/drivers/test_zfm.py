"""The ZFM family: speed, repeated uploads, passwords, the ring."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from drivers.api import FingerprintSensor, Light, Pixels
from drivers.catalogue import FINGERPRINT
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt
from simulators.faults import Faults
from simulators.zfm import R503_SIZE, ZFM_20_SIZE, SpeedChange, ZfmSim
from tests.drivers import golden

FINGER = np.random.default_rng(7).integers(0, 256, (192, 192), dtype=np.uint8)
SEEN = np.array([level // 16 * 17 for level in range(256)], dtype=np.uint8)[FINGER]


def nobody(_share: float) -> None:
    """Does not listen."""


def arrived_whole(pixels: Pixels) -> bool:
    return np.array_equal(pixels, SEEN)


@contextmanager
def r503(path: Path, options: str = "", **sim_options: object) -> Iterator[tuple[ZfmSim, FingerprintSensor]]:
    sim = ZfmSim(path, size=R503_SIZE, **sim_options)  # type: ignore[arg-type]
    sensor = FINGERPRINT["r503"](f"{path}{options}", "f")
    sim.place(FINGER)
    try:
        yield sim, sensor
    finally:
        sensor.close()
        sim.close()


def test_the_sensor_is_moved_to_the_fast_speed_and_stays_there(tmp_path: Path) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)
        assert sim.baud == 115200
        sim.unplug()
        with pytest.raises(DeviceGone):
            sensor.capture(Deadline(5), nobody)
        sim.replug()
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)
        assert sim.asked.count(0x0E) == 1


@pytest.mark.parametrize("change", [SpeedChange.REFUSES, SpeedChange.PRETENDS])
def test_a_sensor_that_cannot_be_moved_is_used_where_it_answers(tmp_path: Path, change: SpeedChange) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sim.speed_change = change
        assert arrived_whole(sensor.capture(Deadline(8), nobody).pixels)
        assert sim.baud == 57600


def test_a_sensor_left_at_the_fast_speed_by_the_day_before_is_found(tmp_path: Path) -> None:
    with r503(tmp_path / "f", baud=115200) as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(8), nobody).pixels)
        assert 0x0E not in sim.asked


@pytest.mark.parametrize("baud", [9600, 19200, 38400])
def test_a_sensor_at_any_other_speed_is_found_and_moved(tmp_path: Path, baud: int) -> None:
    with r503(tmp_path / "f", baud=baud) as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(20), nobody).pixels)
        assert sim.baud == 115200


def test_a_sensor_is_moved_back_where_the_slow_speed_is_wanted(tmp_path: Path) -> None:
    with r503(tmp_path / "f", "?fast=0", baud=115200) as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)
        assert sim.baud == 57600
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)
        assert sim.asked.count(0x0E) == 1


def test_a_speed_that_no_module_has_a_code_for_is_not_asked_for(tmp_path: Path) -> None:
    with r503(tmp_path / "f", "?fast=0&baud=230400") as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)
        assert 0x0E not in sim.asked and sim.baud == 57600


def test_a_sensor_may_be_left_at_its_own_speed(tmp_path: Path) -> None:
    with r503(tmp_path / "f", "?fast=0") as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)
        assert 0x0E not in sim.asked


def test_an_upload_takes_its_true_time_and_tells_how_far_it_is(tmp_path: Path) -> None:
    with r503(tmp_path / "f", throttle=True) as (_, sensor):
        shares: list[float] = []
        begun_s = time.monotonic()
        assert arrived_whole(sensor.capture(Deadline(10), shares.append).pixels)
        assert 1.7 <= time.monotonic() - begun_s <= 9.0  # 144 packets of 139 bytes at 115200 baud, and the capture
        assert len(shares) == 144


def test_leaving_in_the_middle_of_an_upload_is_prompt_and_the_next_call_waits_for_its_end(tmp_path: Path) -> None:
    with r503(tmp_path / "f", throttle=True) as (_, sensor):
        deadline = Deadline(60)
        left_s = 0.0

        def leave(share: float) -> None:
            nonlocal left_s
            if share > 0.3 and not deadline.cancelled:
                left_s = time.monotonic()
                deadline.cancel()

        with pytest.raises(Cancelled):
            sensor.capture(deadline, leave)
        assert time.monotonic() - left_s < 10
        assert arrived_whole(sensor.capture(Deadline(15), nobody).pixels)


def test_unplugged_in_the_middle_of_an_upload_is_gone(tmp_path: Path) -> None:
    with r503(tmp_path / "f", throttle=True) as (sim, sensor):
        pulled: list[float] = []

        def pull(share: float) -> None:
            if share > 0.3 and not pulled:
                pulled.append(share)
                sim.unplug()

        with pytest.raises(DeviceGone):
            sensor.capture(Deadline(15), pull)
        sim.replug()
        sim.throttle = False
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)


def test_lost_bytes_mean_that_the_upload_is_repeated_and_progress_never_falls(tmp_path: Path) -> None:
    faults = Faults()
    with r503(tmp_path / "f", faults=faults) as (sim, sensor):
        sensor.capture(Deadline(5), nobody)
        uploads = sim.asked.count(0x0A)

        def repair_after_first_upload() -> None:
            while sim.asked.count(0x0A) == uploads:
                time.sleep(0.005)
            time.sleep(0.1)  # by now the spoiled image is on the wire, and the line is not yet idle again
            faults.lossy = 0.0

        faults.lossy = 0.001
        repair = threading.Thread(target=repair_after_first_upload)
        repair.start()
        shares: list[float] = []
        image = sensor.capture(Deadline(10), shares.append)
        repair.join()
        assert arrived_whole(image.pixels)
        assert sim.asked.count(0x0A) >= uploads + 2
        assert shares[-1] == 1.0
        assert all(a < b for a, b in itertools.pairwise(shares))


def test_an_image_too_short_by_a_packet_is_repeated_and_one_always_too_short_is_corrupt(tmp_path: Path) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sensor.capture(Deadline(5), nobody)
        sim.forget_last_packets = 1
        assert arrived_whole(sensor.capture(Deadline(8), nobody).pixels)
    path = tmp_path / "small"
    small = ZfmSim(path, size=R503_SIZE)
    small.place(FINGER)
    sensor = FINGERPRINT["zfm"](str(path), "f")  # expects 256 x 288
    with pytest.raises(WireCorrupt, match="18432 bytes instead of 36864"):
        sensor.capture(Deadline(15), nobody)
    assert small.asked.count(0x0A) == 4
    sensor.close()
    small.close()


def test_an_image_too_long_is_corrupt(tmp_path: Path) -> None:
    sim = ZfmSim(tmp_path / "f", size=ZFM_20_SIZE)
    sim.place(np.zeros((288, 256), dtype=np.uint8))
    sensor = FINGERPRINT["r503"](str(sim.path), "f")
    with pytest.raises(WireCorrupt):
        sensor.capture(Deadline(15), nobody)
    sensor.close()
    sim.close()


def test_the_deadline_ends_repeated_uploads(tmp_path: Path) -> None:
    faults = Faults()
    with r503(tmp_path / "f", faults=faults) as (_, sensor):
        sensor.capture(Deadline(5), nobody)
        faults.lossy = 0.01
        begun_s = time.monotonic()
        with pytest.raises((DeviceTimeout, WireCorrupt)):
            sensor.capture(Deadline(2), nobody)
        assert time.monotonic() - begun_s < 15


@pytest.mark.parametrize("options", ["?password=00000000", "?password=0000ABCE"])
def test_a_wrong_module_password_is_refused(tmp_path: Path, options: str) -> None:
    with (
        r503(tmp_path / "f", options, password=bytes.fromhex("0000ABCD")) as (_, sensor),
        pytest.raises(DeviceRefused),
    ):
        sensor.capture(Deadline(5), nobody)


def test_the_right_module_password_opens_also_after_power_was_lost(tmp_path: Path) -> None:
    with r503(tmp_path / "f", "?password=0000abcd", password=bytes.fromhex("0000ABCD")) as (sim, sensor):
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)
        sim.unplug()
        with pytest.raises(DeviceGone):
            sensor.capture(Deadline(5), nobody)
        sim.replug()
        assert arrived_whole(sensor.capture(Deadline(5), nobody).pixels)


def test_every_light_is_another_ring(tmp_path: Path) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        rings = []
        for light in Light:
            sensor.show(light)
            rings.append(sim.ring)
        assert len(set(rings)) == len(Light)
        assert sim.ring[0] == 2, "a problem flashes"
        sensor.show(Light.OFF)
        assert sim.ring[0] == 4


@pytest.mark.parametrize("name", ["zfm", "r503"])
def test_a_sensor_that_is_not_there_shows_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeviceGone):
        FINGERPRINT[name](str(tmp_path / "nothing"), "f").show(Light.DONE)


def test_a_listener_that_fails_leaves_the_sensor_usable(tmp_path: Path) -> None:
    def trip(_share: float) -> None:
        raise ZeroDivisionError

    with r503(tmp_path / "f") as (_, sensor):
        with pytest.raises(ZeroDivisionError):
            sensor.capture(Deadline(5), trip)
        assert arrived_whole(sensor.capture(Deadline(8), nobody).pixels)


COMMANDS = {"GEN_IMG": 0x01, "UP_IMAGE": 0x0A, "AURA_LED": 0x35, "READ_SYS_PARA": 0x0F, "VFY_PWD": 0x13}
WORDS = {
    0x01: "cannot read this command",
    0x0F: "could not send its picture",
    0x13: "wrong module password",
    0x15: "holds no picture",
    0x18: "memory failed",
    0x1A: "no such setting",
    0x20: "another address",
    0x21: "wrong module password",
    0x2B: "code 2B",
    0xFF: "code FF",
}


@pytest.mark.parametrize("command", ["GEN_IMG", "UP_IMAGE", "AURA_LED"])
@pytest.mark.parametrize("status", WORDS, ids=hex)
def test_every_no_has_its_words_and_the_sensor_goes_on(tmp_path: Path, command: str, status: int) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sensor.show(Light.INVITE)
        sim.refuses = {COMMANDS[command]: status}
        with pytest.raises((DeviceRefused, WireCorrupt), match=f"{command}: .*{WORDS[status]}") as caught:
            if command == "AURA_LED":
                sensor.show(Light.DONE)
            else:
                sensor.capture(Deadline(10), nobody)
        assert caught.value.retryable == (status in (0x0F, 0x15))
        sim.refuses = {}
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)


@pytest.mark.parametrize("status", [0x13, 0x18, 0x21])
def test_a_no_to_the_parameters_is_a_refusal_too(tmp_path: Path, status: int) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sim.refuses = {COMMANDS["READ_SYS_PARA"]: status}
        with pytest.raises(DeviceRefused, match=f"READ_SYS_PARA: .*{WORDS[status]}"):
            sensor.capture(Deadline(10), nobody)


def test_a_command_that_arrives_damaged_is_said_again(tmp_path: Path) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sensor.show(Light.INVITE)
        sim.mishear_commands = 2
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)
        sim.mishear_commands = 3
        with pytest.raises(DeviceRefused, match="GEN_IMG: it cannot read this command"):
            sensor.capture(Deadline(10), nobody)


def test_a_backlight_is_on_but_for_off(tmp_path: Path) -> None:
    sim = ZfmSim(tmp_path / "f", size=ZFM_20_SIZE)
    sensor = FINGERPRINT["zfm"](f"{sim.path}?light=lamp", "f")
    for light in (Light.INVITE, Light.OFF, Light.PROBLEM):
        sensor.show(light)
        assert sim.lamp == (light is not Light.OFF)
    sensor.close()
    sim.close()


def test_a_module_without_a_ring_that_is_said_to_have_one_is_refused(tmp_path: Path) -> None:
    sim = ZfmSim(tmp_path / "f", size=ZFM_20_SIZE)
    sensor = FINGERPRINT["r503"](str(sim.path), "f")
    with pytest.raises(DeviceRefused, match="AURA_LED: it cannot read this command, or does not know it"):
        sensor.show(Light.INVITE)
    sensor.close()
    sim.close()


def test_stray_packets_between_the_answers_are_stepped_over_and_torn_ones_are_corrupt(tmp_path: Path) -> None:
    with r503(tmp_path / "f") as (sim, sensor):
        sim.chatter = b"\x55" + golden.ZFM_DATA
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)
        sim.chatter = golden.ZFM_DATA[:-2]
        with pytest.raises((WireCorrupt, DeviceTimeout)):
            sensor.capture(Deadline(10), nobody)
        sim.chatter = b""
        assert arrived_whole(sensor.capture(Deadline(10), nobody).pixels)


ACKS = (1, 11, 12, 13, 39, 40, 41, 52, 64, 76, 88, 100, 112)  # bytes of the connecting, the capture and its answers
IMAGE = (113, 120, 140, 251, 252, 10_000, 20_000)  # and of the packets behind them


def vanishing(path: Path, places: Iterable[int]) -> None:
    with r503(path) as (sim, sensor):
        for place in places:
            sensor.close()  # so that it connects again
            sim.faults.leaves_after_bytes = place
            with pytest.raises(DeviceGone):
                sensor.capture(Deadline(20), nobody)
                pytest.fail(f"byte {place} was never sent")
            sim.replug()
            assert arrived_whole(sensor.capture(Deadline(20), nobody).pixels), f"after byte {place}"


@pytest.mark.timeout(300)
def test_it_may_vanish_and_return_at_these_bytes(tmp_path: Path) -> None:
    vanishing(tmp_path / "f", (*ACKS, *IMAGE))


@pytest.mark.full
@pytest.mark.timeout(900)
def test_it_may_vanish_and_return_at_any_byte_of_its_answers(tmp_path: Path) -> None:
    vanishing(tmp_path / "f", range(1, 260))
