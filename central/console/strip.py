"""A kiosk's sequence as one line of cells: stored, incomplete, missing, refused, broken, or not sent yet."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from central.fleet import KioskView
from central.sequence import Span

CELLS = 240


class CellState(StrEnum):
    """From harmless to grave; a cell that covers several numbers shows the gravest."""

    STORED = "stored"
    WAITING = "waiting"  # the kiosk says it has given this number, and nothing after it has come either
    INCOMPLETE = "incomplete"
    MISSING = "missing"
    REFUSED = "refused"
    BROKEN = "broken"


GRAVITY = {state: number for number, state in enumerate(CellState)}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells that say the same. `start` and `width` in cells; `first` and `last` are sequence numbers."""

    state: CellState
    start: int
    width: int
    first: int
    last: int


def strip(view: KioskView) -> list[Run]:
    """At most CELLS cells from number 1 to the last known; empty for a kiosk without records."""
    last = view.last_known
    cells = min(last, CELLS)
    edges = [last * cell // cells for cell in range(cells + 1)] if cells else []
    tests = _tests(view)
    runs: list[Run] = []
    for cell in range(cells):
        span = Span(edges[cell] + 1, edges[cell + 1])
        state = next((state for state, holds in tests if holds(span)), CellState.STORED)
        if runs and runs[-1].state is state:
            old = runs[-1]
            runs[-1] = Run(state, old.start, old.width + 1, old.first, span.last)
        else:
            runs.append(Run(state, cell, 1, span.first, span.last))
    return runs


class _Touches:
    """Whether a span holds any number of sorted spans that share none."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._lasts = [span.last for span in spans]
        self._firsts = [span.first for span in spans]

    def __call__(self, span: Span) -> bool:
        index = bisect_left(self._lasts, span.first)
        return index < len(self._firsts) and self._firsts[index] <= span.last


def _tests(view: KioskView) -> list[tuple[CellState, _Touches]]:
    """What makes a cell what it is, gravest first."""
    waiting = [Span(view.last_here + 1, view.last_known)] if view.last_known > view.last_here else []
    spans = {
        CellState.BROKEN: _single(view.chain_breaks),
        CellState.REFUSED: _single(view.refused),
        CellState.MISSING: [gap.span for gap in view.gaps],
        CellState.INCOMPLETE: _single(view.incomplete),
        CellState.WAITING: waiting,
    }
    return [(state, _Touches(spans[state])) for state in sorted(spans, key=GRAVITY.__getitem__, reverse=True)]


def _single(seqs: Sequence[int]) -> list[Span]:
    return [Span(seq, seq) for seq in sorted(seqs)]
