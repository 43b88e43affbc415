"""PACE with a chip that others wrote, behind pcscd: what it refuses. All that it takes is in `chip_methods.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.api import Access, ChipKeys, ChipReading, Private
from drivers.catalogue import CHIP_READER
from drivers.deadline import Deadline
from simulators.chip_keys import GM, PaceWay
from simulators.pcscd import Slot
from simulators.vpcd_wire import ChipOnReader
from tests.drivers.conftest import without
from tests.drivers.openpace import OpenpaceChip, eac, zone
from tests.drivers.passports import CAN, WRONG_NUMBER, WRONG_ZONE, nobody, passport


@pytest.fixture(autouse=True)
def _libeac() -> None:
    if eac() is None:
        without("Debian package libeac3 is not installed")


@pytest.fixture
def reading(slot: Slot) -> Iterator[Callable[[OpenpaceChip, ChipKeys], ChipReading]]:
    laid: list[ChipOnReader] = []
    reader = CHIP_READER["pcsc"](slot.reader, "chip-1")

    def of(chip: OpenpaceChip, keys: ChipKeys) -> ChipReading:
        laid.append(ChipOnReader(slot.port, chip))
        laid[0].put_down()
        return reader.read(keys, Deadline(20), nobody)

    yield of
    reader.close()
    for each in laid:
        each.lift()


@pytest.mark.parametrize("keys", [WRONG_NUMBER, WRONG_ZONE])
def test_a_wrong_secret_is_denied_by_both(
    reading: Callable[[OpenpaceChip, ChipKeys], ChipReading], keys: ChipKeys
) -> None:
    chip = OpenpaceChip(passport(PaceWay(GM, 4, 16)), zone())
    read = reading(chip, keys)
    assert read.access is Access.DENIED
    assert chip.refused == 1
    assert set(read.files) == {"CardAccess"}


def test_a_number_tried_after_a_wrong_zone_opens_it(
    reading: Callable[[OpenpaceChip, ChipKeys], ChipReading],
) -> None:
    both = ChipKeys(mrz=WRONG_ZONE.mrz, can=Private(CAN))
    assert reading(OpenpaceChip(passport(PaceWay(GM, 3, 17)), zone()), both).access is Access.PACE_CAN
