"""Minors, and anyone whose age is not certain, always meet a human."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.dates import age_bounds, resolve_birth
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "traveller_age"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    bounds = age_bounds(resolve_birth(evidence.document.date_of_birth, evidence.today), evidence.today)
    lowest = policy.min_self_service_age_years
    if bounds is None:
        return Finding(NAME, Verdict.NOT_DONE, "age_not_certain")
    youngest, oldest = bounds
    measure = Measure("youngest_possible_age", float(youngest), "years", f"min {lowest}")
    if oldest < lowest:
        return Finding(NAME, Verdict.REFER, "minor", (measure,))
    if youngest < lowest:
        return Finding(NAME, Verdict.NOT_DONE, "age_not_certain", (measure,))
    return Finding(NAME, Verdict.CLEAR, "old_enough", (measure,))
