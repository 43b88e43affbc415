"""The zone agrees with itself: every check digit that should speak verifies, and no date is impossible."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.mrz import unverified
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "document_integrity"


def check(evidence: Evidence, _policy: Policy) -> Finding:
    document = evidence.document
    if document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    refuted, unproven = len(document.refuted()), len(unverified(document))
    measures = (
        Measure("refuted", float(refuted), "check digits", "max 0"),
        Measure("unproven", float(unproven), "fields", "max 0"),
        Measure("repairs", float(len(document.repairs)), "characters"),
    )
    if refuted:
        return Finding(NAME, Verdict.REFER, "check_digit_refuted", measures)
    if unproven:
        return Finding(NAME, Verdict.REFER, "check_digit_missing", measures)
    if not (document.date_of_birth.is_possible and document.date_of_expiry.is_possible):
        return Finding(NAME, Verdict.REFER, "date_impossible", measures)
    return Finding(NAME, Verdict.CLEAR, "consistent", measures)
