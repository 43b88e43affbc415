"""A bench result as a picture: one bar for each number, grouped by unit, as plain SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

ROW, LABEL, WIDTH = 22, 330, 900
STYLE = (
    "text{font:13px sans-serif;fill:#14212b}.title{font-size:18px;font-weight:700}.unit{font-weight:700}"
    "rect{fill:#0b6e8a}.paper{fill:#fff}"
)
UNITS: tuple[str, ...] = ("ms", "s", "per_s", "mb", "ratio", "bytes")


def figures(result: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers of a nested result whose names end in a unit: ("face.detect_ms", 2.1)."""
    for key, value in result.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from figures(value, f"{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and unit_of(name):
            yield name, float(value)


def unit_of(name: str) -> str:
    return next((unit for unit in UNITS if name.endswith(f"_{unit}") or name.endswith(f".{unit}")), "")


def bars(title: str, result: Mapping[str, Any]) -> str:
    """The whole picture; each unit has its own scale, named in its heading."""
    rows, y = [f'<text x="12" y="26" class="title">{escape(title)}</text>'], 44
    named = list(figures(result))
    for unit in UNITS:
        mine = [(name, value) for name, value in named if unit_of(name) == unit]
        if not mine:
            continue
        most = max(value for _, value in mine) or 1.0
        rows.append(f'<text x="12" y="{y + 16}" class="unit">{unit.replace("_", " ")}</text>')
        y += ROW + 4
        for name, value in mine:
            length = max(1.0, (WIDTH - LABEL - 90) * value / most)
            rows.append(f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
            rows.append(f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 7}"/>')
            rows.append(f'<text x="{LABEL + length + 6:.1f}" y="{y + 15}">{value:g}</text>')
            y += ROW
        y += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 8}" role="img" '
        f'aria-label="{escape(title)}"><style>{STYLE}</style><rect width="100%" height="100%" class="paper"/>'
        f"{''.join(rows)}</svg>\n"
    )
