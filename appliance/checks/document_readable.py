"""A document was presented and its machine readable zone was read without doubt (Doc 9303-3)."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "document_readable"


def check(evidence: Evidence, _policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, evidence.document_reason or "document_not_presented")
    repairs = Measure("repairs", float(len(evidence.document.repairs)), "characters")
    return Finding(NAME, Verdict.CLEAR, "read", (repairs,))
