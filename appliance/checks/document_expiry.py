"""The document must be valid today and for as long as policy asks (Doc 9303-4, TD3 lower line, 22-27)."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.dates import resolve_expiry
from border.encounter import ClockState
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "document_expiry"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    if evidence.clock is ClockState.UNTRUSTED:
        return Finding(NAME, Verdict.NOT_DONE, "clock_not_trusted")
    expiry = resolve_expiry(evidence.document.date_of_expiry, evidence.today)
    if expiry is None:
        return Finding(NAME, Verdict.NOT_DONE, "expiry_unknown")
    left = float((expiry.earliest - evidence.today).days)  # an unknown day counts as the earliest it may be
    days = Measure("days_left", left, "days", f"min {policy.min_document_validity_days}")
    if days.value < 0:
        return Finding(NAME, Verdict.REFER, "document_expired", (days,))
    if days.value < policy.min_document_validity_days:
        return Finding(NAME, Verdict.REFER, "document_expires_soon", (days,))
    return Finding(NAME, Verdict.CLEAR, "valid", (days,))
