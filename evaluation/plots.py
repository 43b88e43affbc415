"""Plots as SVG, drawn by hand: no script, no font and no host but the page itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import NormalDist

from evaluation.sections import percent
from evaluation.statistics import Rate

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 30, 16, 58
COLOURS = ("#0b5e7a", "#a4480f", "#3f6b1f", "#7a2f73", "#8a6a00", "#44505a", "#b0203a", "#2b4fb0")
DASHES = ("", "7 4", "2 3", "10 3 2 3", "1 4", "12 5", "4 2", "8 2 2 2")
SHAPES = ("circle", "square", "triangle", "diamond", "cross", "ring", "plus", "bar")
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#14212b}.axis{stroke:#46545e;stroke-width:1;fill:none}"
    ".grid{stroke:#d6dde2;stroke-width:1}.limit{stroke:#b0203a;stroke-width:1.5;stroke-dasharray:5 4}"
    ".small{font-size:12px;fill:#3a4750}.paper{fill:#fff}"
)
MOST_RATE = 0.6  # where the axes of a detection error trade-off end
MOST_POINTS = 1500  # of one group in a picture; more would only make the page heavy


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its words, its ends, where it is marked, and how a value becomes a place between 0 and 1."""

    words: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    bend: Callable[[float], float] = float

    def place(self, value: float) -> float:
        low, high = self.bend(self.low), self.bend(self.high)
        inside = min(max(value, self.low), self.high)
        return (self.bend(inside) - low) / (high - low)


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one name, in the unit of the axes."""

    name: str
    points: tuple[tuple[float, float], ...]


def linear(words: str, low: float, high: float) -> Axis:
    """An axis in even steps, with its ends on whole ones."""
    step = _step((high - low) / 5 or 1.0)
    first, last = math.floor(low / step), math.ceil(high / step)
    last = max(last, first + 1)
    ticks = tuple((n * step, f"{n * step:g}") for n in range(first, last + 1))
    return Axis(words, first * step, last * step, ticks)


def _step(about: float) -> float:
    size = 10 ** math.floor(math.log10(about))
    return next(float(f"{size * n:.12g}") for n in (1, 2, 5, 10) if size * n >= about * 0.999)


def shares(words: str, most: float = 1.0) -> Axis:
    """An axis of shares, marked in percent."""
    even = linear(words, 0, most)
    return Axis(words, 0, even.high, tuple((value, percent(value)) for value, _ in even.ticks))


def deviates(words: str, least: float) -> Axis:
    """The axis of a detection error trade-off: normal deviates, so that normal scores give straight lines."""
    marks = (1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.4, MOST_RATE)
    low = min(max(least, 1e-6), 0.005)
    ticks = tuple((value, percent(value)) for value in marks if value >= low)
    return Axis(words, low, MOST_RATE, ticks, NormalDist().inv_cdf)


def scatter(x: Axis, y: Axis, groups: Sequence[Series], limits: tuple[float | None, float | None]) -> str:
    """Points of several groups, with the limits of both axes drawn through."""
    parts = [*_frame(x, y), *_limit_lines(x, y, limits)]
    for number, group in enumerate(groups):
        drawn = (_mark(number, _x(x, px), _y(y, py)) for px, py in _thinned(group.points))
        parts += (f'<g fill="{_colour(number)}" stroke="{_colour(number)}" fill-opacity=".55">', *drawn, "</g>")
    return _svg(parts, groups, lines=False)


def lines(x: Axis, y: Axis, groups: Sequence[Series], marks: Sequence[Series] = ()) -> str:
    """Curves of several groups; `marks` are single points with their names, as an operating point."""
    parts = [*_frame(x, y)]
    for number, group in enumerate(groups):
        path = " ".join(f"{_x(x, px):.1f},{_y(y, py):.1f}" for px, py in _thinned(group.points))
        look = f'stroke="{_colour(number)}" stroke-dasharray="{DASHES[number % len(DASHES)]}"'
        parts.append(f'<polyline points="{path}" fill="none" stroke-width="2.5" {look}/>')
    for mark in marks:
        for px, py in mark.points:
            at, high = _x(x, px), _y(y, py)
            side, away = ("end", -10) if at > WIDTH / 2 else ("start", 10)  # into the picture, not out of it
            words = f'x="{at + away:.1f}" y="{high - 8:.1f}" text-anchor="{side}"'
            parts.append(f'<circle cx="{at:.1f}" cy="{high:.1f}" r="6" fill="#b0203a"/>')
            parts.append(f"<text {words}>{escape(mark.name)}</text>")
    return _svg(parts, groups, lines=True)


def distributions(x: Axis, groups: Sequence[tuple[str, Sequence[float]]], limit: float | None, bins: int = 40) -> str:
    """One histogram below the other, each as high as its own fullest bin."""
    row = 64
    height = TOP + row * len(groups) + BOTTOM
    parts = _x_axis(x, height - BOTTOM)
    if limit is not None:
        at = _x(x, limit)
        parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>')
    for number, (name, values) in enumerate(groups):
        base = TOP + row * (number + 1) - 6
        parts += _histogram(x, values, bins, base, row - 26, _colour(number))
        parts.append(f'<text x="{LEFT}" y="{base - row + 22}">{escape(name)}, n = {len(values)}</text>')
    return _wrapped(parts, height)


def intervals(groups: Sequence[tuple[str, Rate]], words: str) -> str:
    """Each rate as a dot with its 95 % interval."""
    row, left = 30, 250
    height = TOP + row * len(groups) + BOTTOM
    x = shares(words, min(1.0, max((rate.interval[1] for _, rate in groups), default=1.0)))
    parts = _x_axis(x, height - BOTTOM, left)
    for number, (name, rate) in enumerate(groups):
        y = TOP + row * number + row / 2
        low, high = (_x(x, end, left) for end in rate.interval)
        at = _x(x, rate.share or 0.0, left)
        look = 'stroke-width="3"' if rate.trials else 'stroke-width="1.5" stroke-dasharray="2 4"'  # nothing is known
        parts.append(f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{COLOURS[0]}" {look}/>')
        if rate.share is not None:
            parts.append(f'<circle cx="{at:.1f}" cy="{y}" r="6" fill="{COLOURS[1]}"/>')
        parts.append(f'<text x="{left - 10}" y="{y + 5}" text-anchor="end">{escape(name)} (n {rate.trials})</text>')
    return _wrapped(parts, height)


def stacked(groups: Sequence[tuple[str, Sequence[int]]], names: Sequence[str]) -> str:
    """Each group as one bar of shares, in the order of `names`."""
    row, left = 30, 200
    height = TOP + row * len(groups) + BOTTOM
    x = shares("share", 1.0)
    parts = _x_axis(x, height - BOTTOM, left)
    for number, (name, counts) in enumerate(groups):
        y, from_x, total = TOP + row * number, float(left), max(sum(counts), 1)
        parts.append(f'<text x="{left - 10}" y="{y + 20}" text-anchor="end">{escape(name)} (n {sum(counts)})</text>')
        for which, count in enumerate(counts):
            wide = (WIDTH - left - RIGHT) * count / total
            fill = f'fill="{_colour(which)}" stroke="#fff"'
            parts.append(f'<rect x="{from_x:.1f}" y="{y + 4}" width="{wide:.1f}" height="{row - 8}" {fill}/>')
            from_x += wide
    return _wrapped(
        [*parts, *_key([Series(name, ()) for name in names], height, lines=False)], height + 24 * _rows(names)
    )


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Finite points only, evenly fewer when there are very many; the first and the last stay."""
    finite = [point for point in points if all(map(math.isfinite, point))]
    if len(finite) <= MOST_POINTS:
        return finite
    return [finite[at * (len(finite) - 1) // (MOST_POINTS - 1)] for at in range(MOST_POINTS)]


def _histogram(x: Axis, values: Sequence[float], bins: int, base: float, high: float, colour: str) -> list[str]:
    counts = [0] * bins
    for value in values:
        if math.isfinite(value):
            counts[min(int(x.place(value) * bins), bins - 1)] += 1
    most, wide = max(counts) or 1, (WIDTH - LEFT - RIGHT) / bins
    rows = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>']
    for number, count in enumerate(counts):
        if count:
            tall = max(2.0, high * count / most)
            place = f'x="{LEFT + number * wide:.1f}" y="{base - tall:.1f}" width="{wide - 1:.1f}" height="{tall:.1f}"'
            rows.append(f'<rect {place} fill="{colour}"/>')
    return rows


def _x(axis: Axis, value: float, left: float = LEFT) -> float:
    return left + (WIDTH - left - RIGHT) * axis.place(value)


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * axis.place(value)


def _frame(x: Axis, y: Axis) -> list[str]:
    parts = []
    for value, words in y.ticks:
        at = _y(y, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="small" x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{words}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 16 {middle})"'
    parts.append(f'<text x="16" y="{middle}" text-anchor="middle" {turned}>{escape(y.words)}</text>')
    return parts + _x_axis(x, HEIGHT - BOTTOM)


def _x_axis(x: Axis, base: float, left: float = LEFT) -> list[str]:
    parts = []
    for value, words in x.ticks:
        at = _x(x, value, left)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{base}"/>')
        parts.append(f'<text class="small" x="{at:.1f}" y="{base + 18}" text-anchor="middle">{words}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    middle = (left + WIDTH - RIGHT) / 2
    return [*parts, f'<text x="{middle}" y="{base + 42}" text-anchor="middle">{escape(x.words)}</text>']


def _limit_lines(x: Axis, y: Axis, limits: tuple[float | None, float | None]) -> list[str]:
    parts = []
    if limits[0] is not None:
        at = _x(x, limits[0])
        parts.append(f'<line class="limit" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
    if limits[1] is not None:
        at = _y(y, limits[1])
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
    return parts


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _mark(number: int, x: float, y: float) -> str:
    """A shape of its own for each group, for eyes that do not tell the colours apart."""
    shape = SHAPES[number % len(SHAPES)]
    drawn = {
        "circle": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>',
        "ring": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none"/>',
        "square": f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>',
        "triangle": f'<path d="M{x:.1f} {y - 4.5:.1f}l4.5 8h-9z"/>',
        "diamond": f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"/>',
        "cross": f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8" stroke-width="2"/>',
        "plus": f'<path d="M{x - 5:.1f} {y:.1f}h10m-5 -5v10" stroke-width="2"/>',
        "bar": f'<path d="M{x:.1f} {y - 5:.1f}v10" stroke-width="3"/>',
    }
    return drawn[shape]


def _rows(names: Sequence[object]) -> int:
    return (len(names) + 1) // 2


def _key(groups: Sequence[Series], below: float, *, lines: bool) -> list[str]:
    """What each look stands for, two to a row."""
    parts = []
    for number, group in enumerate(groups):
        x, y = LEFT + (number % 2) * 340, below + 10 + 24 * (number // 2)
        colour, dash = _colour(number), DASHES[number % len(DASHES)]
        if lines:
            look = f'stroke="{colour}" stroke-width="3" stroke-dasharray="{dash}"'
            parts.append(f'<line x1="{x}" x2="{x + 34}" y1="{y}" y2="{y}" {look}/>')
        else:
            parts.append(f'<g fill="{colour}" stroke="{colour}">{_mark(number, x + 17, y)}</g>')
        parts.append(f'<text x="{x + 42}" y="{y + 5}">{escape(group.name)}</text>')
    return parts


def _svg(parts: Sequence[str], groups: Sequence[Series], *, lines: bool) -> str:
    return _wrapped([*parts, *_key(groups, HEIGHT, lines=lines)], HEIGHT + 24 * _rows(groups))


def _wrapped(parts: Sequence[str], height: float) -> str:
    """Hidden from screen readers: the words and the table beside a plot say the same and more."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-hidden="true">'
        f'<style>{STYLE}</style><rect class="paper" width="100%" height="100%"/>{"".join(parts)}</svg>'
    )
