"""Updates of the operating system, end to end: an emulated board with two slots, Debian's RAUC with dm-verity, our
client and a real updates office. `make ota-e2e` runs it, in minutes; cuts of the power are in test_power_cuts.py.

Nothing here is judged by how fast it was: whoever waits, waits long, for a machine may be busy.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ota.refusals import Code
from ota.release import Role
from tests.image_guest import overlay, writes
from tests.image_guest.firmware import Board
from tests.image_guest.parts import parts
from tests.image_guest.watching import PATIENCE_S, UP, A, B, made_here, say, until, version_of
from tests.image_guest.works import Works

pytestmark = [pytest.mark.full, pytest.mark.timeout(6 * 3600)]

ENDS = (" kept ", " rolled_back ", " refused ")


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    works = Works(tmp_path_factory.mktemp("works"), made_here(parts))
    try:
        yield works
    finally:
        works.end()


@pytest.fixture
def plugged(works: Works) -> Iterator[list[Board]]:
    """Boards that a test made; their plugs are pulled when it ends."""
    boards: list[Board] = []
    yield boards
    for board in boards:
        board.cut()
        shutil.rmtree(board.folder)


def keeps(works: Works, board: Board, version: str, health: str = overlay.HEALTHY) -> None:
    """Publish, and see it tried and kept."""
    release = works.publish(works.bundle(version, health))
    assert version_of(board.wait(UP, *ENDS, seconds=PATIENCE_S)) == version, board.console[-3000:]
    assert " kept " in board.wait(*ENDS, seconds=PATIENCE_S), board.console[-3000:]
    until(board, lambda: works.said().running.get(Role.IMAGES) == release.sha256)


def falls_back(works: Works, board: Board, version: str, health: str) -> str:
    """Publish, and see it tried and taken back. The reason that headquarters is told."""
    release = works.publish(works.bundle(version, health))
    assert version_of(board.wait(UP, *ENDS, seconds=PATIENCE_S)) == version, board.console[-3000:]
    board.wait(" rolled_back ", seconds=PATIENCE_S)

    def is_told() -> bool:
        told = works.said().updates.get(Role.IMAGES)
        return told is not None and (told.sha256, told.state) == (release.sha256, "rolled_back")

    until(board, is_told)
    return works.said().updates[Role.IMAGES].reason


def story(works: Works, board: Board, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A good one is kept, also after the next start; a sick one is taken back by the machine itself, and says why."""
    works.bundle("2.0.0")  # made before the machine runs: both want the whole processor
    works.bundle("3.0.0", overlay.SICK)
    began_s, counted = time.monotonic(), works.headquarters.bundles.counted
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "1.0.0"
    keeps(works, board, "2.0.0")
    size = works.bundle("2.0.0").file.stat().st_size
    first = {"sent": counted.sent, "requests": counted.requests, "bundle": size}
    board.cut()
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "2.0.0"
    assert board.starts[-1] == (B, False)

    reason = falls_back(works, board, "3.0.0", overlay.SICK)
    second = {"sent": counted.sent, "requests": counted.requests, "bundle": works.bundle("3.0.0").file.stat().st_size}
    assert reason == f"{Code.GATE}: ails: camera: gone"
    assert board.starts[-2:] == [(A, True), (B, False)]
    assert works.said().log != ""
    assert works.said().running[Role.IMAGES] != ""
    seconds = time.monotonic() - began_s
    told = {"first": first, "second": second, "seconds": round(seconds), "starts": len(board.starts)}
    say(capsys, f"image guest, {name}: {json.dumps(told)}")
    if place := os.environ.get("LANDFALL_GUEST_FIGURES"):
        (Path(place) / f"{name}.json").write_text(json.dumps(told))
    for update in (first, second):
        assert update["sent"] <= update["bundle"] / 10


def test_an_update_without_systemd(works: Works, plugged: list[Board], capsys: pytest.CaptureFixture[str]) -> None:
    plugged.append(board := works.board("fast"))
    story(works, board, capsys, "fast")


def test_an_update_with_systemd(works: Works, plugged: list[Board], capsys: pytest.CaptureFixture[str]) -> None:
    plugged.append(board := works.board("systemd", line=""))
    story(works, board, capsys, "systemd")
    assert "systemd" in works.said().log


def test_a_kernel_that_dies_ends_in_the_old_one(works: Works, plugged: list[Board]) -> None:
    works.bundle("4.0.0", overlay.DEAD)
    plugged.append(board := works.board("dead"))
    board.start()
    board.wait(UP, seconds=PATIENCE_S)
    reason = falls_back(works, board, "4.0.0", overlay.DEAD)
    assert reason.startswith(Code.NEVER_UP)
    assert board.starts[-2:] == [(B, True), (A, False)]


def test_a_bundle_changed_on_the_way_is_refused_and_nothing_armed(works: Works, plugged: list[Board]) -> None:
    """RAUC's signature is over the manifest: it is dm-verity that sees the block, in the middle of the stream."""
    bundle = works.bundle("2.0.0")
    plugged.append(board := works.board("tampered"))
    board.start()
    board.wait(UP, seconds=PATIENCE_S)
    middle = range(20 << 20, bundle.file.stat().st_size - (8 << 20))

    def spoil(_path: Path, at: int, block: bytes) -> bytes:
        return bytes(b ^ 0xFF for b in block) if at in middle else block

    works.headquarters.bundles.spoil = spoil
    try:
        works.publish(bundle)
        line = board.wait(" refused ", UP, seconds=PATIENCE_S)
    finally:
        works.headquarters.bundles.spoil = lambda _path, _at, block: block
    assert Code.BUNDLE in line, board.console[-3000:]
    assert not board.is_armed
    board.cut()
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "1.0.0"


def ported(works: Works, plugged: list[Board], name: str, version: str = "2.0.0") -> Board:
    """A board without an uplink, at a port that somebody brings a stick to. It runs."""
    stick = works.stick(works.bundle(version))
    plugged.append(board := works.board(name))
    board.has_uplink, board.stick = False, stick
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "1.0.0"
    return board


def test_an_image_comes_by_stick_to_a_port_without_an_uplink_and_is_reported_later(
    works: Works, plugged: list[Board]
) -> None:
    board = ported(works, plugged, "by-stick")
    assert version_of(board.wait(UP, *ENDS, seconds=PATIENCE_S)) == "2.0.0", board.console[-3000:]
    assert " kept " in board.wait(*ENDS, seconds=PATIENCE_S), board.console[-3000:]
    assert works.headquarters.bundles.counted.sent == 0
    assert Role.IMAGES not in works.said().running, "nobody could be told"
    board.cut()
    board.has_uplink, board.stick = True, None
    board.start()
    assert version_of(board.wait(UP, seconds=PATIENCE_S)) == "2.0.0"
    until(board, lambda: bool(works.said().running.get(Role.IMAGES)))
    assert works.said().updates[Role.IMAGES].state == "kept"


def test_an_install_writes_nothing_that_the_running_slot_needs(
    works: Works, plugged: list[Board], capsys: pytest.CaptureFixture[str]
) -> None:
    """So every moment of it is as safe as any other: there is nothing to enumerate."""
    bundle, log = works.bundle("2.0.0"), works.folder / "writes.log"
    plugged.append(board := works.board("traced", log=log))
    board.start()
    board.wait(UP, seconds=PATIENCE_S)
    works.publish(bundle)
    board.wait(" trying ", seconds=PATIENCE_S)
    board.cut()
    counted = writes.by_partition(log, works.layout)
    log.unlink()
    say(capsys, f"image guest, written by an install: {json.dumps(counted)}")
    assert counted["root_b"] > 0
    assert counted["boot_b"] > 0
    assert counted.keys() <= {"root_b", "boot_b", "data"}
