"""What the reader makes of somebody's own pictures of specimens: every field right, repaired, unread or wrong.

    python -m training.mrz.report FOLDER [--profile photo] [--out report.json]

Layout of the folder, at any depth: `name.jpg` (or .jpeg, .png, .bmp), and beside it `name.txt` with the lines of the
zone as they are printed, two or three of them, fillers included. Pictures without a text beside them are counted and
not judged. Nothing that is read leaves this but counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.vision.mrz_reader import PageReader, Profile
from border.documents.layout import layout_of
from training.mrz.judge import Judgement, judge

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


class SpecimenWrong(Exception):
    """A picture that cannot be opened, or expected lines that are those of no format."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One picture and what its zone says; `()` where nobody wrote it down."""

    path: Path
    lines: tuple[str, ...]


def specimens(folder: Path) -> Iterator[Specimen]:
    """Every picture of a folder, in the order of the names. Raises `SpecimenWrong`."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        beside = path.with_suffix(".txt")
        said = beside.read_text("utf-8").split() if beside.is_file() else ()
        lines = tuple(said)
        if lines and layout_of(lines) is None:
            raise SpecimenWrong(f"{beside}: {[len(line) for line in lines]} characters are the lines of no format")
        yield Specimen(path, lines)


def report(reader: PageReader, folder: Path) -> dict[str, Any]:
    """The figures of a folder: all together, for each format, for each field of it. Raises `SpecimenWrong`."""
    judged, times_ms, unjudged = list[Judgement](), list[float](), 0
    for specimen in specimens(folder):
        pixels = cv2.imread(str(specimen.path))
        if pixels is None:
            raise SpecimenWrong(f"{specimen.path} is no picture")
        began = time.perf_counter()
        reading = reader.read(np.asarray(pixels, np.uint8))
        times_ms.append(1000 * (time.perf_counter() - began))
        if not specimen.lines:
            unjudged += 1
            continue
        lines, doubts = (reading.lines, dict(reading.alternatives)) if reading else ((), {})
        judged.append(judge(specimen.lines, lines, doubts))
    return {
        "pictures": len(times_ms),
        "without_expected_lines": unjudged,
        "median_ms": round(statistics.median(times_ms), 1) if times_ms else None,
        "slowest_ms": round(max(times_ms), 1) if times_ms else None,
        **summed(judged),
        "formats": {name: _of_format(rows) for name, rows in _by_format(judged).items()},
    }


def summed(judged: Sequence[Judgement]) -> dict[str, int]:
    """Counts of pictures, from `judge`."""
    return {
        "judged": len(judged),
        "all_digits_valid": sum(word.has_digits for word in judged),
        "whole_zone_valid": sum(word.is_valid for word in judged),
        "whole_zone_right": sum(word.is_right for word in judged),
        "repaired": sum(word.is_valid and word.is_repaired for word in judged),
        "wrong_but_valid": sum(word.is_wrong_but_valid for word in judged),
    }


def _by_format(judged: Sequence[Judgement]) -> Mapping[str, list[Judgement]]:
    formats: dict[str, list[Judgement]] = {}
    for word in judged:
        formats.setdefault(word.format, []).append(word)
    return formats


def _of_format(judged: Sequence[Judgement]) -> dict[str, Any]:
    fields = {name: Counter(word.fields[name] for word in judged) for name in judged[0].fields}
    return {
        **summed(judged),
        "fields": {
            name: {word.value: count for word, count in sorted(words.items())} for name, words in fields.items()
        },
    }


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--profile", choices=tuple(Profile), default=Profile.PHOTO)
    ask.add_argument("--out", type=Path, default=None, help="write the JSON here as well")
    told = ask.parse_args()
    cv2.setNumThreads(1)
    text = json.dumps(report(PageReader.load(Profile(told.profile)), told.folder), indent=2)
    sys.stdout.write(text + "\n")
    if told.out is not None:
        told.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
