"""What may happen to a lane later: another board, disk or site, the end, and certificates that run out."""

from __future__ import annotations

import itertools
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from appliance import durable
from appliance.keys import load_keys
from appliance.post.schema import open_database
from border.enrolment.refusals import Refusal
from border.enrolment.values import Purpose
from central.enrolment.publication import read_list
from provisioning import operations, program
from provisioning.step import Refused
from provisioning.steps import STEPS, wipe
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board, done, failure

NUMBERS = itertools.count(1)
WAITS = (
    "INSERT INTO outbox (record, seq, slot, priority, state, topic, part, slice, digest, at_wall_ms, size, payload)"
    " VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)"
)
WAITING = ("record-1", 1, 0, 1, "landfall/1/x", "", 0, b"", 0, 1, b"x")


@pytest.fixture(scope="module")
def headquarters(tmp_path_factory: pytest.TempPathFactory) -> Headquarters:
    return Headquarters(tmp_path_factory.mktemp("hq") / "hq")


def a_board(headquarters: Headquarters, folder: Path) -> Board:
    made = Board(folder, headquarters.people, serial=f"1000000000{next(NUMBERS):06}")
    made.officers()
    return made


def commissioned(headquarters: Headquarters, folder: Path, lane: str) -> Board:
    board = a_board(headquarters, folder)
    through(board, headquarters, "commission", lane)
    return board


def through(board: Board, headquarters: Headquarters, operation: str, lane: str = "") -> None:
    """The whole operation with a stick; with a voucher for it where it wants one."""
    for old in board.stick.glob("voucher-*"):
        old.unlink()
    if lane:
        purpose = {"commission": "enrol"}.get(operation, operation.replace("-", "_"))
        headquarters.voucher(board.stick, "--purpose", purpose, lanes=(lane,))
    assert failure(board.go(operation)).code == "PRO-NO-ANSWER"
    assert headquarters.answer(board.stick)
    view = board.go(operation)
    assert view.is_finished, view
    headquarters.answer(board.stick)


def certificate(board: Board) -> x509.Certificate:
    return x509.load_pem_x509_certificate((board.state / "keys" / "tls.pem").read_bytes())


def revoked(headquarters: Headquarters) -> set[int]:
    there = read_list(headquarters.folder / "crl.pem")
    assert there is not None
    return {entry.serial_number for entry in there}


def says(board: Board, headquarters: Headquarters, operation: str) -> str:
    """What headquarters refuses this board with."""
    assert failure(board.go(operation)).code == "PRO-NO-ANSWER"
    assert headquarters.answer(board.stick)
    return failure(board.go(operation)).code


def test_another_board_takes_the_lane_over_with_the_disk(headquarters: Headquarters, tmp_path: Path) -> None:
    old = commissioned(headquarters, tmp_path / "old", "quay-1")
    key, shown = load_keys(old.state / "keys").device, certificate(old)
    new = a_board(headquarters, tmp_path / "new")
    shutil.copytree(old.state, new.state)  # the storage goes into the new board
    through(new, headquarters, "replace-board", "quay-1")
    keys = load_keys(new.state / "keys")
    assert keys.kiosk == "quay-1"
    assert keys.device != key
    assert keys.former == (key,)
    assert shown.serial_number in revoked(headquarters)
    assert certificate(new).serial_number not in revoked(headquarters)
    assert says(old, headquarters, "renew") == Refusal.REVOKED


def test_an_empty_disk_in_the_same_board(headquarters: Headquarters, tmp_path: Path) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-2")
    shown = certificate(board)
    shutil.move(board.state, tmp_path / "broken")
    through(board, headquarters, "replace-storage", "quay-2")
    assert load_keys(board.state / "keys").kiosk == "quay-2"
    assert shown.serial_number in revoked(headquarters)


def test_a_board_moves_to_another_lane(headquarters: Headquarters, tmp_path: Path) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-3")
    key, shown = load_keys(board.state / "keys").device, certificate(board)
    (board.state / "journal-of-before").write_text("x")
    through(board, headquarters, "move-site", "quay-4")
    keys = load_keys(board.state / "keys")
    assert (keys.kiosk, keys.former) == ("quay-4", ())
    assert keys.device != key
    assert shown.serial_number in revoked(headquarters)
    assert not (board.state / "journal-of-before").exists()
    assert not (board.state / "frozen").exists()
    assert done(board.runner().view()) == [step.name for step in STEPS[Purpose.MOVE_SITE]]
    late = a_board(headquarters, tmp_path / "late")
    headquarters.voucher(late.stick, lanes=("quay-3",))
    assert says(late, headquarters, "commission") == Refusal.LANE_ENDED


def test_a_lane_retires(headquarters: Headquarters, tmp_path: Path) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-5")
    copy = tmp_path / "copy"
    shutil.copytree(board.state, copy)
    shown = certificate(board)
    through(board, headquarters, "retire")
    assert shown.serial_number in revoked(headquarters)
    left = {path.name for path in board.state.iterdir()}
    assert left <= {"provisioning", "time", "frozen"}
    assert not list(board.state.glob("provisioning/identity-*"))
    shutil.rmtree(board.state)
    shutil.copytree(copy, board.state)  # an image of the disk from before
    assert says(board, headquarters, "renew") == Refusal.REVOKED


def test_nothing_is_wiped_while_a_record_waits(headquarters: Headquarters, tmp_path: Path) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-6")
    database = open_database(board.state / "journal.sqlite")
    database.execute(WAITS, WAITING)
    said = failure(board.go("retire"))
    assert said.code == "PRO-WAITING"
    assert "1 wait" in said.why
    assert (board.state / "frozen").exists()
    assert (board.state / "keys" / "device.key").exists()
    database.execute("DELETE FROM outbox")  # the centre has signed for it
    database.close()
    assert failure(board.go("retire")).code == "PRO-NO-ANSWER"


def test_nothing_is_wiped_under_a_program_that_does_not_end(
    headquarters: Headquarters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-9")
    monkeypatch.setattr(wipe, "ENDS_S", 0.0)
    assert failure(board.go("retire")).code == "PRO-NO-ANSWER"
    assert headquarters.answer(board.stick)
    running = durable.lock(board.state / program.RUNNING)
    assert failure(board.go("retire")).code == "PRO-KIOSK"
    assert all((board.state / name).is_file() for name in program.OPEN)
    assert (board.state / "keys" / "device.key").is_file()
    os.close(running)
    assert board.go("retire").is_finished
    assert not (board.state / "keys").exists()


def test_what_the_program_recorded_as_its_last_act_is_waited_for(headquarters: Headquarters, tmp_path: Path) -> None:
    """The power failed between the program's end and the look at what it left: the program must be able to run."""
    board = commissioned(headquarters, tmp_path / "board", "quay-10")
    assert failure(board.go("retire")).code == "PRO-NO-ANSWER"
    assert headquarters.answer(board.stick)
    database = open_database(board.state / "journal.sqlite")
    database.execute(WAITS, WAITING)
    for name in program.OPEN:
        (board.state / name).rename(board.state / f"{name}{program.ENDED}")
    assert failure(board.go("retire")).code == "PRO-WAITING"
    assert all((board.state / name).is_file() for name in program.OPEN)
    database.execute("DELETE FROM outbox")
    database.close()
    assert board.go("retire").is_finished


def test_a_certificate_is_renewed_when_two_thirds_are_over_and_after_it_ran_out(
    headquarters: Headquarters, tmp_path: Path
) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-7")
    before = certificate(board)
    bench = board.runner().bench
    assert not operations.is_renewal_due(bench)
    off_for_a_year = datetime.now(UTC) + timedelta(days=365)
    bench.times.raise_floor(round(off_for_a_year.timestamp() * 1000))
    assert before.not_valid_after_utc < off_for_a_year
    assert operations.is_renewal_due(bench)
    through(board, headquarters, "renew")
    after = certificate(board)
    assert after.serial_number != before.serial_number
    assert after.public_key() != before.public_key()  # a fresh key for TLS
    assert load_keys(board.state / "keys").kiosk == "quay-7"


def test_two_operations_are_not_mixed(headquarters: Headquarters, tmp_path: Path) -> None:
    board = commissioned(headquarters, tmp_path / "board", "quay-8")
    assert failure(board.go("renew")).code == "PRO-NO-ANSWER"
    with pytest.raises(Refused, match="PRO-BUSY"):
        board.go("retire")
