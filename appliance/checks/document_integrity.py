"""The zone agrees with itself: no refuted check digit, no impossible date, no repaired character left to trust."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.mrz import CheckDigit
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "document_integrity"


def check(evidence: Evidence, _policy: Policy) -> Finding:
    document = evidence.document
    if document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    words = [word for _field, word in document.check_digits]
    refuted = words.count(CheckDigit.REFUTED)
    verified = words.count(CheckDigit.VERIFIED)
    measures = (
        Measure("refuted", float(refuted), "check digits", "max 0"),
        Measure("verified", float(verified), "check digits", "min 1"),
    )
    if refuted or not verified:
        return Finding(NAME, Verdict.REFER, "check_digit_refuted", measures)
    if not (document.date_of_birth.is_possible and document.date_of_expiry.is_possible):
        return Finding(NAME, Verdict.REFER, "date_impossible", measures)
    return Finding(NAME, Verdict.CLEAR, "consistent", measures)
