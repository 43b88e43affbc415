"""What the guest is made of, from Debian and the lock of our own requirements; made once, kept under .cache.

    python -m tests.image_guest.parts [small]

The root file system with systemd takes minutes of a processor (Debian's programs run under emulation while they are set
up). The small one takes seconds: its packages are unpacked and set up by nobody, and busybox is its shell. Each lies in
a file named after its list of packages. Nothing is installed on this machine.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from provisioning.image.debian import KEYRING, SUITE, Archive, ImageError, archives, file_of
from scripts.guest_kernel import Kernel, NoGuest, missing

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("LANDFALL_GUEST_CACHE", ROOT / ".cache" / "image-guest"))
PACKAGES = (
    "systemd", "systemd-sysv", "udev", "dbus", "python3", "rauc", "rauc-service", "iproute2", "openssl",
    "ca-certificates", "kmod", "e2fsprogs", "dosfstools",
)  # fmt: skip
SMALL = (
    "base-files", "busybox-static", "dbus-daemon", "libpython3-stdlib", "mount", "python3-minimal", "rauc",
    "rauc-service",
)  # fmt: skip
NOT_MISSED = (
    "adduser", "base-passwd", "dbus", "dbus-bin", "dbus-session-bus-common", "debconf", "dpkg", "gcc-14-base",
    "init-system-helpers", "libdb5.3t64", "libdebconfclient0", "libpam-modules", "libpam-modules-bin", "libpam0g",
    "libsemanage-common", "libsemanage2", "libsepol2", "libsystemd-shared", "login.defs", "mawk", "passwd",
    "readline-common", "systemd", "tar", "tzdata",
)  # fmt: skip
"""What they depend on, and what nothing that the small one does asks for."""
APPLETS = (
    "cat", "dmesg", "kill", "ln", "mkdir", "reboot", "sed", "sh", "sleep", "sync", "tail", "tar", "tee", "touch", "tr",
)  # fmt: skip
USERS = {
    "passwd": "root:x:0:0::/:/bin/sh\nmessagebus:x:100:100::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n",
    "group": "root:x:0:\nmessagebus:x:100:\nnogroup:x:65534:\n",
}
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
SMALL_LEFT_OUT = (*LEFT_OUT, "/usr/lib/*/gconv")
WHEELS = ("tuf", "securesystemslib", "urllib3", "cryptography", "cffi", "pycparser", "jeepney")
"""What the update client imports."""
PYTHON = "3.13"
KERNEL = "linux-image-cloud-arm64"
NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm", "dpkg-deb": "dpkg", "apt-get": "apt", "mcopy": "mtools",
    "mkfs.vfat": "dosfstools", "sfdisk": "fdisk", "fdtput": "device-tree-compiler", "mksquashfs": "squashfs-tools",
    "rauc": "rauc", "openssl": "openssl", "mke2fs": "e2fsprogs", "xz": "xz-utils",
}  # fmt: skip
NEEDED_WITH_SYSTEMD = {"mmdebstrap": "mmdebstrap", "arch-test": "arch-test"}
BINFMT = Path("/proc/sys/fs/binfmt_misc")
HANDLER = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")
LIMIT_S = 3600


@dataclass(frozen=True, slots=True)
class Parts:
    """`rootfs`: a tar; `busybox`: for arm64, linked statically."""

    rootfs: Path
    kernel: Kernel
    busybox: Path
    wheels: tuple[Path, ...]


def parts(cache: Path = CACHE) -> Parts:
    """With systemd: what is here, else what Debian offers now. Raises `NoGuest`."""
    if os.geteuid() != 0:
        raise NoGuest("a root file system with systemd is made as root")
    return _made(cache, {**NEEDED, **NEEDED_WITH_SYSTEMD}, _rootfs)


def small(cache: Path = CACHE) -> Parts:
    """Without systemd. Raises `NoGuest`."""
    return _made(cache, NEEDED, _small)


def _made(cache: Path, needed: dict[str, str], rootfs: Callable[[Path], Path]) -> Parts:
    if lacking := missing(needed):
        raise NoGuest(f"Debian packages are missing: {', '.join(lacking)}")
    cache.mkdir(parents=True, exist_ok=True)
    try:
        with (cache / "lock").open("w") as lock:  # files of tests run side by side
            fcntl.flock(lock, fcntl.LOCK_EX)
            kernel, busybox = _kernel(cache)
            return Parts(rootfs(cache), kernel, busybox, _wheels(cache))
    except (ImageError, OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", "") or "").strip().splitlines()[-6:]
        raise NoGuest("\n  ".join([str(error), *said])) from error


@functools.cache
def _archive(cache: Path) -> Archive:
    return Archive(cache / "apt")


def _small(cache: Path) -> Path:
    listed = " ".join((SUITE, *SMALL, *NOT_MISSED, *APPLETS, *SMALL_LEFT_OUT, *USERS.values()))
    done = cache / f"small-{hashlib.sha256(listed.encode()).hexdigest()[:16]}.tar"
    if not done.exists():
        made = done.with_suffix(".new")
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            debs, tree = Path(scratch, "debs"), Path(scratch, "tree")
            packages = _archive(cache).resolve(SMALL, essential=False, without=NOT_MISSED)
            _archive(cache).fetch(packages, debs)
            for package in sorted(packages, key=lambda one: one.name != "base-files"):  # /bin is a link that it brings
                _run(["dpkg-deb", "-x", str(file_of(package, debs)), str(tree)])
            for applet in APPLETS:
                (tree / "usr" / "bin" / applet).symlink_to("busybox")
            for name, text in USERS.items():
                (tree / "etc" / name).write_text(text)
            _run(["tar", "cf", str(made), *(f"--exclude=.{path}" for path in SMALL_LEFT_OUT), "-C", str(tree), "."])
        made.rename(done)
    return done


def _rootfs(cache: Path) -> Path:
    listed = " ".join((SUITE, *PACKAGES, *LEFT_OUT))
    done = cache / f"root-{hashlib.sha256(listed.encode()).hexdigest()[:16]}.tar"
    if not done.exists():
        made = done.with_suffix(".new")
        main, security = archives()
        command = ["nice", "-n", "10", "mmdebstrap", "--architectures=arm64", "--variant=minbase", "--format=tar"]
        command += ["--skip=cleanup/reproducible", f"--include={','.join(PACKAGES)}"]
        command += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
        sources = [f"deb {main} {SUITE} main", f"deb {security} {SUITE}-security main"]
        with _foreign_programs():
            _run([*command, f"--keyring={KEYRING}", SUITE, str(made), *sources])
        made.rename(done)
    return done


@contextmanager
def _foreign_programs() -> Iterator[None]:
    """The kernel runs programs for arm64 through qemu; what was not registered before is not afterwards."""
    if not (BINFMT / "register").exists():
        _run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
    ours = BINFMT / "qemu-aarch64"
    was = ours.exists()
    if not was:
        (BINFMT / "register").write_text(HANDLER.read_text().splitlines()[-1])
    try:
        yield
    finally:
        if not was:
            ours.write_text("-1")


def _kernel(cache: Path) -> tuple[Kernel, Path]:
    folder = cache / "kernel"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "debs").mkdir(parents=True)
        archive = _archive(cache)
        release = next(name for name in archive.depends(KERNEL) if name.startswith("linux-image-"))
        archive.fetch([archive.newest(name) for name in (release, "busybox-static")], folder / "debs")
        for deb in (folder / "debs").glob("*.deb"):
            _run(["dpkg-deb", "-x", str(deb), str(folder)])
        _run(["xz", "-d", *map(str, folder.rglob("*.ko.xz"))])
        (folder / "lib").symlink_to("usr/lib")
        (folder / "done").touch()
    (image,) = (folder / "boot").glob("vmlinuz-*")
    return Kernel(folder, image.name.removeprefix("vmlinuz-")), folder / "usr" / "bin" / "busybox"


def _wheels(cache: Path) -> tuple[Path, ...]:
    """By the versions and hashes of requirements/base.txt, for the guest's Python."""
    lock = (ROOT / "requirements" / "base.txt").read_text()
    found = (re.search(rf"^{name}==.*(?:\n    .*)*", lock, re.MULTILINE) for name in WHEELS)
    wanted = "\n".join(block[0] for block in found if block)
    folder = cache / f"wheels-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    if not (folder / "done").exists():
        folder.mkdir(exist_ok=True)
        (folder / "wanted.txt").write_text(f"{wanted}\n")
        platforms = [f"--platform={tag}_aarch64" for tag in ("manylinux2014", "manylinux_2_28", "manylinux_2_34")]
        pip = [sys.executable, "-m", "pip"] if find_spec("pip") else ["pip"]
        command = [*pip, "download", "-q", "--no-deps", "--only-binary=:all:"]
        command += [*platforms, "--platform=any", f"--python-version={PYTHON}", "--implementation=cp", "--abi=cp313"]
        command += ["--abi=abi3", "--abi=none", "--require-hashes", "-r", str(folder / "wanted.txt"), "-d", str(folder)]
        _run(command)
        (folder / "done").touch()
    wheels = tuple(sorted(folder.glob("*.whl")))
    if len(wheels) != len(WHEELS):
        raise NoGuest(f"{len(wheels)} wheels in place of {len(WHEELS)} in {folder}")
    return wheels


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_S)


def main() -> int:
    try:
        made = small() if sys.argv[1:] == ["small"] else parts()
    except NoGuest as error:
        sys.stderr.write(f"guest: {error}\n")
        return 1
    sys.stdout.write(f"guest: Linux {made.kernel.release}, {made.rootfs.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
