"""What the finished net reads: unseen synthetic lines, and whole synthetic pages through the kiosk's own reader."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from appliance.vision.model import Model
from appliance.vision.mrz_decode import Seen, characters, decode
from appliance.vision.mrz_reader import PageReader
from appliance.vision.mrz_strip import ALPHABET, normalised
from border.documents.repair import UNREAD
from training.mrz.generate import Press, printed_line
from training.mrz.grammar import random_line
from training.mrz.judge import judge
from training.mrz.pages import Profile, random_page

TEST_SEED = 910_000  # no training shard comes near it, and no limit of the reader was set on it
TEST_LINES, TEST_PAGES = 1500, 120


@dataclass(frozen=True, slots=True)
class LineScore:
    """`error_rate`: edits per printed character, as the net saw them. `exact`: share of lines without any.

    After the grammar, which marks as unread what the net is not sure of: `ruled` is the share of lines that are right
    in full, `misread` of those that are wrong and mark nothing as unread; the rest say themselves that they are not
    read. `cpu_ms`: processor time of net and grammar, median.
    """

    lines: int
    error_rate: float
    exact: float
    ruled: float
    misread: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class PageScore:
    """Shares of pages.

    `proven`: every check digit verified, repairs included. `right`: proven, and every character is the printed one.
    `wrong`: proven by digits, with a wrong character somewhere, as a rule in a name, which no digit covers.
    `cpu_ms`: processor time per page, median; `slowest_cpu_ms`: of the slowest page, as a rule one without success.
    """

    pages: int
    proven: float
    right: float
    repaired: float
    wrong: float
    cpu_ms: float
    slowest_cpu_ms: float


def score_lines(model: Model, press: Press, count: int = TEST_LINES, seed: int = TEST_SEED) -> LineScore:
    """On lines no training has seen, each by itself, cropped as a locator would; no grammar, nothing repaired."""
    rng = np.random.default_rng(seed)
    edits, printed, exact, ruled, misread, times_s = 0, 0, 0, 0, 0, []
    for _ in range(count):
        line = printed_line(rng, press, random_line(rng))
        began_s = time.process_time()
        seen = characters(model.run(normalised(line.strip)[None, :, :, None])[0][0])
        readings = decode(seen)
        times_s.append(time.process_time() - began_s)
        wrong = distance(free_text(seen), line.text)
        edits, printed, exact = edits + wrong, printed + len(line.text), exact + (wrong == 0)
        text = readings[0].text if readings else UNREAD
        ruled, misread = ruled + (text == line.text), misread + (text != line.text and UNREAD not in text)
    cpu_ms = float(np.median(times_s)) * 1000
    return LineScore(count, edits / printed, exact / count, ruled / count, misread / count, cpu_ms)


def free_text(seen: Seen) -> str:
    """What the net saw, before any grammar."""
    return "".join(ALPHABET[int(best)] for best in seen.shares.argmax(axis=1))


def score_pages(reader: PageReader, press: Press, profile: Profile, count: int = TEST_PAGES) -> PageScore:
    """On whole pages of a profile, all six formats."""
    rows = np.array(list(_pages(reader, press, profile, count)))
    proven, right, repaired, times_s = rows.T
    return PageScore(
        pages=count,
        proven=float(proven.mean()),
        right=float(right.mean()),
        repaired=float(repaired.mean()),
        wrong=float((proven - right).mean()),
        cpu_ms=float(np.median(times_s)) * 1000,
        slowest_cpu_ms=float(times_s.max()) * 1000,
    )


def _pages(
    reader: PageReader, press: Press, profile: Profile, count: int
) -> Iterator[tuple[float, float, float, float]]:
    rng = np.random.default_rng((TEST_SEED, list(Profile).index(profile)))
    for _ in range(count):
        page = random_page(rng, press, profile)
        began_s = time.process_time()
        reading = reader.read(page.pixels)
        took_s = time.process_time() - began_s
        lines, doubts = (reading.lines, dict(reading.alternatives)) if reading else ((), {})
        word = judge(page.lines, lines, doubts)
        yield float(word.is_valid), float(word.is_right), float(word.is_valid and word.is_repaired), took_s


def distance(read: str, printed: str) -> int:
    """Levenshtein: insertions, deletions and substitutions."""
    row = list(range(len(printed) + 1))
    for at, char in enumerate(read, start=1):
        previous, row[0] = row[0], at
        for place, other in enumerate(printed, start=1):
            cost = min(row[place] + 1, row[place - 1] + 1, previous + (char != other))
            previous, row[place] = row[place], cost
    return row[-1]
