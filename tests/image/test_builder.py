"""The builder's own parts: locks, wheels, the first root, bills of materials."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from provisioning.image import disk, initrd, python_layer, sbom
from provisioning.image.__main__ import WHEELS
from provisioning.image.debian import ImageError, Package, archives, read_list, read_lock, write_lock
from provisioning.image.tree import LAYERS, ROOT
from tests.image.tools import call, needs

HASH = "0" * 64
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: arm64
Version: 2.41-12+deb13u5

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1
"""


def test_a_lock_is_read_as_it_was_written() -> None:
    found = (Package("a", "1:2-3", HASH), Package("b", "4", HASH))
    assert read_lock(write_lock(reversed(found), "remark")) == found


def test_a_line_that_is_no_package_is_refused() -> None:
    with pytest.raises(ImageError, match="make image-lock"):
        read_lock("a 1 short\n")


def test_the_archives_are_this_machines_own(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://one.test/debian trixie main\n")
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/more.sources").write_text("Types: deb\nURIs: http://two.test/debian-security\n")
    assert archives(tmp_path) == ("http://one.test/debian", "http://two.test/debian-security")


def test_a_machine_that_is_not_debian_says_so(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://one.test/other noble main\n")
    with pytest.raises(ImageError, match="on Debian"):
        archives(tmp_path)


def test_wheels_that_debian_has_are_taken_out_with_their_hashes() -> None:
    first, middle, last = (
        f"{name} \\\n    --hash=sha256:0{n}\n" for n, name in enumerate(("a==1", "b-c==2 ; x < '3'", "d==3"))
    )
    lock = first + middle + "    --hash=sha256:09\n" + last
    assert python_layer.without(lock, {"b-c"}) == first + last


def test_what_is_left_out_of_the_wheels_is_in_the_lock() -> None:
    lock = WHEELS.read_text()
    names = {found["name"] for found in python_layer.ENTRY.finditer(lock)}
    assert set(read_list((LAYERS / "python/from-debian").read_text())) <= names


def test_the_first_root_is_an_archive_that_cpio_reads(tmp_path: Path) -> None:
    needs("cpio", "cpio")
    packed = initrd.archive(("bin",), {"bin/one": (0o755, b"abc"), "two": (0o644, b"")})
    listed = subprocess.run(
        ["cpio", "--list", "--verbose"], input=packed, capture_output=True, check=True
    ).stdout.decode()
    assert [line.split()[0] for line in listed.splitlines()] == ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"]


def test_modules_are_loaded_after_those_they_need(tmp_path: Path) -> None:
    (tmp_path / "modules.dep").write_text(
        "kernel/a.ko: kernel/b-b.ko kernel/c.ko\nkernel/b-b.ko: kernel/c.ko\nkernel/c.ko:\n"
    )
    (tmp_path / "modules.builtin").write_text("kernel/d.ko\n")
    found = initrd.with_dependencies(tmp_path, ["d", "a"])
    assert [path.name for path in found] == ["c.ko", "b-b.ko", "a.ko"]
    with pytest.raises(ImageError, match="no module e"):
        initrd.with_dependencies(tmp_path, ["e"])


def test_the_same_parts_give_the_same_first_root(tmp_path: Path) -> None:
    (tmp_path / "modules.dep").write_text("kernel/a.ko:\n")
    (tmp_path / "modules.builtin").write_text("")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/a.ko").write_bytes(b"module")
    (tmp_path / "busybox").write_bytes(b"box")
    made = [initrd.build(tmp_path, ["a"], tmp_path / "busybox") for _ in range(2)]
    assert made[0] == made[1]
    assert b"insmod" in gzip.decompress(made[0])


def test_a_bill_of_materials_names_what_is_installed_and_nothing_else() -> None:
    (found,) = sbom.debian(STATUS, {"libc6": Package("libc6", "2.41-12+deb13u5", HASH)})
    assert found["purl"] == "pkg:deb/debian/libc6@2.41-12%2Bdeb13u5?arch=arm64&distro=trixie"
    assert found["hashes"] == [{"alg": "SHA-256", "content": HASH}]


def test_a_package_of_another_version_than_locked_has_no_hash() -> None:
    (found,) = sbom.debian(STATUS, {"libc6": Package("libc6", "1", HASH)})
    assert "hashes" not in found


def test_the_nets_of_this_repository_are_in_the_bill() -> None:
    found = {one["name"]: one for one in sbom.models(ROOT / "appliance/vision/models")}
    assert "mrz_line" in found
    assert found["mrz_line"]["type"] == "machine-learning-model"


def test_the_same_components_give_the_same_bill() -> None:
    parts = sbom.debian(STATUS, {})
    first = sbom.document("landfall", "1", "2026-09-21T00:00:00Z", parts)
    assert first == sbom.document("landfall", "1", "2026-09-21T00:00:00Z", list(reversed(parts)))
    assert json.loads(first)["bomFormat"] == "CycloneDX"


def test_the_same_tree_gives_the_same_file_systems(tmp_path: Path) -> None:
    for tool, package in (("mke2fs", "e2fsprogs"), ("mkfs.vfat", "dosfstools"), ("mcopy", "mtools")):
        needs(tool, package)
    made = [_file_systems(tmp_path / name) for name in ("one", "two")]
    assert made[0] == made[1]
    told = call("dumpe2fs", "-h", str(tmp_path / "one" / "root")).stdout
    assert re.search(r"Last write time: +\w+ Sep 2[12] .* 2026", told), (
        "no time of this machine, however quick the two were"
    )


def _file_systems(folder: Path) -> tuple[bytes, bytes]:
    tree = folder / "tree"
    (tree / "etc").mkdir(parents=True)
    for number in range(30):
        (tree / "etc" / f"file{number}").write_text("text" * number)
        os.utime(tree / "etc" / f"file{number}", (disk.EPOCH, disk.EPOCH))
    (tree / "link").symlink_to("etc/file1")
    for path in (tree / "link", tree / "etc", tree):
        os.utime(path, (disk.EPOCH, disk.EPOCH), follow_symlinks=False)
    disk.ext4(folder / "root", tree, 16)
    disk.fat(folder / "boot", "boot", 64, {"one.txt": tree / "etc/file3", "over/two.txt": tree / "etc/file4"})
    return (folder / "root").read_bytes(), (folder / "boot").read_bytes()


def test_the_disk_holds_what_was_put_where_it_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("sfdisk", "fdisk")
    monkeypatch.setattr(disk, "SIZES", dict.fromkeys(disk.SIZES, 2))
    (tmp_path / "root").write_bytes(b"R" * disk.MIB)
    disk.assemble(tmp_path / "disk", {"root_a": tmp_path / "root"})
    told = json.loads(subprocess.run(["sfdisk", "-J", str(tmp_path / "disk")], capture_output=True, check=True).stdout)
    named = {part["name"]: part for part in told["partitiontable"]["partitions"]}
    assert list(named) == list(disk.SIZES)
    with (tmp_path / "disk").open("rb") as file:
        file.seek(named["root_a"]["start"] * 512)
        assert file.read(disk.MIB) == b"R" * disk.MIB


def test_what_is_too_large_for_its_partition_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("sfdisk", "fdisk")
    monkeypatch.setattr(disk, "SIZES", dict.fromkeys(disk.SIZES, 2))
    (tmp_path / "root").write_bytes(bytes(3 * disk.MIB))
    with pytest.raises(ImageError, match="larger than its partition"):
        disk.assemble(tmp_path / "disk", {"root_a": tmp_path / "root"})
