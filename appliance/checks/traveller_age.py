"""Minors, and anyone whose age is not certain, always meet a human."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.dates import age_years
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "traveller_age"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    age = age_years(evidence.document.date_of_birth, evidence.today)
    lowest = policy.min_self_service_age_years
    if age is None:
        return Finding(NAME, Verdict.NOT_DONE, "age_not_certain")
    measure = Measure("age", float(age), "years", f"min {lowest}")
    if age < lowest:
        return Finding(NAME, Verdict.REFER, "minor", (measure,))
    return Finding(NAME, Verdict.CLEAR, "old_enough", (measure,))
