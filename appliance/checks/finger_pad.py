"""Presentation attack detection for the finger, UNEVALUATED: cues that send to an officer, and never pass anybody."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "finger_pad"


def check(evidence: Evidence, _policy: Policy) -> Finding:
    """Its being clear says that nothing was noticed, and nothing more."""
    finger = evidence.finger
    if finger is None:
        return Finding(NAME, Verdict.NOT_DONE, "finger_not_captured")
    if not finger.asked:
        return Finding(NAME, Verdict.CLEAR, finger.not_asked_reason)
    if finger.quality is None:
        return Finding(NAME, Verdict.NOT_DONE, "finger_not_captured")
    if finger.cues:
        measures = tuple(Measure(f"finger_cue_{cue}", 1.0, "", "max 0") for cue in finger.cues)
        return Finding(NAME, Verdict.REFER, "finger_cue_seen", measures)
    return Finding(NAME, Verdict.CLEAR, "finger_no_cue_seen")
