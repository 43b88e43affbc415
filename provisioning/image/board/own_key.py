"""The board's own key to the data partition: in its TPM or, the lowest level, made from its serial number."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from provisioning.image.board import luks
from provisioning.image.board.faults import BoardFault, Code
from provisioning.image.board.luks import Header

LABEL = "landfall-data"
"""Of a partition that is whole."""
BOARD_TOKEN, TPM_TOKEN = "landfall-board", "systemd-tpm2"
PURPOSE = b"landfall data partition 1"
PROMISES = (b"tcg,tpm", b"infineon,slb96", b"infineon,slm96")
"""Of a TPM, among what the board's tree says of its devices."""
CHIP_S = 20.0
"""How long a promised TPM may take to appear: its driver asks it in its own time."""


class Level(StrEnum):
    """What keeps the key, the better one first."""

    TPM = "tpm"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Board:
    """What of this board may keep a key. `serial` is empty where it tells none; `chip` as systemd names a TPM."""

    serial: str
    has_tpm: bool
    chip: str = "auto"

    @property
    def level(self) -> Level:
        return Level.TPM if self.has_tpm else Level.BOARD


def this_board(tree: Path = Path("/"), chip_s: float = CHIP_S) -> Board:
    """Waits for a TPM that is promised: one that comes late would never be asked again, and the level stays."""
    told_by, chip = tree / "proc" / "device-tree", tree / "sys" / "class" / "tpm" / "tpm0"
    serial = told_by / "serial-number"
    told = serial.read_bytes().rstrip(b"\0\n ").decode("ascii", "replace") if serial.exists() else ""
    ends_s = time.monotonic() + (chip_s if _promises_chip(told_by) else 0.0)
    while not chip.exists() and time.monotonic() < ends_s:
        time.sleep(0.2)
    return Board(told, chip.exists())


def _promises_chip(tree: Path) -> bool:
    """A promise is not a chip: the Pi's overlay stands in the tree whether one is fitted or not."""
    return any(word in path.read_bytes() for path in tree.rglob("compatible") for word in PROMISES)


def board_key(serial: str, uuid: str) -> bytes:
    """32 bytes. Raises `BoardFault` without a serial number."""
    if not serial.strip("0 "):
        raise BoardFault(Code.NO_BOARD, "Without it the data partition has no key.")
    return hmac.digest(serial.encode(), PURPOSE + uuid.encode(), hashlib.sha256)


def level_of(found: Header) -> Level | None:
    """None: no key of ours was ever put in."""
    if found.of(TPM_TOKEN):
        return Level.TPM
    return Level.BOARD if found.of(BOARD_TOKEN) else None


def enroll(device: Path, key: bytes, board: Board) -> None:
    """This board's own key, beside what there is. `key` opens a slot. Raises `BoardFault`."""
    if board.has_tpm:
        _seal(device, key, board)
        return
    found = luks.header(device)
    if found is None:
        raise BoardFault(Code.TOOL, "It has no header.")
    slot = luks.add_slot(device, key, board_key(board.serial, found.uuid))
    luks.put_token(device, {"type": BOARD_TOKEN, "keyslots": [str(slot)], "level": "lowest"})


def _seal(device: Path, key: bytes, board: Board) -> None:
    """Into the TPM, bound to no measurement: a Pi measures nothing before Linux runs."""
    with luks.key_file(key) as file:
        words = ["systemd-cryptenroll", f"--unlock-key-file={file}", f"--tpm2-device={board.chip}", "--tpm2-pcrs="]
        done = luks.call([*words, str(device)])
    if done.returncode:
        raise BoardFault(Code.TPM, luks.last(done))
