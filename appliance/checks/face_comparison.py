"""One person throughout: the live face agrees with itself over the visit, and with the document's portrait."""

from __future__ import annotations

from appliance.checks.evidence import ComparisonEvidence, Evidence, PortraitState
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "face_comparison"


def check(evidence: Evidence, policy: Policy) -> Finding:
    seen = evidence.comparison
    if seen is None:
        return Finding(NAME, Verdict.NOT_DONE, "face_not_captured")
    if seen.metric != policy.comparison.metric:
        return Finding(NAME, Verdict.NOT_DONE, "comparison_metric_unknown")  # a limit speaks of one network only
    measures = _measures(seen, policy)
    has_turned = evidence.pad is not None and evidence.pad.turn_passed
    return _continuity(seen, policy, measures, has_turned) or _portrait(seen, policy, measures)


def _continuity(
    seen: ComparisonEvidence, policy: Policy, measures: tuple[Measure, ...], has_turned: bool
) -> Finding | None:
    """What speaks against one live person; None when nothing does. A turn that failed is face_pad's to refer."""
    most = policy.turn.max_track_distance
    if seen.burst_distance is not None and not seen.burst_distance <= most:  # so that NaN refers
        return Finding(NAME, Verdict.REFER, "live_faces_differ", measures)
    if seen.turn_distance is not None and not seen.turn_distance <= most:
        return Finding(NAME, Verdict.REFER, "turn_other_face", measures)
    if seen.turn_distance is None and has_turned:
        return Finding(NAME, Verdict.NOT_DONE, "turn_identity_not_followed", measures)
    return None


def _portrait(seen: ComparisonEvidence, policy: Policy, measures: tuple[Measure, ...]) -> Finding:
    limits = policy.comparison
    if seen.portrait is PortraitState.UNREADABLE:  # whoever shows a portrait that no machine can use meets an officer
        return Finding(NAME, Verdict.NOT_DONE, "portrait_unreadable", measures)
    if seen.portrait is PortraitState.FACELESS:
        return Finding(NAME, Verdict.NOT_DONE, "portrait_without_face", measures)
    is_printed = seen.portrait is PortraitState.PRINTED
    if seen.portrait is PortraitState.NONE or (is_printed and not limits.printed_counts):
        if limits.portrait_required:
            return Finding(NAME, Verdict.NOT_DONE, "portrait_absent", measures)
        return Finding(NAME, Verdict.CLEAR, "no_portrait_to_compare", measures)
    if seen.frames < limits.min_frames or seen.portrait_distance is None:
        return Finding(NAME, Verdict.NOT_DONE, "comparison_too_few_frames", measures)
    if not seen.portrait_distance <= limits.max_distance:
        return Finding(NAME, Verdict.REFER, "portrait_differs", measures)
    return Finding(NAME, Verdict.CLEAR, "portrait_agrees", measures)


def _measures(seen: ComparisonEvidence, policy: Policy) -> tuple[Measure, ...]:
    """The operating point: each distance with its limit, and the network and file that it is a distance of."""
    within, between = f"max {policy.turn.max_track_distance:g}", f"max {policy.comparison.max_distance:g}"
    rows = (
        ("portrait_distance", seen.portrait_distance, between),
        ("live_burst_distance", seen.burst_distance, within),
        ("turn_distance", seen.turn_distance, within),
    )
    frames = Measure("live_frames", float(seen.frames), "", f"min {policy.comparison.min_frames}")
    return (*(Measure(name, value, seen.version, limit) for name, value, limit in rows if value is not None), frames)
