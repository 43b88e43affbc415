"""A whole visit to a chip that misbehaves: every mishap at every command has its own name, and nothing else escapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.api import Access, Proof, Unread
from drivers.deadline import Deadline
from drivers.errors import Cancelled, DocumentRemoved, WireCorrupt
from drivers.passport_reader.chip import PassportChip
from drivers.passport_reader.files import MAX_FILE_BYTES, longest_answer
from simulators.chip_crypto import tlv
from simulators.chip_keys import CAM, GM, PaceWay
from simulators.passport_chip import COM, SOD, Chip, Passport
from tests.drivers.passports import (
    DG1,
    DG2,
    DG11,
    KEYS,
    PLAIN,
    Table,
    ca_key,
    everything,
    named,
    nobody,
    passport,
    read,
    rsa_key,
)


def commands(made: Passport) -> int:
    return read(made).timing.commands


def small() -> Passport:
    """Every proof there is, on the curves that are quickest."""
    return passport(PaceWay(CAM, 2, 8), ca=ca_key(8), aa=rsa_key(1024), face_bytes=300)


def secrets(made: Passport) -> list[str]:
    """What may stand in no error: zone and number, and their parts."""
    return [made.mrz, made.mrz[:9], made.mrz[10:16], made.mrz[17:23], made.can]


def said(error: BaseException | None) -> str:
    """The text of an error and of all that led to it, as a log would have it."""
    return "" if error is None else f"{error!r} {error} {vars(error)}" + said(error.__cause__ or error.__context__)


class TestRemoved:
    @pytest.mark.parametrize("make", [small, passport], ids=["pace", "bac"])
    def test_at_every_command_it_is_said_without_a_secret_and_the_next_reading_works(
        self, make: Callable[[], Passport]
    ) -> None:
        line = Table(Chip(make()))
        reader = PassportChip("chip", line)
        whole = reader.read(KEYS, Deadline(60), nobody)
        for at in range(1, whole.timing.commands + 1):
            line.removed_at = at
            with pytest.raises(DocumentRemoved) as caught:
                reader.read(KEYS, Deadline(60), nobody)
            assert len(line.sent) == at
            assert not [secret for secret in secrets(line.chip.passport) if secret in said(caught.value)]
            line.removed_at = 0
            again = reader.read(KEYS, Deadline(60), nobody)
            assert (again.files, again.unread) == (whole.files, whole.unread)
            assert again.chip_authentication is whole.chip_authentication

    def test_after_the_last_command_nothing_is_missed(self) -> None:
        chip = Chip(small())
        line = Table(chip, removed_at=commands(chip.passport) + 1)
        assert PassportChip("chip", line).read(KEYS, Deadline(60), nobody).access is Access.PACE_MRZ


@dataclass(slots=True)
class Mishap(Table):
    """At APDU `at` one thing goes wrong."""

    at: int = 0
    kind: str = ""
    last: bytes = b""

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        answer = Table.transmit(self, command, deadline)
        last, self.last = self.last, answer
        if len(self.sent) != self.at:
            return answer
        if self.kind == "plain error":
            self.chip.reset()
            return b"\x69\x85"
        turned = bytes([answer[0] ^ 0x01]) + answer[1:]
        return {"repeated": last or answer, "turned bit": turned, "cut": answer[:1], "empty": b""}[self.kind]


@pytest.mark.parametrize("kind", ["plain error", "repeated", "turned bit", "cut", "empty"])
def test_any_mishap_at_any_command_is_a_named_error_or_a_reading_that_admits_it(kind: str) -> None:
    chip = Chip(small())
    whole = named(chip.passport)
    for at in range(1, commands(chip.passport) + 1):
        line = Mishap(chip, at=at, kind=kind)
        try:
            reading = PassportChip("chip", line).read(KEYS, Deadline(60), nobody)
        except WireCorrupt:
            continue
        believed = {name: data for name, data in reading.files.items() if name in whole}
        assert all(whole[name] == data for name, data in believed.items()), "nothing false under secure messaging"
        complete = set(believed) == set(whole)
        proofs = (reading.active_authentication, reading.chip_authentication, reading.pace_chip_authentication)
        admits = reading.access in (Access.DENIED, Access.NO_PASSPORT) or Proof.FAILED in proofs
        harmless = at <= 5 or at > len(line.sent)  # files that lie open, read before any key is used
        assert admits or (complete and (harmless or reading.access is Access.BAC)), (kind, at)


class TestFiles:
    def test_long_and_short_blocks_give_the_same(self) -> None:
        for longest in (256, 300, 1000, 65535):
            made = passport(PLAIN, longest_answer=longest, face_bytes=20_000)
            assert read(made).files["DG2"] == made.files[DG2]

    def test_long_blocks_need_fewer_commands(self) -> None:
        short, long = (commands(passport(PLAIN, longest_answer=size, face_bytes=18_000)) for size in (256, 65535))
        assert long < short / 2

    def test_a_reader_that_cuts_is_asked_for_short_blocks(self) -> None:
        line = Table(Chip(passport(PLAIN, longest_answer=65535)))
        PassportChip("chip", line, long_blocks=False).read(KEYS, Deadline(60), nobody)
        assert max(map(len, line.sent)) <= 5 + 255 + 1

    @pytest.mark.parametrize("way", [None, PLAIN], ids=["bac", "pace"])
    @pytest.mark.parametrize("size", [32_760, 32_768, 33_000, 70_000])
    def test_a_file_beyond_the_short_offset(self, way: PaceWay | None, size: int) -> None:
        for longest in (256, 65535):
            made = passport(way, longest_answer=longest, face_bytes=size)
            assert read(made).files["DG2"] == made.files[DG2]

    def test_a_hostile_length_is_refused_at_once(self) -> None:
        made = passport(PLAIN)
        made.files[DG2] = b"\x75\x83\x98\x96\x80" + bytes(1000)  # ten million bytes, it says
        reading = read(made)
        assert reading.unread["DG2"] is Unread.MALFORMED
        assert reading.files["DG1"] == made.files[DG1]
        assert reading.timing.commands < 60

    def test_the_largest_file_is_read_and_one_byte_more_is_not(self) -> None:
        made = passport(PLAIN, longest_answer=65535)
        made.files[DG2] = tlv(0x75, bytes(MAX_FILE_BYTES - 5))
        assert read(made).files["DG2"] == made.files[DG2]
        made.files[DG2] = tlv(0x75, bytes(MAX_FILE_BYTES - 4))
        assert read(made).unread["DG2"] is Unread.MALFORMED

    @pytest.mark.parametrize("data", [b"\x61", b"", b"\x61\x84\xff\xff\xff\xff", b"\x61\x20short", b"\x1f\xff\xff\xff"])
    def test_a_file_that_is_none_is_said(self, data: bytes) -> None:
        made = passport(PLAIN)
        made.files[DG1] = data
        assert read(made).unread["DG1"] in (Unread.MALFORMED, Unread.REFUSED)

    def test_what_lies_behind_the_object_is_left(self) -> None:
        made = passport(PLAIN)
        whole, made.files[DG11] = made.files[DG11], made.files[DG11] + bytes(40)
        assert read(made).files["DG11"] == whole

    @pytest.mark.parametrize("file", [COM, SOD, DG1, DG2, DG11])
    def test_an_absent_file_is_said(self, file: int) -> None:
        made = passport(PLAIN)
        del made.files[file]
        reading = read(made)
        absent = {name for name, why in reading.unread.items() if why is Unread.ABSENT}
        assert absent - {"DG12", "DG14", "DG15", "ATR/INFO"} == {
            {COM: "COM", SOD: "SOD", DG1: "DG1", DG2: "DG2", DG11: "DG11"}[file]
        }


class TestLongestAnswer:
    ATR_LONG = bytes.fromhex("3B8A80018031F873F741E082900075")

    def test_of_the_answer_to_reset(self) -> None:
        assert longest_answer(self.ATR_LONG, None) == 2048
        assert longest_answer(self.ATR_LONG.replace(b"\xe0", b"\xa0"), None) == 256

    @pytest.mark.parametrize(
        ("told", "size"),
        [("7F660802020400 02020400", 1024), ("7F660A0203010000 0203010000", 4096), ("7F66080202007F0202007F", 256)],
    )
    def test_of_the_file(self, told: str, size: int) -> None:
        assert longest_answer(b"\x3b\x80\x80\x01\x01", bytes.fromhex(told)) == size

    @pytest.mark.parametrize("atr", ["", "3B", "3BFF", "3B80", "3B8F8001", "3BF0FFFFFFFF", "3B8A80018031F8"])
    def test_of_nonsense_is_short(self, atr: str) -> None:
        assert longest_answer(bytes.fromhex(atr), None) == 256
        assert longest_answer(bytes.fromhex(atr), b"\x7f\x66\x05") == 256


def test_a_caller_who_leaves_ends_it_between_two_commands() -> None:
    deadline = Deadline(60)
    line = Table(Chip(everything()))

    def leave(share: float) -> None:
        if share > 0.5:
            deadline.cancel()

    with pytest.raises(Cancelled):
        PassportChip("chip", line).read(KEYS, deadline, leave)
    assert len(line.sent) < commands(everything())


def test_everything_at_once() -> None:
    reading = read(everything())
    assert reading.access is Access.PACE_MRZ
    assert reading.method == "PACE-ECDH-CAM-AES-CBC-CMAC-128 brainpoolP256r1"
    proofs = (reading.pace_chip_authentication, reading.active_authentication, reading.chip_authentication)
    assert proofs == (Proof.PASSED,) * 3
    assert set(reading.unread) == {"ATR/INFO", "DG12"}
    assert "CardSecurity" in reading.files


def test_generic_mapping_needs_no_card_security() -> None:
    reading = read(passport(PaceWay(GM, 2, 13)))
    assert "CardSecurity" not in {**reading.files, **reading.unread}
