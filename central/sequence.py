"""Which sequence numbers of a kiosk are here and which are missing, as closed spans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`first` to `last`, both included; 1 is the first number a kiosk gives."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last:
            raise ValueError(f"no span from {self.first} to {self.last}")

    def __len__(self) -> int:
        return self.last - self.first + 1


def merged(spans: Iterable[Span], seqs: Iterable[int] = ()) -> tuple[Span, ...]:
    """The fewest spans that hold all of these, in order; neighbours become one."""
    result: list[Span] = []
    for span in sorted([*spans, *(Span(seq, seq) for seq in seqs)]):
        if result and span.first <= result[-1].last + 1:
            result[-1] = Span(result[-1].first, max(result[-1].last, span.last))
        else:
            result.append(span)
    return tuple(result)


def missing(spans: Iterable[Span], last: int) -> tuple[Span, ...]:
    """The numbers from 1 to `last` that no span holds. `spans` as merged() gives them."""
    gaps: list[Span] = []
    expected = 1
    for span in spans:
        if expected > last:
            break
        if span.first > expected:
            gaps.append(Span(expected, min(span.first - 1, last)))
        expected = span.last + 1
    if expected <= last:
        gaps.append(Span(expected, last))
    return tuple(gaps)


def contiguous(spans: Iterable[Span]) -> int:
    """The largest number up to which all are here; 0 when the first is missing."""
    first = min(spans, default=None)
    return first.last if first is not None and first.first == 1 else 0
