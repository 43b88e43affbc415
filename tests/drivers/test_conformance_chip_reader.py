"""The chip reader keeps what all chip readers must, through pyscard and a real pcscd, for each way into a chip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.api import ChipKeys
from drivers.catalogue import CHIP_READER
from hw_tests.conformance.chip_reader import ChipReaderConformance, ChipReaderRig
from simulators.faults import Faults
from simulators.passport_chip import Chip, Passport
from simulators.pcscd import Pcscd, Slot
from simulators.vpcd_wire import ChipOnReader
from tests.drivers.passports import KEYS, NUMBER_KEYS, WRONG_NUMBER, WRONG_ZONE, everything, named, passport


@contextmanager
def simulated(
    pcscd: Pcscd, slot: Slot, made: Passport, keys: ChipKeys, wrong_keys: ChipKeys
) -> Iterator[ChipReaderRig]:
    faults = Faults()
    chip = ChipOnReader(slot.port, Chip(made), faults)
    reader = CHIP_READER["pcsc"](slot.reader, "chip-1")

    def replug() -> None:
        chip.lift()
        pcscd.start()

    try:
        yield ChipReaderRig(
            reader=reader,
            keys=keys,
            wrong_keys=wrong_keys,
            read_s=5.0,
            put_down=chip.put_down,
            lift=chip.lift,
            unplug=pcscd.close,
            replug=replug,
            expected=named(made),
            mute=lambda on: setattr(faults, "mute", on),
            wrong_status=lambda on: setattr(faults, "wrong_status", on),
        )
    finally:
        chip.lift()
        reader.close()
        if not pcscd.running:
            pcscd.start()


class TestBac(ChipReaderConformance):
    @pytest.fixture
    def rig(self, pcscd: Pcscd, slot: Slot) -> Iterator[ChipReaderRig]:
        with simulated(pcscd, slot, passport(), KEYS, WRONG_ZONE) as rig:
            yield rig


class TestEverythingWithLongAnswers(ChipReaderConformance):
    @pytest.fixture
    def rig(self, pcscd: Pcscd, slot: Slot) -> Iterator[ChipReaderRig]:
        with simulated(pcscd, slot, everything(longest_answer=65535), NUMBER_KEYS, WRONG_NUMBER) as rig:
            yield rig
