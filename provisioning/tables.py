"""TOML tables of texts, numbers, switches and lists of texts: laid over each other, and written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Tables = Mapping[str, Any]


def over(lower: Tables, upper: Tables) -> dict[str, Any]:
    """What `upper` says counts, key by key."""
    together = dict(lower)
    for name, value in upper.items():
        below = together.get(name)
        both = isinstance(value, dict) and isinstance(below, dict)
        together[name] = over(below, value) if both and isinstance(below, dict) else value
    return together


def written(tables: Tables) -> str:
    """Raises ValueError for a value that kiosk.toml cannot hold."""
    top = [f"{name} = {_value(value)}\n" for name, value in tables.items() if not isinstance(value, dict)]
    lower = [
        f"\n[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in table.items())
        for name, table in tables.items()
        if isinstance(table, dict)
    ]
    return "".join((*top, *lower))


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, bool | int | float | str):
        return json.dumps(value, ensure_ascii=False)  # for these TOML writes as JSON does
    raise ValueError(f"{type(value).__name__} has no place in kiosk.toml")
