"""No entry of the kiosk's signed watchlist matches, and the list is fresh enough to say so."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "watchlist"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    if evidence.hits is None or evidence.list_age_hours is None:
        return Finding(NAME, Verdict.NOT_DONE, "list_absent")
    age = Measure("list_age", evidence.list_age_hours, "hours", f"max {policy.max_list_age_hours:g}")
    if evidence.hits:
        best = max(hit.score for hit in evidence.hits)
        return Finding(NAME, Verdict.REFER, "watchlist_match", (age, Measure("best_score", best, "0..1")))
    if not 0 <= evidence.list_age_hours <= policy.max_list_age_hours:
        return Finding(NAME, Verdict.NOT_DONE, "list_too_old", (age,))
    return Finding(NAME, Verdict.CLEAR, "no_match", (age,))
