"""Every device the visit needed answered to the end."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Verdict
from border.rules.policy import Policy

NAME = "devices"


def check(evidence: Evidence, _policy: Policy) -> Finding:
    if evidence.failed_devices:
        step, _code = evidence.failed_devices[0]
        return Finding(NAME, Verdict.NOT_DONE, f"{step}_device_failed")
    return Finding(NAME, Verdict.CLEAR, "all_answered")
