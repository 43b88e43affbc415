"""The child's half of bench/turns.py: does rounds when told, and tells what it holds in memory.

Standard library only, because a peer's environment runs it too, and little of that: what it imports is counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def resident_mb() -> float:
    """What this process holds in memory now, in MB, file pages of its libraries included (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def anonymous_mb() -> float:
    """Of that, pages that no file stands behind: neither code nor mapped weights, in MB (Linux)."""
    rows = (line.split() for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines())
    return sum(int(row[1]) for row in rows if row[0] == "Anonymous:") * 1024 / 1e6


def serve(start: Callable[[], Mapping[str, Callable[[], object]]]) -> int:
    """Make the steps, then answer each line of standard input with one of JSON.

    `round STEP N` does the step N times and tells wall and processor time of each; `memory` tells what is held.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    began_s = time.perf_counter()
    steps = start()
    _answer({"load_s": time.perf_counter() - began_s})
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "memory":
            _answer({"resident_mb": resident_mb(), "anonymous_mb": anonymous_mb()})
        else:
            _answer(_timed(steps[rest[0]], int(rest[1])))
    return 0


def _timed(step: Callable[[], object], count: int) -> dict[str, Any]:
    wall, processor = [], []
    for _ in range(count):
        began, worked = time.perf_counter(), time.process_time()
        step()
        wall.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - worked) * 1000)
    return {"wall_ms": wall, "cpu_ms": processor}


def _answer(what: Mapping[str, Any]) -> None:
    sys.__stdout__.write(json.dumps(what) + "\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]
