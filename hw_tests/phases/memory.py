"""Memory: how much there is, whether it keeps what is written into it, whether the kernel ever had to end a program."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from hw_tests.board import text
from hw_tests.record import Expected, Limits
from hw_tests.runner import Log, Phase

BOARD = "replace the board"
EXPECTS = (
    Expected("total_MiB", "MiB", Limits(1800), "memory the kernel has", "this product wants a board of 2 GB or more"),
    Expected("wrong_bytes", "", Limits(0, 0), "bytes that came back other than four patterns had been written", BOARD),
    Expected(
        "ended_programs", "", Limits(0, 0), "programs ended for want of memory since start", "send a support bundle"
    ),
)
PATTERNS = (0x00, 0xFF, 0x55, 0xAA)


def measure(log: Log) -> None:
    log.measure_or("total_MiB", _total_mib(text(log.station.root, "proc/meminfo") or ""), "the kernel does not tell it")
    field = np.empty(log.station.pace.memory_mib << 20, np.uint8)
    wrong = 0
    for pattern in PATTERNS:
        log.left.check("person")
        field[:] = pattern
        wrong += wrong_bytes(field, pattern)
    log.measure("wrong_bytes", wrong)
    ended = re.search(r"^oom_kill (\d+)$", text(log.station.root, "proc/vmstat") or "", re.MULTILINE)
    log.measure_or("ended_programs", float(ended[1]) if ended else None, "this kernel does not count them")


def wrong_bytes(field: NDArray[np.uint8], pattern: int) -> int:
    return int(np.count_nonzero(field != pattern))


def _total_mib(meminfo: str) -> float | None:
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found[1]) / 1024 if found else None


PHASES = (Phase("memory", EXPECTS, measure),)
