"""The face sample is good enough for an officer and for comparison (ISO/IEC 29794-5 components)."""

from __future__ import annotations

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "face_quality"


def check(evidence: Evidence, policy: Policy) -> Finding:
    face = evidence.face
    if face is None:
        return Finding(NAME, Verdict.NOT_DONE, "face_not_captured")
    lowest = dict(policy.face.min_component)
    measures = tuple(
        Measure(
            c.name,
            c.native if c.mapped is None else c.mapped,
            "native" if c.mapped is None else "0..100",
            f"min {lowest[c.name]:g}" if c.name in lowest else "",
        )
        for c in face.components
    )
    seen = {m.name: m.value for m in measures}
    if not all(seen.get(name, float("nan")) >= limit for name, limit in lowest.items()):
        return Finding(NAME, Verdict.REFER, "face_quality_low", measures)
    if face.causes:
        return Finding(NAME, Verdict.REFER, "face_quality_low", measures)
    return Finding(NAME, Verdict.CLEAR, "good", measures)
