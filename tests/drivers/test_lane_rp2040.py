"""The firmware on an emulated RP2040 under the real MicroPython of the Pico: pins, interrupts, watchdog, signatures."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.api import Lamp
from drivers.deadline import Deadline
from drivers.lane import board_wire as wire
from drivers.lane.board_wire import TAMPER_PURPOSE, Kind, Status
from scripts import lane_firmware, rp2040
from tests.drivers.conftest import with_micropython, without
from tests.drivers.lane_host import Host, hosting, numbered
from tests.drivers.lane_keys import signs
from tests.drivers.unix_board import GATE, GREEN, RED, RESET_STATUS, SHIM, Chip, UnixBoard

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

FLASH_BYTES = 1408 * 1024
LONGEST_MS = 15000
PATIENCE_S = 240.0
"""The emulated board runs at a fifth of its pace, on a shared machine at a fiftieth."""


@pytest.fixture(scope="module")
def chip() -> Chip:
    with_micropython()
    parts = rp2040.made()
    if parts is None:
        without("no emulated RP2040: python -m scripts.rp2040 makes one")
    assert parts is not None
    start = ["node", str(SHIM / "rp2040.mjs"), str(parts.emulator), str(parts.firmware), str(parts.bootrom)]
    return Chip(lambda flash, _cut: [*start, str(flash)], FLASH_BYTES)


@pytest.fixture
def board(chip: Chip, tmp_path: Path) -> Iterator[UnixBoard]:
    board = UnixBoard(tmp_path / "lane", chip=chip)
    yield board
    board.close()


@pytest.fixture
def host(board: UnixBoard) -> Iterator[Host]:
    with hosting(board.path, reply_s=10.0) as host:
        host.greeted(patience_s=PATIENCE_S)
        yield host


def comes_true(what: Callable[[], bool]) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < until_s:
        time.sleep(0.05)
    return what()


def is_shut(board: UnixBoard) -> bool:
    return board.outputs.get(GATE) == 0 and board.outputs.get(RED) == 1 and board.outputs.get(GREEN) == 0


def is_open(board: UnixBoard) -> bool:
    return board.outputs.get(GATE) == 1 and board.outputs.get(RED) == 0 and board.outputs.get(GREEN) == 1


def test_lamp_and_gate_are_on_their_pins_and_a_silent_host_shuts_them(board: UnixBoard, host: Host) -> None:
    assert is_shut(board)
    assert host.status(Kind.ORDER, wire.order(Lamp.GO, LONGEST_MS)) is Status.OK
    assert comes_true(lambda: is_open(board))
    assert comes_true(lambda: is_shut(board))
    assert not host.state().gate_is_open


def test_button_and_housing_interrupt(board: UnixBoard, host: Host) -> None:
    board.press()
    board.open_housing()
    board.close_housing()
    assert comes_true(lambda: host.state().is_tampered)
    _, events = wire.beat("host", host.said(Kind.BEAT, wire.NOTHING_SEEN).payload)
    assert [event.kind for event in events] == [1]


def test_garbage_opens_nothing(board: UnixBoard, host: Host) -> None:
    valid = wire.request(Kind.ORDER, 77, wire.order(Lamp.GO, LONGEST_MS))
    for at in range(1, len(valid) - 1):
        host.line.send(b"\0\xff\x07" + valid[:at] + bytes([valid[at] ^ 8]) + valid[at + 1 :], Deadline(5))
    assert host.state().lamp is Lamp.STOP
    assert not any(pin == GATE and level for _, pin, level in board.history)


def test_a_loop_that_stops_is_bitten_and_the_board_comes_back_shut(board: UnixBoard, host: Host) -> None:
    host.status(Kind.ORDER, wire.order(Lamp.GO, LONGEST_MS))
    assert comes_true(lambda: is_open(board))
    board.hang()
    assert comes_true(lambda: board.ends == [-signal.SIGALRM])
    assert host.greeted(patience_s=PATIENCE_S).cause == "watchdog"
    assert is_shut(board)


def test_the_latch_is_in_the_flash_and_falls_for_the_kiosks_signature(board: UnixBoard, host: Host) -> None:
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)
    board.power_off()
    board.close_housing()
    board.power_on()
    greeting = host.greeted(patience_s=PATIENCE_S)
    assert greeting.state.is_tampered and greeting.state.tamper_age_ms == wire.NEVER
    for key, end in ((board.owners.release, Status.BAD_SIGNATURE), (board.owners.kiosk, Status.OK)):
        challenge = host.said(Kind.CHALLENGE).payload
        assert host.status(Kind.CLEAR_TAMPER, signs(key)(TAMPER_PURPOSE + greeting.board + challenge)) is Status.OK
        assert host.worked() is end
    assert not host.state().is_tampered


def test_an_update_is_refused_by_a_foreign_hand_and_taken_from_the_right_one(board: UnixBoard, host: Host) -> None:
    assert host.begin(lane_firmware.bundle(board.owners.kiosk, numbered(2))) is Status.BAD_SIGNATURE
    host.update(lane_firmware.bundle(board.owners.release, numbered(2)))
    assert comes_true(lambda: board.ends == [RESET_STATUS])
    greeting = host.greeted(patience_s=PATIENCE_S)
    assert (greeting.version, greeting.on_trial, greeting.cause) == (2, True, "asked")
    host.prove()
    assert not host.hello().on_trial
