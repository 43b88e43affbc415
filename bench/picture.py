"""A bench result as a picture: one bar for each number, grouped by unit, as plain SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

ROW, LABEL, WIDTH, MARGIN = 22, 400, 940, 14
VALUE = 90  # px kept free behind the longest bar
STYLE = (
    "text{font:13px sans-serif;fill:#14212b}.title{font-size:19px;font-weight:700}.unit{font-weight:700}"
    ".note{font-size:12px;fill:#46545e}.ours{fill:#0b6e8a}.peer{fill:#c98a1b}.wait{fill:#9aa7b0}.p95{opacity:.6}"
    ".paper{fill:#fff}"
)
UNITS: dict[str, str] = {
    "per_s": "per second (more is better)",
    "ms": "milliseconds (less is better)",
    "s": "seconds (less is better)",
    "mb": "megabytes (less is better)",
    "copies": "copies of the whole frame (less is better)",
    "ratio": "ratio, of what to what says its name",
    "percent": "percent",
}
"""By the end of a figure's name; the longer ends first."""

PEERS = ("peer", "passporteye", "tesseract", "opencv-dnn", "durable_file", "disk_sync", "sign_and_seal_only")
"""Words in the name of a figure that is not ours: another program, or what the machine itself can do."""


def figures(result: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers of a nested result whose names end in a unit: ("face.detect_ms", 2.1)."""
    for key, value in result.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from figures(value, f"{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and unit_of(name):
            yield name, float(value)


def unit_of(name: str) -> str:
    """The unit at the end of a name, or nothing."""
    last = name.rpartition(".")[2]
    return next((unit for unit in UNITS if last == unit or last.endswith(f"_{unit}")), "")


def label(name: str) -> str:
    """A figure's name as a person reads it, without the unit, which stands above."""
    words = name.removeprefix("steps.").removesuffix(unit_of(name)).rstrip("._")
    return words.replace("_", " ").replace(".", " · ")


def kind(name: str) -> str:
    """The classes of a figure's bar."""
    colour = "ours"
    if unit_of(name) != "ratio" and any(word in name for word in PEERS):
        colour = "peer"
    elif name.startswith("by_design."):
        colour = "wait"
    return f"{colour} p95" if "p95" in name else colour


def bars(title: str, result: Mapping[str, Any]) -> str:
    """The whole picture; each unit has its own scale, named in its heading."""
    y = 30
    rows = [f'<text x="{MARGIN}" y="{y}" class="title">{escape(title)}</text>']
    for note in notes(result):
        y += 18
        rows.append(f'<text x="{MARGIN}" y="{y}" class="note">{escape(note)}</text>')
    y += 14
    named = list(figures(result))
    for unit, heading in UNITS.items():
        mine = [(name, value) for name, value in named if unit_of(name) == unit]
        if mine:
            rows.append(f'<text x="{MARGIN}" y="{y + 16}" class="unit">{heading}</text>')
            rows += _group(mine, y + ROW + 4)
            y += ROW * (len(mine) + 1) + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 8}" viewBox="0 0 {WIDTH} {y + 8}" '
        f'role="img" aria-label="{escape(title)}"><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" class="paper"/>{"".join(rows)}</svg>\n'
    )


def notes(result: Mapping[str, Any]) -> list[str]:
    """What has to be known beside the figures: the peer and the machine."""
    found = []
    if isinstance(result.get("peer"), str):
        found.append(f"Amber bars are peers and floors: {result['peer']}.")
    machine = result.get("machine")
    if isinstance(machine, Mapping):
        found.append("Machine: " + ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in machine.items()))
    return found


def _group(figures_of_unit: Sequence[tuple[str, float]], y: int) -> list[str]:
    most = max(value for _, value in figures_of_unit) or 1.0
    rows = []
    for name, value in figures_of_unit:
        length = max(1.0, (WIDTH - LABEL - VALUE) * value / most)
        rows.append(f'<text x="{LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(label(name))}</text>')
        rows.append(f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 7}" class="{kind(name)}"/>')
        rows.append(f'<text x="{LABEL + length + 6:.1f}" y="{y + 15}">{value:g}</text>')
        y += ROW
    return rows
