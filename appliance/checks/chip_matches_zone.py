"""The zone in the chip is the zone on the page, character by character."""

from __future__ import annotations

from appliance.checks.chip_trust import unread
from appliance.checks.evidence import Evidence
from border.documents.chip_unread import Unread
from border.documents.zone_comparison import compare_zones
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "chip_matches_zone"


def check(evidence: Evidence, policy: Policy) -> Finding:
    if evidence.document is None:
        return Finding(NAME, Verdict.NOT_DONE, "document_not_read")
    if isinstance(evidence.chip, Unread):
        return unread(NAME, evidence.chip, policy)
    if not evidence.chip.zone:
        return Finding(NAME, Verdict.NOT_DONE, "chip_zone_not_read")
    compared = compare_zones(evidence.chip.printed, evidence.chip.zone)
    differing = Measure("differing", float(len(compared.differences)), "characters", "max 0")
    if not compared.agrees:
        return Finding(NAME, Verdict.REFER, "zone_differs", (differing,))
    return Finding(NAME, Verdict.CLEAR, "zone_agrees", (differing,))
