"""Freezing: from now on no traveller is taken; what was recorded still goes to the centre."""

from __future__ import annotations

from provisioning import disk
from provisioning.bench import WIPED, Bench
from provisioning.step import Answers, Choice, Facts, Question, Step

FROZEN = "frozen"
"""In the kiosk's folder: the kiosk is closed as long as it is there."""


def is_done(bench: Bench) -> bool:
    return (bench.folder / FROZEN).is_file() or bench.desk.has(WIPED)


def do(bench: Bench, answers: Answers) -> Question | None:
    if answers.get("close") != "yes":
        return Question(
            "close",
            f"Close lane {_lane(bench)} for good?",
            choices=(Choice("yes", "Close it"), Choice("no", "Not now")),
            detail=f"After {bench.purpose.value.replace('_', ' ')} this board is no longer this lane.",
        )
    disk.write(bench.folder / FROZEN, f"{bench.purpose.value}\n".encode(), 0o644)
    return None


def evidence(bench: Bench) -> Facts:
    return (("lane", _lane(bench)), ("closed for", bench.purpose.value.replace("_", " ")))


def _lane(bench: Bench) -> str:
    """The one that ends; another may be chosen later."""
    return str(bench.operation["left"])


STEP = Step("freeze", "Close the lane", is_done, do, evidence)
