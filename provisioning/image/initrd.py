"""The first root: finds the slot that the firmware named, mounts it read-only, and hands over. Packed on the host."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Mapping, Sequence
from pathlib import Path

from provisioning.image.debian import ImageError

FILE, FOLDER = 0o100000, 0o040000
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs dev /dev
for module in $($b cat /modules); do $b insmod $module 2>/dev/null; done
# the firmware names the partition it booted from; the root of the same slot stands beside it
last() { $b tail -c 1 "$1" 2>/dev/null | $b od -An -tu1 | $b tr -d ' '; }
name=root_a
[ "$(last /proc/device-tree/chosen/bootloader/partition)" = 3 ] && name=root_b
found() {
  for told in /sys/class/block/*/uevent; do $b grep -q "^PARTNAME=$name$" $told && $b basename $($b dirname $told); done
}
tries=0
while [ -z "$(found)" ] && [ $tries -lt 100 ]; do $b sleep 0.1; tries=$((tries + 1)); done
disk=$(found | $b head -n 1)
# a slot that cannot be mounted is left at once: the firmware takes the other one
$b mount -t ext4 -o ro "/dev/$disk" /slot || {
  echo "LANDFALL: no root file system in $name" >/dev/console
  $b sleep 3
  $b reboot -f
}
for folder in dev proc sys; do $b mount --move /$folder /slot/$folder; done
exec $b switch_root /slot /sbin/init
"""


def with_dependencies(modules: Path, names: Sequence[str]) -> list[Path]:
    """Files to load, each after those that it needs. `modules`: /lib/modules/RELEASE after depmod.

    Raises `ImageError` for a name that is neither a module nor built in.
    """
    needs = dict(line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines())
    paths = {_stem(path): path for path in needs}
    builtin = {_stem(line) for line in (modules / "modules.builtin").read_text().splitlines()}
    order: dict[str, None] = {}
    for name in (name.replace("-", "_") for name in names):
        if name in builtin:
            continue
        if name not in paths:
            raise ImageError(f"the kernel has no module {name}; correct layers/board/initrd-modules")
        order.update(dict.fromkeys([*reversed(needs[paths[name]].split()), paths[name]]))
    return [modules / path for path in order]


def build(modules: Path, names: Sequence[str], busybox: Path) -> bytes:
    """Compressed; the same parts give the same bytes."""
    loaded = [(f"lib/{_stem(str(path))}.ko", _unpacked(path)) for path in with_dependencies(modules, names)]
    files = {
        "bin/busybox": (0o755, busybox.read_bytes()),
        "init": (0o755, INIT.encode()),
        "modules": (0o644, "".join(f"/{name}\n" for name, _ in loaded).encode()),
        **{name: (0o644, data) for name, data in loaded},
    }
    return gzip.compress(archive(("bin", "dev", "lib", "proc", "slot", "sys"), files), compresslevel=6, mtime=0)


def archive(folders: Sequence[str], files: Mapping[str, tuple[int, bytes]]) -> bytes:
    """A cpio archive as the kernel reads it (newc): names, permissions, bytes; owned by root, of no time."""
    entries = [(name, FOLDER | 0o755, b"") for name in folders]
    entries += [(name, FILE | mode, data) for name, (mode, data) in files.items()]
    packed = [_entry(number, *entry) for number, entry in enumerate(entries, start=1)]
    return b"".join([*packed, _entry(0, "TRAILER!!!", 0, b"")])


def _entry(number: int, name: str, mode: int, data: bytes) -> bytes:
    words = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + "".join(f"{word:08x}" for word in words).encode() + name.encode() + b"\0"
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].partition(".ko")[0].replace("-", "_")


def _unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data
