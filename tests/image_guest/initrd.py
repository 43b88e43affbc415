"""The first root of the guest: finds the slot that the firmware named, mounts it read-only, and hands over."""

from __future__ import annotations

import gzip
from pathlib import Path

from scripts.guest_kernel import Kernel
from tests.guest.guest import archive

MODULES = (
    "virtio_blk", "virtio_net", "virtio_rng", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1",
    "loop", "squashfs", "dm_mod", "dm_verity", "nbd", "sha2_ce",
)  # fmt: skip
UP = "GUEST-UP"
LOST = "GUEST-NO-ROOT"
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /dev /newroot
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in /lib/*.ko; do $b insmod $module; done
cell() { $b tail -c 1 /proc/device-tree/chosen/bootloader/$1 | $b od -An -tu1 | $b tr -d ' '; }
slot=4; [ "$(cell partition)" = 3 ] && slot=5
echo "UP partition=$(cell partition) tryboot=$(cell tryboot)"
$b ip link set lo up
$b ip link set eth0 up
$b ip addr add 10.0.2.15/24 dev eth0
n=0; while [ ! -b /dev/vda$slot ] && [ $n -lt 50 ]; do $b sleep 0.1; n=$((n+1)); done
$b mount -t ext4 -o ro /dev/vda$slot /newroot || { echo LOST; $b reboot -f; }
init=$($b sed -n 's/.*landfall.init=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
$b mount --move /dev /newroot/dev
$b mount --move /proc /newroot/proc
$b mount --move /sys /newroot/sys
exec $b switch_root /newroot ${init:-/sbin/init}
"""


def build(kernel: Kernel, busybox: Path) -> bytes:
    """Compressed; the same parts give the same bytes."""
    modules = kernel.with_dependencies(MODULES)
    files = {f"lib/{number:02}-{path.name}": (0o100644, path.read_bytes()) for number, path in enumerate(modules)}
    files["bin/busybox"] = (0o100755, busybox.read_bytes())
    files["init"] = (0o100755, INIT.replace("UP ", f"{UP} ").replace("LOST", LOST).encode())
    return gzip.compress(archive(files), compresslevel=1, mtime=0)
