"""The synthetic lines on disk, in shards made from their own seeds, so that any machine makes the same ones."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.vision.mrz_strip import ALPHABET, BLANK, HEIGHT_PX, WIDTH_PX
from training.mrz.generate import Press, PrintedLine, printed_line
from training.mrz.grammar import random_line

SHARD_LINES = 2048
LONGEST = 44
STEPS = 160
REACH = (
    0.22  # of the pitch, to both sides of a character's middle: the steps centred there see it, those between do not
)


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """`strips`: n x HEIGHT_PX x WIDTH_PX grey. `classes`: n x LONGEST, padded with -1.

    `places`: n x STEPS, the class that stands at each step of the net's output, BLANK between characters.
    """

    strips: NDArray[np.uint8]
    classes: NDArray[np.int8]
    places: NDArray[np.int8]

    def text(self, at: int) -> str:
        return "".join(ALPHABET[c] for c in self.classes[at] if c >= 0)


def make_lines(press: Press, seed: int, count: int) -> Lines:
    """The first `count` lines of a seed."""
    rng = np.random.default_rng(seed)
    strips = np.empty((count, HEIGHT_PX, WIDTH_PX), np.uint8)
    classes = np.full((count, LONGEST), -1, np.int8)
    places = np.full((count, STEPS), BLANK, np.int8)
    for at in range(count):
        line = printed_line(rng, press, random_line(rng))
        strips[at] = line.strip
        classes[at, : len(line.text)] = [ALPHABET.index(char) for char in line.text]
        _place(line, places[at])
    return Lines(strips, classes, places)


def _place(line: PrintedLine, row: NDArray[np.int8]) -> None:
    steps = line.centres_px * STEPS / WIDTH_PX
    reach = REACH * (steps[-1] - steps[0]) / (len(steps) - 1)
    for char, middle in zip(line.text, steps, strict=True):
        first, last = int(np.ceil(middle - reach - 0.5)), int(np.floor(middle + reach - 0.5))
        row[max(0, first) : max(0, last + 1)] = ALPHABET.index(char)


def write_shards(folder: Path, count: int) -> None:
    """Make the shards that are missing, in order. Run it beside the training, which waits for what it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    press = Press.of(0)
    for number in range(count):
        path = shard_path(folder, number)
        if path.is_file():
            continue
        lines = make_lines(press, number, SHARD_LINES)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez(file, strips=lines.strips, classes=lines.classes, places=lines.places)
        unfinished.replace(path)


def read_shard(folder: Path, number: int, patience_s: float = 1800.0) -> Lines:
    """One shard, waiting until it is made. Raises `TimeoutError`."""
    path = shard_path(folder, number)
    ends_s = time.monotonic() + patience_s
    while not path.is_file():
        if time.monotonic() > ends_s:
            raise TimeoutError(f"{path} was not made in {patience_s:.0f} s")
        time.sleep(1.0)
    with np.load(path) as held:
        return Lines(held["strips"], held["classes"], held["places"])


def shard_path(folder: Path, number: int) -> Path:
    return folder / f"{number:04d}.npz"
