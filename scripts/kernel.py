"""Builds what the face path does in C, for this processor and, where there is a compiler for it, for the board's.

    python scripts/kernel.py

Does nothing when it is newer than its source. Standard library only, so that it runs before anything is installed.
The same source and compiler give the same bytes. What is built lies beside its source, and so in bundle and image.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

VISION = Path(__file__).resolve().parent.parent / "appliance" / "vision"
SOURCE = VISION / "picture.c"
BOARD = "aarch64"
WORDS = (
    "-O3",
    "-std=c11",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-tree-loop-distribute-patterns",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostdlib",
    "-shared",
    "-fPIC",
    "-s",
    "-Wl,--build-id=none",
)


def built(machine: str) -> Path:
    """Where appliance/vision/picture.py looks for it."""
    return VISION / f"picture-{machine}.so"


def compilers(own: str) -> dict[str, str]:
    """A compiler for each machine; the board's only where it is installed."""
    found = {own: shutil.which("gcc"), BOARD: shutil.which(f"{BOARD}-linux-gnu-gcc" if own != BOARD else "gcc")}
    return {machine: compiler for machine, compiler in found.items() if compiler}


def build(compiler: str, into: Path) -> None:
    """Whole or not at all. Raises `CalledProcessError`; what the compiler says is seen."""
    beside = into.with_name(f".{into.name}.{os.getpid()}")
    try:
        subprocess.run([compiler, *WORDS, "-o", str(beside), str(SOURCE)], check=True)
        beside.replace(into)
    finally:
        beside.unlink(missing_ok=True)


def main() -> int:
    for machine, compiler in compilers(platform.machine()).items():
        into = built(machine)
        if not into.exists() or into.stat().st_mtime < SOURCE.stat().st_mtime:
            build(compiler, into)
    return 0


if __name__ == "__main__":
    sys.exit(main())
