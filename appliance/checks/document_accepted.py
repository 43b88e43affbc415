"""The kind of document, and who issued it, is one this country's policy takes at a kiosk."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.countries import CodeKind, kind_of
from border.findings import Finding, Verdict
from border.rules.policy import Policy

NAME = "document_accepted"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    code, issuer = evidence.document.document_code, kind_of(evidence.document.issuing_state)
    if issuer is CodeKind.UNKNOWN:
        return Finding(NAME, Verdict.REFER, "issuer_unknown")
    if issuer is CodeKind.SPECIMEN and kind_of(policy.country) is not CodeKind.SPECIMEN:
        return Finding(NAME, Verdict.REFER, "issuer_specimen")  # Utopia's passports open Utopia's practice kiosk only
    if not any(code.startswith(accepted) for accepted in policy.accepted_documents):
        return Finding(NAME, Verdict.REFER, "document_kind_not_accepted")
    return Finding(NAME, Verdict.CLEAR, "accepted")
