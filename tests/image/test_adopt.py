"""The disk of a broken board in a new one: real cryptsetup on a file, real TPMs, and the plug pulled at every step."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from border.enrolment.recovery import join, part_name
from border.messages.sealing import RecipientPrivate, RecipientPublic, unseal
from provisioning.image.board import adopt, data, luks, own_key, recovery
from provisioning.image.board.adopt import MARK
from provisioning.image.board.faults import BoardFault, Code
from provisioning.image.board.own_key import BOARD_TOKEN, LABEL, TPM_TOKEN, Board
from tests.image import sealed
from tests.image.tools import disk_tools
from tests.provisioning.chips import Chip, Maker

MIB = 1 << 20
OLD, NEW = "10000000abcdef01", "10000000abcdef02"
CUSTODIANS = tuple(RecipientPrivate.generate() for _ in range(3))
KNOWN = tuple(key.public() for key in CUSTODIANS)


class Cut(Exception):
    """The plug was pulled."""


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("maker") / "of-chips")


@pytest.fixture(scope="module")
def chips(maker: Maker) -> Iterator[tuple[Chip, Chip]]:
    with maker.make("old").powered() as old, maker.make("new").powered() as new:
        yield old, new


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return disk_tools(tmp_path, monkeypatch)


def old_board(chips: tuple[Chip, Chip]) -> Board:
    return Board(OLD, has_tpm=True, chip=chips[0].tcti)


def new_board(chips: tuple[Chip, Chip]) -> Board:
    return Board(NEW, has_tpm=True, chip=chips[1].tcti)


def a_disk(path: Path, board: Board, known: Sequence[RecipientPublic] = KNOWN) -> Path:
    """As the first start of this board leaves it."""
    with path.open("wb") as file:
        file.truncate(32 * MIB)
    data.make(path, board, known)
    subprocess.run(["cryptsetup", "config", "--label", LABEL, str(path)], check=True, capture_output=True)
    return path


@pytest.fixture
def disk(tools: Path, chips: tuple[Chip, Chip]) -> Path:
    return a_disk(tools / "disk", old_board(chips))


def header(disk: Path) -> luks.Header:
    found = luks.header(disk)
    assert found is not None
    return found


def released(disk: Path, board: str = NEW, two: Sequence[int] = (1, 3)) -> bytes:
    """What these two custodians make of the header together."""
    locked = recovery.locked(header(disk), board)
    assert locked is not None
    parts = {part.number: part.sealed for part in locked.parts}
    return join({
        number: unseal(parts[number], CUSTODIANS[number - 1], part_name(locked.disk, locked.board, number))
        for number in two
    })  # fmt: skip


def kinds(disk: Path) -> list[str]:
    return sorted(token.type for token in header(disk).tokens)


def is_opened_by(disk: Path, key: bytes) -> bool:
    return luks.slot_of(disk, key, header(disk).slots) is not None


def test_a_first_start_leaves_two_keys_and_no_third(disk: Path, chips: tuple[Chip, Chip]) -> None:
    assert kinds(disk) == [recovery.TOKEN, TPM_TOKEN]
    assert len(header(disk).slots) == 2
    assert sealed.opens(disk, chips[0].tcti)
    assert not sealed.opens(disk, chips[1].tcti)


@pytest.mark.parametrize("two", [(1, 2), (1, 3), (2, 3)])
def test_any_two_custodians_have_the_key_between_them(disk: Path, two: tuple[int, int]) -> None:
    assert is_opened_by(disk, released(disk, two=two))


def test_without_custodians_there_is_no_recovery_and_it_is_said(tools: Path, chips: tuple[Chip, Chip]) -> None:
    disk = a_disk(tools / "disk", old_board(chips), ())
    assert kinds(disk) == [TPM_TOKEN]
    told = data.locked(disk, new_board(chips), BoardFault(Code.LOCKED, "so"))
    assert "parts" not in told
    assert not told["is_damaged"]


def test_a_new_board_takes_the_disk_over(disk: Path, chips: tuple[Chip, Chip]) -> None:
    key = released(disk)
    adopt.adopt(disk, new_board(chips), key, KNOWN)
    assert sealed.opens(disk, chips[1].tcti)
    assert not sealed.opens(disk, chips[0].tcti), "the old TPM opens nothing any more"
    assert is_opened_by(disk, key), "until the new key has opened it"
    adopt.settle(disk)
    assert kinds(disk) == [recovery.TOKEN, TPM_TOKEN]
    assert len(header(disk).slots) == 2
    assert not is_opened_by(disk, key)
    locked = recovery.locked(header(disk), "a third board")
    assert locked is not None
    assert locked.board == NEW
    assert is_opened_by(disk, released(disk, "a third board"))


def test_it_goes_from_board_to_board(disk: Path, chips: tuple[Chip, Chip]) -> None:
    for board in (new_board(chips), old_board(chips), new_board(chips)):
        adopt.adopt(disk, board, released(disk, board.serial), KNOWN)
        adopt.settle(disk)
        assert kinds(disk) == [recovery.TOKEN, TPM_TOKEN]
        assert sealed.opens(disk, board.chip)


def test_a_settled_disk_is_left_alone(disk: Path) -> None:
    before = disk.read_bytes()
    adopt.settle(disk)
    assert disk.read_bytes() == before


def pull_the_plug(monkeypatch: pytest.MonkeyPatch, number: int) -> list[list[str]]:
    """Before the n-th change of the header; what was called."""
    really, called = luks.call, list[list[str]]()
    changes = ("luksAddKey", "luksKillSlot", "import", "remove", "systemd-cryptenroll")

    def call(words: Sequence[str], told: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        if any(word in changes for word in words):
            if len(called) == number:
                raise Cut
            called.append(list(words))
        return really(words, told)

    monkeypatch.setattr(luks, "call", call)
    return called


def boots(disk: Path, chip: Chip) -> bool:
    """A start of the board: opened by its TPM, what is left of others goes."""
    adopt.restore(disk)
    if not sealed.opens(disk, chip.tcti):
        return False
    adopt.settle(disk)
    return True


@pytest.mark.parametrize("way", ["taken over", "settled"])
def test_the_plug_may_be_pulled_at_every_change(
    tools: Path, chips: tuple[Chip, Chip], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    first = a_disk(tools / "first", old_board(chips))
    key = released(first)
    if way == "settled":
        adopt.adopt(first, new_board(chips), key, KNOWN)
    number, cuts = 0, 0
    while True:
        disk = tools / "disk"
        shutil.copy(first, disk)
        with monkeypatch.context() as plug:
            pull_the_plug(plug, number)
            try:
                if way == "taken over":
                    adopt.adopt(disk, new_board(chips), key, KNOWN)
                else:
                    adopt.settle(disk)
                is_cut = False
            except Cut:
                is_cut, cuts = True, cuts + 1
        assert is_opened_by(disk, key) or sealed.opens(disk, chips[1].tcti), f"shut for good after {number}"
        put_back = Path(shutil.copy(disk, tools / "put-back"))
        assert boots(put_back, chips[0]) or sealed.opens(put_back, chips[1].tcti), f"no board opens it after {number}"
        if not boots(disk, chips[1]):
            adopt.adopt(disk, new_board(chips), released(disk), KNOWN)
            assert boots(disk, chips[1])
        assert not sealed.opens(disk, chips[0].tcti)
        assert MARK not in kinds(disk)
        assert kinds(disk) == [recovery.TOKEN, TPM_TOKEN], f"after {number}"
        assert len(header(disk).slots) == 2, f"after {number}"
        assert is_opened_by(disk, released(disk, "a third board"))
        if not is_cut:
            break
        number += 1
    assert cuts >= (6 if way == "taken over" else 3)


def test_a_wrong_key_changes_nothing(disk: Path, chips: tuple[Chip, Chip]) -> None:
    before = disk.read_bytes()
    with pytest.raises(BoardFault) as refused:
        adopt.adopt(disk, new_board(chips), bytes(32), KNOWN)
    assert refused.value.code is Code.RELEASE
    assert disk.read_bytes() == before


def test_a_key_that_was_released_before_is_of_no_use(disk: Path, chips: tuple[Chip, Chip]) -> None:
    key = released(disk)
    adopt.adopt(disk, new_board(chips), key, KNOWN)
    adopt.settle(disk)
    with pytest.raises(BoardFault) as refused:
        adopt.adopt(disk, new_board(chips), key, KNOWN)
    assert refused.value.code is Code.RELEASE


def test_a_disk_that_a_tpm_locked_never_goes_to_a_lower_level(disk: Path) -> None:
    before = disk.read_bytes()
    with pytest.raises(BoardFault) as refused:
        adopt.adopt(disk, Board(NEW, has_tpm=False), released(disk), KNOWN)
    assert refused.value.code is Code.LEVEL
    assert disk.read_bytes() == before


def test_a_chip_that_does_not_answer_leaves_the_disk_as_open_as_it_was(disk: Path, chips: tuple[Chip, Chip]) -> None:
    key = released(disk)
    with pytest.raises(BoardFault) as refused:
        adopt.adopt(disk, Board(NEW, has_tpm=True, chip="swtpm:host=127.0.0.1,port=1"), key, KNOWN)
    assert refused.value.code is Code.TPM
    assert is_opened_by(disk, key)
    assert boots(Path(shutil.copy(disk, disk.with_name("put-back"))), chips[0])
    adopt.adopt(disk, new_board(chips), key, KNOWN)
    assert boots(disk, chips[1])


@pytest.mark.parametrize("has_tpm", [False, True])
def test_a_disk_without_a_tpms_lock_opens_with_the_old_boards_serial_number(
    tools: Path, chips: tuple[Chip, Chip], has_tpm: bool
) -> None:
    disk = a_disk(tools / "disk", Board(OLD, has_tpm=False))
    assert kinds(disk) == [BOARD_TOKEN], "whoever has the old board's number has the key: there is nothing to add"
    key = own_key.board_key(OLD, header(disk).uuid)
    board = new_board(chips) if has_tpm else Board(NEW, has_tpm=False)
    adopt.adopt(disk, board, key, KNOWN)
    adopt.settle(disk)
    assert not is_opened_by(disk, key)
    assert kinds(disk) == ([recovery.TOKEN, TPM_TOKEN] if has_tpm else [BOARD_TOKEN])
    own = (
        sealed.opens(disk, chips[1].tcti) if has_tpm else is_opened_by(disk, own_key.board_key(NEW, header(disk).uuid))
    )
    assert own


def test_what_another_put_there_is_never_touched(tools: Path, chips: tuple[Chip, Chip]) -> None:
    foreign = tools / "foreign"
    with foreign.open("wb") as file:
        file.truncate(32 * MIB)
    luks.form(foreign, "f2b1c3d4-0001-4a5b-a6c7-d8e9f0a1b2c3", "theirs", bytes(32))
    before = foreign.read_bytes()
    with pytest.raises(BoardFault) as refused:
        adopt.adopt(foreign, new_board(chips), bytes(32), KNOWN)
    assert refused.value.code is Code.FOREIGN
    with pytest.raises(BoardFault) as refused:
        adopt.settle(foreign)
    assert refused.value.code is Code.FOREIGN
    assert foreign.read_bytes() == before


def test_what_is_shut_says_what_headquarters_needs(disk: Path, chips: tuple[Chip, Chip]) -> None:
    told = json.loads(json.dumps(data.locked(disk, new_board(chips), BoardFault(Code.LOCKED, "No key fits."))))
    assert (told["code"], told["why"], told["level"]) == ("DATA-LOCKED", "No key fits.", "tpm")
    assert (told["disk"], told["board"]) == (header(disk).uuid, OLD)
    assert [part["number"] for part in told["parts"]] == [1, 2, 3]


def test_a_damaged_token_is_called_damaged(disk: Path, chips: tuple[Chip, Chip]) -> None:
    (token,) = header(disk).of(recovery.TOKEN)
    luks.drop_token(disk, token.number)
    luks.put_token(disk, {**token.table, "parts": [{"number": 1, "sealed": "not base64!"}]})
    told = data.locked(disk, new_board(chips), BoardFault(Code.LOCKED, "No key fits."))
    assert told["is_damaged"]
    assert "parts" not in told


@pytest.mark.parametrize("table", ['{"disk": "another", "key": "00"}', '{"disk": "this", "key": "zz"}', "{}", "no"])
def test_a_release_that_cannot_be_used_is_named(tools: Path, table: str) -> None:
    path = tools / "released.json"
    path.write_text(table)
    with pytest.raises(BoardFault) as refused:
        adopt.read_key(path, "this")
    assert refused.value.code is Code.RELEASE


def test_custodians_are_two_to_four_different_keys(tmp_path: Path) -> None:
    assert recovery.custodians(tmp_path / "none") == ()
    for number in range(5):
        is_enough = 2 <= number <= 4
        assert (len(recovery.custodians(tmp_path)) == number) is is_enough or number == 0
        (tmp_path / f"{number}.pub").write_bytes(RecipientPrivate.generate().public().dump())
    for path in tmp_path.glob("[1-4].pub"):
        path.write_bytes((tmp_path / "0.pub").read_bytes())
    assert recovery.custodians(tmp_path) == (), "one under many names is one"
    (tmp_path / "1.pub").write_text("no key")
    assert recovery.custodians(tmp_path) == ()
