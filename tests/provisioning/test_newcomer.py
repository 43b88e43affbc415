"""Whether a disk opens its lane: on the board on which that was commissioned, and on no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioning import newcomer
from provisioning.newcomer import ANOTHER, CANNOT_START, SAME
from provisioning.steps.handover import COMMISSIONED
from tests.provisioning.world import SERIAL, Board


def asked(board: Board) -> int:
    return newcomer.main(["--config", str(board.config)])


@pytest.fixture
def board(tmp_path: Path) -> Board:
    made = Board(tmp_path / "board", tmp_path / "people")
    made.state.mkdir()
    (made.state / COMMISSIONED).write_text("digest\n")
    return made


def of_board(board: Board, serial: str, folder: str = "now") -> None:
    path = board.state / "provisioning" / folder / "board.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"serial": serial}))


@pytest.mark.parametrize("folder", ["now", "done/0001"])
def test_its_own_board_opens_it_and_another_closes_it(board: Board, folder: str) -> None:
    of_board(board, SERIAL, folder)
    assert asked(board) == SAME
    assert (board.state / COMMISSIONED).exists()
    of_board(board, "another", folder)
    assert asked(board) == ANOTHER
    assert not (board.state / COMMISSIONED).exists()
    assert asked(board) == ANOTHER, "and again"


def test_the_newest_operation_counts(board: Board) -> None:
    of_board(board, "another", "done/0001")
    of_board(board, SERIAL, "done/0002")
    assert asked(board) == SAME


def test_where_nobody_can_tell_nothing_changes(board: Board) -> None:
    assert asked(board) == SAME, "set up by hand"
    of_board(board, "another")
    (board.root / "proc/device-tree/serial-number").write_text("")
    assert asked(board) == SAME
    (board.state / "provisioning/now/board.json").write_text("no JSON")
    assert asked(board) == SAME
    assert (board.state / COMMISSIONED).exists()


def test_settings_that_cannot_be_read_are_named(board: Board, capsys: pytest.CaptureFixture[str]) -> None:
    board.config.write_text("[device]\n")
    assert asked(board) == CANNOT_START
    assert "PRO-SETTINGS" in capsys.readouterr().err
