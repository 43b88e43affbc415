"""Makes the device's image: `make image`, and its locks: `make image-lock`.

    python -m provisioning.image build [--out FOLDER] [--with FOLDER]   a disk, its slots and its bill of materials
    python -m provisioning.image lock                                   Debian's packages anew, as they are today

`--with`: headquarters' own files, laid over the root last: etc/landfall/people, etc/rauc/ca.pem and the like.

As root, on Debian, with mmdebstrap and qemu-user-static. What took long is kept in .cache/image by the hash of what it
was made from.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from provisioning.image import disk, initrd, tree
from provisioning.image.debian import (
    ARCHITECTURE,
    SUITE,
    Archive,
    ImageError,
    file_of,
    is_there,
    read_list,
    read_lock,
    run,
    sha256_of,
    write_index,
    write_lock,
)
from provisioning.image.python_layer import install
from provisioning.image.tree import LAYERS, ROOT, Parts

HERE = Path(__file__).resolve().parent
CACHE = ROOT / ".cache" / "image"
LOCK, BOOT_LOCK = HERE / "debian.lock", HERE / "boot.lock"
WHEELS = ROOT / "requirements" / "provisioning.txt"
KERNEL = "linux-image-arm64"
BESIDE = ("busybox-static", "raspi-firmware")
VERSION = "0.1.0"
DPKG = (
    "force-unsafe-io", "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*", "path-include=/usr/share/doc/*/copyright",
)  # fmt: skip
BINFMT = Path("/proc/sys/fs/binfmt_misc")
TOOLS = {
    "mmdebstrap": "mmdebstrap", "qemu-aarch64-static": "qemu-user-static", "arch-test": "arch-test",
    "mke2fs": "e2fsprogs", "debugfs": "e2fsprogs", "mkfs.vfat": "dosfstools", "mcopy": "mtools", "sfdisk": "fdisk",
    "depmod": "kmod", "systemctl": "systemd", "dtc": "device-tree-compiler",
}  # fmt: skip


def lock() -> None:
    """Raises `ImageError`."""
    archive = Archive(CACHE / "apt")
    remark = "name, version, SHA-256 of the package; made by make image-lock"
    LOCK.write_text(write_lock(archive.resolve(tree.packages()), f"packages of the root file system: {remark}"))
    kernel = next(name for name in archive.depends(KERNEL) if name.startswith("linux-image-"))
    found = [archive.newest(name) for name in (kernel, *BESIDE)]
    BOOT_LOCK.write_text(write_lock(found, f"unpacked beside the root file system: {remark}"))


def build(out: Path, own: Path | None = None) -> Path:
    """The disk. Raises `ImageError`."""
    able()
    parts = dataclasses.replace(prepare(), own=own)
    root = CACHE / "tree"
    _timed("tree", lambda: tree.make(root, parts))
    return finish(root, parts, out)


def able() -> None:
    """Raises `ImageError` naming all that is missing."""
    if os.geteuid() != 0:
        raise ImageError("files of the image belong to root: build as root")
    lacking = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if lacking:
        raise ImageError(f"Debian packages are missing: apt-get install {' '.join(lacking)}")
    if not (BINFMT / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
    if not (BINFMT / "qemu-aarch64").exists():
        (BINFMT / "register").write_bytes(Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_bytes())


def prepare() -> Parts:
    """All that comes from elsewhere, by the locks; fetched or made once."""
    locked, extra = read_lock(LOCK.read_text("utf-8")), read_lock(BOOT_LOCK.read_text("utf-8"))
    debs = CACHE / "debs"
    if not all(is_there(package, debs) for package in (*locked, *extra)):
        _timed("packages", lambda: Archive(CACHE / "apt").fetch((*locked, *extra), debs))
    base = CACHE / f"base-{_hash(LOCK.read_bytes(), repr(DPKG).encode())}.tar"
    if not base.is_file():
        _timed("base", lambda: _bootstrap(base, debs))
    left_out = read_list((LAYERS / "python" / "from-debian").read_text("utf-8"))
    site = CACHE / f"site-{_hash(WHEELS.read_bytes(), repr(left_out).encode())}"
    if not site.is_dir():
        _timed("wheels", lambda: _wheels(site, left_out, base))
    beside = CACHE / f"beside-{_hash(BOOT_LOCK.read_bytes())}"
    if not beside.is_dir():
        fresh = beside.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        for package in extra:
            run(["dpkg-deb", "--extract", str(file_of(package, debs)), str(fresh)])
        run(["depmod", "--basedir", str(fresh / "usr"), _release(fresh)])
        fresh.rename(beside)
    return Parts(base, site, beside, _release(beside), locked, extra, VERSION)


def _release(beside: Path) -> str:
    (kernel,) = (beside / "boot").glob("vmlinuz-*")
    return kernel.name.removeprefix("vmlinuz-")


def _bootstrap(base: Path, debs: Path) -> None:
    """All packages of the lock and no other, configured under emulation."""
    locked = read_lock(LOCK.read_text("utf-8"))
    archive = CACHE / "archive"
    shutil.rmtree(archive, ignore_errors=True)
    write_index(locked, debs, archive)
    fresh = base.with_suffix(".new")
    words = ["mmdebstrap", f"--architectures={ARCHITECTURE}", "--variant=essential", "--mode=root", "--format=tar"]
    words += ["--skip=cleanup/reproducible", '--aptopt=APT::Install-Recommends "false"']
    words += [f"--dpkgopt={option}" for option in DPKG]
    words += [f"--include={','.join(package.name for package in locked)}"]
    run(
        [*words, SUITE, str(fresh), f"deb [trusted=yes] copy://{archive} ./"],
        environment={**os.environ, **disk.REPRODUCIBLE},
    )
    fresh.rename(base)


def _wheels(site: Path, left_out: tuple[str, ...], base: Path) -> None:
    """And each file in Python's own form, made by the Python that will read it."""
    fresh = site.with_name(f"{site.name}.made")
    install(WHEELS.read_text("utf-8"), left_out, fresh)
    root = CACHE / "python"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    run(["tar", "--extract", "--file", str(base), "--directory", str(root), "./usr/bin", "./usr/lib", "./lib", "./bin"])
    shutil.copytree(fresh, root / tree.SITE, dirs_exist_ok=True)
    words = ["python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", "-x", "/tests?/"]
    run(["chroot", str(root), *words, f"/{tree.SITE}"], environment={**os.environ, **disk.REPRODUCIBLE})
    shutil.rmtree(fresh)
    (root / tree.SITE).rename(fresh)
    shutil.rmtree(root)
    fresh.rename(site)


def finish(root: Path, parts: Parts, out: Path) -> Path:
    """From a tree to a disk: the same tree gives the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    work = CACHE / "work"
    names = read_list((LAYERS / "board" / "initrd-modules").read_text("utf-8"))
    first = initrd.build(parts.beside / "usr/lib/modules" / parts.release, names, _busybox(parts.beside))
    selector = work / "autoboot.txt"
    files = tree.boot_files(parts, work, first)
    selector.write_bytes(disk.selector())
    disk.fat(work / "bootcfg.vfat", "bootcfg", disk.SIZES["bootcfg"], {"autoboot.txt": selector})
    _timed("boot slot", lambda: disk.fat(out / "boot.vfat", "boot", disk.SIZES["boot_a"], files))
    _timed("root slot", lambda: disk.ext4(out / "rootfs.ext4", root, disk.SIZES["root_a"]))
    made = out / "landfall.img"
    contents = {"bootcfg": work / "bootcfg.vfat", "boot_a": out / "boot.vfat", "root_a": out / "rootfs.ext4"}
    _timed("disk", lambda: disk.assemble(made, contents))
    shutil.copy(root / "usr/share/landfall/sbom.cdx.json", out / "sbom.cdx.json")
    for name in ("boot.vfat", "rootfs.ext4"):
        _say(f"{name}: {_size(out / name)}, sha256 {sha256_of(out / name)}")
    _say(f"{made.name}: {_size(made)}")
    return made


def _size(path: Path) -> str:
    told = path.stat()
    return f"{told.st_size // disk.MIB} MiB, {told.st_blocks * 512 // disk.MIB} of them used"


def _busybox(beside: Path) -> Path:
    return next(path for path in (beside / "bin/busybox", beside / "usr/bin/busybox") if path.is_file())


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _timed(what: str, work: Callable[[], object]) -> None:
    began_s = time.monotonic()
    work()
    _say(f"{what}: {time.monotonic() - began_s:.0f} s")


def _say(text: str) -> None:
    sys.stderr.write(f"image: {text}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m provisioning.image", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("build", "lock"))
    parser.add_argument("--out", type=Path, default=ROOT / "artefacts" / "image")
    parser.add_argument("--with", type=Path, dest="own")
    options = parser.parse_args()
    try:
        if options.what == "lock":
            lock()
        else:
            _say(f"made: {build(options.out, options.own)}")
    except ImageError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
