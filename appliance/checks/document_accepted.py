"""The kind of document is one this country's policy takes at a kiosk."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Verdict
from border.rules.policy import Policy

NAME = "document_accepted"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    code = evidence.document.document_code
    if not any(code.startswith(accepted) for accepted in policy.accepted_documents):
        return Finding(NAME, Verdict.REFER, "document_kind_not_accepted")
    return Finding(NAME, Verdict.CLEAR, "accepted")
