"""The original network run by dlib itself, built on the spot from original.cpp and Debian's libdlib-dev."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = Path(__file__).with_name("original.cpp")
SIDE, VALUES = 150, 128
COMPILE = ("g++", "-std=c++14", "-O3", "-march=native", "-DNDEBUG")

Chips = NDArray[np.uint8]
Embeddings = NDArray[np.float32]


class OriginalFailed(Exception):
    """The program does not build (is libdlib-dev there?) or refuses its input; the text is its last words."""


class Original:
    """dlib's network over one weights file."""

    def __init__(self, folder: Path, weights: Path) -> None:
        """Builds the program in `folder` unless it is there and newer than its source. Raises `OriginalFailed`."""
        self._folder, self._weights = folder, weights
        self._program = folder / "original"
        if not (self._program.is_file() and self._program.stat().st_mtime > SOURCE.stat().st_mtime):
            _run([*COMPILE, "-o", str(self._program), str(SOURCE), "-ldlib", "-lpthread"])

    def xml(self) -> Path:
        """All layers with all their values."""
        path = self._folder / "net.xml"
        if not path.is_file():
            _run([str(self._program), "xml", str(self._weights), str(path)])
        return path

    def embed(self, chips: Chips) -> tuple[Embeddings, float]:
        """n x 150 x 150 x 3 RGB to n x 128, and the median processor milliseconds of one chip."""
        if chips.shape[1:] != (SIDE, SIDE, 3) or chips.dtype != np.uint8:
            raise ValueError(f"chips are n x {SIDE} x {SIDE} x 3 uint8, not {chips.shape} {chips.dtype}")
        given, made = self._folder / "chips.raw", self._folder / "embeddings.raw"
        given.write_bytes(np.ascontiguousarray(chips).tobytes())
        try:
            said = _run([str(self._program), "embed", str(self._weights), str(given), str(made)])
            embeddings = np.fromfile(made, np.float32).reshape(len(chips), VALUES)
        finally:  # chips of photographs do not stay
            given.unlink()
            made.unlink(missing_ok=True)
        return embeddings, float(said)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OriginalFailed(f"{command[0]}: {done.stderr.strip()[-800:]}")
    return done.stdout
