"""Commands as bytes, and each link of the chain on its own, against a chip that is a table."""

from __future__ import annotations

import pytest

from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader.apdu import Chaining, Command, LeCorrection, MoreData, Response, Wire, decode, encode
from simulators.passport_chip import Chip
from tests.drivers.passports import Table, passport

LONG = bytes(300)


class Told:
    """A link at the end: answers from a list, remembers what it was told."""

    def __init__(self, *answers: Response) -> None:
        self._answers = list(answers)
        self.told: list[Command] = []

    def send(self, command: Command, deadline: Deadline) -> Response:
        deadline.check("chip")
        self.told.append(command)
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("command", "written"),
    [
        (Command(0, 0xA4, 2, 0x0C), "00A4020C"),
        (Command(0, 0xB0, 0, 0, le=4), "00B0000004"),
        (Command(0, 0xB0, 0, 0, le=256), "00B0000000"),
        (Command(0, 0xA4, 2, 0x0C, b"\x01\x1e"), "00A4020C02011E"),
        (Command(0, 0x88, 0, 0, bytes(8), le=256), "0088000008" + "00" * 8 + "00"),
        (Command(0, 0xB0, 0, 0, le=257), "00B00000000101"),
        (Command(0, 0xB0, 0, 0, le=65536), "00B00000000000"),
        (Command(0, 0x86, 0, 0, b"\x7c\x00", le=65536), "00860000000002" + "7C00" + "0000"),
        (Command(0, 0x22, 0x41, 0xA6, LONG), "002241A600012C" + "00" * 300),
    ],
)
def test_short_where_it_fits_else_extended(command: Command, written: str) -> None:
    assert encode(command) == bytes.fromhex(written)


def test_an_answer_without_a_status_is_corrupt() -> None:
    table = Table(Chip(passport()))
    table.answer_always = b"\x90"
    with pytest.raises(WireCorrupt):
        Wire("chip", table).send(Command(0, 0, 0, 0), Deadline(1))
    assert decode(b"ab\x90\x00") == Response(b"ab", 0x9000)


def test_6c_sends_it_once_more_with_the_right_length_and_only_once() -> None:
    end = Told(Response(b"", 0x6C05), Response(b"12345", 0x9000))
    assert LeCorrection(end).send(Command(0, 0xB0, 0, 0, le=256), Deadline(1)) == Response(b"12345", 0x9000)
    assert [each.le for each in end.told] == [256, 5]
    again = Told(Response(b"", 0x6C05), Response(b"", 0x6C06))
    assert LeCorrection(again).send(Command(0, 0xB0, 0, 0, le=256), Deadline(1)).sw == 0x6C06


def test_61_fetches_the_rest() -> None:
    end = Told(Response(b"ab", 0x6103), Response(b"cde", 0x6100), Response(b"f", 0x9000))
    assert MoreData("chip", end).send(Command(0, 0x88, 0, 0), Deadline(1)) == Response(b"abcdef", 0x9000)
    assert [(each.ins, each.le) for each in end.told[1:]] == [(0xC0, 3), (0xC0, 256)]


def test_61_without_an_end_is_corrupt() -> None:
    endless = Told(*[Response(bytes(256), 0x6100)] * 1000)
    with pytest.raises(WireCorrupt):
        MoreData("chip", endless).send(Command(0, 0x88, 0, 0), Deadline(1))


def test_a_long_command_goes_in_pieces() -> None:
    end = Told(Response(b"", 0x9000), Response(b"", 0x9000), Response(b"done", 0x9000))
    command = Command(0, 0x86, 0, 0, bytes(600), le=256)
    assert Chaining(end, long_commands=False).send(command, Deadline(1)).data == b"done"
    assert [(each.cla, len(each.data), each.le) for each in end.told] == [
        (0x10, 255, None),
        (0x10, 255, None),
        (0x00, 90, 256),
    ]


def test_a_piece_that_is_refused_ends_the_command() -> None:
    end = Told(Response(b"", 0x6883))
    assert Chaining(end, long_commands=False).send(Command(0, 0x86, 0, 0, LONG), Deadline(1)).sw == 0x6883


def test_a_chip_that_takes_long_commands_gets_one() -> None:
    end = Told(Response(b"", 0x9000))
    Chaining(end, long_commands=True).send(Command(0, 0x86, 0, 0, LONG), Deadline(1))
    assert [len(each.data) for each in end.told] == [300]


def test_data_is_never_printed() -> None:
    assert "secret" not in repr(Command(0, 0, 0, 0, b"secret")) + repr(Response(b"secret", 0x9000))
