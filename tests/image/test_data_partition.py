"""The data partition against the real cryptsetup, on a file: what a card is, what it becomes, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.image.board import data, luks, own_key
from provisioning.image.board.data import DONE, NEW, Found
from provisioning.image.board.faults import WORDS, BoardFault, Code, show
from provisioning.image.board.own_key import Board, Level
from tests.image.tools import needs

MIB = 1 << 20
BOARD = Board("10000000abcdef01", has_tpm=False)
OTHER = Board("10000000abcdef02", has_tpm=False)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    needs("cryptsetup", "cryptsetup-bin")
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    path = tmp_path / "card"
    with path.open("wb") as file:
        file.truncate(32 * MIB)
    yield path


def opens(card: Path, key: bytes, tmp_path: Path) -> bool:
    """Whether the key fits; nothing is mapped."""
    file = tmp_path / "tried"
    file.write_bytes(key)
    words = ["cryptsetup", "open", "--test-passphrase", "--key-file", str(file), str(card)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def test_a_new_card_is_blank(card: Path) -> None:
    assert data.look(card) is Found.BLANK


def test_a_card_with_anything_on_it_is_left_alone(card: Path) -> None:
    with card.open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"somebody's photographs")
    before = card.read_bytes()
    with pytest.raises(BoardFault) as refused:
        data.prepare(card, BOARD)
    assert refused.value.code is Code.FOREIGN
    assert card.read_bytes() == before


def test_another_systems_encrypted_partition_is_left_alone(card: Path, tmp_path: Path) -> None:
    key = tmp_path / "theirs"
    key.write_bytes(b"x" * 32)
    words = ["cryptsetup", "luksFormat", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    subprocess.run([*words, "--key-file", str(key), str(card)], check=True, capture_output=True)
    assert data.look(card) is Found.FOREIGN


def test_no_partition_has_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(BoardFault) as refused:
        data.look(tmp_path / "nothing")
    assert refused.value.code is Code.ABSENT


def test_a_card_opens_on_its_board_and_on_no_other(card: Path, tmp_path: Path) -> None:
    data.make(card, BOARD)
    made = luks.header(card)
    assert made is not None
    assert own_key.level_of(made) is Level.BOARD
    assert opens(card, own_key.board_key(BOARD.serial, made.uuid), tmp_path)
    assert not opens(card, own_key.board_key(OTHER.serial, made.uuid), tmp_path)


def test_the_same_board_has_another_key_for_each_card() -> None:
    assert own_key.board_key(BOARD.serial, "one") != own_key.board_key(BOARD.serial, "two")


def test_the_lowest_level_is_written_into_the_header(card: Path) -> None:
    data.make(card, BOARD)
    told = subprocess.run(
        ["cryptsetup", "luksDump", "--dump-json-metadata", str(card)], check=True, capture_output=True
    )
    (token,) = json.loads(told.stdout)["tokens"].values()
    assert (token["type"], token["level"]) == ("landfall-board", "lowest")


def test_a_card_that_was_cut_while_it_was_made_is_made_again(card: Path) -> None:
    data.make(card, BOARD)
    made = luks.header(card)
    assert made is not None
    assert (made.label, data.look(card)) == (NEW, Found.UNFINISHED)
    data.make(card, OTHER)
    again = luks.header(card)
    assert again is not None
    assert again.uuid != made.uuid


def test_a_card_that_was_finished_is_never_made_again(card: Path) -> None:
    data.make(card, BOARD)
    subprocess.run(["cryptsetup", "config", "--label", DONE, str(card)], check=True, capture_output=True)
    assert data.look(card) is Found.OURS


@pytest.mark.parametrize("serial", ["", "0000000000000000", "   "])
def test_a_board_without_a_serial_number_gets_no_key_that_all_boards_share(serial: str) -> None:
    with pytest.raises(BoardFault) as refused:
        own_key.board_key(serial, "some")
    assert refused.value.code is Code.NO_BOARD


def test_a_header_without_a_key_of_ours_is_locked(card: Path, tmp_path: Path) -> None:
    key = tmp_path / "theirs"
    key.write_bytes(b"x" * 32)
    words = ["cryptsetup", "luksFormat", "--batch-mode", "--label", DONE, "--pbkdf", "pbkdf2"]
    subprocess.run(
        [*words, "--pbkdf-force-iterations", "1000", "--key-file", str(key), str(card)], check=True, capture_output=True
    )
    with pytest.raises(BoardFault) as refused:
        data.prepare(card, BOARD)
    assert refused.value.code is Code.LOCKED


def test_the_last_partition_takes_what_is_left_of_a_larger_card(tmp_path: Path) -> None:
    needs("sfdisk", "fdisk")
    card = tmp_path / "card"
    with card.open("wb") as file:
        file.truncate(16 * MIB)
    layout = b"label: gpt\nsize=4M, name=root_b\nsize=2M, name=data\n"
    subprocess.run(["sfdisk", "-q", str(card)], input=layout, check=True, capture_output=True)
    with card.open("r+b") as file:
        file.truncate(64 * MIB)
    data.grow(card, 2)
    data.grow(card, 2)  # cut before it was finished, and done again
    told = json.loads(subprocess.run(["sfdisk", "-J", str(card)], check=True, capture_output=True).stdout)
    root, last = told["partitiontable"]["partitions"]
    assert root["size"] * 512 == 4 * MIB
    assert last["size"] * 512 > 56 * MIB


def test_a_partition_knows_its_disk(tmp_path: Path) -> None:
    blocks = tmp_path / "class"
    (tmp_path / "devices/mmcblk0/mmcblk0p6").mkdir(parents=True)
    (tmp_path / "devices/mmcblk0/mmcblk0p6/partition").write_text("6\n")
    blocks.mkdir()
    (blocks / "mmcblk0p6").symlink_to(tmp_path / "devices/mmcblk0/mmcblk0p6")
    assert data.place(Path("/dev/mmcblk0p6"), blocks) == (Path("/dev/mmcblk0"), 6)
    with pytest.raises(BoardFault) as refused:
        data.place(Path("/dev/mmcblk0"), blocks)
    assert refused.value.code is Code.ABSENT


def test_a_board_tells_what_it_is(tmp_path: Path) -> None:
    serial = tmp_path / "proc/device-tree/serial-number"
    serial.parent.mkdir(parents=True)
    serial.write_bytes(b"10000000abcdef01\0")
    assert own_key.this_board(tmp_path) == BOARD
    (tmp_path / "sys/class/tpm/tpm0").mkdir(parents=True)
    assert own_key.this_board(tmp_path).level is Level.TPM


def test_what_is_said_of_the_level_lies_in_our_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/cryptsetup:/run/landfall")
    assert luks.run_folder() == Path("/run/landfall")


def test_a_board_waits_for_a_tpm_that_its_tree_promises(tmp_path: Path) -> None:
    """As the Pi's overlay writes it: the chip appears when its driver has asked it."""
    node = tmp_path / "proc/device-tree/soc/spi@7e204000/slb9670@0/compatible"
    node.parent.mkdir(parents=True)
    node.write_bytes(b"infineon,slb9670\0tcg,tpm_tis-spi\0")
    chip = tmp_path / "sys/class/tpm/tpm0"
    appears = threading.Timer(0.5, lambda: chip.mkdir(parents=True))
    appears.start()
    try:
        assert own_key.this_board(tmp_path, chip_s=60.0).level is Level.TPM
    finally:
        appears.join()


def test_a_promise_that_is_not_kept_ends(tmp_path: Path) -> None:
    node = tmp_path / "proc/device-tree/soc/slb9670@0/compatible"
    node.parent.mkdir(parents=True)
    node.write_bytes(b"infineon,slb9670\0")
    assert own_key.this_board(tmp_path, chip_s=0.3).level is Level.BOARD


def test_a_board_that_promises_none_does_not_wait(tmp_path: Path) -> None:
    assert own_key.this_board(tmp_path, chip_s=3600.0).level is Level.BOARD


def test_a_damaged_file_system_has_its_own_name(card: Path) -> None:
    subprocess.run(["mke2fs", "-q", "-t", "ext4", str(card)], check=True, capture_output=True)
    data.check(card)
    with card.open("r+b") as file:
        file.seek(1024)
        file.write(os.urandom(20 * MIB))
    with pytest.raises(BoardFault) as refused:
        data.check(card)
    assert refused.value.code is Code.DAMAGED


def test_a_fault_says_what_why_and_what_next_on_every_screen(tmp_path: Path) -> None:
    screens = (tmp_path / "tty1", tmp_path / "none" / "console")
    show(BoardFault(Code.LOCKED, "No key available with this passphrase."), screens)
    text = screens[0].read_text()
    assert "DATA-LOCKED" in text
    assert "No key available" in text
    assert "Next: Put the card back" in text


def test_every_fault_has_its_words() -> None:
    assert set(WORDS) == set(Code)
