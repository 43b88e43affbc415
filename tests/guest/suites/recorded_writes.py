"""Our own code on file systems of a real kernel, whose writes are recorded outside: selector, floor, journal, shelf.

Nothing is unmounted and nothing is waited for: the guest goes off as it stands.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ota import crash_work

MODULES = ("virtio_blk", "crc32c_generic", "ext4", "nls_cp437", "nls_ascii", "vfat")
WRITE_BACK_S = 7.0
"""After which the kernel has written what nobody synced."""
DISKS = {
    "fat16": ("/dev/vda", "vfat", "iocharset=ascii", crash_work.commit),
    "fat32": ("/dev/vdb", "vfat", "iocharset=ascii", crash_work.commit),
    "usual": ("/dev/vdc", "vfat", "iocharset=ascii", crash_work.commit_the_usual_way),
    "data": ("/dev/vdd", "ext4", "noatime", crash_work.work),
}


@pytest.mark.parametrize("name", DISKS)
def test_it_works(name: str) -> None:
    device, kind, options, work = DISKS[name]
    place = Path("/run/tmp") / name
    place.mkdir()
    subprocess.run(["mount", "-t", kind, "-o", options, device, str(place)], check=True)
    run: Callable[[Path], None] = work
    run(place)


def test_the_rest_is_written_in_its_own_time() -> None:
    time.sleep(WRITE_BACK_S)
    subprocess.run(["sync"], check=True)
