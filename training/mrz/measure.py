"""What the finished net reads: unseen synthetic lines, and whole synthetic pages through the kiosk's own reader."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from appliance.vision.mrz_reader import PageReader
from border.documents.mrz import Accepted, parse
from training.mrz.generate import Press, printed_line
from training.mrz.grammar import random_line
from training.mrz.pages import Profile, random_page

TEST_SEED = 900_000  # no training shard comes near it
TEST_LINES, TEST_PAGES = 1500, 200


@dataclass(frozen=True, slots=True)
class LineScore:
    """`error_rate`: edits per printed character. `exact`: share of lines read without any. `read_ms`: median."""

    lines: int
    error_rate: float
    exact: float
    read_ms: float


@dataclass(frozen=True, slots=True)
class PageScore:
    """Shares of pages.

    `proven`: every check digit verified, repairs included. `right`: proven, and every character is the printed one.
    `wrong`: proven by digits, with a wrong character somewhere, as a rule in a name, which no digit covers.
    """

    pages: int
    proven: float
    right: float
    repaired: float
    wrong: float
    read_ms: float
    slowest_ms: float


def score_lines(reader: PageReader, press: Press, count: int = TEST_LINES, seed: int = TEST_SEED) -> LineScore:
    """On lines no training has seen, each by itself, cropped as a locator would; nothing is repaired."""
    rng = np.random.default_rng(seed)
    edits, characters, exact, times_s = 0, 0, 0, []
    for _ in range(count):
        line = printed_line(rng, press, random_line(rng))
        began_s = time.perf_counter()
        readings = reader.read_line(line.strip)
        times_s.append(time.perf_counter() - began_s)
        wrong = distance(readings[0].text if readings else "", line.text)
        edits, characters, exact = edits + wrong, characters + len(line.text), exact + (wrong == 0)
    return LineScore(count, edits / characters, exact / count, float(np.median(times_s)) * 1000)


def score_pages(reader: PageReader, press: Press, profile: Profile, count: int = TEST_PAGES) -> PageScore:
    """On whole pages of a profile, all five formats."""
    rows = np.array(list(_pages(reader, press, profile, count)))
    proven, right, repaired, times_s = rows.T
    return PageScore(
        pages=count,
        proven=float(proven.mean()),
        right=float(right.mean()),
        repaired=float(repaired.mean()),
        wrong=float((proven - right).mean()),
        read_ms=float(np.median(times_s)) * 1000,
        slowest_ms=float(times_s.max()) * 1000,
    )


def _pages(reader: PageReader, press: Press, profile: Profile, count: int) -> Iterator[tuple[float, float, float, float]]:
    rng = np.random.default_rng((TEST_SEED, list(Profile).index(profile)))
    for _ in range(count):
        page = random_page(rng, press, profile)
        began_s = time.perf_counter()
        reading = reader.read(page.pixels)
        took_s = time.perf_counter() - began_s
        if reading is None or not reading.is_proven:
            yield 0.0, 0.0, 0.0, took_s
            continue
        judged = parse(reading.lines, dict(reading.alternatives))
        assert isinstance(judged, Accepted)
        yield 1.0, float(judged.lines == page.lines), float(bool(judged.mrz.repairs)), took_s


def distance(read: str, printed: str) -> int:
    """Levenshtein: insertions, deletions and substitutions."""
    row = list(range(len(printed) + 1))
    for at, char in enumerate(read, start=1):
        previous, row[0] = row[0], at
        for place, other in enumerate(printed, start=1):
            cost = min(row[place] + 1, row[place - 1] + 1, previous + (char != other))
            previous, row[place] = row[place], cost
    return row[-1]
