"""Two programs measured in one run: each in a child of its own, on the same processor, a round of each in turn.

Standard library only, because a peer's environment runs the child's half of it too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 300.0


def resident_mb() -> float:
    """What this process holds in memory now, in MB, file pages of its libraries included (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def anonymous_mb() -> float:
    """Of that, pages that no file stands behind: neither code nor mapped weights, in MB (Linux)."""
    rows = (line.split() for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines())
    return sum(int(row[1]) for row in rows if row[0] == "Anonymous:") * 1024 / 1e6


def serve(start: Callable[[], Mapping[str, Callable[[], object]]]) -> int:
    """The child's half: make the steps, then answer each line of standard input with one of JSON.

    `round STEP N` does the step N times and tells wall and processor time of each; `memory` tells what is held.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    before_mb, began_s = resident_mb(), time.perf_counter()
    steps = start()
    loaded = {"load_s": time.perf_counter() - began_s, "start_mb": before_mb, "loaded_mb": resident_mb()}
    _answer(loaded)
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


class Child:
    """The parent's half: one program that does rounds when told."""

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it and waits until it is loaded. Raises `RuntimeError` with its last words when it ends instead."""
        # its words go into a file and no pipe: a talkative child would wait for a reader
        self._words = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the child)
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, text=True
        )
        try:
            self.loaded = self._next()
        except BaseException:
            self.close()
            raise

    def ask(self, words: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        return self._next()

    def close(self) -> None:
        """Ends the child; safe to call twice."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._process.stdout.close()
        self._words.close()

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._words.seek(0)
            raise RuntimeError(self._words.read()[-1500:])
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer
