"""The report as one HTML file that needs nothing else, and as JSON: every figure with its n and its data's name."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from evaluation.sections import Plot, Section, Table

MADE = (
    "Data of our own making: synthetic heads, prints and documents. Figures of it say that everything runs, and are "
    "no error rate of people, fingers or documents."
)
MANY = 8  # columns that a screen has no room for in the usual type
STYLE = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;font:17px/1.5 system-ui,"Noto Sans",sans-serif;color:#14212b;background:#f3f6f8}
header,main,footer{max-width:64rem;margin:0 auto;padding:1rem 1.25rem}
h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.45rem;margin:0 0 .5rem}h3{font-size:1.1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0;margin:1rem 0}
nav a{display:inline-flex;align-items:center;min-height:48px;padding:0 1rem;border-radius:.5rem;background:#fff;
 border:1px solid #8fa0ab;color:#0b4a61;text-decoration:none}
a:focus-visible,.wide:focus-visible,summary:focus-visible{outline:3px solid #a4480f;outline-offset:2px}
section{background:#fff;border-radius:.75rem;padding:1.25rem;margin:0 0 1.25rem;border:1px solid #d6dde2}
.made{background:#fff4d6;border-left:6px solid #8a6a00;padding:.75rem 1rem;margin:.75rem 0}
.absent{background:#fbe9e6;border-left:6px solid #b0203a;padding:.75rem 1rem;margin:.75rem 0}
dl.headlines{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,1fr));gap:.75rem;margin:1rem 0}
dl.headlines div{display:flex;flex-direction:column;border:1px solid #8fa0ab;border-radius:.5rem;padding:.75rem 1rem}
dl.headlines dt{order:2;color:#3a4750}dl.headlines dd{order:1;margin:0;font-size:1.2rem;font-weight:700}
.wide{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.95rem}
caption{text-align:left;font-weight:700;padding:.25rem 0 .5rem}
th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid #d6dde2;vertical-align:top}
.many th,.many td{padding:.45rem .3rem;font-size:.85rem}
thead th{border-bottom:2px solid #46545e}
figure{margin:1.25rem 0}figure svg{width:100%;height:auto;border:1px solid #d6dde2;border-radius:.5rem}
figcaption{color:#3a4750}figcaption b{color:#14212b}
summary{min-height:48px;display:flex;align-items:center;cursor:pointer;font-weight:700}
pre{overflow-x:auto;background:#f3f6f8;padding:1rem;border-radius:.5rem}
@media print{nav{display:none}section{break-inside:avoid-page;border:0}}
"""


@dataclass(frozen=True, slots=True)
class Chapter:
    """All parts of one folder. `is_made`: by ourselves."""

    name: str
    is_made: bool
    sections: tuple[Section, ...]


def numbers(conditions: Mapping[str, Any], chapters: Sequence[Chapter]) -> dict[str, Any]:
    """Every number with what it was measured on; what is no number is null."""
    data = [
        {
            "name": chapter.name,
            "made_by_ourselves": chapter.is_made,
            "parts": {one.key: {"absent": one.absent} if one.absent else dict(one.numbers) for one in chapter.sections},
        }
        for chapter in chapters
    ]
    return {"report": "landfall-evaluation-1", "conditions": dict(conditions), "data": [_finite(one) for one in data]}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write(folder: Path, conditions: Mapping[str, Any], chapters: Sequence[Chapter]) -> tuple[Path, Path]:
    """evaluation.html and evaluation.json; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / "evaluation.html", folder / "evaluation.json"
    table.write_text(json.dumps(numbers(conditions, chapters), indent=2, allow_nan=False) + "\n", "utf-8")
    page.write_text(html(conditions, chapters), "utf-8")
    return page, table


def html(conditions: Mapping[str, Any], chapters: Sequence[Chapter]) -> str:
    """The whole page."""
    shown = [
        (f"{number}-{one.key}", chapter, one) for number, chapter in enumerate(chapters) for one in chapter.sections
    ]
    links = "".join(
        f'<li><a href="#{key}">{escape(_title(one, chapter, chapters))}</a></li>' for key, chapter, one in shown
    )
    parts = "".join(_section(key, _title(one, chapter, chapters), chapter, one) for key, chapter, one in shown)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Landfall evaluation</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<header><h1>Landfall evaluation</h1>{''.join(_preface(conditions, chapters))}"
        f'<nav aria-label="Parts"><ul>{links}</ul></nav></header><main>{parts}</main>'
        f"<footer>{_conditions(conditions)}</footer></body></html>\n"
    )


def _title(section: Section, chapter: Chapter, chapters: Sequence[Chapter]) -> str:
    return section.title if len(chapters) == 1 else f"{section.title} ({chapter.name})"


def _preface(conditions: Mapping[str, Any], chapters: Sequence[Chapter]) -> Iterator[str]:
    yield (
        f"<p>Measured {_moment(str(conditions['date']))} on {escape(', '.join(one.name for one in chapters))}, with "
        "the product's own code under the limits of policy "
        f"{escape(str(conditions['policy']['country']))} version {escape(str(conditions['policy']['version']))}. "
        "Intervals are exact (Clopper-Pearson), two-sided, 95 %. Error rates of presentation attacks are told per "
        "species; the worst one stands first and no mean is taken. This is a test report in the terms of ISO/IEC "
        "30107-3, 29794-1 and 19795-1, and no certificate of conformity with them.</p>"
    )
    if any(chapter.is_made for chapter in chapters):
        yield f'<p class="made">{escape(MADE)}</p>'


def _moment(date: str) -> str:
    """To the minute; the conditions hold it exactly."""
    return f"{datetime.fromisoformat(date).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _section(key: str, title: str, chapter: Chapter, section: Section) -> str:
    return f'<section id="{key}" aria-labelledby="{key}-h"><h2 id="{key}-h">{escape(title)}</h2>' + (
        "".join(_body(key, chapter, section)) + "</section>"
    )


def _body(key: str, chapter: Chapter, section: Section) -> Iterator[str]:
    yield f"<p>Data: <b>{escape(chapter.name)}</b>{', made by ourselves' if chapter.is_made else ''}.</p>"
    if section.absent:
        yield f'<p class="absent">No figure: {escape(section.absent)}</p>'
        return
    rows = "".join(
        f"<div><dt>{escape(one.meaning)}</dt><dd>{_text(one.figure)}</dd></div>" for one in section.headlines
    )
    if rows:
        yield f'<dl class="headlines">{rows}</dl>'
    yield from (f"<p>{_text(note)}</p>" for note in section.notes)
    yield from (_plot(plot, chapter) for plot in section.plots)
    yield from (_table(f"{key}-t{number}", table) for number, table in enumerate(section.tables) if table.rows)


def _plot(plot: Plot, chapter: Chapter) -> str:
    of = f"Data: {chapter.name}, made by ourselves." if chapter.is_made else f"Data: {chapter.name}."
    return (
        f"<figure>{plot.svg}<figcaption><b>{escape(plot.title)}.</b> {_text(plot.words.rstrip('.'))}. {escape(of)}"
        "</figcaption></figure>"
    )


def _table(key: str, table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in table.rows
    )
    many = ' class="many"' if len(table.head) > MANY else ""
    return (
        f'<div class="wide" role="group" tabindex="0" aria-labelledby="{key}"><table{many}>'
        f'<caption id="{key}">{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
    )


def _text(words: str) -> str:
    """Escaped, and no line ends between a number and its percent sign."""
    return escape(words).replace(" %", "&#160;%")


def _conditions(conditions: Mapping[str, Any]) -> str:
    told = escape(json.dumps(conditions, indent=2))
    scrolls = 'tabindex="0" role="group" aria-label="Conditions"'
    return f"<details><summary>Conditions of every figure</summary><pre {scrolls}>{told}</pre></details>"
