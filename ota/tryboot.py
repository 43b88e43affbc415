"""A Raspberry Pi's way to try a partition once: what the firmware says of this start, and the flag for the next.

The flag holds for exactly one start: the firmware clears it before it boots, and a power cut clears it too. Two hands
reach it: the firmware's mailbox on a board, and one byte of a second disk under the emulator of the tests.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

TREE = Path("/proc/device-tree/chosen/bootloader")
PARTITIONS = {"A": 2, "B": 3}
"""RAUC's name of a slot, and the partition of its kernel."""
ARMED = b"T"
SET, GET = "0x00038064", "0x00030064"
"""Tags of the firmware's mailbox."""
MAILBOX_S = 10.0
CELL = 4  # bytes, the highest first


@dataclass(frozen=True, slots=True)
class Start:
    """How this machine was started. `slot`: empty when the firmware names a partition that is none of ours."""

    slot: str
    is_try: bool


def start(tree: Path = TREE) -> Start:
    """As the firmware left it. A machine whose firmware says nothing was started in no slot and tries nothing."""
    names = {partition: name for name, partition in PARTITIONS.items()}
    return Start(names.get(_cell(tree / "partition"), ""), _cell(tree / "tryboot") == 1)


def _cell(path: Path) -> int:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0
    return int.from_bytes(data, "big") if len(data) == CELL else 0


class Once(Protocol):
    """The flag. Both methods raise OSError."""

    def is_armed(self) -> bool: ...

    def arm(self, on: bool) -> None:
        """The next start is a try; or is not, after all."""
        ...


class Mailbox:
    """A board's."""

    def is_armed(self) -> bool:
        return int(self._say(GET, "0"), 16) & 1 == 1

    def arm(self, on: bool) -> None:
        self._say(SET, str(int(on)))

    @staticmethod
    def _say(tag: str, value: str) -> str:
        """Tag, four bytes of room, four bytes sent, value. The value that came back, in hexadecimal."""
        command = ["vcmailbox", tag, "4", "4", value]
        try:
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=MAILBOX_S)
        except subprocess.SubprocessError as cause:
            raise OSError(f"the firmware did not answer: {cause}") from cause
        return answer(done.stdout)


def answer(words: str) -> str:
    """The value among the words of a mailbox message: length, code, tag, room, length of the answer, value, end."""
    found = words.split()
    if len(found) < 6:
        raise OSError(f"the firmware answered {words!r}")
    return found[5]


class SecondDisk:
    """The emulator's: its first byte."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def is_armed(self) -> bool:
        with self._path.open("rb") as disk:
            return disk.read(1) == ARMED

    def arm(self, on: bool) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(handle, ARMED if on else b"\0")
            os.fsync(handle)
        finally:
            os.close(handle)


def once(name: str) -> Once:
    """`mailbox`, or the path of the emulator's disk."""
    return Mailbox() if name == "mailbox" else SecondDisk(Path(name))
