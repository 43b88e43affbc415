"""Chips that want to keep us: refused at once, judged by commands sent and bytes held, never by time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.api import Access, ChipReading, Unread
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader import tlv
from drivers.passport_reader.apdu import LEAST_PIECE, MAX_COMMANDS, MAX_ROUNDS, Command, MoreData, Response
from drivers.passport_reader.chip import PassportChip
from drivers.passport_reader.files import MAX_FILE_BYTES
from drivers.passport_reader.security_infos import in_card_security, in_data_group, in_dg15, security_infos
from drivers.passport_reader.tlv import Malformed
from simulators.chip_crypto import tlv as written
from simulators.passport_chip import COM, SOD, Chip, Passport
from tests.drivers.passports import DG1, DG2, DG11, KEYS, PLAIN, Table, nobody, passport, read

ONE_FILE = 4
"""What a refused file may cost: selected, its head read, one piece, and one more."""

LARGE = 10 << 20


def heads(length: int) -> bytes:
    """Tag and a length of four bytes, then nothing of what they promise."""
    return b"\x84" + length.to_bytes(4, "big")


def cost(made: Passport) -> int:
    return read(made).timing.commands


def of_file(file: int, data: bytes) -> tuple[ChipReading, int]:
    """The reading with this in the file's place, and how many commands that took more than an absent file."""
    made = passport(PLAIN)
    del made.files[file]
    without = cost(made)
    made.files[file] = data
    reading = read(made)
    return reading, reading.timing.commands - without


@pytest.mark.parametrize("length", [MAX_FILE_BYTES, LARGE, 1 << 31, (1 << 32) - 1])
@pytest.mark.parametrize(
    ("file", "name", "tag"), [(DG2, "DG2", 0x75), (SOD, "SOD", 0x77), (COM, "COM", 0x60), (DG1, "DG1", 0x61)]
)
def test_a_file_that_claims_too_much_is_refused_by_its_head(file: int, name: str, tag: int, length: int) -> None:
    reading, more = of_file(file, bytes([tag]) + heads(length) + bytes(4000))
    assert reading.unread[name] is Unread.MALFORMED
    assert more <= ONE_FILE
    assert {"DG1", "DG2"} - {name} <= set(reading.files), "the other files are read"


def test_ten_megabytes_of_face_are_never_held() -> None:
    made = passport(PLAIN)
    made.files[DG2] = b"\x75" + heads(LARGE) + bytes(LARGE)
    held = most_held(lambda: read(made))
    assert held < 1 << 20


def most_held(work: Callable[[], object]) -> int:
    """Bytes that were held at once, at the most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@dataclass(slots=True)
class Miser(Table):
    """Gives so many bytes at a time, whatever it is asked for; `length` is what each file says of itself."""

    piece: int = 1
    length: int = 400_000

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        Table.transmit(self, command, deadline)
        if command[1] != 0xB0:
            return b"\x90\x00"
        if command[2:4] == b"\0\0":
            return (b"\x31" + heads(self.length) + bytes(3))[: command[4]] + b"\x90\x00"
        return bytes(min(self.piece, command[4] or 256)) + b"\x90\x00"


def kept(line: Table) -> ChipReading:
    return PassportChip("chip", line).read(KEYS, Deadline(60), nobody)


@pytest.mark.parametrize("piece", [1, 7, LEAST_PIECE - 1])
@pytest.mark.parametrize("length", [2000, 400_000])
def test_a_chip_that_gives_a_file_byte_by_byte_is_not_waited_for(piece: int, length: int) -> None:
    """Plain, before any key: EF.CardAccess and EF.ATR/INFO are the first it is asked for."""
    line = Miser(Chip(passport()), piece=piece, length=length)
    with pytest.raises(WireCorrupt):  # then it fails BAC
        kept(line)
    assert len(line.sent) < 12


def test_a_chip_that_cuts_its_answers_a_little_is_read_whole() -> None:
    """So do some that say nothing of how long an answer may be."""

    class Cutting(Chip):
        def _read(self, offset: int, count: int) -> tuple[bytes, int]:
            return super()._read(offset, min(count, LEAST_PIECE))

    made = passport(PLAIN)
    reading = PassportChip("chip", Table(Cutting(made))).read(KEYS, Deadline(60), nobody)
    assert reading.files["DG2"] == made.files[DG2]


class Endless:
    """The end of the chain: always more."""

    def __init__(self, piece: bytes) -> None:
        self.asked = 0
        self._piece = piece

    def send(self, command: Command, deadline: Deadline) -> Response:
        deadline.check(str(command.ins))
        self.asked += 1
        return Response(self._piece, 0x6101)


@pytest.mark.parametrize("size", [0, 1, 200, 256, 4096])
def test_an_answer_for_ever_is_left(size: int) -> None:
    end = Endless(bytes(size))
    with pytest.raises(WireCorrupt, match="without an end"):
        MoreData("chip", end).send(Command(0, 0xB0, 0, 0, le=256), Deadline(60))
    assert end.asked <= MAX_ROUNDS + 1
    assert end.asked * size < 1 << 14


def test_a_visit_has_an_end_whatever_the_chip_does() -> None:
    """Files of the greatest length in the smallest pieces, one after the other, under a channel of its own."""

    class Patient(Chip):
        def _read(self, offset: int, count: int) -> tuple[bytes, int]:
            return super()._read(offset, min(count, LEAST_PIECE))

    made = passport(PLAIN)
    longest = written(0x75, bytes(MAX_FILE_BYTES - 5))
    for file in (COM, SOD, DG1, DG2, DG11):
        made.files[file] = longest
    line = Table(Patient(made))
    with pytest.raises(WireCorrupt, match="a visit without an end"):
        PassportChip("chip", line).read(KEYS, Deadline(600), nobody)
    assert len(line.sent) == MAX_COMMANDS


PARSERS: dict[str, tuple[Callable[[bytes], object], int | None]] = {
    "objects": (tlv.parse, None),
    "EF.CardAccess": (security_infos, None),
    "EF.CardSecurity": (in_card_security, None),
    "DG14": (in_data_group, 0x6E),
    "DG15": (in_dg15, 0x6F),
}
DEPTH = 10_000


@pytest.mark.parametrize("tag", [0x30, 0x31, 0xA0, 0x7C])
@pytest.mark.parametrize("name", PARSERS)
def test_depth_is_not_followed(name: str, tag: int) -> None:
    """Each parser knows how deep its own file is; what lies deeper is held a few times at the most."""
    parser, frame = PARSERS[name]
    deep = b""
    for _ in range(DEPTH):
        deep = written(tag, deep)
    data = deep if frame is None else written(frame, deep)
    assert most_held(lambda: _parsed(parser, data)) < 12 * len(data)


def _parsed(parser: Callable[[bytes], object], data: bytes) -> None:
    try:
        found = parser(data)
    except Malformed:
        return
    assert found in ([], None) or parser is tlv.parse


@pytest.mark.parametrize("bits", [1 << 12, 1 << 20])
def test_a_curve_of_absurd_size_is_not_computed_on(bits: int) -> None:
    """Its numbers are refused by their length; no product is begun."""
    number = written(0x02, b"\x7f" + bytes([255]) * (bits // 8))
    parameters = written(
        0x30,
        written(0x02, b"\x01"),
        written(0x30, written(0x06, bytes.fromhex("2A8648CE3D0101")), number),
        written(0x30, written(0x04, b"\x01"), written(0x04, b"\x01")),
        written(0x04, b"\x04" + bytes(64)),
        number,
    )
    algorithm = written(0x30, written(0x06, bytes.fromhex("2A8648CE3D0201")), parameters)
    with pytest.raises(Malformed, match="no group"):
        in_dg15(written(0x6F, written(0x30, algorithm, written(0x03, bytes(66)))))


def test_a_chip_that_says_it_has_every_file_and_gives_none_ends() -> None:
    reading = read(Passport(passport().mrz, dict.fromkeys((COM, SOD, DG1, DG2), b""), bac=True))
    assert reading.access is Access.BAC
    assert reading.timing.commands < 40
