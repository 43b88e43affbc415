"""RAUC's hand on the boot selector, and the flag of a try: by the verbs that RAUC uses, on real files."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ota import selector, tryboot
from ota.backend import Backend, mounted, say
from ota.disk import SECTOR, RealDisk
from ota.selector import Selector
from ota.tryboot import SecondDisk, Start


@dataclass
class Board:
    """Files in place of partitions: the selector's, the states', and the emulator's second disk."""

    folder: Path

    def __post_init__(self) -> None:
        self.selector, self.flag = self.folder / "autoboot.txt", self.folder / "flag"
        self.selector.write_bytes(selector.render(Selector(2, 3)))
        self.flag.write_bytes(bytes(SECTOR))

    def backend(self, slot: str = "A", is_try: bool = False) -> Backend:
        start, once = Start(slot, is_try), SecondDisk(self.flag)
        return Backend(self.selector, self.folder / "states", once, start, RealDisk(), mounted(self.folder))

    @property
    def chosen(self) -> Selector:
        return selector.parse(self.selector.read_bytes())

    @property
    def is_armed(self) -> bool:
        return SecondDisk(self.flag).is_armed()


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_arming_needs_no_write_to_the_selector(board: Board) -> None:
    before = board.selector.stat().st_mtime_ns
    assert say(board.backend(), ["set-primary", "B"]) == ""
    assert board.is_armed
    assert say(board.backend(), ["get-primary"]) == "B"
    assert (board.chosen, board.selector.stat().st_mtime_ns) == (Selector(2, 3), before)


def test_a_try_that_is_good_is_committed_and_the_old_one_is_tried_next(board: Board) -> None:
    assert say(board.backend("B", is_try=True), ["set-state", "B", "good"]) == ""
    assert board.chosen == Selector(3, 2)
    assert board.selector.stat().st_size == SECTOR
    assert say(board.backend("B"), ["get-primary"]) == "B"


def test_a_commit_done_twice_is_done_once(board: Board) -> None:
    for _ in range(2):
        say(board.backend("B"), ["set-state", "B", "good"])
    assert board.chosen == Selector(3, 2)


def test_only_the_slot_that_runs_is_committed(board: Board) -> None:
    say(board.backend("A"), ["set-state", "B", "good"])
    say(board.backend(""), ["set-state", "B", "good"])
    assert board.chosen == Selector(2, 3)


def test_the_other_one_being_bad_disarms_it(board: Board) -> None:
    say(board.backend(), ["set-primary", "B"])
    say(board.backend(), ["set-state", "B", "bad"])
    assert not board.is_armed
    assert say(board.backend(), ["get-primary"]) == "A"
    assert say(board.backend(), ["get-state", "B"]) == "bad"


def test_choosing_what_boots_for_good_disarms(board: Board) -> None:
    say(board.backend(), ["set-primary", "B"])
    say(board.backend(), ["set-primary", "A"])
    assert not board.is_armed


def test_a_slot_of_which_nothing_was_said_is_bad(board: Board) -> None:
    assert say(board.backend(), ["get-state", "A"]) == "bad"


@pytest.mark.parametrize(
    "words", [["get-current", "A"], ["set-primary", "C"], ["set-state", "A", "dubious"], ["boot"], []]
)
def test_what_is_not_known_is_not_done(board: Board, words: list[str]) -> None:
    before = board.selector.read_bytes(), board.flag.read_bytes()
    assert say(board.backend(), words) is None
    assert (board.selector.read_bytes(), board.flag.read_bytes()) == before


def run(board: Board, *words: str, tree: Path | None = None) -> subprocess.CompletedProcess[str]:
    options = ["--selector", str(board.selector), "--states", str(board.folder / "states"), "--once", str(board.flag)]
    options += ["--tree", str(tree or board.folder / "none")]
    return subprocess.run(
        [sys.executable, "-m", "ota.backend", *options, *words], capture_output=True, text=True, check=False
    )


def test_as_rauc_calls_it(board: Board) -> None:
    tree = board.folder / "bootloader"
    tree.mkdir()
    (tree / "partition").write_bytes(b"\0\0\0\3")
    (tree / "tryboot").write_bytes(b"\0\0\0\1")
    done = run(board, "get-current", tree=tree)
    assert (done.returncode, done.stdout) == (0, "B\n")
    assert run(board, "set-state", "B", "good", tree=tree).returncode == 0
    assert board.chosen == Selector(3, 2)
    assert run(board, "dance").returncode == 2


def test_a_selector_that_cannot_be_read_is_said_and_not_guessed(board: Board) -> None:
    board.selector.write_bytes(b"boot_partition=2")
    done = run(board, "get-primary")
    assert (done.returncode, done.stdout) == (1, "")
    assert "OTA-SELECTOR" in done.stderr
    board.selector.write_bytes(selector.render(Selector(4, 5)))
    assert run(board, "get-primary").returncode == 1


def test_a_machine_whose_firmware_says_nothing_tries_nothing(tmp_path: Path) -> None:
    assert tryboot.start(tmp_path) == Start("", False)
    (tmp_path / "partition").write_bytes(b"\2")
    assert tryboot.start(tmp_path) == Start("", False)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("0x0000001c 0x80000000 0x00030064 0x00000004 0x80000004 0x00000001 0x00000000", "0x00000001"),
        ("0x0000001c 0x80000000 0x00030064 0x00000004 0x80000004 0x00000000 0x00000000", "0x00000000"),
    ],
)
def test_the_mailbox_answers_in_its_sixth_word(words: str, value: str) -> None:
    assert tryboot.answer(words) == value


@pytest.mark.parametrize("words", ["", "0x00000001", "ioctl_set_msg failed"])
def test_a_mailbox_that_says_less_is_not_believed(words: str) -> None:
    with pytest.raises(OSError, match="firmware"):
        tryboot.answer(words)
