"""Secure messaging: the worked example byte for byte, each cipher against the chip's side, and every way it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Private
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader.apdu import Command, Response, decode, encode
from drivers.passport_reader.secure_messaging import (
    BY_ARC,
    Channel,
    Session,
    SessionKeys,
    Suite,
    kdf,
    pad,
    unpad,
)
from drivers.passport_reader.tlv import Malformed
from simulators.chip_crypto import Messaging
from tests.drivers import golden_chip as golden

SECRET = bytes(range(32))
EVERY = pytest.mark.parametrize("arc", BY_ARC, ids=lambda arc: BY_ARC[arc].value)
COUNTER = int.from_bytes(golden.SSC, "big")


def golden_session() -> Session:
    return Session(SessionKeys(Suite.DES3, Private(golden.KS_ENC), Private(golden.KS_MAC)), COUNTER)


def plain(command: bytes) -> Command:
    if command[1] == 0xB0:
        return Command(command[0], command[1], command[2], command[3], le=command[4])
    return Command(command[0], command[1], command[2], command[3], command[5:])


class Answers:
    """The end of the chain: what the chip says, whatever it is asked."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.asked: list[Command] = []

    def send(self, command: Command, deadline: Deadline) -> Response:
        deadline.check("chip")
        self.asked.append(command)
        return decode(self._answers.pop(0))


def test_the_worked_example_from_the_terminals_side() -> None:
    session = golden_session()
    for command, protected, answer, data in golden.MESSAGING:
        assert encode(session.protect(plain(command))) == protected
        assert session.open(decode(answer)) == Response(data, 0x9000)


def test_the_worked_example_from_the_chips_side() -> None:
    chip = Messaging(1, golden.KS_ENC, golden.KS_MAC, COUNTER)
    for command, protected, answer, data in golden.MESSAGING:
        taken, le = chip.take(protected[:4], protected[5:-1])
        assert (taken, le) == ((b"", command[4]) if command[1] == 0xB0 else (command[5:], None))
        assert chip.give(data, 0x9000, odd=False) + b"\x90\x00" == answer


def test_keys_are_derived_as_in_the_example() -> None:
    for counter, key in ((1, golden.KS_ENC), (2, golden.KS_MAC)):
        assert kdf(Suite.DES3, bytes.fromhex("0036D272F5C350ACAC50C3F572D23600"), counter) == key


@EVERY
@given(data=st.binary(max_size=600), le=st.none() | st.integers(1, 65536), ins=st.sampled_from((0xA4, 0xB0, 0xB1)))
def test_the_chip_takes_what_was_protected_and_we_what_it_gives(
    arc: int, data: bytes, le: int | None, ins: int
) -> None:
    session, chip = Session(SessionKeys.derive(BY_ARC[arc], SECRET)), Messaging.over(arc, SECRET)
    for _ in range(2):
        protected = session.protect(Command(0, ins, 1, 2, data, le))
        taken, asked = chip.take(protected.head, protected.data)
        assert (taken, asked) == (data, le)
        answer = Response(chip.give(data[:500], 0x6282, odd=bool(ins & 1)), 0x6282)
        assert session.open(answer) == Response(data[:500], 0x6282)


@EVERY
@pytest.mark.parametrize("longest", [256, 300, 2048, 65535])
def test_a_block_of_that_size_fits_and_a_larger_one_does_not(arc: int, longest: int) -> None:
    room = Session(SessionKeys.derive(BY_ARC[arc], SECRET)).room(longest)
    sizes = [len(Messaging.over(arc, SECRET).give(bytes(room + more), 0x9000, odd=False)) for more in (0, 1)]
    assert sizes[0] <= longest < sizes[1]


@EVERY
@given(at=st.integers(0, 1000), bit=st.integers(0, 7))
def test_one_turned_bit_is_malformed(arc: int, at: int, bit: int) -> None:
    answer = bytearray(Messaging.over(arc, SECRET, 1).give(b"eleven data", 0x9000, odd=False))
    answer[at % len(answer)] ^= 1 << bit
    session = Session(SessionKeys.derive(BY_ARC[arc], SECRET), 1)
    with pytest.raises(Malformed):
        session.open(Response(bytes(answer), 0x9000))


@EVERY
def test_an_answer_that_comes_twice_is_refused(arc: int) -> None:
    session, chip = Session(SessionKeys.derive(BY_ARC[arc], SECRET)), Messaging.over(arc, SECRET)
    first = session.protect(Command(0, 0xB0, 0, 0, le=8))
    chip.take(first.head, first.data)
    answer = chip.give(b"12345678", 0x9000, odd=False)
    assert session.open(Response(answer, 0x9000)).data == b"12345678"
    session.protect(Command(0, 0xB0, 0, 8, le=8))
    with pytest.raises(Malformed):
        session.open(Response(answer, 0x9000))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\x69\x88", "ended the secure channel: status 6988"),
        (b"\x6a\x82", "ended the secure channel"),
        (b"\x90\x00", "ended the secure channel"),
        (b"junk!\x90\x00", "secure messaging"),
        (bytes.fromhex("990290008E0800000000000000009000"), "wrong message authentication code"),
        (golden.MESSAGING[0][2][:-2] + b"\x6a\x82", "disagree"),
    ],
)
def test_a_channel_once_lost_stays_lost(answer: bytes, words: str) -> None:
    channel = Channel("chip-1", Answers(answer, golden.MESSAGING[0][2]), golden_session())
    select = plain(golden.MESSAGING[0][0])
    with pytest.raises(WireCorrupt, match=words):
        channel.send(select, Deadline(1))
    with pytest.raises(WireCorrupt, match="has ended"):
        channel.send(select, Deadline(1))


def test_the_status_inside_counts() -> None:
    channel = Channel("chip-1", Answers(golden.MESSAGING[0][2]), golden_session())
    assert channel.send(plain(golden.MESSAGING[0][0]), Deadline(1)).sw == 0x9000


@given(data=st.binary(max_size=64))
def test_padding_goes_there_and_back(data: bytes) -> None:
    for block in (8, 16):
        assert len(pad(data, block)) % block == 0
        assert unpad(pad(data, block)) == data


@pytest.mark.parametrize("data", [b"", bytes(8), b"\x01" * 8, b"\x81" + bytes(7)])
def test_padding_that_is_none_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        unpad(data)


def test_keys_are_never_printed() -> None:
    keys = SessionKeys.derive(Suite.AES_256, SECRET)
    assert keys.enc.value.hex() not in repr(keys)
    assert repr(keys.enc) == "Private(bytes)"
