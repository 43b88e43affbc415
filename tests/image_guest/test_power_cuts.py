"""Cuts of the power at random points of an install and of a commit, on an emulated board: 10, or LANDFALL_CUTS, and no
brick.

A machine is frozen just before an install, and one in the first start of the new version; each cut thaws a copy and
pulls its plug at a point of the processor time that the way to the end takes, so that a busy machine cuts no later.
Every second one goes on from there to a moment when the disk was given what it has not flushed: such moments are short,
and chance alone would find few. What was written and not flushed is lost by chance, block by block. Then the board
starts from cold: whatever it starts must be one version, byte for byte. As many boards run at once as there are
processors.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.image_guest.firmware import Board
from tests.image_guest.watching import PATIENCE_S, UP, B, say, until, version_of
from tests.image_guest.works import Works
from tests.image_guest.writes import pending

pytestmark = [pytest.mark.long, pytest.mark.timeout(6 * 3600)]

CUTS = int(os.environ.get("LANDFALL_CUTS", "10"))
SEED = int(os.environ.get("LANDFALL_SEED", "5"))
AT_ONCE = len(os.sched_getaffinity(0))
LOOK_S = 0.05
HUNT_LOOK_S, HUNT_S = 0.005, 3.0
"""How long it may go on to a moment when something is pending, in seconds of its processor."""
AND_A_LITTLE = 1.05
"""Of the way to the end: some cuts come after it."""
OLD, NEW = "1.0.0", "2.0.0"


@dataclass(frozen=True, slots=True)
class Cut:
    """`share`: of the way to the end. `hunts`: on to where something is pending."""

    name: str
    share: float
    hunts: bool


@pytest.fixture
def plugged() -> Iterator[list[Board]]:
    """Boards that a test made; their plugs are pulled when it ends."""
    boards: list[Board] = []
    yield boards
    for board in boards:
        if board.qemu is not None:
            board.cut()


def test_a_power_cut_anywhere_leaves_a_machine_that_starts(
    small_works: Works, plugged: list[Board], capsys: pytest.CaptureFixture[str]
) -> None:
    """And the update goes on: a board that was cut in its install is the one that is then committed. A board that
    finds nothing to start raises `Brick`, one that does not come up times out."""
    began_s, points = time.monotonic(), random.Random(SEED)
    bundle = small_works.bundle(NEW)
    plugged.append(idle := small_works.board("idle"))
    idle.start()
    until(idle, lambda: bool(small_works.headquarters.office.devices))
    idle.freeze()
    small_works.publish(bundle)

    def thawed(frozen: Board, name: str) -> Board:
        plugged.append(board := frozen.thawed(small_works.folder / name, random.Random(f"{SEED}-{name}")))
        board.start()
        return board

    def cut_of(frozen: Board, way_s: float, one: Cut) -> tuple[Board, str]:
        board = thawed(frozen, one.name)
        return board, f"{one.name} {cut(small_works, board, one.share * way_s, hunts=one.hunts)}"

    def cut_again(frozen: Board, way_s: float, one: Cut) -> str:
        board, told = cut_of(frozen, way_s, one)
        put_away(board)
        return told

    cuts = [Cut(f"cut-{number}", points.uniform(0.0, AND_A_LITTLE), number % 2 == 1) for number in range(CUTS)]
    installs, commits = cuts[1 : CUTS // 2], cuts[CUTS // 2 :]
    install_s = way(thawed(idle, "install"), " trying ")
    tried, first = cut_of(idle, install_s, cuts[0])
    told = [first, *at_once(lambda one: cut_again(idle, install_s, one), installs)]
    assert all(each.endswith(OLD) for each in told), told
    assert version_of(tried.wait(UP, seconds=PATIENCE_S)) == NEW
    assert tried.starts[-1] == (B, True)
    tried.freeze()
    commit_s = way(thawed(tried, "commit"), " kept ")
    told += at_once(lambda one: cut_again(tried, commit_s, one), commits)
    said = f"{len(told)} power cuts with seed {SEED} in {time.monotonic() - began_s:.0f} s, 0 bricks: {'; '.join(told)}"
    say(capsys, f"image guest, {install_s:.1f} s of a processor to install, {commit_s:.1f} s to commit; {said}")
    assert len(told) == CUTS


def at_once(does: Callable[[Cut], str], cuts: list[Cut]) -> list[str]:
    with ThreadPoolExecutor(AT_ONCE) as boards:
        return list(boards.map(does, cuts))


def way(board: Board, sign: str) -> float:
    """Processor time until it says so."""
    board.wait(sign, seconds=PATIENCE_S)
    took_s = board.worked_s
    put_away(board)
    return took_s


def cut(works: Works, board: Board, at_s: float, *, hunts: bool) -> str:
    """There, and started again: when it was, what it lost, the version that came up."""
    while board.worked_s < at_s:
        board.run_for(LOOK_S)
    if hunts:
        hunt(board)
    at_s = board.worked_s
    board.cut()
    kept, board.chance, board.log = " kept " in board.console, None, None
    board.start()
    version = version_of(board.wait(UP, seconds=PATIENCE_S))
    assert works.is_whole(board, version)
    assert version == NEW or not kept, "what was kept is kept"
    return f"{at_s:.1f} s, {board.lost >> 10} kB lost -> {version}"


def hunt(board: Board) -> None:
    """To a moment when something is pending; it stands still there."""
    ends_s = board.worked_s + HUNT_S
    while board.worked_s < ends_s:
        board.run_for(HUNT_LOOK_S)
        assert board.log is not None
        board.stand_still()
        if pending(board.log):
            return
        board.walk()


def put_away(board: Board) -> None:
    board.chance = None
    board.cut()
    shutil.rmtree(board.folder)
