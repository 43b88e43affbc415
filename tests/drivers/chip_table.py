"""What was tried with chips, written down from a run: `python -m tests.drivers.chip_table`.

Renews docs/chip-methods.md from what passed, and leaves every cell with its seconds in artefacts/chip/methods.json.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from drivers.errors import DeviceError
from drivers.passport_reader.curves import BY_NUMBER
from simulators.pcscd import Pcscd
from tests.border.documents import openssl
from tests.drivers.chip_faults import FAULTS, Fault
from tests.drivers.chip_methods import CA, EXAMPLE, PACE_METHODS, PEERS, Bench, Cell, Reader, cells

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "chip-methods.md"
RECORD = ROOT / "artefacts" / "chip" / "methods.json"
BLOCK = re.compile(r"(<!-- run: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
ON_CURVES = (*PACE_METHODS, CA)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _peers(passed: Iterable[Cell]) -> str:
    return _table(("peer", "what it is"), ((peer, PEERS[peer]) for peer in PEERS if peer in {c.peer for c in passed}))


def _curves(passed: Iterable[Cell]) -> str:
    """How many of the ciphers passed, by peer."""
    done = list(passed)

    def told(curve: str, method: str) -> str:
        counts = {
            peer: len({cell.with_ for cell in done if (cell.method, cell.on, cell.peer) == (method, curve, peer)})
            for peer in PEERS
        }
        return ", ".join(f"{peer} {count}" for peer, count in counts.items() if count and peer != EXAMPLE)

    names = [curve.name for curve in BY_NUMBER.values()]
    return _table(("curve", *ON_CURVES), ((name, *(told(name, method) for method in ON_CURVES)) for name in names))


def _others(passed: Iterable[Cell]) -> str:
    """Everything that does not run over curves and ciphers: each method with its keys, and what passed with each."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for cell in passed:
        if cell.method not in ON_CURVES or cell.peer == EXAMPLE:
            rows.setdefault((cell.method, cell.on, cell.peer), []).append(cell.with_)
    told = ((method, on, ", ".join(which), peer) for (method, on, peer), which in rows.items())
    return _table(("method", "key", "cipher, hash or scheme", "beside"), told)


def _faults(_passed: Iterable[Cell]) -> str:
    return _table(("what is wrong", "what is found", "assurance"), (_fault(fault) for fault in FAULTS))


def _fault(fault: Fault) -> tuple[str, str, str]:
    if fault.word is not None:
        return fault.name, f"`{fault.word}`, nothing to judge", ""
    found = [f"`{word}`" + (f" {about}" if about else "") for word, about in fault.reasons]
    return fault.name, "; ".join(found) or "nothing", str(fault.assurance.name).lower()


BLOCKS: Mapping[str, Callable[[Iterable[Cell]], str]] = {
    "peers": _peers,
    "curves": _curves,
    "others": _others,
    "faults": _faults,
}


def renewed(text: str, passed: Iterable[Cell]) -> str:
    """The document with its tables made of these cells."""
    done = list(passed)
    return BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]](done)}{found[3]}", text)


def main() -> int:
    """Run every cell and every fault; what does not pass is named and left out. 1: something did not pass."""
    with tempfile.TemporaryDirectory(prefix="landfall-chips-") as folder:
        pcscd = Pcscd(Path(folder) / "pcscd")
        os.environ["PCSCLITE_CSOCK_NAME"] = pcscd.socket
        reader = Reader(pcscd.slots[0])
        try:
            took_s = _timed(Bench(Path(folder), reader))
        finally:
            reader.close()
            pcscd.close()
    failed = [cell.name for cell, took in took_s.items() if took is None] + [
        fault.name for fault in FAULTS if not _passes(fault.run)
    ]
    passed = [cell for cell, took in took_s.items() if took is not None]
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8"), passed), encoding="utf-8")
    rows = [{"method": c.method, "on": c.on, "with": c.with_, "peer": c.peer, "s": took_s[c]} for c in passed]
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    RECORD.write_text(json.dumps({"openssl": openssl.version(), "cells": rows, "failed": failed}, indent=1) + "\n")
    sys.stdout.write(f"{len(passed)} cells and {len(FAULTS)} faults run, failed: {failed or 'none'}\n")
    return 1 if failed else 0


def _timed(bench: Bench) -> dict[Cell, float | None]:
    """Seconds of each cell; None: it did not pass."""
    took: dict[Cell, float | None] = {}
    for cell, run in cells().items():
        begun_s = time.monotonic()
        passed = _passes(partial(run, bench))
        took[cell] = round(time.monotonic() - begun_s, 3) if passed else None
    return took


def _passes(run: Callable[[], None]) -> bool:
    try:
        run()
    except (AssertionError, DeviceError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
