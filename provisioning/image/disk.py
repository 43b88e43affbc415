"""The disk of a kiosk with two slots, and the file systems in it; the same tree gives the same bytes.

p1 bootcfg (FAT: nothing but the boot selector), p2 and p3 boot_a and boot_b (FAT), p4 and p5 root_a and root_b (ext4,
never written), p6 data (empty: made and encrypted on the board's first boot).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning.image.debian import ImageError, run

MIB = 1 << 20
EPOCH = 1_790_000_000
"""Of every file in the image: 2026-09-21."""
SIZES = {"bootcfg": 32, "boot_a": 128, "boot_b": 128, "root_a": 2048, "root_b": 2048, "data": 512}
"""MiB each, in the order of the partitions. Data is what the smallest card has room for; it may be larger."""
FIRST = 1  # MiB before the first partition
DISK_UUID = "4c414e44-4641-4c4c-8000-000000000000"
ROOT_UUID = "4c414e44-4641-4c4c-8000-000000000010"
SELECTOR_BYTES = 512
"""One sector, the most that the firmware reads: overwritten in place it is the old one or the new one."""
SELECTOR = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n"
REPRODUCIBLE = {
    "SOURCE_DATE_EPOCH": str(EPOCH), "E2FSPROGS_FAKE_TIME": str(EPOCH), "MTOOLS_SKIP_CHECK": "1",
    "TZ": "UTC", "LC_ALL": "C",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partition:
    """`start` and `size` in bytes."""

    number: int
    name: str
    start: int
    size: int


def layout() -> tuple[Partition, ...]:
    found, start = [], FIRST
    for number, (name, size) in enumerate(SIZES.items(), start=1):
        found.append(Partition(number, name, start * MIB, size * MIB))
        start += size
    return tuple(found)


def selector() -> bytes:
    """autoboot.txt, filled up to a sector with a remark."""
    return SELECTOR.encode() + b"#" * (SELECTOR_BYTES - len(SELECTOR) - 1) + b"\n"


def fat(path: Path, label: str, size_mb: int, files: Mapping[str, Path]) -> None:
    """Names may have folders in them, with slashes."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size_mb * MIB)
    kind = "16" if size_mb < 64 else "32"
    _made(["mkfs.vfat", "-F", kind, "-i", "4c414e44", "-n", label.upper(), "--invariant", str(path)])
    for folder in sorted({str(Path(name).parent) for name in files} - {"."}):
        _made(["mmd", "-i", str(path), f"::{folder}"])
    for name, source in sorted(files.items()):
        os.utime(source, (EPOCH, EPOCH))
        _made(["mcopy", "-m", "-i", str(path), str(source), f"::{name}"])


def ext4(path: Path, tree: Path, size_mb: int) -> None:
    """Without a journal: it is never written. Every time in it is that of the epoch."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size_mb * MIB)
    options = ["-t", "ext4", "-b", "4096", "-U", ROOT_UUID, "-L", "root", "-m", "0", "-O", "^has_journal,^orphan_file"]
    if "orphan_file" not in Path("/etc/mke2fs.conf").read_text():
        options[-1] = "^has_journal"
    _made(["mke2fs", "-q", *options, "-E", f"hash_seed={ROOT_UUID},root_owner=0:0", "-d", str(tree), str(path)])
    _still(path)


def _still(path: Path) -> None:
    """mke2fs takes the time of last change of each inode from this machine's: set them all alike."""
    told = dict(line.split(":", 1) for line in _made(["dumpe2fs", "-h", str(path)]).splitlines() if ":" in line)
    used = int(told["Inode count"]) - int(told["Free inodes"])
    names = ("atime", "ctime", "mtime", "crtime", "atime_extra", "ctime_extra", "mtime_extra", "crtime_extra")
    commands = [
        f"sif <{inode}> {name} {0 if name.endswith('extra') else f'@{EPOCH}'}\n"
        for inode in (2, *range(11, used + 1))
        for name in names
        if name != "mtime"
    ]
    done = subprocess.run(
        ["debugfs", "-w", "-f", "-", str(path)],
        input="".join(commands).encode(),
        capture_output=True,
        env={**os.environ, **REPRODUCIBLE},
        check=False,
    )
    if done.returncode:
        raise ImageError(f"debugfs failed: {done.stderr.decode('utf-8', 'replace')[-300:]}")


def assemble(path: Path, contents: Mapping[str, Path]) -> None:
    """A sparse file. `contents`: file systems by the partition's name; the others stay empty."""
    path.unlink(missing_ok=True)
    parts = layout()
    with path.open("wb") as file:
        file.truncate(parts[-1].start + parts[-1].size + FIRST * MIB)
    lines = [f"label: gpt\nlabel-id: {DISK_UUID}\nunit: sectors\n"]
    lines += [
        f"{part.number} : start={part.start // 512}, size={part.size // 512}, type={_kind(part.name)}, "
        f"name={part.name}, uuid=4c414e44-4641-4c4c-8000-00000000000{part.number}\n"
        for part in parts
    ]
    done = subprocess.run(["sfdisk", "-q", str(path)], input="".join(lines).encode(), capture_output=True, check=False)
    if done.returncode:
        raise ImageError(f"sfdisk failed: {done.stderr.decode('utf-8', 'replace')}")
    for part in parts:
        if part.name in contents:
            if contents[part.name].stat().st_size > part.size:
                raise ImageError(f"{part.name} is larger than its partition")
            run(
                [
                    "dd",
                    f"if={contents[part.name]}",
                    f"of={path}",
                    "bs=1M",
                    f"seek={part.start // MIB}",
                    "conv=notrunc,sparse",
                ]
            )


def _kind(name: str) -> str:
    """The Pi's firmware reads its first FAT partition by this kind."""
    return "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7" if name.startswith("boot") else "0FC63DAF-8483-4772-8E79-3D69D8477DE4"


def _made(words: list[str]) -> str:
    return run(words, environment={**os.environ, **REPRODUCIBLE})
