"""One file for whoever helps from afar, and nothing personal in it: each leaf has a rule, and what has none is refused.

A support bundle is JSON that anybody can read before it leaves. `proven` walks it against SCHEMA, in which a text is
either one of listed words or matches a pattern for numbers, versions, hashes and codes. Log lines bear only templates
that stand in this program's own source; all others are counted and left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from appliance import kept_log
from appliance.operations.findings import ACT, LOOK, OK, Finding
from appliance.operations.waiting import Waiting

VERSION = 1
MOST_LINES = 500
PROGRAM = Path(__file__).parents[2]
LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical"})

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
WORD = re.compile(r"[a-z][a-z0-9_.:-]{0,47}")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
READING = re.compile(
    r"(\d{1,9}(\.\d{1,3})?( ?(s|h|d|MB|GB|min|°C))?( · [\d:]{1,12})?)|[a-z][a-z_]{0,31}|[A-Z]{2,4}-[A-Z-]{2,24}"
)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LEVELS = frozenset({OK, LOOK, ACT, "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})

SCHEMA: dict[str, Any] = {
    "version": int,
    "kiosk": ID,
    "software": CODE,
    "python": CODE,
    "at_s": int,
    "clock": WORD,
    "health": [{"part": WORD, "level": LEVELS, "value": READING}],
    "doctor": [{"what": WORD, "level": LEVELS}],
    "queue": [{"seq": int, "record": UUID, "messages": int, "size": int, "age_s": int, "reason": WORD}],
    "log": [{"at_s": int, "level": LEVELS, "logger": WORD, "template": str, "error": CODE}],
    "log_left_out": int,
}
"""Name to rule: a type of number, a pattern, listed words, or the rule of a list's items. `str`: one of `templates()`.

An empty text passes every pattern: it tells nothing.
"""


class NotProven(Exception):
    """Something in the bundle has no rule, or breaks it. Nothing was written; the place is named, the value is not."""


def bundle(
    about: Mapping[str, object],
    health: Sequence[Mapping[str, object]],
    findings: Iterable[Finding],
    queue: Iterable[Waiting],
    lines: Sequence[kept_log.Line],
) -> dict[str, object]:
    """`about`: kiosk, software, python, at_s, clock. Raises `NotProven`."""
    known = [line for line in lines if line.template in templates() or not line.template]
    now_s = int(str(about["at_s"]))
    document: dict[str, object] = {
        "version": VERSION,
        **about,
        "health": [{**part, "value": _reading(str(part.get("value", "")))} for part in health],
        "doctor": [{"what": one.what, "level": one.level} for one in findings],
        "queue": [_queued(one, now_s) for one in queue],
        "log": [_logged(line) for line in known[-MOST_LINES:]],
        "log_left_out": len(lines) - len(known[-MOST_LINES:]),
    }
    return proven(document)


def _reading(value: str) -> str:
    """A name that somebody else gave, such as a model bundle's, is none of ours to send."""
    return value if READING.fullmatch(value) or not value else "other"


def _queued(one: Waiting, now_s: int) -> dict[str, object]:
    return {
        "seq": one.seq,
        "record": one.record,
        "messages": one.messages,
        "size": one.size,
        "age_s": max(0, now_s - one.at_wall_ms // 1000),
        "reason": one.reason,
    }


def _logged(line: kept_log.Line) -> dict[str, object]:
    return {name: getattr(line, name) for name in ("at_s", "level", "logger", "template", "error")}


def proven(document: dict[str, object]) -> dict[str, object]:
    """The same document. Raises `NotProven`."""
    _hold(document, SCHEMA, "bundle")
    return document


def _hold(value: object, rule: Any, place: str) -> None:
    if isinstance(rule, dict):
        if not isinstance(value, Mapping) or value.keys() != rule.keys():
            raise NotProven(f"{place}: wants exactly {', '.join(rule)}")
        for name, inner in rule.items():
            _hold(value[name], inner, f"{place}.{name}")
    elif isinstance(rule, list):
        if not isinstance(value, list):
            raise NotProven(f"{place}: wants a list")
        for number, item in enumerate(value):
            _hold(item, rule[0], f"{place}[{number}]")
    elif not _fits(value, rule):
        raise NotProven(f"{place}: does not fit its rule")


def _fits(value: object, rule: Any) -> bool:
    if rule is int:
        return type(value) is int
    if not isinstance(value, str):
        return False
    if rule is str:
        return value == "" or value in templates()
    if isinstance(rule, frozenset):
        return value in rule
    return value == "" or rule.fullmatch(value) is not None


@cache
def templates() -> frozenset[str]:
    """Every sentence that this program can log, read from its own source."""
    rooms = (PROGRAM / room for room in ("appliance", "drivers", "border"))
    return frozenset(text for room in rooms for path in room.rglob("*.py") for text in _said_in(path))


def _said_in(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
