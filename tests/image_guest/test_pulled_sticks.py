"""A stick that is pulled out of an emulated board while RAUC installs from it, and one that lies: on the guest without
systemd, with real RAUC and dm-verity."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

import pytest

from ota.held import READING
from ota.refusals import Code
from tests.image_guest.firmware import Board
from tests.image_guest.watching import PATIENCE_S, UP, version_of
from tests.image_guest.works import Works

pytestmark = [pytest.mark.full, pytest.mark.timeout(6 * 3600)]

NEW = "2.0.0"


@pytest.fixture
def board(small_works: Works, request: pytest.FixtureRequest) -> Iterator[Board]:
    """Without an uplink, with a stick in it. It runs."""
    stick = small_works.stick(small_works.bundle(NEW))
    board = small_works.board(request.node.name)
    board.has_uplink, board.stick = False, stick
    board.start()
    yield board
    board.cut()


def test_a_stick_pulled_out_in_the_middle_costs_nothing_but_time(board: Board) -> None:
    board.wait("% Updating", "% Copying", seconds=PATIENCE_S)
    board.pull_stick()
    line = board.wait("OTA-", UP, " refused ", seconds=PATIENCE_S)
    assert Code.STICK in line, board.console[-3000:]
    assert not board.is_armed
    board.cut()
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "1.0.0"
    assert version_of(board.wait(UP, " refused ", seconds=PATIENCE_S)) == NEW, board.console[-3000:]
    assert " kept " in board.wait(" kept ", " rolled_back ", " refused ", seconds=PATIENCE_S), board.console[-3000:]


def test_a_stick_that_gives_other_bytes_the_second_time_is_refused(small_works: Works, board: Board) -> None:
    """Judged whole and right, and then changed: RAUC's signature is over the manifest, dm-verity sees the block."""
    board.wait(f"100 % {READING}", seconds=PATIENCE_S)
    assert board.stick is not None
    bundle = small_works.bundle(NEW).file.read_bytes()
    first, last = len(bundle) // 4, len(bundle) - (8 << 20)
    with board.stick.open("r+b") as stick:
        begins = mmap.mmap(stick.fileno(), 0, prot=mmap.PROT_READ).find(bundle[:4096])
        assert begins > 0
        stick.seek(begins + first)
        stick.write(bytes(b ^ 0xFF for b in bundle[first:last]))
    line = board.wait(" refused ", UP, seconds=PATIENCE_S)
    assert Code.CONTENT in line, board.console[-3000:]
    assert not board.is_armed
