"""A cut at every point of what a real kernel wrote for our code, replayed off-line: how many states, and none corrupt.

The disks' writes are recorded by qemu. Selectors are read by a FAT reader of our own, the data partition is repaired by
e2fsck, as at the next start, and read with debugfs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from ota import selector
from scripts.guest_kernel import NoGuest, kernel
from tests.guest import guest
from tests.guest.suites.recorded_writes import DISKS
from tests.ota import crash_work, fat
from tests.ota.write_log import State, states, writes

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

MIB = 1 << 20
TOOLS = ("mkfs.vfat", "mcopy", "mke2fs", "e2fsck", "debugfs")
SIZES = {"fat16": 32, "fat32": 64, "usual": 32, "data": 16}
SELECTOR, DATA = {"exhaustive": 8, "sampled": 256}, {"exhaustive": 3, "sampled": 4, "unit": 4096}


@dataclass(frozen=True, slots=True)
class Recorded:
    """`before`: the disk as it was; `log`: what was written to it."""

    before: bytes
    log: Path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """One start of the guest does all of it."""
    try:
        debian = kernel()
    except NoGuest as error:
        pytest.skip(f"no guest here: {error}")
    if lacking := [
        tool for tool in ("mkfs.vfat", "mcopy", "mke2fs", "e2fsck", "debugfs") if shutil.which(tool) is None
    ]:
        pytest.skip(f"not here: {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("recorded")
    before = {name: made(folder, name) for name in DISKS}
    more: list[str] = []
    for name in DISKS:
        (folder / f"{name}.log").touch()
        more += ["-blockdev", f"driver=file,filename={folder / name}.img,node-name=f-{name}"]
        more += ["-blockdev", f"driver=file,filename={folder / name}.log,node-name=l-{name}"]
        more += ["-blockdev", f"driver=blklogwrites,file=f-{name},log=l-{name},log-sector-size=512,node-name=w-{name}"]
        more += ["-device", f"virtio-blk-pci,drive=w-{name}"]
    suite = guest.ROOT / "tests" / "guest" / "suites" / "recorded_writes.py"
    ended = guest.run(debian, suite, folder, more=more)
    assert ended.status == 0, ended.console[-8000:]
    return {name: Recorded(before[name], folder / f"{name}.log") for name in DISKS}


def made(folder: Path, name: str) -> bytes:
    """A new file system with what was there before."""
    image, tree = folder / f"{name}.img", folder / f"{name}.tree"
    image.write_bytes(bytes(SIZES[name] * MIB))
    tree.mkdir()
    if name == "data":
        crash_work.prepare(tree)
        run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(tree), str(image))
    else:
        kind = ["-F", "32", "-s", "1"] if name == "fat32" else ["-F", "16"]
        run("mkfs.vfat", *kind, str(image))
        (tree / crash_work.AUTOBOOT).write_bytes(selector.render(crash_work.OLD))
        run("mcopy", "-i", str(image), str(tree / crash_work.AUTOBOOT), f"::{crash_work.AUTOBOOT}")
    return image.read_bytes()


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def tell(capsys: pytest.CaptureFixture[str], what: str, found: Counter[str]) -> None:
    with capsys.disabled():
        told = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
        sys.stdout.write(f"\ncrash points, {what}: {found.total()} states: {told}\n")


def selectors(disk: Recorded) -> Counter[str]:
    """What a boot ROM would find, state by state."""
    return Counter(selected(state) for state in states(disk.before, writes(disk.log), **SELECTOR))


def selected(state: State) -> str:
    try:
        content = fat.read(state.image, crash_work.AUTOBOOT.upper())
        found = selector.parse(content) if content is not None else None
    except (fat.Broken, selector.SelectorUnreadable):
        return "corrupt"
    return {crash_work.OLD: "old", crash_work.NEW: "new", None: "missing"}.get(found, "corrupt")


@pytest.mark.parametrize("name", ["fat16", "fat32"])
def test_the_selector_names_the_old_or_the_new(
    recorded: dict[str, Recorded], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = selectors(recorded[name])
    tell(capsys, f"selector on {name}", found)
    assert set(found) == {"old", "new"}
    assert found.total() >= 3


def test_the_rig_finds_a_selector_broken_that_is_written_the_usual_way(
    recorded: dict[str, Recorded], capsys: pytest.CaptureFixture[str]
) -> None:
    """A check that cannot fail would be none."""
    found = selectors(recorded["usual"])
    tell(capsys, "selector written the usual way", found)
    assert found["corrupt"] + found["missing"] > 0


def test_floor_journal_and_shelf_are_whole_and_never_fall_back(
    recorded: dict[str, Recorded], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, lowest = Counter[str](), (0, 0, 0)
    window = 0
    for state in states(recorded["data"].before, writes(recorded["data"].log), **DATA):
        rank = crash_work.rank(mounted(tmp_path, state.image))
        if state.is_base and state.window > window:
            lowest, window = rank, state.window  # what was flushed once is there for good
        assert all(now >= then for now, then in zip(rank, lowest, strict=True)), f"fell back: {rank} below {lowest}"
        found[f"at step {min(rank)}" if len(set(rank)) == 1 else f"after step {min(rank)}"] += 1
    tell(capsys, "floor, journal and shelf on ext4", found)
    assert found["at step 0"] and found[f"at step {crash_work.STEPS}"]


def mounted(tmp_path: Path, image: bytes) -> Path:
    """As the next start finds it, below a new folder."""
    tree, disk = tmp_path / "tree", tmp_path / "disk.img"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    disk.write_bytes(image)
    repaired = subprocess.run(["e2fsck", "-fp", str(disk)], capture_output=True, check=False)
    assert repaired.returncode <= 1, repaired.stdout.decode()
    run("debugfs", "-R", f"rdump / {tree}", str(disk))
    return tree
