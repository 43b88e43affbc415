"""Killed at every durable write, again and again: each life goes on where the last one ended."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from appliance.keys import load_keys
from border.enrolment.values import Purpose
from provisioning.steps import STEPS, WHOLE
from tests.lives import CUT, life
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board, done

pytestmark = pytest.mark.timeout(600)  # eighty lives, each with its own start
FINISHED, WAITS = 0, 10
MOST_LIVES = 80
CHANGES = {"os.rename": 1, "os.remove": 0}
"""What becomes true on a disk at once, and which argument says where."""


def lived(board: Board, cut_at: int, operation: str = "commission") -> int:
    """One process that goes as far as it comes, and is gone before its n-th file is renamed into place or removed."""

    def work() -> int:
        _cut_before(cut_at, board.state)
        return FINISHED if board.go(operation).is_finished else WAITS

    return life(work)


def _cut_before(number: int, folder: Path) -> None:
    count = 0

    def look(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event in CHANGES and str(arguments[CHANGES[event]]).startswith(str(folder)):
            count += 1
            if count == number:
                os._exit(CUT)

    sys.addaudithook(look)


@pytest.mark.parametrize("cut_at", [4, 5])
def test_a_board_that_is_killed_all_the_time_becomes_a_lane(tmp_path: Path, cut_at: int) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    headquarters.voucher(board.stick)
    board.officers()
    lives = killed_all_the_time(board, headquarters, cut_at, "commission")
    runner = board.runner()
    assert done(runner.view()) == [step.name for step in WHOLE]
    assert lives.count(CUT) > 5
    steps = [entry.step for entry in runner.bench.desk.entries()]
    assert steps == [step.name for step in WHOLE], "each step stands in the sheet once"


def test_a_board_that_is_killed_while_it_moves_is_the_new_lane_and_nothing_of_the_old(tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    commissioned(headquarters, board)
    headquarters.voucher(board.stick, "--purpose", "move_site", lanes=("quay-2",))
    lives = killed_all_the_time(board, headquarters, 5, "move-site")
    assert lives.count(CUT) > 5
    assert load_keys(board.state / "keys").kiosk == "quay-2"
    assert not (board.state / "frozen").exists()
    assert len(list(board.state.glob("provisioning/identity-*.key"))) == 1
    steps = [entry.step for entry in board.runner().bench.desk.entries()]
    assert steps == [step.name for step in STEPS[Purpose.MOVE_SITE]]


def commissioned(headquarters: Headquarters, board: Board) -> None:
    headquarters.voucher(board.stick)
    board.officers()
    assert not board.go().is_finished
    headquarters.answer(board.stick)
    assert board.go().is_finished
    for path in board.stick.glob("voucher-*"):
        path.unlink()


def stands_once(board: Board, purpose: Purpose) -> None:
    steps = [entry.step for entry in board.runner().bench.desk.entries()]
    assert steps == [step.name for step in STEPS[purpose]], "each step stands in the sheet once"


@pytest.mark.parametrize("cut_at", [4, 5])
def test_a_board_that_is_killed_while_it_takes_a_lane_over_is_that_lane(tmp_path: Path, cut_at: int) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    old = Board(tmp_path / "old", headquarters.people)
    commissioned(headquarters, old)
    key = load_keys(old.state / "keys").device
    new = Board(tmp_path / "new", headquarters.people, serial="10000000abcdef02")
    shutil.copytree(old.state, new.state)
    new.officers()
    headquarters.voucher(new.stick, "--purpose", "replace_board")
    lives = killed_all_the_time(new, headquarters, cut_at, "replace-board")
    assert lives.count(CUT) > 5
    keys = load_keys(new.state / "keys")
    assert (keys.kiosk, keys.former) == ("quay-1", (key,))
    stands_once(new, Purpose.REPLACE_BOARD)


@pytest.mark.parametrize("cut_at", [4, 5])
def test_a_board_that_is_killed_while_it_gets_an_empty_disk_is_the_same_lane(tmp_path: Path, cut_at: int) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    commissioned(headquarters, board)
    shutil.move(board.state, tmp_path / "broken")
    headquarters.voucher(board.stick, "--purpose", "replace_storage")
    lives = killed_all_the_time(board, headquarters, cut_at, "replace-storage")
    assert lives.count(CUT) > 5
    assert load_keys(board.state / "keys").kiosk == "quay-1"
    stands_once(board, Purpose.REPLACE_STORAGE)


@pytest.mark.parametrize("cut_at", [4, 5])
def test_a_board_that_is_killed_while_it_retires_leaves_nothing(tmp_path: Path, cut_at: int) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    commissioned(headquarters, board)
    lives = killed_all_the_time(board, headquarters, cut_at, "retire")
    assert lives.count(CUT) > 3
    assert {path.name for path in board.state.iterdir()} <= {"provisioning", "time", "frozen"}
    assert not list(board.state.glob("provisioning/identity-*"))
    stands_once(board, Purpose.RETIRE)


def test_a_board_that_is_killed_while_it_renews_has_the_new_certificate(tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    commissioned(headquarters, board)
    before = (board.state / "keys" / "tls.pem").read_bytes()
    lives = killed_all_the_time(board, headquarters, 4, "renew")
    assert lives.count(CUT) > 2
    assert (board.state / "keys" / "tls.pem").read_bytes() != before
    assert load_keys(board.state / "keys").kiosk == "quay-1"
    stands_once(board, Purpose.RENEW)


def killed_all_the_time(board: Board, headquarters: Headquarters, cut_at: int, operation: str) -> list[int]:
    """How each life but the last ended."""
    lives: list[int] = []
    while (end := lived(board, cut_at, operation)) != FINISHED:
        lives.append(end)
        assert end in (CUT, WAITS), end
        assert len(lives) < MOST_LIVES, board.runner().view()
        if end == WAITS:
            assert headquarters.answer(board.stick)
    return lives
