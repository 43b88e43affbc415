"""The face sample is good enough for an officer and for comparison (ISO/IEC 29794-5 components)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from appliance.checks.evidence import Evidence
from border.findings import Finding, Measure, Verdict
from border.quality import QualityComponent
from border.rules.policy import FaceLimits, Policy

NAME = "face_quality"

LIGHT = ("FaceHighlights", "DynamicRange")
"""Policy asks for one of the two, so that neither skin nor a shadow alone is taken for bad light."""


def check(evidence: Evidence, policy: Policy) -> Finding:
    face = evidence.face
    if face is None:
        return Finding(NAME, Verdict.NOT_DONE, "face_not_captured")
    said = tuple(_measures(face.components, policy.face))
    seen = {c.name: _mapped(c) for c in face.components}
    reached = all(seen.get(name, float("nan")) >= limit for name, limit in policy.face.min_component)
    if face.causes or not reached:
        return Finding(NAME, Verdict.REFER, "face_quality_low", said)
    return Finding(NAME, Verdict.CLEAR, "good", said)


def _measures(components: Sequence[QualityComponent], limits: FaceLimits) -> Iterator[Measure]:
    """Every component beside the limit it was held against: mapped where policy speaks of 0..100, else native."""
    mapped, native = _mapped_minima(components, limits), _native_limits(limits)
    for c in components:
        least = mapped.get(c.name, math.nan)
        unit, kind, limit = native.get(c.name, ("", "", math.nan))
        is_missed = not (abs(c.native) >= limit if kind == "min" else abs(c.native) <= limit)
        if kind and (c.name not in mapped or (is_missed and _mapped(c) >= least)):
            yield Measure(c.name, abs(c.native), unit, f"{kind} {limit:g}")
        elif c.name in mapped:
            yield Measure(c.name, _mapped(c), "0..100", f"min {least:g}")
        else:
            yield Measure(c.name, _mapped(c), "native" if c.mapped is None else "0..100")


def _mapped_minima(components: Sequence[QualityComponent], limits: FaceLimits) -> dict[str, float]:
    light, least = [_mapped(c) for c in components if c.name in LIGHT], limits.light.min_mapped
    is_unlit = not any(value >= least for value in light)
    unlit = dict.fromkeys(LIGHT, least) if is_unlit else {}
    return {**unlit, "Sharpness": limits.min_sharpness, **dict(limits.min_component)}


def _native_limits(limits: FaceLimits) -> dict[str, tuple[str, str, float]]:
    """Unit, kind and limit of what policy limits in its own unit."""
    framing = limits.framing
    return {
        "SingleFacePresent": ("first_faces", "max", framing.max_second_face),
        "HeadPoseYaw": ("deg", "max", limits.max_abs_yaw_deg),
        "HeadPosePitch": ("deg", "max", limits.max_abs_pitch_deg),
        "HeadPoseRoll": ("deg", "max", limits.max_abs_roll_deg),
        "InterEyeDistance": ("px", "min", limits.min_inter_eye_px),
        "HeadSize": ("picture_heights", "max", framing.max_head_size),
        "LeftwardCropOfTheFaceImage": ("eye_distances", "min", framing.min_side),
        "RightwardCropOfTheFaceImage": ("eye_distances", "min", framing.min_side),
        "MarginAboveOfTheFaceImage": ("face_lengths", "min", framing.min_above),
        "MarginBelowOfTheFaceImage": ("face_lengths", "min", framing.min_below),
    }


def _mapped(component: QualityComponent) -> float:
    return component.native if component.mapped is None else component.mapped
