"""The U.are.U 4500: scrambled images, lines that are absent, trouble at any transfer, power, lifting."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from drivers.api import Light, Pixels, SensorClass
from drivers.bulk import ANY, UsbLine
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceRefused, DeviceTimeout, WireCorrupt
from drivers.fingerprint import uru4000
from drivers.fingerprint.uru4000 import READER, Uru4000Sensor
from simulators.uru4000 import (
    AWAIT_OFF,
    CAPTURE,
    CHANGES_KEY,
    HEIGHT,
    KEEPS_KEY,
    NOT_PRESENT,
    OFF,
    PLAIN,
    SCRAMBLE_INDEX,
    SCRAMBLED,
    SECRET,
    WIDTH,
    Uru4000Sim,
)

FINGER = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
SMOOTH = (np.add.outer(np.arange(HEIGHT) // 4, np.arange(WIDTH) // 4) + 60).astype(np.uint8)
LAYOUTS = {
    "plain": PLAIN,
    "scrambled": SECRET,
    "a new key in the middle": ((SCRAMBLED, 100), (SCRAMBLED | CHANGES_KEY, 90), (CHANGES_KEY, 10), (SCRAMBLED, 90)),
    "absent lines at either end": ((NOT_PRESENT, 3), (SCRAMBLED, 142), (SCRAMBLED, 142), (NOT_PRESENT, 3)),
    "absent where a key goes on": ((SCRAMBLED, 99), (NOT_PRESENT | KEEPS_KEY, 4), (SCRAMBLED, 187)),
    "absent among the scrambled": ((SCRAMBLED, 99), (NOT_PRESENT | SCRAMBLED, 4), (SCRAMBLED, 187)),
    "fifteen blocks": (*[(SCRAMBLED if at % 2 else 0, 20) for at in range(14)], (KEEPS_KEY, 10)),
    "a line short": ((SCRAMBLED, 144), (SCRAMBLED, 145)),
}


def nobody(_share: float) -> None:
    """Does not listen."""


@contextmanager
def reader(sim: Uru4000Sim, seed: int | None = None) -> Iterator[Uru4000Sensor]:
    line = UsbLine("f", ANY, READER, backend=sim.bus, listen_s=0.1)
    sensor = Uru4000Sensor("f", line) if seed is None else Uru4000Sensor("f", line, seed=lambda: seed)
    try:
        yield sensor
    finally:
        sensor.close()
    assert sim.bus.open_handles == 0


def shown(sim: Uru4000Sim, finger: Pixels) -> Pixels:
    """What must arrive; a picture that ends a line early repeats its last line, which lies uppermost."""
    seen = sim.seen(finger)
    return np.concatenate([seen[:1].repeat(HEIGHT - len(seen), axis=0), seen])


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_kind_of_image_arrives_whole(layout: tuple[tuple[int, int], ...]) -> None:
    sim = Uru4000Sim(layout=layout)
    sim.place(FINGER)
    with reader(sim) as sensor:
        image = sensor.capture(Deadline(10), nobody)
    assert np.array_equal(image.pixels, shown(sim, FINGER))
    assert (image.pitch_ppi, image.sensor_class) == (500, SensorClass.OPTICAL)


def test_an_image_that_only_says_that_it_is_scrambled_is_taken_as_it_is_and_no_key_is_asked_for() -> None:
    sim = Uru4000Sim(layout=SECRET)
    sim.faults.leaves_plain = True
    sim.place(SMOOTH)
    with reader(sim) as sensor:
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(SMOOTH))
    assert SCRAMBLE_INDEX not in {value for kind, value, _ in sim.bus.log if kind == "write"}


def test_the_key_is_hidden_with_the_seed_that_was_given() -> None:
    sim = Uru4000Sim(layout=LAYOUTS["a new key in the middle"])
    sim.place(FINGER)
    with reader(sim, seed=0x51EA2124) as sensor:
        sensor.capture(Deadline(10), nobody)
    asked = [data for kind, value, data in sim.bus.log if (kind, value) == ("write", SCRAMBLE_INDEX)]
    assert asked == [bytes([number]) + bytes.fromhex("2421EA51") for number in range(3)]


def test_another_seed_each_time_and_nobody_could_guess_it() -> None:
    assert len({uru4000.random_seed() for _ in range(50)}) == 50


def test_endpoints_are_where_the_descriptors_say() -> None:
    sim = Uru4000Sim(interrupt=0x83, bulk=0x86)
    sim.place(FINGER)
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), nobody)
    assert {place for kind, place, _ in sim.bus.log if kind != "write"} == {0x83, 0x86}


def test_the_image_is_asked_for_before_the_word_is_given() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), nobody)
    kinds = [(kind, data) for kind, _, data in sim.bus.log]
    assert kinds.index(("bulk", b"")) < kinds.index(("write", bytes([CAPTURE])))


@pytest.mark.parametrize("transfers", [1, 3, 40])
def test_an_image_may_come_in_pieces(transfers: int) -> None:
    sim = Uru4000Sim(layout=SECRET, transfers=transfers)
    sim.place(FINGER)
    with reader(sim) as sensor:
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(FINGER))


def test_a_reader_that_has_just_rebooted_is_waited_for() -> None:
    sim = Uru4000Sim(was_rebooted=True)
    sim.place(FINGER)
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), nobody)


def test_a_scanner_that_does_not_report_its_power_is_asked_three_times() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    with reader(sim) as sensor:
        sim.faults.powerless = 2
        sensor.capture(Deadline(20), nobody)
        sim.faults.powerless = 3
        with pytest.raises(DeviceTimeout):
            sensor.capture(Deadline(20), nobody)
        sensor.capture(Deadline(20), nobody)


def test_a_finger_that_stays_is_read_again_and_one_that_left_is_not_waited_for() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), nobody)
        assert sim.modes[-1] == AWAIT_OFF
        sensor.capture(Deadline(uru4000.LIFT_S + 10), nobody)
        sim.lift()
        sensor.until_lifted(Deadline(10))
        assert sim.is_dark
        sim.place(SMOOTH)
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(SMOOTH))


def test_nobody_lifts_within_the_time_and_that_is_a_timeout() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), nobody)
        with pytest.raises(DeviceTimeout):
            sensor.until_lifted(Deadline(0.3))


def test_off_makes_it_dark_and_the_other_lights_only_ask() -> None:
    sim = Uru4000Sim()
    with reader(sim) as sensor:
        for light in (Light.INVITE, Light.WORKING, Light.DONE, Light.PROBLEM):
            sensor.show(light)
        assert sim.modes == []
        sensor.show(Light.OFF)
        assert sim.modes == [OFF]


def test_who_leaves_leaves_it_dark() -> None:
    sim = Uru4000Sim()
    with reader(sim) as sensor:
        deadline = Deadline(60)
        timer = threading.Timer(0.3, deadline.cancel)
        timer.start()
        with pytest.raises(Cancelled):
            sensor.capture(deadline, nobody)
        timer.join()
        assert sim.is_dark


class TestTrouble:
    """Only a `DeviceError` of the right kind comes out, and the next capture is whole again."""

    @pytest.fixture
    def sim(self) -> Uru4000Sim:
        sim = Uru4000Sim(layout=LAYOUTS["a new key in the middle"])
        sim.place(FINGER)
        return sim

    def heals(self, sim: Uru4000Sim, sensor: Uru4000Sensor) -> None:
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(FINGER))

    @pytest.mark.parametrize("missing", [1, 385, 110_000, 111_424])
    def test_an_image_cut_short(self, sim: Uru4000Sim, missing: int) -> None:
        with reader(sim) as sensor:
            sim.faults.short_by = missing
            with pytest.raises(DeviceTimeout, match="and no more"):
                sensor.capture(Deadline(10), nobody)
            sim.faults.short_by = 0
            self.heals(sim, sensor)

    @pytest.mark.parametrize(
        "header",
        [
            bytes(64),
            b"\xff" * 64,
            bytes(range(64)),
            bytes(4) + b"\x22\x01" + bytes(10) + b"\x04\x91\x04\x90" + bytes(44),
        ],
        ids=["zeros", "ones", "counting", "blocks that do not add up"],
    )
    def test_a_header_of_nonsense(self, sim: Uru4000Sim, header: bytes) -> None:
        with reader(sim) as sensor:
            sim.faults.header = header
            with pytest.raises((WireCorrupt, DeviceTimeout)):
                sensor.capture(Deadline(10), nobody)
            sim.faults.header = b""
            self.heals(sim, sensor)

    def test_most_of_the_lines_absent(self, sim: Uru4000Sim) -> None:
        with reader(sim) as sensor:
            sim.layout = ((SCRAMBLED, 200), (NOT_PRESENT, 90))
            with pytest.raises(WireCorrupt, match="only 200 of 290 lines"):
                sensor.capture(Deadline(10), nobody)

    def test_a_halted_endpoint_is_set_going_again(self, sim: Uru4000Sim) -> None:
        with reader(sim) as sensor:
            sim.bus.faults.halts = 1
            with pytest.raises(WireCorrupt):
                sensor.capture(Deadline(10), nobody)
            self.heals(sim, sensor)

    def test_it_says_that_it_dies(self, sim: Uru4000Sim) -> None:
        sim.lift()
        with reader(sim) as sensor:
            timer = threading.Timer(0.3, sim.die)
            timer.start()
            with pytest.raises(DeviceGone):
                sensor.capture(Deadline(30), nobody)
            timer.join()
            sim.place(FINGER)
            self.heals(sim, sensor)

    def test_no_permission_names_the_manual(self, sim: Uru4000Sim) -> None:
        sim.bus.faults.is_forbidden = True
        with reader(sim) as sensor:
            with pytest.raises(DeviceRefused, match=r"docs/technician\.md"):
                sensor.capture(Deadline(10), nobody)
            sim.bus.faults.is_forbidden = False
            self.heals(sim, sensor)

    def test_another_program_holds_it(self, sim: Uru4000Sim) -> None:
        sim.bus.faults.is_taken = True
        with reader(sim) as sensor:
            with pytest.raises(DeviceRefused, match="another program"):
                sensor.capture(Deadline(10), nobody)
            sim.bus.faults.is_taken = False
            self.heals(sim, sensor)

    def test_a_reader_without_events_is_a_timeout_and_heals(self, sim: Uru4000Sim) -> None:
        with reader(sim) as sensor:
            sim.faults.is_mum = True
            with pytest.raises(DeviceTimeout):
                sensor.capture(Deadline(10), nobody)
            sim.faults.is_mum = False
            self.heals(sim, sensor)

    def test_unplugged_at_any_transfer_is_gone_and_the_next_call_opens_again(self, sim: Uru4000Sim) -> None:
        sim.bus.transfers = 0
        with reader(sim) as sensor:
            sensor.capture(Deadline(10), nobody)
            all_of_them = sim.bus.transfers
        assert all_of_them >= 15
        for number in range(1, all_of_them + 1):
            with reader(sim) as sensor:
                sim.bus.transfers, sim.bus.faults.unplug_at = 0, number
                try:
                    sensor.capture(Deadline(10), nobody)
                    assert number == all_of_them, f"transfer {number} was no transfer"
                except DeviceGone:
                    pass
                sim.bus.faults.unplug_at = 0
                with pytest.raises(DeviceGone):
                    sensor.capture(Deadline(10), nobody)
                sim.bus.replug()
                self.heals(sim, sensor)

    @pytest.mark.parametrize("number", [1, 2, 5, 7, 11])
    def test_a_request_that_ends_refused_because_the_plug_was_pulled_is_gone(
        self, sim: Uru4000Sim, number: int
    ) -> None:
        with reader(sim) as sensor:
            sim.bus.transfers, sim.bus.faults.unplug_at, sim.bus.faults.leaves_stalling = 0, number, True
            with pytest.raises(DeviceGone):
                sensor.capture(Deadline(10), nobody)
            sim.bus.faults.unplug_at = 0
            sim.bus.replug()
            self.heals(sim, sensor)

    def test_the_caller_may_leave_at_any_share(self, sim: Uru4000Sim) -> None:
        with reader(sim) as sensor:
            for least in (0.0, 0.5, 0.9):
                deadline = Deadline(60)

                def leave(share: float, least: float = least, deadline: Deadline = deadline) -> None:
                    if share > least:
                        deadline.cancel()

                with pytest.raises(Cancelled):
                    sensor.capture(deadline, leave)
                self.heals(sim, sensor)

    def test_a_listener_of_progress_that_fails_leaves_it_usable(self, sim: Uru4000Sim) -> None:
        def trip(_share: float) -> None:
            raise ZeroDivisionError

        with reader(sim) as sensor:
            with pytest.raises(ZeroDivisionError):
                sensor.capture(Deadline(10), trip)
            self.heals(sim, sensor)


def test_close_does_not_wait_for_a_reading_that_ignores_its_time_limit() -> None:
    sim = Uru4000Sim()
    sim.bus.faults.is_stuck = True
    sensor = Uru4000Sensor("f", UsbLine("f", ANY, READER, backend=sim.bus))
    sensor.show(Light.INVITE)
    begun_s = time.monotonic()
    sensor.close()
    sensor.close()
    assert time.monotonic() - begun_s < 30
    sim.bus.unplug()  # lets the reading end


def test_an_image_that_never_comes_to_a_reading_that_ignores_its_time_limit_is_a_timeout() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    with reader(sim) as sensor:
        sim.bus.faults.is_stuck, sim.faults.short_by = True, 200_000
        with pytest.raises(DeviceTimeout):
            sensor.capture(Deadline(30), nobody)
        with pytest.raises(DeviceRefused, match="another program"):  # it is we who hold it still
            sensor.capture(Deadline(30), nobody)
        sim.bus.unplug()
        sim.bus.faults.is_stuck, sim.faults.short_by = False, 0
        sim.bus.replug()
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(FINGER))


def test_one_that_is_not_there_is_gone() -> None:
    sim = Uru4000Sim()
    sim.bus.unplug()
    with reader(sim) as sensor, pytest.raises(DeviceGone, match="no 05ba:000a at plug"):
        sensor.show(Light.DONE)


def test_the_plug_may_be_named() -> None:
    sim = Uru4000Sim()
    for plug, is_it in (("1-1.4", True), ("1-1", False), ("2-1.4", False)):
        line = UsbLine("f", plug, READER, backend=sim.bus)
        try:
            line.read(0x04, 0x07, 1, Deadline(5))
            assert is_it
        except DeviceGone:
            assert not is_it
        line.close()


def test_nothing_but_a_device_error_comes_out_of_many_kinds_of_nonsense() -> None:
    dice = np.random.default_rng(11)
    sim = Uru4000Sim(layout=SECRET)
    sim.place(FINGER)
    with reader(sim) as sensor:
        for _ in range(25):
            header = dice.integers(0, 256, 64, dtype=np.uint8)
            header[4:6] = int(dice.integers(280, 291)) & 0xFF, 1
            sim.faults.header = header.tobytes()
            sim.faults.short_by = int(dice.integers(0, 3))
            try:
                sensor.capture(Deadline(0.6), nobody)
            except DeviceError:
                continue
        sim.faults.header, sim.faults.short_by = b"", 0
        assert np.array_equal(sensor.capture(Deadline(10), nobody).pixels, sim.seen(FINGER))


def test_shares_rise() -> None:
    sim = Uru4000Sim()
    sim.place(FINGER)
    shares: list[float] = []
    with reader(sim) as sensor:
        sensor.capture(Deadline(10), shares.append)
    assert all(earlier < later for earlier, later in itertools.pairwise(shares))
    assert shares[-1] == 1.0
