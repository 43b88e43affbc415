"""The document's chip proves what policy asks of it: passive authentication, and that it is no copy (Doc 9303-11)."""

from __future__ import annotations

from appliance.checks.evidence import ChipEvidence, Evidence
from border.documents.chip_trust import CAPS, WEAK, Assurance, ChipTrust
from border.documents.chip_unread import NEVER_TOLERATED, Unread
from border.findings import Finding, Measure, Verdict
from border.rules.policy import ChipLimits, Policy

NAME = "chip_trust"
LOW = "chip_assurance_low"
REFERRING: frozenset[str] = frozenset(
    {word for word, cap in CAPS.items() if cap < Assurance.GENUINE} | {WEAK, LOW} | set(Unread)
)
"""What may be the reason of a referral, besides remarks."""


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    if isinstance(evidence.chip, Unread):
        return unread(NAME, evidence.chip, policy)
    chip, limits = evidence.chip, policy.chip
    measures = _measures(chip, limits)
    if chip.trust.assurance is Assurance.NONE:  # what was read is contradicted: no policy takes that
        return Finding(NAME, Verdict.REFER, _worst(chip.trust), measures)
    if chip.store_age_hours is None:
        return Finding(NAME, Verdict.NOT_DONE, "trust_store_absent", measures)
    if not 0 <= chip.store_age_hours <= limits.max_store_age_hours:  # so that NaN refers, and a clock that lies
        return Finding(NAME, Verdict.NOT_DONE, "trust_store_stale", measures)
    if (word := _refused(chip.trust, limits)) is not None:
        return Finding(NAME, Verdict.REFER, word, measures)
    if chip.trust.assurance is Assurance.GENUINE:
        return Finding(NAME, Verdict.CLEAR, "chip_genuine", measures)
    return Finding(
        NAME, Verdict.CLEAR, "chip_signed" if chip.trust.assurance is Assurance.SIGNED else "chip_unproven", measures
    )


def unread(name: str, why: Unread, policy: Policy) -> Finding:
    """What a chip that was not read means to this check: policy tolerates why, or an officer sees to it."""
    tolerated = why in policy.chip.tolerated and why not in NEVER_TOLERATED
    return Finding(name, Verdict.CLEAR if tolerated else Verdict.NOT_DONE, why.value)


def _refused(trust: ChipTrust, limits: ChipLimits) -> str | None:
    words = [reason.word for reason in trust.reasons]
    if WEAK in words and not limits.weak_algorithms:
        return WEAK
    if not trust.assurance >= limits.min_assurance:
        return _worst(trust)
    remarks = (reason.word for reason in trust.reasons if not reason.is_fault and reason.word != WEAK)
    return next((word for word in remarks if word not in limits.tolerated), None)


def _worst(trust: ChipTrust) -> str:
    """The fault that leaves least; the first one of equals."""
    if not trust.faults:
        return LOW
    return min(trust.faults, key=lambda reason: CAPS[reason.word]).word


def _measures(chip: ChipEvidence, limits: ChipLimits) -> tuple[Measure, ...]:
    level = Measure("chip_assurance", float(chip.trust.assurance), "", f"min {limits.min_assurance}")
    if chip.store_age_hours is None:
        return (level,)
    most = f"max {limits.max_store_age_hours:g}"
    return level, Measure("trust_store_age", chip.store_age_hours, "hours", most)
