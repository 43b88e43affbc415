"""What every chip reader must keep, on a simulator and on the bench."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from drivers.api import Access, ChipKeys, ChipReader, Proof
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceError, DeviceGone, DeviceTimeout, DocumentRemoved
from hw_tests.conformance.rig import needs, soon, within

MANDATORY = {"COM": 0x60, "SOD": 0x77, "DG1": 0x61, "DG2": 0x75}
OPENED = (Access.PACE_MRZ, Access.PACE_CAN, Access.BAC)


@dataclass(frozen=True, slots=True)
class ChipReaderRig:
    """One reader, one document and the hand that holds it. A knob that is None cannot be turned here."""

    reader: ChipReader
    keys: ChipKeys
    wrong_keys: ChipKeys
    read_s: float  # longest honest time from the document put down to the last proof
    put_down: Callable[[], None]
    lift: Callable[[], None]
    unplug: Callable[[], None]
    replug: Callable[[], None]
    expected: Mapping[str, bytes] | None = None  # the files as they must arrive, where they are known
    mute: Callable[[bool], None] | None = None
    wrong_status: Callable[[bool], None] | None = None


def nobody(_share: float) -> None:
    """A progress listener that does not listen."""


def _nobody_expected(share: float) -> None:
    raise AssertionError(f"progress {share} of nothing")


class ChipReaderConformance:
    """Subclass it as `Test...` and give it a fixture `rig`. Every test begins with nothing on the reader."""

    def read_well(self, rig: ChipReaderRig) -> None:
        reading = rig.reader.read(rig.keys, Deadline(rig.read_s + 10), nobody)
        assert reading.access in OPENED
        assert reading.reader == rig.reader.device
        for name, tag in MANDATORY.items():
            assert reading.files[name][0] == tag
        for name, data in (rig.expected or {}).items():
            assert reading.files[name] == data

    def test_reads_the_chip_that_lies_there(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        self.read_well(rig)

    def test_the_same_chip_can_be_read_again(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        for _ in range(3):
            self.read_well(rig)

    def test_a_reading_is_whole(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        reading = rig.reader.read(rig.keys, Deadline(rig.read_s + 10), nobody)
        assert reading.atr[0] in (0x3B, 0x3F)
        assert reading.method
        assert not reading.files.keys() & reading.unread.keys()
        assert reading.timing.file_bytes == sum(map(len, reading.files.values()))
        assert reading.timing.commands > len(reading.files)
        assert Proof.FAILED not in (reading.active_authentication, reading.chip_authentication)

    def test_waits_for_a_document(self, rig: ChipReaderRig) -> None:
        with soon(rig.put_down, after_s=0.6):
            self.read_well(rig)

    def test_no_document_is_a_timeout_and_in_time(self, rig: ChipReaderRig) -> None:
        with within(1), pytest.raises(DeviceTimeout):
            rig.reader.read(rig.keys, Deadline(1), nobody)

    def test_a_deadline_already_over_is_a_timeout(self, rig: ChipReaderRig) -> None:
        with within(0), pytest.raises(DeviceTimeout):
            rig.reader.read(rig.keys, Deadline(0), nobody)

    def test_a_caller_who_leaves_is_let_go_at_once(self, rig: ChipReaderRig) -> None:
        deadline = Deadline(60)
        with within(0.8), soon(deadline.cancel, after_s=0.8), pytest.raises(Cancelled):
            rig.reader.read(rig.keys, deadline, nobody)

    def test_a_caller_who_leaves_while_it_reads_harms_nobody(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        deadline = Deadline(60)

        def leave(share: float) -> None:
            if share > 0.3:
                deadline.cancel()

        with pytest.raises(Cancelled):
            rig.reader.read(rig.keys, deadline, leave)
        self.read_well(rig)

    def test_progress_rises_to_one(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        shares: list[float] = []
        rig.reader.read(rig.keys, Deadline(rig.read_s + 10), shares.append)
        assert len(shares) >= 5
        assert shares[-1] == 1.0
        assert all(0.0 <= share <= 1.0 for share in shares)
        assert all(earlier < later for earlier, later in itertools.pairwise(shares))

    def test_wrong_keys_are_said_and_nothing_is_read(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        reading = rig.reader.read(rig.wrong_keys, Deadline(rig.read_s + 10), nobody)
        assert reading.access is Access.DENIED
        assert not reading.files.keys() & MANDATORY.keys()
        self.read_well(rig)

    def test_lifted_while_it_is_read_is_said_and_put_down_again_it_is_read(self, rig: ChipReaderRig) -> None:
        rig.put_down()
        lifted: list[float] = []

        def lift(share: float) -> None:
            if share > 0.3 and not lifted:
                lifted.append(share)
                rig.lift()

        with within(rig.read_s), pytest.raises(DocumentRemoved):
            rig.reader.read(rig.keys, Deadline(rig.read_s + 10), lift)
        rig.put_down()
        self.read_well(rig)

    def test_it_says_whether_a_chip_lies_there_and_harms_no_reading(self, rig: ChipReaderRig) -> None:
        assert not rig.reader.lies_there(Deadline(10))
        rig.put_down()
        with within(10):
            while not rig.reader.lies_there(Deadline(10)):
                pass
        self.read_well(rig)

    def test_a_chip_that_was_found_is_told_before_anything_is_read(self, rig: ChipReaderRig) -> None:
        with pytest.raises(DeviceTimeout):
            rig.reader.read(rig.keys, Deadline(0.5), _nobody_expected)
        rig.put_down()
        shares: list[float] = []
        rig.reader.read(rig.keys, Deadline(rig.read_s + 10), shares.append)
        assert shares[0] == 0.0

    def test_unplugged_is_gone_and_replugged_reads_again(self, rig: ChipReaderRig) -> None:
        with within(1), soon(rig.unplug, after_s=0.8), pytest.raises(DeviceGone):
            rig.reader.read(rig.keys, Deadline(30), nobody)
        with within(0.5), pytest.raises(DeviceGone):
            rig.reader.read(rig.keys, Deadline(30), nobody)
        rig.replug()
        rig.put_down()
        self.read_well(rig)

    def test_close_is_safe_twice_and_a_later_call_opens_again(self, rig: ChipReaderRig) -> None:
        rig.reader.close()
        rig.reader.close()
        rig.put_down()
        self.read_well(rig)
        rig.reader.close()
        rig.reader.close()

    def test_a_mute_chip_is_a_timeout_and_in_time(self, rig: ChipReaderRig) -> None:
        mute = needs(rig.mute, "silence the chip")
        rig.put_down()
        mute(True)
        with within(1.5), pytest.raises(DeviceTimeout):
            rig.reader.read(rig.keys, Deadline(1.5), nobody)
        mute(False)
        rig.lift()
        rig.put_down()
        self.read_well(rig)

    def test_a_chip_that_says_no_to_everything_gives_no_files(self, rig: ChipReaderRig) -> None:
        wrong = needs(rig.wrong_status, "make the chip refuse")
        rig.put_down()
        wrong(True)
        reading = rig.reader.read(rig.keys, Deadline(rig.read_s + 10), nobody)
        assert reading.access not in OPENED
        assert not reading.files
        wrong(False)
        self.read_well(rig)

    def test_errors_name_the_device_and_no_key(self, rig: ChipReaderRig) -> None:
        with pytest.raises(DeviceError) as caught:
            rig.reader.read(rig.keys, Deadline(0), nobody)
        assert caught.value.device == rig.reader.device
        secrets = [each.value for each in (rig.keys.mrz, rig.keys.can) if each is not None]
        assert not any(secret in f"{caught.value!r} {rig.keys!r}" for secret in secrets)
