"""How a measurement went over earlier records: a small curve between its limits, as SVG that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from hw_tests.record import Limits, Record

WIDTH, HEIGHT, MARGIN = 220, 56, 6
MOST = 60  # the newest so many: a year of weeks


@dataclass(frozen=True, slots=True)
class Point:
    """When and what. `at_s` since 1970."""

    at_s: float
    value: float


def points(name: str, records: Iterable[Record]) -> tuple[Point, ...]:
    """Of `phase.measurement` in all records that measured it as a number, oldest first."""
    found = (
        Point(datetime.fromisoformat(record.begun_at).timestamp(), value)
        for record in records
        if isinstance(value := record.values().get(name), float)
    )
    return tuple(sorted(found, key=lambda point: point.at_s))[-MOST:]


def curve(name: str, unit: str, along: Sequence[Point], limits: Limits) -> str:
    """The curve, or nothing when there are not two points yet."""
    if len(along) < 2:
        return ""
    values = [point.value for point in along]
    shown = [*values, *(each for each in (limits.low, limits.high) if each is not None and _near(each, values))]
    low, high = min(shown), max(shown)
    reach = (high - low) or abs(high) or 1.0
    first_s, span_s = along[0].at_s, max(along[-1].at_s - along[0].at_s, 1.0)

    def across(at_s: float) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (at_s - first_s) / span_s

    def down(value: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / reach

    line = " ".join(f"{across(point.at_s):.1f},{down(point.value):.1f}" for point in along)
    bounds = "".join(
        f'<line class="limit" x1="0" x2="{WIDTH}" y1="{down(each):.1f}" y2="{down(each):.1f}"/>'
        for each in (limits.low, limits.high)
        if each is not None and low <= each <= high
    )
    told = f"{name}: {len(along)} records, first {values[0]:g}, last {values[-1]:g} {unit}".strip()
    dot = f'<circle cx="{across(along[-1].at_s):.1f}" cy="{down(values[-1]):.1f}" r="3"/>'
    return (
        f'<svg class="drift" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(told)}">{bounds}<polyline points="{line}"/>{dot}</svg>'
    )


def _near(limit: float, values: Sequence[float]) -> bool:
    """Whether the limit is worth showing: else the curve would be flat."""
    low, high = min(values), max(values)
    reach = max(high - low, abs(high) * 0.05, 1e-9)
    return low - 4 * reach <= limit <= high + 4 * reach
