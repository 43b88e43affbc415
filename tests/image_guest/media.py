"""Images of slots, bundles of them, and the disk of a kiosk with two slots; the same tree gives the same bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ota import selector
from ota.raucb import manifest_sha256
from ota.selector import Selector
from tests.image_guest.overlay import COMPATIBLE

ROOT = Path(__file__).parent.parent.parent
MIB = 1 << 20
EPOCH = "1790000000"
UUID = "4c414e44-4641-4c4c-8001-000000000001"
FIRST = 1  # MiB before the first partition
SECTOR = 512
COMMAND_LINE = "console=ttyAMA0 quiet panic=5 loglevel=3 systemd.volatile=state systemd.show_status=0"
MANIFEST = """[update]
compatible={compatible}
version={version}
[bundle]
format=verity
[image.rootfs]
filename=rootfs.ext4
[image.boot]
filename=boot.vfat
"""
INDEX = "adaptive=block-hash-index\n"
"""Of each image: with it RAUC asks the server for blocks that it lacks alone."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Of a disk: partitions in their order; a size is that of both slots. MiB."""

    bootcfg: int
    boot: int
    root: int
    data: int

    @property
    def sizes(self) -> dict[str, int]:
        slots = {"boot_a": self.boot, "boot_b": self.boot, "root_a": self.root, "root_b": self.root}
        return {"bootcfg": self.bootcfg, **slots, "data": self.data}

    @property
    def offsets(self) -> dict[str, int]:
        """Of each partition in bytes."""
        starts, at = {}, FIRST
        for name, size in self.sizes.items():
            starts[name], at = at * MIB, at + size
        return starts


LARGE = Layout(bootcfg=32, boot=64, root=288, data=128)
SMALL = Layout(bootcfg=16, boot=40, root=100, data=64)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Raises `CalledProcessError` with what was said."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "E2FSPROGS_FAKE_TIME": EPOCH, "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(
        ["nice", "-n", "10", *map(str, command)],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command[0], done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def copied(source: Path, target: Path) -> None:
    """Blocks of zeros take no room."""
    run("cp", "--sparse=always", source, target)


def ext4(tree: Path, image: Path, size: int) -> None:
    image.unlink(missing_ok=True)
    run(
        "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0",
        "-O", "^has_journal", "-d", tree, image, f"{size}M",
    )  # fmt: skip


def boot(kernel: Path, initrd: bytes, image: Path, size: int) -> None:
    """A slot's kernel, always in the same order."""
    _fat(image, size, "32", "BOOT")
    scratch = image.with_suffix(".d")
    scratch.mkdir(exist_ok=True)
    shutil.copy(kernel, scratch / "Image")
    (scratch / "initrd").write_bytes(initrd)
    (scratch / "cmdline.txt").write_text(COMMAND_LINE)
    for name in ("Image", "initrd", "cmdline.txt"):
        os.utime(scratch / name, (int(EPOCH), int(EPOCH)))
        run("mcopy", "-m", "-i", image, scratch / name, f"::{name}")


def stick(folder: Path, image: Path) -> None:
    """A FAT with everything in that folder, as it would be bought and written."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    _fat(image, size // MIB + 64, "32", "LANDFALL")
    for path in sorted(folder.iterdir()):
        run("mcopy", "-s", "-i", image, path, "::")


def bundle(folder: Path, image: Path, version: str, keys: Keys, index: bool = True) -> str:
    """`folder` holds the slots' images. The hash of the manifest, hexadecimal."""
    manifest = MANIFEST.format(compatible=COMPATIBLE, version=version)
    if index:
        manifest = re.sub(r"(?m)^(filename=.*\n)", rf"\1{INDEX}", manifest)
    (folder / "manifest.raucm").write_text(manifest)
    image.unlink(missing_ok=True)
    squash = "--mksquashfs-args=-comp zstd -Xcompression-level 3 -b 64k -processors 1"
    run("rauc", "bundle", squash, f"--cert={keys.certificate}", f"--key={keys.key}", folder, image)
    return manifest_sha256(image)


@dataclass(frozen=True, slots=True)
class Keys:
    """Paths of an authority and of one leaf."""

    ca: Path
    certificate: Path
    key: Path


def keys(folder: Path, name: str = "landfall") -> Keys:
    """Throw-away."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, request = (folder / f"{name}-{what}.pem" for what in ("ca", "ca-key", "request"))
    made = Keys(ca, folder / f"{name}-leaf.pem", folder / f"{name}-key.pem")
    new = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256")
    run(
        *new, "-x509", "-days", "3650", "-subj", f"/CN={name} images", "-keyout", ca_key, "-out", ca,
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    run(*new, "-subj", f"/CN={name} release", "-keyout", made.key, "-out", request)
    extensions = folder / f"{name}.ext"
    extensions.write_text("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n")
    run(
        "openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "700",
        "-sha256", "-extfile", extensions, "-out", made.certificate,
    )  # fmt: skip
    return made


def disk(image: Path, root: Path, kernel: Path, layout: Layout) -> None:
    """As it leaves the works: slot A and a selector; slot B and the data are empty."""
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate((FIRST + sum(layout.sizes.values()) + 1) * MIB)
    rows = "".join(f"size={size}MiB, name={name}\n" for name, size in layout.sizes.items())
    subprocess.run(["sfdisk", "-q", str(image)], input=f"label: gpt\n{rows}", text=True, check=True)
    parts = image.parent
    selector_image, data = parts / "bootcfg.img", parts / "data.img"
    _fat(selector_image, layout.bootcfg, "16", "BOOTCFG")
    (parts / "autoboot.txt").write_bytes(selector.render(Selector(2, 3)))
    run("mcopy", "-i", selector_image, parts / "autoboot.txt", "::autoboot.txt")
    data.unlink(missing_ok=True)
    run("mke2fs", "-q", "-t", "ext4", data, f"{layout.data}M")
    for name, source in (("bootcfg", selector_image), ("boot_a", kernel), ("root_a", root), ("data", data)):
        _copy(source, image, layout.offsets[name])


def _fat(image: Path, size: int, bits: str, label: str) -> None:
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(size * MIB)
    run("mkfs.vfat", "-F", bits, "-s", "1", "-i", "12345678", "-n", label, "--invariant", image)


def _copy(source: Path, image: Path, offset: int) -> None:
    """Blocks of zeros are left out: the disk stays sparse."""
    empty = bytes(MIB)
    with source.open("rb") as given, image.open("r+b") as taken:
        taken.seek(offset)
        while block := given.read(MIB):
            if block == empty[: len(block)]:
                taken.seek(len(block), os.SEEK_CUR)
            else:
                taken.write(block)
