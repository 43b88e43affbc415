"""What a look at the kiosk found, each with its cause and the next step; and how a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OK, LOOK, ACT = "ok", "look", "act"
"""The three words of the port's board (appliance/web/board.py)."""

MARKS = {OK: " ok ", LOOK: "LOOK", ACT: "ACT "}


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is a name of ours; `why` and `next_step` are empty where all is well."""

    what: str
    level: str
    why: str = ""
    next_step: str = ""


def worst(findings: Iterable[Finding]) -> str:
    """OK of nothing: who looks at nothing must say so himself."""
    return max((one.level for one in findings), key=(OK, LOOK, ACT).index, default=OK)


def as_text(findings: Iterable[Finding]) -> str:
    return "".join(_lines(one) for one in findings)


def _lines(one: Finding) -> str:
    head = f"{MARKS[one.level]}  {one.what}{': ' + one.why if one.why else ''}\n"
    return head + (f"      next: {one.next_step}\n" if one.next_step else "")
