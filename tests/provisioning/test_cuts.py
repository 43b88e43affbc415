"""Killed at every durable write, again and again: each life goes on where the last one ended."""

from __future__ import annotations

import os
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
    headquarters.voucher(board.stick)
    board.officers()
    assert not board.go().is_finished
    headquarters.answer(board.stick)
    assert board.go().is_finished
    for path in board.stick.glob("voucher-*"):
        path.unlink()
    headquarters.voucher(board.stick, "--purpose", "move_site", lanes=("quay-2",))
    lives = killed_all_the_time(board, headquarters, 5, "move-site")
    assert lives.count(CUT) > 5
    assert load_keys(board.state / "keys").kiosk == "quay-2"
    assert not (board.state / "frozen").exists()
    assert len(list(board.state.glob("provisioning/identity-*.key"))) == 1
    steps = [entry.step for entry in board.runner().bench.desk.entries()]
    assert steps == [step.name for step in STEPS[Purpose.MOVE_SITE]]


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
