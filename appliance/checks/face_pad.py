"""Presentation attack detection for the face (ISO/IEC 30107): active turn, and passive scores where installed."""

from __future__ import annotations

from statistics import median

from appliance.checks.evidence import Evidence, PadEvidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "face_pad"


def check(evidence: Evidence, policy: Policy) -> Finding:
    pad = evidence.pad
    if pad is None:
        return Finding(NAME, Verdict.NOT_DONE, "challenge_not_done")
    measures = (*pad.turn_measures, *_passive(pad, policy))
    if not pad.turn_passed:
        done = pad.turn_reason not in ("cannot_turn", "turn_no_response")
        return Finding(NAME, Verdict.REFER if done else Verdict.NOT_DONE, pad.turn_reason, measures)
    if pad.passive_installed:
        if len(pad.passive_scores) < policy.passive.min_frames:
            return Finding(NAME, Verdict.NOT_DONE, "passive_too_few_frames", measures)
        if not median(pad.passive_scores) <= policy.passive.max_attack_score:  # so that NaN refers
            return Finding(NAME, Verdict.REFER, "presentation_attack_suspected", measures)
    return Finding(NAME, Verdict.CLEAR, "bona_fide", measures)


def _passive(pad: PadEvidence, policy: Policy) -> tuple[Measure, ...]:
    if not pad.passive_scores:
        return ()
    limit = f"max {policy.passive.max_attack_score:g}"
    return (Measure("attack_score_median", median(pad.passive_scores), "0..1", limit),)
