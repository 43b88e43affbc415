"""Reading the machine readable zone of whole pages: ours, PassportEye and tesseract on the same pictures.

    python -m bench.mrz [--pages 25] [--no-peers] [--out artefacts/bench-mrz.json]

Pages of both profiles of the issue are drawn with a seed of their own and kept in a folder that goes away. One judge
judges every reading: its digits are valid when each one that the format has is verified, the reading is valid when no
other character is marked as unread either, and wrong but valid when it is valid and yet not what is printed.

Times are those of the reading alone, picture already decoded for ours and read from its file by the peers; one thread
each. `cpu` is processor time, that of the programs a peer starts included: on a busy machine it says more than the
clock, so the ratios are made of it. The peers live in an environment of their own (requirements/bench-mrz.txt) and
need Debian's tesseract-ocr; without it they are left out and it is said why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from appliance.vision.mrz_reader import PageReader
from border.documents.mrz import Doubts
from training.mrz.generate import Press
from training.mrz.judge import judge
from training.mrz.pages import Page, Profile, random_page

SEED = 330_000  # neither training, nor the choice of a limit, nor the card has seen it
PROFILES = (Profile.CRADLE, Profile.HANDHELD)
ENVIRONMENT, REQUIREMENTS = Path(".cache/bench-mrz"), Path("requirements/bench-mrz.txt")
PEERS = ("passporteye", "tesseract")
LIMIT_S = 1500.0
NOTHING: Doubts = {}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One page as one reader read it."""

    has_digits: bool  # every check digit verified, a character that none covers may be marked as unread
    is_valid: bool  # and none is
    is_wrong: bool  # valid and yet not what is printed
    is_repaired: bool
    seconds: float
    cpu_seconds: float


def pages(profile: Profile, count: int) -> list[Page]:
    """The same pages every time. Raises `training.mrz.glyphs.FontsMissing`."""
    rng = np.random.default_rng((SEED, list(Profile).index(profile)))
    press = Press.of(SEED)
    return [random_page(rng, press, profile) for _ in range(count)]


def ours(reader: PageReader, drawn: Sequence[Page]) -> list[Outcome]:
    reader.read(drawn[0].pixels)  # the first one warms caches and pools
    return [_ours(reader, page) for page in drawn]


def _ours(reader: PageReader, page: Page) -> Outcome:
    began, began_cpu = time.perf_counter(), time.process_time()
    reading = reader.read(page.pixels)
    took = time.perf_counter() - began, time.process_time() - began_cpu
    lines, doubts = (reading.lines, dict(reading.alternatives)) if reading else ((), NOTHING)
    return _judged(page, lines, doubts, took)


def peer(name: str, python: Path, drawn: Sequence[Page], folder: Path) -> list[Outcome]:
    """What a peer reads from the same pictures, in its own process. Raises `subprocess.SubprocessError`."""
    for number, page in enumerate(drawn):
        cv2.imwrite(str(folder / f"{number:04d}.png"), page.pixels)
    script = Path(__file__).with_name("mrz_peers.py")
    done = subprocess.run(
        [str(python), str(script), name, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
        env={**os.environ, "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"},
    )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [
        _judged(page, told["lines"], NOTHING, (told["seconds"], told["cpu_seconds"]))
        for page, told in zip(drawn, said, strict=True)
    ]


def _judged(page: Page, lines: Iterable[str], doubts: Doubts, took: tuple[float, float]) -> Outcome:
    word = judge(page.lines, tuple(lines), doubts)
    return Outcome(word.has_digits, word.is_valid, word.is_wrong_but_valid, word.is_valid and word.is_repaired, *took)


def summed(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares in percent of the pages; milliseconds."""
    times_ms = [1000 * outcome.seconds for outcome in outcomes]
    cpu_ms = [1000 * outcome.cpu_seconds for outcome in outcomes]
    return {
        "pages": len(outcomes),
        "digits_valid_percent": _percent([outcome.has_digits for outcome in outcomes]),
        "valid_percent": _percent([outcome.is_valid for outcome in outcomes]),
        "wrong_but_valid_percent": _percent([outcome.is_wrong for outcome in outcomes]),
        "repaired_percent": _percent([outcome.is_repaired for outcome in outcomes]),
        "median_ms": round(statistics.median(times_ms), 1),
        "slowest_ms": round(max(times_ms), 1),
        "median_cpu_ms": round(statistics.median(cpu_ms), 1),
        "slowest_cpu_ms": round(max(cpu_ms), 1),
    }


def _percent(words: Sequence[bool]) -> float:
    return round(100 * sum(words) / len(words), 1)


def environment() -> tuple[Path | None, str]:
    """The peers' interpreter, made when it is not there, and the reason when it cannot be had."""
    if shutil.which("tesseract") is None:
        return None, "tesseract is not installed: apt-get install tesseract-ocr"
    python, done = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "installed"
    if not done.is_file():
        steps = (
            [sys.executable, "-m", "venv", str(ENVIRONMENT)],
            [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(REQUIREMENTS)],
        )
        for step in steps:
            made = subprocess.run(step, capture_output=True, text=True, check=False)
            if made.returncode:
                return None, f"the peers could not be installed: {made.stderr[-300:]}"
        done.touch()
    return python, ""


def ratios(readers: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """How many times as much processor time as ours each peer takes, by the medians."""
    return {
        f"{name}_over_ours_ratio": round(readers[name]["median_cpu_ms"] / readers["ours"]["median_cpu_ms"], 1)
        for name in PEERS
        if name in readers
    }


def measure(count: int, python: Path | None) -> dict[str, Any]:
    """Per profile, per reader, on the same pages."""
    reader, result = PageReader.load(), dict[str, Any]()
    for profile in PROFILES:
        drawn = pages(profile, count)
        readers = {"ours": summed(ours(reader, drawn))}
        for name in PEERS if python is not None else ():
            assert python is not None
            with tempfile.TemporaryDirectory() as folder:
                readers[name] = summed(peer(name, python, drawn, Path(folder)))
        result[profile.value] = {**readers, **ratios(readers)}
    return result


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--pages", type=int, default=25, help="of each profile")
    ask.add_argument("--no-peers", action="store_true")
    ask.add_argument("--out", type=Path, default=None, help="write the JSON here as well")
    told = ask.parse_args()
    cv2.setNumThreads(1)
    python, reason = (None, "left out as asked") if told.no_peers else environment()
    report = {
        "bench": "mrz",
        "machine": {"processor": platform.machine(), "python": platform.python_version()},
        "peer": "PassportEye 2.2.2 and tesseract (English, whole page as one block), one thread each",
        "peers_left_out": reason,
        "profiles": measure(told.pages, python),
    }
    text = json.dumps(report, indent=2)
    print(text)
    if told.out is not None:
        told.out.parent.mkdir(parents=True, exist_ok=True)
        told.out.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
