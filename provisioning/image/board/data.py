"""The encrypted data partition: made once, on the first boot, and opened on each, with a key that no file holds.

    python -m provisioning.image.board.data DEVICE

Where there is a TPM, the key is sealed in it. Where there is none, it is made from the board's serial number: that is
the lowest level, marked as such in the partition's own header and in /run/landfall/data.json. It keeps the data from
who has the card alone, not from who has card and board.

A partition is Landfall's when its header says so. One that is being made says "landfall-new" until its file system is
whole; a plug that is pulled before that costs nothing, for nothing has been in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from provisioning.image.board.faults import BoardFault, Code, show

NAME = "data"
OWN = "landfall"
"""Our folder in /run."""
NEW, DONE = "landfall-new", "landfall-data"
TOKEN = "landfall-board"  # noqa: S105 - the name of a kind of token
LOOK = 4 << 20
"""How many bytes at the beginning must be zero in a partition that nobody has used."""
PURPOSE = b"landfall data partition 1"
FSCK_CORRECTED = 1
PASSPHRASE_WRONG = 2
LIMIT_S = 240
PROMISES = (b"tcg,tpm", b"infineon,slb96", b"infineon,slm96")
"""Of a TPM, among what the board's tree says of its devices."""
CHIP_S = 20.0
"""How long a promised TPM may take to appear: its driver asks it in its own time."""


class Level(StrEnum):
    """What keeps the key, the better one first."""

    TPM = "tpm"
    BOARD = "board"


class Found(StrEnum):
    """What a partition is before anything is done to it."""

    BLANK = "blank"
    UNFINISHED = "unfinished"
    OURS = "ours"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Board:
    """What of this board may keep a key. `serial` is empty where it tells none."""

    serial: str
    has_tpm: bool

    @property
    def level(self) -> Level:
        return Level.TPM if self.has_tpm else Level.BOARD


@dataclass(frozen=True, slots=True)
class Header:
    """Of LUKS2, as far as it matters here."""

    uuid: str
    label: str
    tokens: frozenset[str]

    @property
    def level(self) -> Level | None:
        """None: no key of ours was ever put in."""
        if "systemd-tpm2" in self.tokens:
            return Level.TPM
        return Level.BOARD if TOKEN in self.tokens else None


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


def header(device: Path) -> Header | None:
    """None when it is no LUKS2."""
    if _call(["cryptsetup", "isLuks", "--type", "luks2", str(device)]).returncode:
        return None
    told = json.loads(_tool(["cryptsetup", "luksDump", "--dump-json-metadata", str(device)]))
    tokens = frozenset(str(token["type"]) for token in told["tokens"].values())
    return Header(_blkid(device, "UUID"), _blkid(device, "LABEL"), tokens)


def look(device: Path) -> Found:
    """Raises `BoardFault` when there is no such partition."""
    if not device.exists():
        raise BoardFault(Code.ABSENT, f"{device} is not there.")
    found = header(device)
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
    _tool(["sfdisk", "--quiet", "--relocate", "gpt-bak-std", str(disk)])
    _tool(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "-N", str(number), str(disk)], b", +\n")


def make(device: Path, board: Board) -> None:
    """Everything but the file system: header, and the one key slot that stays. Raises `BoardFault`."""
    uuid = _uuid()
    first = secrets.token_bytes(32) if board.has_tpm else board_key(board.serial, uuid)
    with _key_file(first) as key:
        # the key is as long as the cipher's, so there is nothing to stretch
        words = ["--batch-mode", "--type", "luks2", "--label", NEW, "--uuid", uuid, "--cipher", "aes-xts-plain64"]
        words += ["--key-size", "512", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", str(key)]
        _tool(["cryptsetup", "luksFormat", *words, str(device)])
        if board.has_tpm:
            _seal(device, key)
        else:
            token = json.dumps({"type": TOKEN, "keyslots": ["0"], "level": "lowest"})
            _tool(["cryptsetup", "token", "import", "--token-id", "0", str(device)], token.encode())


def _seal(device: Path, key: Path) -> None:
    """Into the TPM, bound to no measurement: a Pi measures nothing before Linux runs."""
    words = ["systemd-cryptenroll", f"--unlock-key-file={key}", "--tpm2-device=auto", "--tpm2-pcrs=", "--wipe-slot=0"]
    done = _call([*words, str(device)])
    if done.returncode:
        raise BoardFault(Code.TPM, _last(done))


def open_it(device: Path, board: Board) -> Level:
    """As /dev/mapper/data. Raises `BoardFault`."""
    found = header(device)
    if found is None or found.level is None:
        raise BoardFault(Code.LOCKED, "Its header holds no key of a board.")
    if found.level is Level.TPM:
        words = ["systemd-cryptsetup", "attach", NAME, str(device), "-", "luks,tpm2-device=auto,headless=true"]
        done = _call(words)
        code = Code.LOCKED if board.has_tpm else Code.TPM
    else:
        with _key_file(board_key(board.serial, found.uuid)) as key:
            done = _call(["cryptsetup", "open", "--key-file", str(key), str(device), NAME])
        code = Code.LOCKED if done.returncode == PASSPHRASE_WRONG else Code.TOOL
    if done.returncode:
        raise BoardFault(code, _last(done))
    return found.level


def finish(device: Path, mapped: Path) -> None:
    """The file system, and then the word that it is whole. Raises `BoardFault`."""
    _tool(["mke2fs", "-q", "-t", "ext4", "-L", NAME, "-m", "1", "-E", "nodiscard", str(mapped)])
    _tool(["cryptsetup", "config", "--label", DONE, str(device)])


def check(mapped: Path) -> None:
    """The journal is replayed and small things are put right. Raises `BoardFault` for what is not small."""
    done = _call(["e2fsck", "-p", str(mapped)])
    if done.returncode > FSCK_CORRECTED:
        raise BoardFault(Code.DAMAGED, _last(done))


def prepare(device: Path, board: Board, mapped: Path = Path("/dev/mapper/data")) -> Level:
    """From whatever the partition is to an open one with a sound file system. Raises `BoardFault`."""
    found = look(device)
    if found is Found.FOREIGN:
        raise BoardFault(Code.FOREIGN, "It was left as it is.")
    if found is Found.OURS:
        level = open_it(device, board)
        check(mapped)
        return level
    device = device.resolve()  # udev takes the name by label away for a moment when the table is written
    disk, number = place(device)
    grow(disk, number)
    _tool(["partx", "--update", "--nr", str(number), str(disk)])
    make(device, board)
    level = open_it(device, board)
    finish(device, mapped)
    return level


@contextmanager
def _key_file(key: bytes) -> Iterator[Path]:
    """In memory only: /run is no disk."""
    with tempfile.TemporaryDirectory(dir=_run()) as folder:
        path = Path(folder) / "key"
        path.write_bytes(key)
        yield path


def _run() -> Path:
    """Of the folders that systemd made for this, the one that is ours: it sorts them by name."""
    folders = [Path(name) for name in os.environ.get("RUNTIME_DIRECTORY", "/run/landfall").split(":")]
    return next((folder for folder in folders if folder.name == OWN), folders[0])


def _uuid() -> str:
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], f"4{text[13:16]}", f"a{text[17:20]}", text[20:]))


def _blkid(device: Path, tag: str) -> str:
    return _call(["blkid", "--probe", "--output", "value", "--match-tag", tag, str(device)]).stdout.decode().strip()


def _tool(words: Sequence[str], told: bytes | None = None) -> bytes:
    done = _call(words, told)
    if done.returncode:
        raise BoardFault(Code.TOOL, f"{words[0]}: {_last(done)}")
    return done.stdout


def _call(words: Sequence[str], told: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(list(words), input=told, capture_output=True, check=False, timeout=LIMIT_S)


def _last(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"It ended with {done.returncode} and said nothing."


def main() -> int:
    device = Path(sys.argv[1])
    try:
        level = prepare(device, this_board())
    except BoardFault as fault:
        show(fault)
        sys.stderr.write(f"{fault}\n")
        return 1
    said = _run() / "data.json"
    said.write_text(json.dumps({"level": level, "lowest": level is Level.BOARD}), encoding="utf-8")
    said.chmod(0o644)
    sys.stderr.write(f"landfall: data is open, its key kept by: {level}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
