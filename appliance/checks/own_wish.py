"""The traveller's own wish: who asks for an officer, leaves, or cannot do a step, meets one without blame."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Verdict
from border.rules.policy import Policy

NAME = "own_wish"

REASONS: tuple[tuple[str, str], ...] = (
    ("officer", "officer_asked_for"),
    ("cannot_turn", "cannot_turn"),
    ("cannot_finger", "cannot_give_finger"),
    ("gave_up", "left_before_the_end"),
    ("timed_out", "left_before_the_end"),
)
"""In order of weight; "help" alone does not refer, it only calls somebody."""


def check(evidence: Evidence, _policy: Policy) -> Finding:
    for wish, reason in REASONS:
        if wish in evidence.wishes:
            return Finding(NAME, Verdict.REFER, reason)
    return Finding(NAME, Verdict.CLEAR, "none")
