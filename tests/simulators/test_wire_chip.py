"""The simulated chip and its wire: what a chip must refuse, whoever asks, and the time that its interface takes."""

from __future__ import annotations

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.chip_keys import GM, PaceWay
from simulators.passport_chip import CARD_ACCESS, Chip, Passport
from simulators.vpcd_wire import AirInterface, ChipOnReader

ZONE = "L898902C<369080619406236"
DG1 = 0x0101
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")


def chip(longest_answer: int = 256) -> Chip:
    way = PaceWay(GM, 2, 12)
    return Chip(Passport(ZONE, {DG1: b"\x61\x02hi"}, can="1", pace=(way,), longest_answer=longest_answer))


def select(file: int) -> bytes:
    return bytes.fromhex("00A4020C02") + file.to_bytes(2, "big")


def test_card_access_lies_open_and_says_the_way() -> None:
    one = chip()
    assert one.process(select(CARD_ACCESS)) == b"\x90\x00"
    way = bytes.fromhex("31143012060A04007F0007020204020202010202010C")  # TR-03110 A.1.1.1, written out
    assert one.process(bytes.fromhex("00B0000016")) == way + b"\x90\x00"


def test_nothing_else_is_read_without_a_channel() -> None:
    one = chip()
    assert one.process(SELECT_APPLICATION) == b"\x90\x00"
    assert one.process(select(DG1)) == b"\x69\x82"
    assert one.process(bytes.fromhex("00B0000004")) == b"\x69\x86"


def test_a_protected_command_without_keys_and_an_invented_one_are_refused() -> None:
    one = chip()
    assert one.process(bytes.fromhex("0CB000000D9701048E08ED6705417E96BA5500"))[-2:] != b"\x90\x00"
    assert one.process(b"\x00\xff\x00\x00") == b"\x6d\x00"


def test_a_challenge_is_asked_before_its_answer_and_used_once() -> None:
    one = chip()
    one.process(SELECT_APPLICATION)
    authenticate = bytes.fromhex("0082000028") + bytes(40) + b"\x28"
    assert one.process(authenticate) == b"\x69\x85"
    assert one.process(bytes.fromhex("0084000008"))[-2:] == b"\x90\x00"
    assert one.process(authenticate) == b"\x63\x00"
    assert one.process(authenticate) == b"\x69\x85"


def test_long_commands_are_refused_by_a_chip_that_does_not_say_it_takes_them() -> None:
    long = bytes.fromhex("00B00000000400")
    assert chip().process(long) == b"\x67\x00"
    assert chip(65535).process(long) != b"\x67\x00"


def test_the_answer_to_reset_is_whole_and_tells_of_long_commands() -> None:
    for longest, bit in ((256, 0), (65535, 0x40)):
        atr = chip(longest).atr
        check = 0
        for byte in atr[1:]:
            check ^= byte
        assert check == 0
        assert atr[10] & 0x40 == bit


@given(command=st.binary(max_size=40))
def test_any_command_gets_a_status(command: bytes) -> None:
    one = chip()
    one.process(SELECT_APPLICATION)
    assert len(one.process(command)) >= 2


def test_twice_the_rate_takes_half_the_time_of_the_bytes() -> None:
    slow, fast = AirInterface(106, think_s=0, pause_s=0), AirInterface(212, think_s=0, pause_s=0)
    assert slow.take(20, 2000) == pytest.approx(2 * fast.take(20, 2000))
    assert slow.busy_s == pytest.approx((20 + 2000 + 5 * (1 + 8)) * 9 / 106_000)
    assert AirInterface().take(20, 2000) == 0.0


class Reader:
    """vpcd's end of the socket, by its own protocol."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._wire: socket.socket | None = None

    def accept(self) -> None:
        self._wire, _ = self._listening.accept()
        self._wire.settimeout(10)

    def say(self, message: bytes) -> None:
        assert self._wire is not None
        self._wire.sendall(len(message).to_bytes(2, "big"))
        self._wire.sendall(message)

    def hear(self) -> bytes:
        assert self._wire is not None
        head = self._wire.recv(2, socket.MSG_WAITALL)
        return self._wire.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL) if head else b""

    def close(self) -> None:
        self._listening.close()
        if self._wire is not None:
            self._wire.close()


def test_the_wire_speaks_vpcds_protocol_and_counts_from_power_on() -> None:
    reader = Reader()
    laid = ChipOnReader(reader.port, chip())
    accepting = threading.Thread(target=reader.accept)
    accepting.start()
    laid.put_down()
    accepting.join()
    try:
        reader.say(b"\x01")
        reader.say(b"\x04")
        assert reader.hear() == laid.chip.atr
        reader.say(select(CARD_ACCESS))
        assert reader.hear() == b"\x90\x00"
        assert laid.sent == 1
        reader.say(b"\x02")
        laid.chip_faults.removed_at = 2
        reader.say(select(CARD_ACCESS))
        assert reader.hear() == b"\x90\x00"
        reader.say(select(CARD_ACCESS))
        assert reader.hear() == b"", "taken away instead of an answer"
        assert laid.left
    finally:
        laid.lift()
        reader.close()
