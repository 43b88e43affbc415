"""The finger impression is good enough, or policy asks for none."""

from __future__ import annotations

import math

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "finger_quality"


def check(evidence: Evidence, policy: Policy) -> Finding:
    finger = evidence.finger
    if finger is None:
        return Finding(NAME, Verdict.NOT_DONE, "finger_not_captured")
    if not finger.asked:
        return Finding(NAME, Verdict.CLEAR, finger.not_asked_reason)
    if finger.quality is None:
        return Finding(NAME, Verdict.NOT_DONE, "finger_not_captured")
    if finger.quality.metric != policy.finger.metric:
        return Finding(NAME, Verdict.NOT_DONE, "finger_metric_unknown")  # a limit speaks of one metric only
    least = policy.finger.least(finger.quality.sensor_class)
    if math.isnan(least):
        return Finding(NAME, Verdict.NOT_DONE, "finger_sensor_unknown")
    value = finger.quality.native if finger.quality.mapped is None else finger.quality.mapped
    measure = Measure("finger_quality", value, finger.quality.metric, f"min {least:g}")
    if not value >= least:
        return Finding(NAME, Verdict.REFER, "finger_quality_low", (measure,))
    return Finding(NAME, Verdict.CLEAR, "good", (measure,))
