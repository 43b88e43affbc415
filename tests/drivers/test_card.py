"""The PC/SC wire through a real pcscd: chips that come, go, fall silent, and readers that are not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from drivers.api import Access
from drivers.card import CardLine
from drivers.catalogue import CHIP_READER
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceRefused, DeviceTimeout, DocumentRemoved
from simulators.passport_chip import Chip
from simulators.pcscd import Pcscd, Slot
from simulators.vpcd_wire import ChipOnReader
from tests.drivers.passports import KEYS, nobody, passport, read
from tests.drivers.test_chip import said, secrets, small

SELECT_NOTHING = bytes.fromhex("00A4020C02FFFF")


@pytest.fixture
def chip(slot: Slot) -> Iterator[ChipOnReader]:
    laid = ChipOnReader(slot.port, Chip(passport()))
    yield laid
    laid.lift()


@pytest.fixture
def line(slot: Slot) -> Iterator[CardLine]:
    made = CardLine("chip-1", slot.reader)
    yield made
    made.close()


def test_bytes_go_there_and_back(chip: ChipOnReader, line: CardLine) -> None:
    chip.put_down()
    assert line.wait(Deadline(10)) == chip.chip.atr
    assert line.transmit(SELECT_NOTHING, Deadline(5)) == b"\x6a\x82"


def test_every_wait_begins_with_a_chip_that_knows_nothing(chip: ChipOnReader, line: CardLine) -> None:
    chip.put_down()
    line.wait(Deadline(10))
    line.transmit(SELECT_NOTHING, Deadline(5))
    assert chip.sent == 1
    line.wait(Deadline(10))
    assert chip.sent == 0


def test_without_a_wait_no_chip_is_held(line: CardLine) -> None:
    with pytest.raises(DocumentRemoved):
        line.transmit(SELECT_NOTHING, Deadline(5))


def test_a_chip_another_program_holds_is_refused(chip: ChipOnReader, line: CardLine, slot: Slot) -> None:
    other = CardLine("other", slot.reader)
    chip.put_down()
    other.wait(Deadline(10))
    with pytest.raises(DeviceRefused, match="another program"):
        line.wait(Deadline(10))
    other.close()
    assert line.wait(Deadline(10))


@pytest.mark.parametrize("name", ["ACS", "Virtual PCD 00 07"])
def test_a_reader_that_is_not_there_is_gone(pcscd: Pcscd, name: str) -> None:
    assert pcscd.running
    line = CardLine("chip-1", name)
    with pytest.raises(DeviceGone, match="no reader"):
        line.wait(Deadline(5))
    line.close()


def test_any_reader_will_do_where_none_is_named(pcscd: Pcscd) -> None:
    assert pcscd.running
    line = CardLine("chip-1", "*")
    try:
        with pytest.raises(DeviceTimeout):
            line.wait(Deadline(0.3))
    finally:
        line.close()


def test_a_chip_that_falls_silent_holds_nobody_and_the_next_one_is_read(slot: Slot, chip: ChipOnReader) -> None:
    reader = CHIP_READER["pcsc"](slot.reader, "chip-1")
    chip.put_down()
    chip.faults.mute = True
    for _ in range(2):  # the second call finds the hand still held
        begun_s = time.monotonic()
        with pytest.raises(DeviceTimeout):
            reader.read(KEYS, Deadline(0.7), nobody)
        assert time.monotonic() - begun_s < 5
    chip.lift()
    chip.faults.mute = False
    chip.put_down()
    assert reader.read(KEYS, Deadline(15), nobody).access is Access.BAC
    reader.close()


def test_close_does_not_wait_for_a_silent_chip(slot: Slot, chip: ChipOnReader) -> None:
    reader = CHIP_READER["pcsc"](slot.reader, "chip-1")
    chip.put_down()
    chip.faults.mute = True
    with pytest.raises(DeviceTimeout):
        reader.read(KEYS, Deadline(0.7), nobody)
    begun_s = time.monotonic()
    reader.close()
    assert time.monotonic() - begun_s < 5
    chip.lift()
    _until_one_hand_is_left()


def _until_one_hand_is_left() -> None:
    """A hand let go of ends by itself."""
    ends_s = time.monotonic() + 20
    while [each.name for each in threading.enumerate()].count("chip") and time.monotonic() < ends_s:
        time.sleep(0.02)
    assert "chip" not in [each.name for each in threading.enumerate()]


def removed_at(slot: Slot, numbers: range) -> None:
    chip = ChipOnReader(slot.port, Chip(small()))
    reader = CHIP_READER["pcsc"](slot.reader, "chip-1")
    for number in numbers:
        chip.chip_faults.removed_at = number
        chip.put_down()
        with pytest.raises(DocumentRemoved) as caught:
            reader.read(KEYS, Deadline(20), nobody)
        assert chip.sent == number
        assert not [secret for secret in secrets(small()) if secret in said(caught.value)]
        chip.lift()
    reader.close()


def test_removed_in_every_part_of_a_reading(slot: Slot) -> None:
    whole = read(small()).timing.commands
    removed_at(slot, range(1, whole + 1, 9))


@pytest.mark.full
@pytest.mark.timeout(300)
def test_removed_at_every_command(slot: Slot) -> None:
    removed_at(slot, range(1, read(small()).timing.commands + 1))
