"""Whether new nets may be used on this kiosk: cards, hashes, figures, and a small drawn set that they must get right.

    python -m appliance.vision.built_in FOLDER

FOLDER holds the nets of a model bundle with their cards. Run by the update client, with the program that is in use,
before the new nets are; 0: they may. It is no measurement: it tells a net that was spoilt, converted wrongly or given
the wrong card from one that works, on this processor and this runtime.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.vision import face_comparison, face_detection, face_landmarks, mrz_finder, mrz_reader
from appliance.vision.errors import ModelError, ModelUnfit
from appliance.vision.eye_lids import MODEL as LIDS
from appliance.vision.face_comparison import Embedding, distance
from appliance.vision.face_reading import FaceReader, FaceReading
from appliance.vision.finger_quality import NAME as FINGER
from appliance.vision.finger_quality import FingerReader
from appliance.vision.model import Pixels, read_card
from appliance.vision.mrz_reader import PageReader

HERE = Path(__file__).parent / "built_in_set"
TRUTH = "truth.toml"
NETS = (
    face_detection.MODEL,
    face_landmarks.MODEL,
    LIDS,
    face_comparison.MODEL,
    FINGER,
    mrz_finder.NAME,
    mrz_reader.NAME,
)
"""All that a bundle must hold."""
MAX_DISTANCE = 0.55
"""Between two pictures of one drawn head."""
NEARER = 0.8
"""And at most this share of the distance to another head."""
LIDS_APART = 0.5
"""Closed, the gap is at most this share of what it is open."""
PITCH_PPI, SENSOR = 500, "optical"
WRONG = 1


@dataclass(frozen=True, slots=True)
class Score:
    """Of one kind of question."""

    kind: str
    right: float
    of: int
    needed: float

    @property
    def passes(self) -> bool:
        """Never where nothing was asked, or the answer is no number."""
        return self.of > 0 and self.right / self.of >= self.needed

    def __str__(self) -> str:
        return f"{self.kind} {self.right:g} of {self.of}, needed {self.needed * 100:g} %"


def check_cards(folder: Path) -> None:
    """Each net has its card, with figures. Raises `ModelAbsent`, `ModelUnfit`."""
    for name in NETS:
        if not read_card(folder, name).figures:
            raise ModelUnfit(name, "its card tells no figures of a test set")


def judge(folder: Path, built_in: Path = HERE) -> tuple[Score, ...]:
    """All nets, loaded and asked. Raises `ModelAbsent`, `ModelTampered`, `ModelUnfit`; ValueError: a broken set."""
    check_cards(folder)
    truth = tomllib.loads((built_in / TRUTH).read_text(encoding="utf-8"))
    needed: Mapping[str, float] = truth["needed"]
    scores = (_pages(folder, built_in, truth["pages"]), _fingers(folder, built_in, truth["fingers"]))
    counted = {"characters": scores[0], "fingers": scores[1], **_heads(folder, built_in, truth["heads"])}
    return tuple(Score(kind, right, of, needed[kind]) for kind, (right, of) in counted.items())


Counted = tuple[float, int]


def _pages(folder: Path, built_in: Path, pages: list[dict[str, Any]]) -> Counted:
    """Characters, at their places."""
    reader = PageReader.load(models=folder)
    right = of = 0
    for page in pages:
        wanted = "".join(page["lines"])
        reading = reader.read(_picture(built_in / page["file"]))
        found = "".join(reading.lines) if reading else ""
        of += len(wanted)
        right += sum(a == b for a, b in zip(wanted, found, strict=False)) if len(found) == len(wanted) else 0
    return right, of


def _fingers(folder: Path, built_in: Path, rows: list[dict[str, Any]]) -> Counted:
    """Is the good impression judged better than each bad one of the same finger?"""
    reader = FingerReader.load(folder)
    right = of = 0
    for row in rows:
        grey = (cv2.cvtColor(_picture(built_in / name), cv2.COLOR_BGR2GRAY) for name in row["files"])
        values = [reader.assess(np.asarray(one, np.uint8), PITCH_PPI, SENSOR).quality.mapped for one in grey]
        best, others = values[0], values[1:]
        of += len(others)
        right += sum(best is not None and other is not None and best > other for other in others)
    return right, of


def _heads(folder: Path, built_in: Path, rows: list[dict[str, Any]]) -> dict[str, Counted]:
    """Is each head found, alone and straight; do its lids close; is it near itself and far from the others?"""
    reader = FaceReader.load(folder)
    seen = [[reader.read(_picture(built_in / name)) for name in row["files"]] for row in rows]
    asleep = [reader.read(_picture(built_in / row["asleep"])) for row in rows]
    found = [len(reading.faces) == 1 and reading.sighting is not None for readings in seen for reading in readings]
    closed = [_lids(shut) <= LIDS_APART * _lids(readings[0]) for shut, readings in zip(asleep, seen, strict=True)]
    pairs = [_is_nearer(mine, other) for mine, other in permutations(seen, 2)]
    return {
        "heads": (sum(found), len(found)),
        "lids": (sum(closed), len(closed)),
        "pairs": (sum(pairs), len(pairs)),
    }


def _lids(reading: FaceReading) -> float:
    """NaN, which is never right, when nothing was seen."""
    return next((one.native for one in reading.components if one.name == "EyesOpen"), float("nan"))


def _identity(reading: FaceReading) -> Embedding | None:
    return reading.sighting.identity if reading.sighting else None


def _compared(a: FaceReading, b: FaceReading) -> float:
    one, other = _identity(a), _identity(b)
    return float("nan") if one is None or other is None else distance(one, other)


def _is_nearer(mine: list[FaceReading], other: list[FaceReading]) -> bool:
    """Drawn heads are more alike than people are: what counts is who is nearer, by a clear step."""
    own = _compared(mine[0], mine[1])
    return own <= MAX_DISTANCE and own < NEARER * _compared(mine[0], other[0])


def _picture(path: Path) -> Pixels:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path.name} of the built-in set cannot be read")
    return np.asarray(pixels, np.uint8)


def wrongs(folder: Path) -> Iterator[str]:
    """Nothing: they may be used."""
    try:
        yield from (str(score) for score in judge(folder) if not score.passes)
    except ModelError as error:
        yield str(error)


def main(say: Callable[[str], object] = sys.stderr.write) -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance.vision.built_in", description=__doc__)
    parser.add_argument("folder", type=Path, help="of nets and their cards")
    if found := list(wrongs(parser.parse_args().folder)):
        say("; ".join(found) + "\n")
        return WRONG
    return 0


if __name__ == "__main__":
    sys.exit(main())
