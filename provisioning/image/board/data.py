"""The encrypted data partition: made once, on the first boot, and opened on each, with a key that no file holds.

    python -m provisioning.image.board.data DEVICE

Where there is a TPM, the key is sealed in it. Where there is none, it is made from the board's serial number: that is
the lowest level, marked as such in the partition's own header and in /run/landfall/data.json. It keeps the data from
who has the card alone, not from who has card and board.

A partition is Landfall's when its header says so. One that is being made says "landfall-new" until its file system is
whole; a plug that is pulled before that costs nothing, for nothing has been in it.
"""

from __future__ import annotations

import base64
import json
import secrets
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from border.messages.sealing import RecipientPublic
from provisioning.image.board import luks, recovery
from provisioning.image.board.adopt import drop_cut_off, restore, settle
from provisioning.image.board.faults import WORDS, BoardFault, Code, show
from provisioning.image.board.own_key import (
    BOARD_TOKEN,
    LABEL,
    Board,
    Level,
    board_key,
    enroll,
    level_of,
    this_board,
)

NAME = "data"
NEW, DONE = "landfall-new", LABEL
LOOK = 4 << 20
"""How many bytes at the beginning must be zero in a partition that nobody has used."""
FSCK_CORRECTED = 1
SHUT = frozenset({Code.LOCKED, Code.TPM})
"""Faults after which another board's key may open it."""


class Found(StrEnum):
    """What a partition is before anything is done to it."""

    BLANK = "blank"
    UNFINISHED = "unfinished"
    OURS = "ours"
    FOREIGN = "foreign"


def look(device: Path) -> Found:
    """Raises `BoardFault` when there is no such partition."""
    if not device.exists():
        raise BoardFault(Code.ABSENT, f"{device} is not there.")
    found = luks.header(device)
    if found is not None:
        return {NEW: Found.UNFINISHED, DONE: Found.OURS}.get(found.label, Found.FOREIGN)
    with device.open("rb") as partition:
        return Found.FOREIGN if partition.read(LOOK).strip(b"\0") else Found.BLANK


def place(device: Path, blocks: Path = Path("/sys/class/block")) -> tuple[Path, int]:
    """The disk that a partition is on, and its number there. Raises `BoardFault` for what is no partition."""
    own = (blocks / device.resolve().name).resolve()
    try:
        number = int((own / "partition").read_text())
    except OSError as error:
        raise BoardFault(Code.ABSENT, f"{device} is no partition of a disk.") from error
    return Path("/dev") / own.parent.name, number


def grow(disk: Path, number: int) -> None:
    """The last partition takes what is left of the card: the image is made for the smallest. Raises `BoardFault`."""
    luks.tool(["sfdisk", "--quiet", "--relocate", "gpt-bak-std", str(disk)])
    luks.tool(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "-N", str(number), str(disk)], b", +\n")


def make(device: Path, board: Board, known: Sequence[RecipientPublic] = ()) -> None:
    """Everything but the file system: header, the board's own key and, beside a TPM's, one for custodians.

    Raises `BoardFault`.
    """
    uuid = _uuid()
    first = secrets.token_bytes(32) if board.has_tpm else board_key(board.serial, uuid)
    luks.form(device, uuid, NEW, first)
    if not board.has_tpm:
        luks.put_token(device, {"type": BOARD_TOKEN, "keyslots": ["0"], "level": "lowest"})
        return
    if known:
        recovery.add(device, first, board.serial, known)
    enroll(device, first, board)
    luks.kill_slot(device, 0)


def open_it(device: Path, board: Board) -> Level:
    """As /dev/mapper/data. Raises `BoardFault`."""
    found = luks.header(device)
    level = level_of(found) if found is not None else None
    if found is None or level is None:
        raise BoardFault(Code.LOCKED, "Its header holds no key of a board.")
    if level is Level.TPM:
        words = ["systemd-cryptsetup", "attach", NAME, str(device), "-", "luks,tpm2-device=auto,headless=true"]
        done = luks.call(words)
        code = Code.LOCKED if board.has_tpm else Code.TPM
    else:
        with luks.key_file(board_key(board.serial, found.uuid)) as key:
            done = luks.call(["cryptsetup", "open", "--key-file", str(key), str(device), NAME])
        code = Code.LOCKED if done.returncode == luks.PASSPHRASE_WRONG else Code.TOOL
    if done.returncode:
        raise BoardFault(code, luks.last(done))
    return level


def finish(device: Path, mapped: Path) -> None:
    """The file system, and then the word that it is whole. Raises `BoardFault`."""
    luks.tool(["mke2fs", "-q", "-t", "ext4", "-L", NAME, "-m", "1", "-E", "nodiscard", str(mapped)])
    luks.tool(["cryptsetup", "config", "--label", DONE, str(device)])


def check(mapped: Path) -> None:
    """The journal is replayed and small things are put right. Raises `BoardFault` for what is not small."""
    done = luks.call(["e2fsck", "-p", str(mapped)])
    if done.returncode > FSCK_CORRECTED:
        raise BoardFault(Code.DAMAGED, luks.last(done))


def prepare(device: Path, board: Board, mapped: Path = Path("/dev/mapper/data")) -> Level:
    """From whatever the partition is to an open one with a sound file system. Raises `BoardFault`."""
    found = look(device)
    if found is Found.FOREIGN:
        raise BoardFault(Code.FOREIGN, "It was left as it is.")
    if found is Found.OURS:
        restore(device)
        level = open_it(device, board)
        _settle(device, board, recovery.custodians())
        check(mapped)
        return level
    device = device.resolve()  # udev takes the name by label away for a moment when the table is written
    disk, number = place(device)
    grow(disk, number)
    luks.tool(["partx", "--update", "--nr", str(number), str(disk)])
    make(device, board, recovery.custodians())
    level = open_it(device, board)
    finish(device, mapped)
    return level


def _uuid() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], f"4{text[13:16]}", f"a{text[17:20]}", text[20:]))


def _settle(device: Path, board: Board, known: Sequence[RecipientPublic]) -> None:
    """What was left of another board's keys goes, and custodians that the image names by now get theirs.

    If it will not, that is for the next start.
    """
    try:
        settle(device)
        found = luks.header(device)
        if found is not None and level_of(found) is Level.TPM and known and not recovery.is_in(found):
            drop_cut_off(device)
            recovery.add(device, None, board.serial, known)
    except BoardFault as fault:
        sys.stderr.write(f"landfall: {fault}\n")


def locked(device: Path, board: Board, fault: BoardFault) -> dict[str, Any]:
    """For the technician's page: why this board does not open the disk, and what headquarters needs to see."""
    found, words = luks.header(device), WORDS[fault.code]
    told: dict[str, Any] = {"code": fault.code, "what": words.what, "why": fault.why, "then": words.then}
    if found is None:
        return told
    disk = recovery.locked(found, board.serial)
    told |= {"disk": found.uuid, "level": level_of(found) or "", "is_damaged": disk is None and recovery.is_in(found)}
    if disk is not None:
        parts = [{"number": part.number, "sealed": base64.b64encode(part.sealed).decode()} for part in disk.parts]
        told |= {"board": disk.board, "parts": parts}
    return told


def main() -> int:
    device, board = Path(sys.argv[1]), this_board()
    try:
        level = prepare(device, board)
    except BoardFault as fault:
        show(fault)
        sys.stderr.write(f"{fault}\n")
        if fault.code in SHUT:
            _tell("locked.json", locked(device, board, fault))
        return 1
    _tell("data.json", {"level": level, "lowest": level is Level.BOARD, "recovery": _can_be_recovered(device)})
    sys.stderr.write(f"landfall: data is open, its key kept by: {level}\n")
    return 0


def _can_be_recovered(device: Path) -> bool:
    found = luks.header(device)
    return found is not None and recovery.is_in(found)


def _tell(name: str, table: dict[str, Any]) -> None:
    said = luks.run_folder() / name
    said.write_text(json.dumps(table), encoding="utf-8")
    said.chmod(0o644)


if __name__ == "__main__":
    sys.exit(main())
