"""The document's chip proves what policy asks of it: passive authentication, and that it is no copy (Doc 9303-11)."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.documents.chip_trust import CAPS, Assurance, ChipTrust
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "chip_trust"
WEAK = "algorithm_weak"
LOW = "chip_assurance_low"
REFERRING: frozenset[str] = frozenset({word for word, cap in CAPS.items() if cap < Assurance.GENUINE} | {WEAK, LOW})
"""What may be the reason of a referral; words of CAPS that are not here are remarks."""


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    if evidence.chip is None:
        return _absent(policy)
    trust, limits = evidence.chip.trust, policy.chip
    level = Measure("chip_assurance", float(trust.assurance), "level", f"min {limits.min_assurance}")
    if trust.assurance is Assurance.NONE:  # what was read is contradicted: no policy takes that
        return Finding(NAME, Verdict.REFER, _worst(trust), (level,))
    if not limits.weak_algorithms and any(reason.word == WEAK for reason in trust.reasons):
        return Finding(NAME, Verdict.REFER, WEAK, (level,))
    if trust.assurance < limits.min_assurance:
        return Finding(NAME, Verdict.REFER, _worst(trust), (level,))
    if trust.assurance is Assurance.GENUINE:
        return Finding(NAME, Verdict.CLEAR, "chip_genuine", (level,))
    return Finding(
        NAME, Verdict.CLEAR, "chip_signed" if trust.assurance is Assurance.SIGNED else "chip_unproven", (level,)
    )


def _absent(policy: Policy) -> Finding:
    if policy.chip.required:
        return Finding(NAME, Verdict.NOT_DONE, "chip_not_read")
    return Finding(NAME, Verdict.CLEAR, "chip_not_asked")


def _worst(trust: ChipTrust) -> str:
    """The fault that leaves least; the first one of equals."""
    if not trust.faults:
        return LOW
    return min(trust.faults, key=lambda reason: CAPS[reason.word]).word
