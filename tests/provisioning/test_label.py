"""The label on the lane's own receipt printer: offered, printed once for each touch, and what keeps it from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.step import Question
from provisioning.steps import label
from simulators.escpos import EscposSim
from tests.provisioning.headquarters import Headquarters
from tests.provisioning.world import ANSWERS, DEVICES, SERIAL, Board, walk

pytestmark = pytest.mark.timeout(900)
PRINTER = '[devices]\nprinter = "escpos"\nprinter_address = "{address}"\n'
UNTIL_LABEL = {key: value for key, value in ANSWERS.items() if key not in ("stuck", "accepts")}


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[EscposSim]:
    sim = EscposSim(tmp_path / "printer")
    yield sim
    sim.close()
    assert sim.unknown == []


@pytest.fixture
def board(tmp_path: Path, printer: EscposSim) -> Board:
    """Everything is done but the label."""
    headquarters = Headquarters(tmp_path / "hq")
    devices = DEVICES.replace("[devices]\n", PRINTER.replace("{address}", str(printer.path)))
    board = Board(tmp_path / "board", headquarters.people, devices=devices)
    headquarters.voucher(board.stick)
    board.officers()
    board.go()
    headquarters.answer(board.stick)
    asked(board)
    return board


def asked(board: Board, *touched: str) -> Question:
    """What the label's step asks, after these were touched one after the other."""
    runner = board.runner()
    view = walk(runner, UNTIL_LABEL)
    for words in touched:
        assert view.current is not None and view.current.question is not None
        choices = {choice.words: choice.value for choice in view.current.question.choices}
        runner.answer("stuck", choices[words])
        view = runner.go()
    assert view.current is not None and view.current.question is not None
    return view.current.question


def test_it_is_printed_when_asked_to_and_once_for_each_touch(board: Board, printer: EscposSim) -> None:
    assert "not used" in asked(board).detail
    assert printer.sheets == []
    assert "has printed it" in asked(board, "Print it here").detail
    (sheet,) = printer.sheets
    assert sheet.codes == (label.content(board.runner().bench),) == (f"landfall:quay-1:{SERIAL}",)
    assert [row.text.strip() for row in sheet.rows if row.text.strip()][:2] == ["quay-1", "bequia"]
    assert f"S/N {SERIAL}" in sheet.text
    assert [choice.words for choice in asked(board).choices] == ["It is on", "Print it again"]  # as after a restart
    assert len(printer.sheets) == 1
    asked(board, "Print it again")
    assert len(printer.sheets) == 2
    assert asked(board, "It is on").key == "accepts"
    told = next(dict(step.evidence) for step in board.runner().view().steps if step.name == "label")
    assert told["printer"] == "has printed it"


def test_no_paper_and_an_open_cover_are_said_and_hold_nobody_up(board: Board, printer: EscposSim) -> None:
    printer.rows_left = 0
    detail = asked(board, "Print it here").detail
    assert "DEV-PAPER" in detail
    assert "It has no paper. Put a roll in, and print again." in detail
    printer.refill()
    assert printer.sheets == []
    printer.cover_is_open = True
    assert "DEV-COVER. Its cover is open." in asked(board, "Print it again").detail
    printer.close_cover()
    assert "has printed it" in asked(board, "Print it again").detail
    assert len(printer.sheets) == 1
    printer.unplug()
    assert "It did not print" in asked(board, "Print it again").detail
    assert asked(board, "It is on").key == "accepts"


def test_without_a_printer_none_is_offered(tmp_path: Path) -> None:
    headquarters = Headquarters(tmp_path / "hq")
    board = Board(tmp_path / "board", headquarters.people)
    headquarters.voucher(board.stick)
    board.officers()
    board.go()
    headquarters.answer(board.stick)
    question = asked(board)
    assert [choice.words for choice in question.choices] == ["It is on", "Not yet"]
    assert "none fitted" in question.detail
