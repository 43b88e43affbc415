"""A guest with Debian's kernel under qemu, whose root is this machine's own, read-only: so our environment runs in it.

A suite is one Python file of tests, run by pytest inside the guest as root. It says at its top which modules of the
kernel it wants, in the order in which they are loaded, each with its parameters; what they need is loaded before them:

    MODULES = ("dummy_hcd num=2", "usb_f_acm")
"""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.guest_kernel import Kernel

ROOT = Path(__file__).parent.parent.parent
BASE = ("virtio_ring", "virtio", "virtio_pci", "netfs", "fscache", "9pnet", "9pnet_virtio", "9p", "configfs")
"""What reaches the root; some kernels have some of it built in."""
STATUS = "the suite ended with "
LIMIT_S = 900.0
QEMU = "-M q35 -cpu max -smp 2 -m 1024 -nographic -no-reboot -net none"
PYTEST = "-m pytest -c /dev/null --rootdir . --import-mode=importlib --noconftest -p no:cacheprovider --color=no -vrs"
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /newroot
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
load() {{ /bin/busybox insmod "$@" || echo "guest: cannot load $*"; }}
{base}
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose root /newroot || {{
  echo "guest: no root"; /bin/busybox poweroff -f; }}
/bin/busybox mount -t proc proc /newroot/proc
/bin/busybox mount -t sysfs sysfs /newroot/sys
/bin/busybox mount -t devtmpfs dev /newroot/dev
/bin/busybox mkdir -p /newroot/dev/pts
/bin/busybox mount -t devpts devpts /newroot/dev/pts
/bin/busybox mount -t configfs config /newroot/sys/kernel/config
/bin/busybox mount -t tmpfs run /newroot/run
/bin/busybox mkdir -p /newroot/run/tmp
{modules}
/bin/busybox chroot /newroot {busybox} env -i {environment} {busybox} sh -c {command}
/bin/busybox poweroff -f
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What one run left. `status`: pytest's exit status; None: the guest never came so far."""

    status: int | None
    console: str
    seconds: float


def modules_of(suite: Path) -> tuple[str, ...]:
    """What the suite wants loaded, read and not executed. Raises `ValueError` when it does not say."""
    for node in ast.parse(suite.read_text()).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["MODULES"]:
            return tuple(ast.literal_eval(node.value))
    raise ValueError(f"{suite} names no MODULES")


def run(kernel: Kernel, suite: Path, folder: Path, *, limit_s: float = LIMIT_S, more: Sequence[str] = ()) -> Ended:
    """Boot, run the suite, power off; the pieces that qemu boots lie in `folder`. `more`: what this machine has on top,
    in qemu's words. Raises `NoGuest`."""
    initial = folder / "initrd.gz"
    initial.write_bytes(gzip.compress(archive(_initial_root(kernel, suite)), compresslevel=1))
    command = ["nice", "-n", "10", "qemu-system-x86_64", *QEMU.split(), "-kernel", str(kernel.image)]
    command += ["-initrd", str(initial), "-append", "console=ttyS0 quiet panic=-1 no_timer_check"]
    command += ["-fsdev", "local,path=/,id=root,security_model=none,readonly=on,multidevs=remap"]
    command += ["-device", "virtio-9p-pci,fsdev=root,mount_tag=root", *more]
    began_s = time.monotonic()
    with (folder / "console").open("wb") as console:
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, timeout=limit_s, check=True
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            console.write(str(error).encode())
    said = (folder / "console").read_text(errors="replace").replace("\r\n", "\n")
    found = re.search(re.escape(STATUS) + r"(\d+)", said)
    return Ended(int(found[1]) if found else None, said, time.monotonic() - began_s)


def _initial_root(kernel: Kernel, suite: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of every file of the first root, by path."""
    wanted = modules_of(suite)
    parameters = {words[0].replace("-", "_"): words[1:] for words in (line.split() for line in wanted)}
    base = kernel.with_dependencies(tuple(name for name in BASE if kernel.module(name) is not None))
    more = [path for path in kernel.with_dependencies(tuple(parameters)) if path not in base]
    busybox = shutil.which("busybox")
    assert busybox is not None, "the kernel was found, so busybox is here"
    files = {f"lib/{path.name}": (0o100644, path.read_bytes()) for path in (*base, *more)}
    files["bin/busybox"] = (0o100755, Path(busybox).read_bytes())
    init = INIT.format(
        base="\n".join(f"load /lib/{path.name}" for path in base),
        modules="\n".join(
            " ".join(("load", f"/lib/{path.name}", *parameters.get(path.stem.replace("-", "_"), ()))) for path in more
        ),
        busybox=busybox,
        environment=" ".join(shlex.quote(f"{name}={value}") for name, value in _environment(more).items()),
        command=shlex.quote(f"cd {ROOT} && {sys.executable} {PYTEST} {suite}; echo '{STATUS}'$?"),
    )
    return {**files, "init": (0o100755, init.encode())}


def _environment(modules: Sequence[Path]) -> Mapping[str, str]:
    files = {path.stem.replace("-", "_"): str(path) for path in modules}
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/run",
        "TMPDIR": "/run/tmp",
        "LG_WD": "/run",  # where lgpio writes
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "LANDFALL_GUEST_MODULES": json.dumps(files),
    }


def archive(files: Mapping[str, tuple[int, bytes]]) -> bytes:
    """A cpio archive of the kind `newc`, as the kernel unpacks it, folders first."""
    folders = sorted({str(parent) for name in files for parent in Path(name).parents if parent.name})
    entries: list[tuple[str, int, bytes]] = [(name, 0o040755, b"") for name in (*folders, "dev")]
    entries += [(name, mode, data) for name, (mode, data) in files.items()]
    return b"".join(_entries([*entries, ("TRAILER!!!", 0, b"")]))


def _entries(entries: Sequence[tuple[str, int, bytes]]) -> Iterator[bytes]:
    for number, (name, mode, data) in enumerate(entries, start=1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        yield head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def inside() -> bool:
    """Whether this process runs in a guest of ours."""
    return "LANDFALL_GUEST_MODULES" in os.environ
