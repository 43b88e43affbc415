"""LUKS2 as far as the data partition needs it: what a header says, and slots and tokens put in and taken out.

Each function is one change of the header, and cryptsetup writes a header whole: a plug that is pulled leaves it as it
was before or as it is after.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning.image.board.faults import BoardFault, Code

OWN = "landfall"
"""Our folder in /run."""
QUICK = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")
"""Our keys are as long as the cipher's, so there is nothing to stretch."""
METADATA = "64k"
"""Of the header: parts of two recovery keys and two TPMs' tokens find room side by side."""
LIMIT_S = 240
PASSPHRASE_WRONG = 2


@dataclass(frozen=True, slots=True)
class Token:
    number: int
    type: str
    slots: frozenset[int]
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Header:
    """Of LUKS2, as far as it matters here."""

    uuid: str
    label: str
    slots: frozenset[int]
    tokens: tuple[Token, ...]

    def of(self, *types: str) -> tuple[Token, ...]:
        return tuple(token for token in self.tokens if token.type in types)


def header(device: Path) -> Header | None:
    """None when it is no LUKS2."""
    if call(["cryptsetup", "isLuks", "--type", "luks2", str(device)]).returncode:
        return None
    told = json.loads(tool(["cryptsetup", "luksDump", "--dump-json-metadata", str(device)]))
    tokens = tuple(_token(int(number), table) for number, table in sorted(told["tokens"].items()))
    slots = frozenset(int(number) for number in told["keyslots"])
    return Header(_blkid(device, "UUID"), _blkid(device, "LABEL"), slots, tokens)


def form(device: Path, uuid: str, label: str, key: bytes) -> None:
    """A new header with one slot. Raises `BoardFault`."""
    words = ["--batch-mode", "--type", "luks2", "--label", label, "--uuid", uuid, "--cipher", "aes-xts-plain64"]
    with key_file(key) as file:
        words += ["--key-size", "512", "--luks2-metadata-size", METADATA, *QUICK, "--key-file", str(file)]
        tool(["cryptsetup", "luksFormat", *words, str(device)])


def slot_of(device: Path, key: bytes, slots: Iterable[int]) -> int | None:
    """The one that it opens; nothing is mapped. None: none of these. Raises `BoardFault`."""
    with key_file(key) as file:
        for slot in sorted(slots):
            words = ["cryptsetup", "open", "--test-passphrase", "--key-slot", str(slot), "--key-file", str(file)]
            done = call([*words, str(device)])
            if done.returncode == 0:
                return slot
            if done.returncode != PASSPHRASE_WRONG:
                raise BoardFault(Code.TOOL, last(done))
    return None


def add_slot(device: Path, key: bytes, new: bytes) -> int:
    """Its number. `key` opens another. Raises `BoardFault`."""
    with key_file(key) as file:
        return _added(device, new, "--key-file", str(file))


def add_slot_by_token(device: Path, kind: str, new: bytes) -> int:
    """Its number. What a token of this type gives to cryptsetup's plugin opens another. Raises `BoardFault`."""
    return _added(device, new, "--token-only", "--token-type", kind)


def _added(device: Path, new: bytes, *how: str) -> int:
    before = header(device)
    with key_file(new) as file:
        tool(["cryptsetup", "luksAddKey", "--batch-mode", *QUICK, *how, str(device), str(file)])
    after = header(device)
    if before is None or after is None:
        raise BoardFault(Code.TOOL, "The header went away.")
    (slot,) = after.slots - before.slots
    return slot


def kill_slot(device: Path, slot: int) -> None:
    """Without a key: who may write the header may do that anyhow. Raises `BoardFault`."""
    tool(["cryptsetup", "luksKillSlot", "--batch-mode", str(device), str(slot)])


def put_token(device: Path, table: Mapping[str, Any]) -> None:
    """Raises `BoardFault`."""
    tool(["cryptsetup", "token", "import", str(device)], json.dumps(table).encode())


def drop_token(device: Path, number: int) -> None:
    """Raises `BoardFault`."""
    tool(["cryptsetup", "token", "remove", "--token-id", str(number), str(device)])


@contextmanager
def key_file(key: bytes) -> Iterator[Path]:
    """In memory only: /run is no disk."""
    with tempfile.TemporaryDirectory(dir=run_folder()) as folder:
        path = Path(folder) / "key"
        path.touch(0o600)
        path.write_bytes(key)
        yield path


def run_folder() -> Path:
    """Of the folders that systemd made for this, the one that is ours: it sorts them by name."""
    folders = [Path(name) for name in os.environ.get("RUNTIME_DIRECTORY", "/run/landfall").split(":")]
    return next((folder for folder in folders if folder.name == OWN), folders[0])


def tool(words: Sequence[str], told: bytes | None = None) -> bytes:
    """What it says. Raises `BoardFault`."""
    done = call(words, told)
    if done.returncode:
        raise BoardFault(Code.TOOL, f"{words[0]}: {last(done)}")
    return done.stdout


def call(words: Sequence[str], told: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(list(words), input=told, capture_output=True, check=False, timeout=LIMIT_S)


def last(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"It ended with {done.returncode} and said nothing."


def _token(number: int, table: Mapping[str, Any]) -> Token:
    return Token(number, str(table["type"]), frozenset(int(slot) for slot in table["keyslots"]), table)


def _blkid(device: Path, tag: str) -> str:
    return call(["blkid", "--probe", "--output", "value", "--match-tag", tag, str(device)]).stdout.decode().strip()
