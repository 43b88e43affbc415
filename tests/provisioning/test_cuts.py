"""Killed at every durable write, again and again: each life goes on where the last one ended."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest

from provisioning.steps import WHOLE
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import Board, done

FINISHED, WAITS, CUT = 0, 10, 137
MOST_LIVES = 80


def life(board: Board, cut_at: int) -> int:
    """One process that goes as far as it comes, and is gone before its n-th file is renamed into place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        _cut_before(cut_at, board.state)
        status = FINISHED if board.go().is_finished else WAITS
    finally:
        os._exit(status)


def _cut_before(number: int, folder: Path) -> None:
    count = 0

    def look(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "os.rename" and str(arguments[1]).startswith(str(folder)):
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
    lives = []
    while (end := life(board, cut_at)) != FINISHED:
        lives.append(end)
        assert end in (CUT, WAITS), end
        assert len(lives) < MOST_LIVES, board.runner().view()
        if end == WAITS:
            assert headquarters.answer(board.stick)
    runner = board.runner()
    assert done(runner.view()) == [step.name for step in WHOLE]
    assert lives.count(CUT) > 5
    steps = [entry.step for entry in runner.bench.desk.entries()]
    assert steps == [step.name for step in WHOLE], "each step stands in the sheet once"
