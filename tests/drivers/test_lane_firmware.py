"""What the board itself must keep, whoever talks to it: the real firmware, and a host that can be wrong."""

from __future__ import annotations

import math
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.api import Happening, Lamp, LaneEvent, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.errors import DeviceError, DeviceRefused
from drivers.lane import board_wire as wire
from drivers.lane.board_wire import TAMPER_PURPOSE, Kind, Status
from hw_tests.conformance.lane import happens, obeys_again
from scripts import lane_firmware
from tests.drivers.conftest import with_micropython
from tests.drivers.lane_host import Host, comes_true, hosting, numbered
from tests.drivers.lane_keys import new_key, signs
from tests.drivers.unix_board import BUTTON, GATE, GREEN, RED, RESET_STATUS, TAMPER, Owners, UnixBoard

ROOT = Path(__file__).parent.parent.parent
LONGEST_MS = 15000


@pytest.fixture(autouse=True)
def _micropython() -> None:
    with_micropython()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[UnixBoard]:
    board = UnixBoard(tmp_path / "lane")
    yield board
    board.close()


@pytest.fixture
def host(board: UnixBoard) -> Iterator[Host]:
    with hosting(board.path) as host:
        host.greeted()
        yield host


@contextmanager
def board_with(path: Path, files: dict[str, bytes], owners: Owners) -> Iterator[UnixBoard]:
    board = UnixBoard(path, files=files, owners=owners)
    try:
        yield board
    finally:
        board.close()


def on_board(owners: Owners, files: dict[str, bytes] | None = None) -> dict[str, bytes]:
    return lane_firmware.board_files(owners.release.public_key(), owners.kiosk.public_key(), files)


def is_shut(board: UnixBoard) -> bool:
    return board.outputs.get(GATE) == 0 and board.outputs.get(RED) == 1 and board.outputs.get(GREEN) == 0


def was_ever_open(board: UnixBoard) -> bool:
    return any(pin == GATE and level for _, pin, level in board.history)


# the gate


def test_a_silent_host_shuts_the_gate(board: UnixBoard, host: Host) -> None:
    host.hello()
    assert host.status(Kind.ORDER, wire.order(Lamp.GO, LONGEST_MS)) is Status.OK
    assert comes_true(lambda: was_ever_open(board))
    assert comes_true(lambda: is_shut(board))
    assert not host.state().gate_is_open, "a host that is back opens nothing by being back"


def test_a_killed_kiosk_shuts_the_gate(board: UnixBoard) -> None:
    script = (
        "import sys, time\n"
        "from drivers.api import Lamp, LaneOrder\nfrom drivers.catalogue import LANE\n"
        "from drivers.deadline import Deadline\n"
        "LANE['board'](sys.argv[1], 'lane').obey(LaneOrder(Lamp.GO, 14.0), Deadline(10))\n"
        "print('open', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(board.path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as kiosk:
        assert kiosk.stdout is not None and kiosk.stdout.readline() == "open\n"
        assert was_ever_open(board)
        kiosk.kill()
    assert comes_true(lambda: is_shut(board))


def test_garbage_is_not_a_host_and_opens_nothing(board: UnixBoard, host: Host) -> None:
    host.hello()
    dice = random.Random(5)
    valid = wire.request(Kind.ORDER, 77, wire.order(Lamp.GO, LONGEST_MS))
    for _ in range(300):
        harmed = bytearray(valid)
        harmed[dice.randrange(len(harmed) - 1)] ^= 1 << dice.randrange(8)
        host.line.send(dice.randbytes(dice.randrange(60)) + b"\0" + bytes(harmed), Deadline(5))
        time.sleep(0.003)
    assert not was_ever_open(board)
    assert host.status(Kind.ORDER, wire.order(Lamp.GO, LONGEST_MS)) is Status.OK
    assert comes_true(lambda: was_ever_open(board))
    until_s = time.monotonic() + 20
    while not is_shut(board) and time.monotonic() < until_s:
        host.line.send(dice.randbytes(40).replace(b"\0", b"\1") + b"\0", Deadline(5))
        time.sleep(0.02)
    assert is_shut(board), "noise kept the gate open"
    assert host.state().lamp is Lamp.STOP


def test_a_question_asked_again_is_done_once(board: UnixBoard, host: Host) -> None:
    host.hello()
    frame = wire.request(Kind.ORDER, 200, wire.order(Lamp.GO, 600))
    until_s = time.monotonic() + 20
    host.line.send(frame, Deadline(5))
    assert comes_true(lambda: was_ever_open(board))
    while board.outputs[GATE] and time.monotonic() < until_s:  # each time it is heard, and none opens anew
        host.line.send(frame, Deadline(5))
        time.sleep(0.05)
    assert board.outputs[GATE] == 0
    assert [level for _, pin, level in board.history if pin == GATE and level] == [1]


@pytest.mark.parametrize(
    "payload",
    [
        wire.order(Lamp.GO, LONGEST_MS + 1),
        wire.order(Lamp.STOP, 100),
        wire.order(Lamp.WAIT, 100),
        b"\x03\0\0",
        b"",
        b"\2",
    ],
    ids=("too long", "under red", "under wait", "no such lamp", "nothing", "short"),
)
def test_an_order_without_sense_changes_nothing(board: UnixBoard, host: Host, payload: bytes) -> None:
    host.hello()
    assert host.status(Kind.ORDER, payload) is Status.BAD_VALUE
    assert host.state().lamp is Lamp.STOP and not was_ever_open(board)


def test_a_hung_loop_is_bitten_and_comes_back_shut(board: UnixBoard) -> None:
    lane = LANE["board"](str(board.path), "lane")
    lane.obey(LaneOrder(Lamp.GO, 14.0), Deadline(10))
    assert happens(lane, Happening.RESTARTED).detail == "power"
    board.hang()
    assert comes_true(lambda: board.ends == [-signal.SIGALRM] and is_shut(board))
    assert obeys_again(lane, LaneOrder(Lamp.WAIT)).lamp is Lamp.WAIT
    events: list[LaneEvent] = []
    while not events or events[-1].happening is not Happening.RESTARTED:
        try:
            events.append(lane.next_event(Deadline(10)))
        except DeviceError:
            time.sleep(0.05)
    assert events[-1].detail == "watchdog"
    lane.close()


def test_a_fault_in_the_firmware_restarts_it_shut_and_says_so(tmp_path: Path) -> None:
    owners = Owners()
    broken = lane_firmware.application()["lane.py"].decode().replace("self.lamp = lamp\n", "self.lamp = lamp / 0\n")
    files = on_board(owners, numbered(1, lane=broken))
    with board_with(tmp_path / "lane", files, owners) as board, hosting(board.path) as host:
        assert host.greeted().cause == "power"
        host.line.send(wire.request(Kind.ORDER, 9, wire.order(Lamp.GO, 1000)), Deadline(5))
        assert comes_true(lambda: board.ends == [RESET_STATUS])
        assert host.greeted().cause == "fault"
        assert not was_ever_open(board)


def test_another_version_of_the_protocol_is_refused_in_words(tmp_path: Path) -> None:
    owners = Owners()
    newer = lane_firmware.application()["wire.py"].decode().replace("\nVERSION = 1\n", "\nVERSION = 2\n")
    with board_with(tmp_path / "lane", on_board(owners, numbered(1, wire=newer)), owners) as board:
        lane = LANE["board"](str(board.path), "lane")
        with pytest.raises(DeviceRefused, match="speaks version 2, not 1"):
            lane.obey(LaneOrder(Lamp.STOP), Deadline(10))
        lane.close()


def test_an_unknown_question_is_answered_as_such(host: Host) -> None:
    host.hello()
    assert host.status(99) is Status.UNKNOWN  # type: ignore[arg-type]


# button and tamper


def test_a_bouncing_button_is_one_press_and_a_flood_loses_only_the_oldest(board: UnixBoard, host: Host) -> None:
    host.hello()
    for _ in range(40):
        board.turn(BUTTON, 0)
        board.turn(BUTTON, 1)
    time.sleep(0.2)
    host.state()
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered), "what the latch says no flood can hide"
    _, events = wire.beat("host", host.said(Kind.BEAT, wire.NOTHING_SEEN).payload)
    assert 1 <= len([event for event in events if event.kind == 1]) < 40


def test_a_housing_opened_for_a_moment_is_latched(board: UnixBoard, host: Host) -> None:
    host.hello()
    board.open_housing()
    board.close_housing()
    assert comes_true(lambda: host.state().is_tampered)


def test_a_housing_opened_without_power_is_seen_at_the_start(board: UnixBoard, host: Host) -> None:
    board.power_off()
    board.levels[TAMPER] = 1
    board.power_on()
    assert comes_true(lambda: host.greeted().state.is_tampered)


def test_the_latch_keeps_its_time_through_a_loss_of_power_when_it_was_told_the_time(
    board: UnixBoard, host: Host
) -> None:
    host.hello(utc_s=1_800_000_000)
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)
    board.power_off()
    board.close_housing()
    board.power_on()
    assert host.greeted().state.tamper_age_ms == wire.NEVER, "nobody has said yet what time it is"
    age_ms = host.hello(utc_s=1_800_000_100).state.tamper_age_ms
    assert 0 < age_ms <= 100_000


def test_a_latch_of_unknown_time_is_told_as_such(board: UnixBoard, host: Host) -> None:
    host.hello(utc_s=0)
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)
    board.power_off()
    board.close_housing()
    board.power_on()
    host.close()
    lane = LANE["board"](str(board.path), "lane")
    assert happens(lane, Happening.TAMPER).at_monotonic_s == -math.inf
    lane.close()


def test_the_latch_falls_for_one_fresh_signature_and_only_when_the_housing_is_closed(
    board: UnixBoard, host: Host
) -> None:
    sign, greeting = signs(board.owners.kiosk), host.hello()
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)

    def cleared(signature: bytes) -> Status:
        assert host.status(Kind.CLEAR_TAMPER, signature) is Status.OK
        return host.worked()

    def challenged() -> bytes:
        return TAMPER_PURPOSE + greeting.board + host.said(Kind.CHALLENGE).payload

    assert cleared(bytes(64)) is Status.NOT_NOW, "no challenge was given"
    assert cleared(sign(challenged())) is Status.NOT_NOW, "the housing is open"
    board.close_housing()
    challenge = challenged()
    assert cleared(signs(board.owners.release)(challenge)) is Status.BAD_SIGNATURE
    assert cleared(sign(challenge)) is Status.NOT_NOW, "a challenge serves once"
    assert cleared(sign(challenged())[:63]) is Status.BAD_SIGNATURE
    assert host.state().is_tampered
    signature = sign(challenged())
    assert cleared(signature) is Status.OK
    assert not host.state().is_tampered
    board.open_housing()
    assert comes_true(lambda: host.state().is_tampered)
    board.close_housing()
    host.said(Kind.CHALLENGE)
    assert cleared(signature) is Status.BAD_SIGNATURE, "an old signature clears no new latch"


# updates


def test_a_new_firmware_runs_proves_itself_and_stays(board: UnixBoard, host: Host) -> None:
    assert host.hello().version == 1
    host.update(lane_firmware.bundle(board.owners.release, numbered(2)))
    greeting = host.greeted()
    assert (greeting.version, greeting.on_trial, greeting.cause) == (2, True, "asked")
    host.prove()
    assert not host.hello().on_trial
    board.power_off()
    board.power_on()
    assert (host.greeted().version, host.hello().on_trial) == (2, False)
    host.update(lane_firmware.bundle(board.owners.release, numbered(3)))  # into the other slot
    assert host.greeted().version == 3


def test_a_firmware_that_loses_power_before_it_has_proved_itself_falls_back(board: UnixBoard, host: Host) -> None:
    host.hello()
    host.update(lane_firmware.bundle(board.owners.release, numbered(2)))
    assert host.greeted().version == 2
    board.power_off()
    board.power_on()
    assert host.greeted().version == 1


MUTE = """
import machine, time
def run(slot, trial):
    watchdog = machine.WDT(timeout=1000)
    while True:
        watchdog.feed()
        time.sleep_ms(10)
"""


@pytest.mark.parametrize(
    "app",
    ["syntax error here", "raise ValueError(1)", "while True:\n    pass\n", MUTE],
    ids=("syntax", "raises", "hangs", "mute"),
)
def test_a_firmware_that_does_not_come_up_falls_back(tmp_path: Path, app: str) -> None:
    owners = Owners()
    files = on_board(owners)
    files["main.py"] = files["main.py"].replace(b"TRIAL_MS = 60000", b"TRIAL_MS = 3000")
    files["main.py"] = files["main.py"].replace(b"START_MS = 8000", b"START_MS = 2000")
    with board_with(tmp_path / "lane", files, owners) as board, hosting(board.path) as host:
        host.greeted()
        host.update(lane_firmware.bundle(owners.release, numbered(2, app=app)))
        assert comes_true(lambda: len(board.ends) == 2), "the restart that was asked for, and the end of the trial"
        assert host.greeted().version == 1
        assert is_shut(board) and not was_ever_open(board)


def test_what_is_not_signed_newer_and_whole_is_refused(board: UnixBoard, host: Host) -> None:
    release = board.owners.release
    good = lane_firmware.bundle(release, numbered(2))
    data = wire.bundle(good).data
    host.hello()
    assert host.begin(lane_firmware.bundle(new_key(), numbered(2))) is Status.BAD_SIGNATURE
    assert host.begin(lane_firmware.bundle(board.owners.kiosk, numbered(2))) is Status.BAD_SIGNATURE
    for at in (3, 7, 39, 40, 103):  # version, size, hash, r, s
        harmed = bytearray(good)
        harmed[4 + at] ^= 4 if at == 7 else 1
        assert host.status(Kind.UPDATE_BEGIN, bytes(harmed[4:108])) is Status.OK
        assert host.worked() is Status.BAD_SIGNATURE
        assert host.status(Kind.UPDATE_CHUNK, bytes(4) + data[:100]) is Status.NOT_NOW
    assert host.begin(lane_firmware.bundle(release, numbered(1))) is Status.OLDER
    assert host.begin(lane_firmware.bundle(release, numbered(0))) is Status.OLDER

    assert host.begin(good) is Status.OK
    host.send(data[:-1])
    assert host.end() is Status.TORN, "a byte is missing"

    assert host.begin(good) is Status.OK
    host.send(data[:500] + bytes([data[500] ^ 1]) + data[501:])
    assert host.end() is Status.TORN, "a bit is turned"

    assert host.begin(good) is Status.OK
    assert host.status(Kind.UPDATE_CHUNK, (5).to_bytes(4, "big") + data[:10]) is Status.OTHER_OFFSET
    assert host.status(Kind.UPDATE_CHUNK, bytes(4)) is Status.OTHER_OFFSET
    assert host.status(Kind.ORDER, wire.order(Lamp.GO, 1000)) is Status.BUSY, "no gate opens over an update"

    assert host.status(Kind.RESTART) is Status.NOT_NOW
    board.power_off()
    board.power_on()
    assert host.greeted().version == 1


@pytest.mark.parametrize(
    "archive",
    [
        {"../main.py": b"print(1)\n"},
        {"app.mpy": b"M"},
        {"lane.py": b"x = 1\n"},
        {"": b""},
    ],
    ids=("out of the slot", "no source", "no app", "no name"),
)
def test_a_signed_archive_that_makes_no_firmware_is_refused(
    board: UnixBoard, host: Host, archive: dict[str, bytes]
) -> None:
    host.hello()
    bundle = lane_firmware.sealed(board.owners.release, 2, archive)
    assert host.begin(bundle) is Status.OK
    host.send(wire.bundle(bundle).data)
    assert host.end() is Status.TORN
    assert host.status(Kind.RESTART) is Status.NOT_NOW


def test_a_gate_that_is_open_lets_no_update_begin(board: UnixBoard, host: Host) -> None:
    host.hello()
    host.status(Kind.ORDER, wire.order(Lamp.GO, LONGEST_MS))
    assert host.begin(lane_firmware.bundle(board.owners.release, numbered(2))) is Status.NOT_NOW


def test_a_board_that_believes_nobody_takes_nothing(tmp_path: Path) -> None:
    owners = Owners()
    files = {**on_board(owners), "release.pub": b"", "kiosk.pub": b"not hexadecimal"}
    with board_with(tmp_path / "lane", files, owners) as board, hosting(board.path) as host:
        host.greeted()
        assert host.begin(lane_firmware.bundle(owners.release, numbered(2))) is Status.NO_KEY
        host.said(Kind.CHALLENGE)
        host.status(Kind.CLEAR_TAMPER, bytes(64))
        assert host.worked() is Status.NO_KEY


def test_the_kiosk_brings_the_firmware_along(board: UnixBoard, tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(lane_firmware.bundle(board.owners.release, numbered(2)))
    lane = LANE["board"](f"{board.path}?firmware={tmp_path / 'new'}", "lane")
    assert lane.obey(LaneOrder(Lamp.WAIT), Deadline(60)).lamp is Lamp.WAIT
    assert happens(lane, Happening.FIRMWARE).detail == "2 runs"
    lane.close()


@pytest.mark.parametrize(
    ("signed_by_us", "data"), [(False, None), (True, b"LFB1 cut short"), (True, b"")], ids=("foreign", "cut", "empty")
)
def test_a_firmware_that_is_none_is_told_and_the_old_one_serves(
    board: UnixBoard, tmp_path: Path, signed_by_us: bool, data: bytes | None
) -> None:
    key = board.owners.release if signed_by_us else new_key()
    (tmp_path / "new").write_bytes(lane_firmware.bundle(key, numbered(2)) if data is None else data)
    lane = LANE["board"](f"{board.path}?firmware={tmp_path / 'new'}", "lane")
    assert lane.obey(LaneOrder(Lamp.WAIT), Deadline(60)).lamp is Lamp.WAIT
    assert happens(lane, Happening.FIRMWARE).detail.startswith("not taken")
    lane.close()


def test_a_firmware_that_does_not_come_up_is_told_and_not_tried_again(tmp_path: Path) -> None:
    owners = Owners()
    (tmp_path / "new").write_bytes(lane_firmware.bundle(owners.release, numbered(2, app="raise ValueError(1)")))
    with board_with(tmp_path / "lane", on_board(owners), owners) as board:
        lane = LANE["board"](f"{board.path}?firmware={tmp_path / 'new'}", "lane")
        assert obeys_again(lane, LaneOrder(Lamp.WAIT)).lamp is Lamp.WAIT
        assert happens(lane, Happening.FIRMWARE).detail == "2 did not come up"
        assert len(board.ends) == 2
        lane.close()
