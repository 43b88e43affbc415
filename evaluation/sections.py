"""What one part of an evaluation has to say: numbers for the JSON, tables and plots for the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.statistics import Rate


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, a head and rows of text; the first cell of a row names it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture as SVG, and in words what it shows."""

    title: str
    svg: str
    words: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The one figure of a part, and what is meant by it."""

    figure: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part. `absent` says why there is no figure; a part is never left out in silence."""

    key: str
    title: str
    headlines: tuple[Headline, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    absent: str = ""


LEAST = 1e-9  # smaller values are rounding, not measurement


def percent(share: float | None) -> str:
    """A share as a person reads it; small ones keep two digits that count."""
    if share is None:
        return "none"
    value = 100 * share
    return f"{value:.1f} %" if value >= 1 or value == 0 else f"{value:.2g} %"


def rated(rate: Rate) -> str:
    """A rate with its interval: `1 of 561: 0.18 % (0.0045 to 0.99 %)`."""
    low, high = rate.interval
    return f"{rate.count} of {rate.trials}: {percent(rate.share)} ({percent(low)} to {percent(high)})"


def rate_cells(rate: Rate) -> tuple[str, str, str, str]:
    """n, errors, share, interval."""
    low, high = rate.interval
    return str(rate.trials), str(rate.count), percent(rate.share), f"{percent(low)} to {percent(high)}"


def number(value: float | None, digits: int = 3) -> str:
    if value is None or math.isnan(value):
        return "none"
    return f"{value:.{digits}g}" if abs(value) >= LEAST else "0"


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
