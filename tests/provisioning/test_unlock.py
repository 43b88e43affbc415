"""The disk of a broken board put into a new one: from a page that cannot open it to the same lane, nothing lost.

Disk, TPMs, headquarters and custodians are real; the kernel's mapping of the disk alone is not here: what a start would
do with it stands in tests/image. The folder of a board whose disk is shut lies in memory, so a power cut empties it.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.keys import load_keys
from appliance.post.schema import open_database
from border.enrolment.refusals import Refusal
from border.messages.sealing import RecipientPublic
from provisioning import newcomer
from provisioning.image.board import adopt, data, luks, own_key, recovery
from provisioning.image.board.faults import BoardFault, Code
from provisioning.steps.handover import COMMISSIONED
from provisioning.view import View
from tests.image import sealed
from tests.image.test_adopt import a_disk, chips, maker, tools
from tests.lives import CUT
from tests.provisioning.chips import Chip, Maker
from tests.provisioning.headquarters import CUSTODIANS, Headquarters
from tests.provisioning.test_cuts import FINISHED, MOST_LIVES, WAITS, lived
from tests.provisioning.test_operations import WAITING
from tests.provisioning.test_operations import WAITS as WAITING_ROW
from tests.provisioning.world import Board, failure

__all__ = ["chips", "maker", "tools"]  # fixtures

OLD, NEW = "10000000000000aa", "10000000abcdef01"
LANE = "quay-1"
SHUT = """\
[disk]
shut = "run/locked.json"
released = "run/released.json"
outcome = "run/adoption.json"
"""


@dataclass
class Desk:
    """One headquarters, two boards' TPMs, and the disk that the first of them locked."""

    headquarters: Headquarters
    custodians: tuple[RecipientPublic, ...]
    chips: tuple[Chip, Chip]
    disk: Path
    old: Board
    new: Board

    def own(self, which: int) -> own_key.Board:
        return own_key.Board((OLD, NEW)[which], has_tpm=True, chip=self.chips[which].tcti)

    def starts_shut(self, disk: Path | None = None) -> None:
        """The power comes: the folder in memory is empty, and the first unit says why the disk does not open."""
        shutil.rmtree(self.new.state, ignore_errors=True)
        run = self.new.folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        told = data.locked(disk or self.disk, self.own(1), BoardFault(Code.LOCKED, "No key fits."))
        (run / "locked.json").write_text(json.dumps(told))

    def go(self, disk: Path | None = None, **answers: str) -> View:
        """The technician at the page, and beside it the unit that waits for a key."""
        with self.opener(disk or self.disk):
            return self.new.go("unlock-disk", **answers)

    @contextmanager
    def opener(self, disk: Path) -> Iterator[None]:
        run, over = self.new.folder / "run", threading.Event()

        def watch() -> None:
            """As a path unit does: it starts when the file comes, and not for one that stays."""
            was_there = False
            while not over.wait(0.05):
                came, was_there = not was_there and (run / "released.json").exists(), (run / "released.json").exists()
                if came:
                    told = adopt.take_over(disk, run / "released.json", self.own(1), self.custodians)
                    (run / "new").write_text(json.dumps(told))
                    (run / "new").rename(run / "adoption.json")

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def asks(self) -> None:
        """The request lies on the stick, and headquarters has seen it."""
        assert failure(self.go()).code == "PRO-NO-ANSWER"
        self.headquarters.answer(self.new.stick)
        assert failure(self.go()).code == Refusal.RELEASE_WAITING


def made(folder: Path, maker: Maker, chips: tuple[Chip, Chip], *, online: bool = False) -> Desk:
    headquarters = Headquarters(folder / "hq", online=online)
    headquarters.trusts(maker.chain)
    custodians = headquarters.appoint()
    if online:
        headquarters.open()
    old = Board(folder / "old", headquarters.people, serial=OLD)
    headquarters.voucher(old.stick, lanes=(LANE,))
    old.officers()
    view = old.go()
    if not view.is_finished:
        headquarters.answer(old.stick)
        assert old.go().is_finished
    tpm = f'level = "tpm"\ntcti = "{chips[1].tcti}"'
    new = Board(folder / "new", headquarters.people, serial=NEW, identity=tpm, more=SHUT)
    headquarters.voucher(new.stick, "--purpose", "replace_board", lanes=(LANE,), level="tpm")
    new.officers()
    desk = Desk(headquarters, custodians, chips, folder / "disk", old, new)
    a_disk(desk.disk, desk.own(0), custodians)
    desk.starts_shut()
    return desk


@pytest.fixture
def desk(tools: Path, maker: Maker, chips: tuple[Chip, Chip]) -> Desk:
    return made(tools, maker, chips)


def test_the_lane_goes_on_in_another_board_and_what_waited_is_not_lost(desk: Desk) -> None:
    key = load_keys(desk.old.state / "keys").device
    database = open_database(desk.old.state / "journal.sqlite")
    database.execute(WAITING_ROW, WAITING)
    database.close()
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    assert desk.go().is_finished
    assert sealed.opens(desk.disk, desk.chips[1].tcti)
    assert not sealed.opens(desk.disk, desk.chips[0].tcti)
    shutil.rmtree(desk.new.state)
    shutil.copytree(desk.old.state, desk.new.state)  # the board starts again, and the disk is there
    assert newcomer.main(["--config", str(desk.new.config)]) == newcomer.ANOTHER
    assert not (desk.new.state / COMMISSIONED).exists(), "the lane stays closed until it is this board's"
    assert failure(desk.new.go("replace-board")).code == "PRO-NO-ANSWER"
    for _ in range(2):  # the request, and the TPM's proof
        desk.headquarters.answer(desk.new.stick)
        view = desk.new.go("replace-board")
    assert view.is_finished, view
    assert newcomer.main(["--config", str(desk.new.config)]) == newcomer.SAME
    assert (desk.new.state / COMMISSIONED).exists()
    keys = load_keys(desk.new.state / "keys")
    assert (keys.kiosk, keys.former) == (LANE, (key,))
    database = open_database(desk.new.state / "journal.sqlite")
    assert database.execute("SELECT COUNT(*) FROM outbox").fetchone() == (1,)
    database.close()


def test_the_same_over_the_line(tools: Path, maker: Maker, chips: tuple[Chip, Chip]) -> None:
    desk = made(tools, maker, chips, online=True)
    try:
        assert failure(desk.go()).code == Refusal.RELEASE_WAITING
        desk.headquarters.release(CUSTODIANS[0], CUSTODIANS[2])
        assert desk.go().is_finished
        assert sealed.opens(desk.disk, desk.chips[1].tcti)
        assert list(desk.new.stick.glob("request-*")) == [], "nothing was carried"
    finally:
        desk.headquarters.process.stop()


def test_the_power_may_fail_between_any_two_steps(desk: Desk) -> None:
    """Each time everything in memory is gone; nobody asks a custodian twice, and headquarters sees one request."""
    assert failure(desk.go()).code == "PRO-NO-ANSWER"
    (asked,) = (path.read_bytes() for path in desk.new.stick.glob("request-*.cose"))
    desk.starts_shut()
    assert failure(desk.go()).code == "PRO-NO-ANSWER"
    assert [path.read_bytes() for path in desk.new.stick.glob("request-*.cose")] == [asked]
    desk.headquarters.answer(desk.new.stick)
    desk.starts_shut()
    assert failure(desk.go()).code == Refusal.RELEASE_WAITING
    desk.headquarters.release(*CUSTODIANS[1:])
    desk.headquarters.answer_again(desk.new.stick)
    desk.starts_shut()
    assert desk.go().is_finished
    assert sealed.opens(desk.disk, desk.chips[1].tcti)


def test_a_page_that_is_killed_all_the_time_opens_the_disk(desk: Desk) -> None:
    """Before each fourth file that is put in place or taken away; headquarters does what it sees to be done."""
    lives: list[int] = []
    with desk.opener(desk.disk):
        while (end := lived(desk.new, 4, "unlock-disk")) != FINISHED:
            lives.append(end)
            assert len(lives) < MOST_LIVES
            if end == WAITS:
                desk.headquarters.answer_again(desk.new.stick)
                if desk.headquarters.waiting():
                    desk.headquarters.release(*CUSTODIANS[:2])
                    desk.headquarters.answer_again(desk.new.stick)
    assert lives.count(CUT) > 3
    assert sealed.opens(desk.disk, desk.chips[1].tcti)
    adopt.settle(desk.disk)
    header = luks.header(desk.disk)
    assert header is not None
    assert len(header.slots) == 2


def test_a_plug_that_is_pulled_while_it_is_opened_costs_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    really = recovery.add

    def cut(*_arguments: object) -> None:
        raise BoardFault(Code.TOOL, "as if the plug had been pulled here")

    monkeypatch.setattr(recovery, "add", cut)
    assert failure(desk.go()).code == "DATA-TOOL"
    monkeypatch.setattr(recovery, "add", really)
    desk.starts_shut()
    assert desk.go().is_finished
    adopt.settle(desk.disk)
    assert sealed.opens(desk.disk, desk.chips[1].tcti)


def test_a_disk_that_is_not_the_one_that_was_asked_about(desk: Desk) -> None:
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    other = a_disk(desk.disk.with_name("other"), desk.own(0), desk.custodians)
    desk.starts_shut(other)
    said = failure(desk.go(other))
    assert said.code == "PRO-DISK-OTHER"
    assert luks.header(desk.disk) is not None
    desk.starts_shut()
    assert desk.go().is_finished, "with the right one it goes on"


def test_an_answer_for_another_board(desk: Desk, maker: Maker, tmp_path: Path) -> None:
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    serial = "10000000000000cc"
    with maker.make("third").powered() as chip:
        tpm = f'level = "tpm"\ntcti = "{chip.tcti}"'
        third = Board(tmp_path / "third", desk.headquarters.people, serial=serial, identity=tpm, more=SHUT)
        (third.folder / "run").mkdir()
        shutil.copy(desk.new.folder / "run" / "locked.json", third.folder / "run")
        for path in desk.new.stick.iterdir():
            shutil.copy(path, third.stick)
        said = failure(third.go("unlock-disk"))
    assert said.code == "PRO-ANSWER-WRONG"
    assert NEW in said.why


def test_a_release_for_an_earlier_key_of_the_disk_is_no_answer(desk: Desk) -> None:
    """The disk was opened and locked anew: the same answer again opens nothing, and a new request is written."""
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    assert desk.go().is_finished
    adopt.settle(desk.disk)
    desk.starts_shut()  # as if its TPM had been cleared
    assert failure(desk.go()).code == "PRO-NO-ANSWER"
    desk.headquarters.answer(desk.new.stick)
    assert failure(desk.go()).code == Refusal.RELEASE_WAITING
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    assert desk.go().is_finished


def test_parts_that_were_changed_on_the_disk(desk: Desk) -> None:
    found = luks.header(desk.disk)
    assert found is not None
    (token,) = found.of(recovery.TOKEN)
    parts = [{**part, "sealed": "AAAA" + part["sealed"][4:]} for part in token.table["parts"][:2]]
    luks.drop_token(desk.disk, token.number)
    luks.put_token(desk.disk, {**token.table, "parts": [*parts, token.table["parts"][2]]})
    desk.starts_shut()
    desk.asks()
    desk.headquarters.release(CUSTODIANS[2])
    desk.headquarters.answer_again(desk.new.stick)
    assert failure(desk.go()).code == Refusal.RELEASE_WAITING


def test_a_key_that_does_not_open_the_disk_is_named_and_asked_for_anew(desk: Desk) -> None:
    """The header's parts are whole, and of a key whose slot is not there."""
    found = luks.header(desk.disk)
    assert found is not None
    (token,) = found.of(recovery.TOKEN)
    (slot,) = token.slots
    third = a_disk(desk.disk.with_name("third"), desk.own(0), desk.custodians)
    desk.asks()
    desk.headquarters.release(*CUSTODIANS[:2])
    desk.headquarters.answer_again(desk.new.stick)
    luks.kill_slot(desk.disk, slot)
    assert failure(desk.go()).code == "DATA-RELEASE"
    assert sealed.opens(desk.disk, desk.chips[0].tcti), "nothing was changed"
    assert sealed.opens(third, desk.chips[0].tcti)


def test_a_damaged_token_and_a_disk_without_one_are_two_things(desk: Desk) -> None:
    found = luks.header(desk.disk)
    assert found is not None
    (token,) = found.of(recovery.TOKEN)
    luks.drop_token(desk.disk, token.number)
    desk.starts_shut()
    assert failure(desk.go()).code == "PRO-DISK-ALONE"
    luks.put_token(desk.disk, {**token.table, "parts": "nothing"})
    desk.starts_shut()
    assert failure(desk.go()).code == "PRO-DISK-DAMAGED"


def test_the_page_says_that_the_disk_is_shut_and_offers_the_one_thing_to_do(desk: Desk) -> None:
    with desk.opener(desk.disk), desk.new.page() as url:
        shown = asked(url, "now")
        assert "DATA-LOCKED" in shown
        assert "No key fits." in shown
        assert re.findall(r'name="operation" value="([^"]+)"', shown) == ["unlock-disk"]
        assert "What is your name?" in asked(url, "begin", "operation=unlock-disk")
        for key, value, then in (("who", "anna", "serial number"), ("serial", NEW[-4:], "PRO-NO-ANSWER")):
            asked(url, "answer", f"key={key}&value={value}")
            until(url, then)
        desk.headquarters.answer(desk.new.stick)
        until(url, Refusal.RELEASE_WAITING)  # the page has noticed the stick by itself
        desk.headquarters.release(*CUSTODIANS[:2])
        desk.headquarters.answer_again(desk.new.stick)
        until(url, "All done")
    assert sealed.opens(desk.disk, desk.chips[1].tcti)


def asked(url: str, page: str, form: str = "") -> str:
    """What the page shows; with a form, after it was sent."""
    headers = {"Origin": url, "Sec-Fetch-Site": "same-origin"}
    request = urllib.request.Request(f"{url}/{page}", data=form.encode() or None, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return html.unescape(answer.read().decode())


def until(url: str, words: str) -> None:
    ends = time.monotonic() + 120.0
    while words not in (shown := asked(url, "now")):
        assert time.monotonic() < ends, shown
        time.sleep(0.2)


def test_where_no_disk_is_shut_there_is_nothing_to_open(desk: Desk) -> None:
    (desk.new.folder / "run" / "locked.json").unlink()
    assert failure(desk.go()).code == "PRO-DISK-OPEN"


def test_a_disk_that_no_tpm_locked_wants_the_old_boards_number_and_nobody_else(desk: Desk) -> None:
    low = a_disk(desk.disk.with_name("low"), own_key.Board(OLD, has_tpm=False))
    desk.starts_shut(low)
    assert failure(desk.go(low, **{"old-serial": "10000000000000ff"})).code == "DATA-RELEASE"
    assert desk.go(low, **{"old-serial": OLD}).is_finished
    assert sealed.opens(low, desk.chips[1].tcti), "and is locked by a TPM from now on"
