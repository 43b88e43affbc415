"""The judges of the crash rig, judged: states counted by hand, and a FAT reader beside mtools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ota import fat
from tests.ota.write_log import DISCARD, ENTRY, FLUSH, HEAD, MAGIC, SECTOR, VERSION, Write, states, writes


def recorded(path: Path, entries: list[tuple[int, bytes, int]]) -> Path:
    """A log as qemu writes it: sector, data, flags."""
    head = HEAD.pack(MAGIC, VERSION, len(entries), SECTOR).ljust(SECTOR, b"\0")
    body = b""
    for sector, data, flags in entries:
        body += ENTRY.pack(sector, len(data) // SECTOR, flags, len(data)).ljust(SECTOR, b"\0")
        body += b"" if flags & DISCARD else data
    path.write_bytes(head + body)
    return path


def sector(letter: str) -> bytes:
    return letter.encode() * SECTOR


def test_a_record_is_read_in_its_order(tmp_path: Path) -> None:
    log = recorded(
        tmp_path / "log", [(3, sector("a"), 0), (0, b"", FLUSH), (1, sector("x"), DISCARD), (1, sector("b"), 0)]
    )
    assert list(writes(log)) == [
        Write(3 * SECTOR, 0, sector("a")),
        Write(0, FLUSH, b""),
        Write(SECTOR, DISCARD, b"", SECTOR),
        Write(SECTOR, 0, sector("b")),
    ]


def test_what_is_no_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(bytes(SECTOR))
    with pytest.raises(ValueError, match="no record"):
        list(writes(tmp_path / "log"))


def letters(image: bytes) -> str:
    return "".join(chr(image[at]) for at in range(0, len(image), SECTOR))


def found(log: list[Write], exhaustive: int = 8, sampled: int = 4) -> list[tuple[int, str]]:
    image = b"".join(map(sector, "...."))
    return [(s.window, letters(s.image)) for s in states(image, log, exhaustive=exhaustive, sampled=sampled)]


def test_between_two_flushes_every_subset_and_none_of_what_came_after() -> None:
    log = [Write(0, 0, sector("a")), Write(512, 0, sector("b")), Write(0, FLUSH, b""), Write(1024, 0, sector("c"))]
    assert set(found(log)) == {
        (0, "...."), (0, "a..."), (0, ".b.."), (0, "ab.."),
        (1, "ab.."), (1, "abc."),
    }  # fmt: skip


def test_a_long_write_is_cut_at_its_sectors_and_a_flush_with_data_begins_the_next() -> None:
    log = [Write(0, 0, sector("a") + sector("b")), Write(1536, FLUSH, sector("d"))]
    assert set(found(log)) == {
        (0, "...."), (0, "a..."), (0, ".b.."), (0, "ab.."),
        (1, "ab.."), (1, "ab.d"),
    }  # fmt: skip


def test_too_many_for_all_are_prefixes_and_a_sample() -> None:
    log = [Write(at * SECTOR, 0, sector(letter)) for at, letter in enumerate("abcd")]
    seen = found(log, exhaustive=3)
    assert {(0, "...."), (0, "a..."), (0, "ab.."), (0, "abc."), (0, "abcd")} <= set(seen)
    assert len(seen) <= 9
    assert found(log, exhaustive=3) == seen, "the sample is seeded"


@pytest.fixture(params=["16", "32"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """With a file in several clusters, written between the clusters of another."""
    if lacking := [tool for tool in ("mkfs.vfat", "mcopy", "mdel") if shutil.which(tool) is None]:
        told = f"not here: {', '.join(lacking)}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    image = tmp_path / "disk.img"
    image.write_bytes(bytes((16 if request.param == "16" else 40) << 20))
    more = ["-s", "1"] if request.param == "32" else ["-s", "4"]
    subprocess.run(["mkfs.vfat", "-F", request.param, *more, str(image)], check=True, capture_output=True)
    for name, size in (("one", 3000), ("two", 3000), ("three", 3000)):
        (tmp_path / name).write_bytes(os.urandom(size))
        subprocess.run(["mcopy", "-i", str(image), str(tmp_path / name), f"::{name}.txt"], check=True)
    subprocess.run(["mdel", "-i", str(image), "::two.txt"], check=True)
    (tmp_path / "big").write_bytes(bytes(range(256)) * 64)
    subprocess.run(["mcopy", "-i", str(image), str(tmp_path / "big"), "::big.bin"], check=True)
    return image


def test_the_reader_finds_what_mtools_wrote(disk: Path) -> None:
    image = disk.read_bytes()
    assert fat.read(image, "ONE.TXT") == (disk.parent / "one").read_bytes()
    assert fat.read(image, "THREE.TXT") == (disk.parent / "three").read_bytes()
    assert fat.read(image, "BIG.BIN") == bytes(range(256)) * 64
    assert fat.read(image, "TWO.TXT") is None
    assert fat.read(image, "FOUR.TXT") is None


def test_a_chain_that_was_cut_is_broken(disk: Path) -> None:
    image = bytearray(disk.read_bytes())
    held = fat.volume(bytes(image))
    image[held.fat + (12 if held.root_cluster else 6) : held.root if not held.root_cluster else held.data] = bytes(
        (held.root if not held.root_cluster else held.data) - held.fat - (12 if held.root_cluster else 6)
    )
    with pytest.raises(fat.Broken):
        fat.read(bytes(image), "BIG.BIN")


def test_no_boot_sector_is_no_file_system() -> None:
    with pytest.raises(fat.Broken):
        fat.read(bytes(1 << 20), "ONE.TXT")
