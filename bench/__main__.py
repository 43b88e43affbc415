"""`make bench`: every figure, or those named; JSON and a picture of each land in artefacts/bench/.

    python -m bench [--quick] [--vision] [--folder artefacts/bench] [NAME ...]

Each bench is a module with a command line of its own that prints one JSON object last. `--quick` shows only that
all of them run: its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.picture import bars

VISION: tuple[str, ...] = ("vision", "face", "challenge", "face_runtime", "model_set", "mrz", "loop")
"""What `--vision` and `make bench-vision` run: every figure of the eyes."""
BENCHES: tuple[str, ...] = (*VISION, "chip", "finger", "camera", "lane", "outbox", "central", "journey", "ota")
BY_NAME: tuple[str, ...] = ("ota_image",)
"""What wants root and minutes, and runs only when it is named."""
QUICK: dict[str, tuple[str, ...]] = {
    "vision": ("--rounds", "2"),
    "face": ("--rounds", "2"),
    "challenge": ("--meshes", "2", "--frames", "1"),
    "face_runtime": ("--rounds", "1", "--frames", "2"),
    "model_set": ("--rounds", "1"),
    "mrz": ("--pages", "2", "--no-peers"),
    "chip": ("--rounds", "1", "--rates", "848"),
    "finger": ("--rounds", "1", "--modules", "r503", "--no-peers"),
    "camera": ("--frames", "3", "--seconds", "0.5", "--no-picamera"),
    "lane": ("--rounds", "10"),
    "loop": ("--crossings", "1"),
    "outbox": ("--rounds", "1", "--count", "3"),
    "central": ("--encounters", "8", "--rounds", "1"),
    "journey": ("--crossings", "1"),
    "ota": ("--size-mb", "8", "--rounds", "1", "--devices", "3"),
}
FOLDER = Path("artefacts/bench")
LIMIT_S = 3600.0


class Failed(Exception):
    """A bench ended badly or printed no JSON; the text is the end of what it said."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHES)}; default: all. By name alone: {', '.join(BY_NAME)}",
    )
    parser.add_argument("--quick", action="store_true", help="the least of each: does it run?")
    parser.add_argument("--vision", action="store_true", help=f"{', '.join(VISION)}")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in (*BENCHES, *BY_NAME)]
    if unknown:
        parser.error(f"no bench {', '.join(unknown)}")
    chosen.folder.mkdir(parents=True, exist_ok=True)
    names = (*(VISION if chosen.vision else ()), *chosen.names) or BENCHES
    failed = [name for name in names if not _kept(name, chosen.folder, quick=chosen.quick)]
    return 1 if failed else 0


def _kept(name: str, folder: Path, *, quick: bool) -> bool:
    print(f"bench {name} ...", flush=True)
    try:
        result = run(name, QUICK.get(name, ()) if quick else ())
    except Failed as error:
        print(f"bench {name} failed:\n{error}", file=sys.stderr)
        return False
    (folder / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    (folder / f"{name}.svg").write_text(bars(name, result))
    print(json.dumps(result, indent=2))
    return True


def run(name: str, arguments: Sequence[str] = ()) -> dict[str, Any]:
    """One bench in its own process, so that none warms or burdens the next. Raises `Failed`.

    The machine and its load before and after are told beside the figures: on a busy one they mean less.
    """
    before = os.getloadavg()[0]
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"still running after {LIMIT_S:.0f} s") from error
    if done.returncode != 0:
        raise Failed(done.stderr[-2000:])
    machine = {
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(before, 1),
        "load_after": round(os.getloadavg()[0], 1),
    }
    return {**result_in(done.stdout), "bench": name, "machine": machine}


def result_in(said: str) -> dict[str, Any]:
    """The JSON object that ends what a bench said; it begins with a line of one brace. Raises `Failed`."""
    begins = said.rfind("\n{\n") + 1 if not said.startswith("{\n") else 0
    try:
        result = json.loads(said[begins:], parse_constant=_no_number)
    except ValueError as error:
        raise Failed(f"no JSON at the end: {said[-500:]!r}") from error
    if not isinstance(result, dict):
        raise Failed(f"not a JSON object: {said[-500:]!r}")
    return result


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no figure")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
