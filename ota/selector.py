"""The boot selector of a Raspberry Pi: autoboot.txt, which names the partition to boot and the one to try once.

Written in place as exactly one sector of 512 bytes, the most that the firmware reads: the usual ways (a new file and a
rename, a shell's redirection) leave a broken file in some of the states that a power cut can leave behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ota.disk import SECTOR, Disk

ENDING = b"\n"
PADDING = b"#"  # a comment to the firmware
SECTIONS = ("all", "tryboot")


class SelectorUnreadable(Exception):
    """The bytes name no two partitions. `code` is stable."""

    code = "OTA-SELECTOR"


@dataclass(frozen=True, slots=True)
class Selector:
    """Partition numbers, 1 to 63. `boots`: with every start; `tries`: with the one start that was asked to be a try."""

    boots: int
    tries: int

    def __post_init__(self) -> None:
        if not (1 <= self.boots <= 63 and 1 <= self.tries <= 63):
            raise ValueError(f"no such partitions: {self.boots}, {self.tries}")

    def committed(self) -> Selector:
        """What was tried boots from now on; the other is what will be tried next."""
        return Selector(self.tries, self.boots)


def render(selector: Selector) -> bytes:
    """512 bytes."""
    text = f"[all]\ntryboot_a_b=1\nboot_partition={selector.boots}\n[tryboot]\nboot_partition={selector.tries}\n"
    return text.encode("ascii").ljust(SECTOR - len(ENDING), PADDING) + ENDING


def parse(data: bytes) -> Selector:
    """Raises `SelectorUnreadable`; takes what `render` makes and what a person would write by hand."""
    try:
        found = _partitions(data.decode("ascii"))
        return Selector(found["all"], found["tryboot"])
    except (UnicodeDecodeError, ValueError, KeyError) as cause:
        raise SelectorUnreadable(
            f"{SelectorUnreadable.code}: autoboot.txt names no partition to boot and to try; "
            "write it again with the technician's tool"
        ) from cause


def _partitions(text: str) -> dict[str, int]:
    section, found = "", {}
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line.startswith("boot_partition=") and section in SECTIONS:
            found[section] = int(line.partition("=")[2])
    return found


def write(disk: Disk, path: Path, selector: Selector) -> None:
    """In place; the file was made with 512 bytes when the card was. Raises OSError, `SelectorUnreadable`."""
    if path.stat().st_size != SECTOR:
        raise SelectorUnreadable(f"{SelectorUnreadable.code}: {path.name} is not of {SECTOR} bytes")
    disk.overwrite(path, render(selector))
    disk.sync(path)
