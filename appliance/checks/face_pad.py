"""Presentation attack detection for the face (ISO/IEC 30107): active challenge, passive scores, signs of a screen.

All that is installed must agree. The challenge never stands in for a passive score that says attack, nor the other
way round; and what was judged must be what is kept.
"""

from __future__ import annotations

import math
from statistics import median

from appliance.checks.evidence import Evidence, PadEvidence
from border.findings import Finding, Measure, Verdict
from border.rules.policy import Policy

NAME = "face_pad"
Measures = tuple[Measure, ...]

NOT_SEEN = ("cannot_turn", "turn_no_response")
"""Reasons that say that nothing was shown, rather than something wrong."""


def check(evidence: Evidence, policy: Policy) -> Finding:
    pad = evidence.pad
    if evidence.altered:
        return Finding(NAME, Verdict.REFER, "frames_altered")
    if pad is None:
        return Finding(NAME, Verdict.NOT_DONE, "challenge_not_done")
    measures = (*pad.turn_measures, *_passive(pad, policy), *_screen(pad, policy), *_recorded(pad))
    if not pad.turn_passed:
        done = pad.turn_reason not in NOT_SEEN
        return Finding(NAME, Verdict.REFER if done else Verdict.NOT_DONE, pad.turn_reason, measures)
    against = _bound(evidence, pad, measures) or _photo(pad, policy, measures) or _display(pad, policy, measures)
    return against or Finding(NAME, Verdict.CLEAR, "bona_fide", measures)


def _bound(evidence: Evidence, pad: PadEvidence, measures: Measures) -> Finding | None:
    return None if is_bound(evidence, pad) else Finding(NAME, Verdict.REFER, "picture_not_judged", measures)


def _photo(pad: PadEvidence, policy: Policy, measures: Measures) -> Finding | None:
    """What the passive bundle has against a presentation that met the challenge."""
    if not pad.passive_installed:
        return None
    if len(pad.passive_scores) < policy.passive.min_frames:
        return Finding(NAME, Verdict.NOT_DONE, "passive_too_few_frames", measures)
    if not median(pad.passive_scores) <= policy.passive.max_attack_score:  # so that NaN refers
        return Finding(NAME, Verdict.REFER, "presentation_attack_suspected", measures)
    return None


def _display(pad: PadEvidence, policy: Policy, measures: Measures) -> Finding | None:
    """What speaks for a screen before the camera."""
    moire, bezel = measured(pad.screen.moire), measured(pad.screen.bezel)
    if min(len(moire), len(bezel)) < policy.screen.min_frames:
        return Finding(NAME, Verdict.NOT_DONE, "screen_too_few_frames", measures)
    if median(moire) > policy.screen.max_moire or median(bezel) > policy.screen.max_bezel:
        return Finding(NAME, Verdict.REFER, "screen_suspected", measures)
    return None


def is_bound(evidence: Evidence, pad: PadEvidence) -> bool:
    """Whether every face picture kept, and every frame scored, is one that the challenge saw, of its camera."""
    frames = pad.frames
    judged = {*frames.captured, *frames.straight, *frames.turned, *frames.passive}
    kept = all(sha256 in judged and device == frames.camera for sha256, device in evidence.pictures)
    scored = len(frames.passive) == len(pad.passive_scores)
    return kept and scored and bool(frames.camera and frames.straight and frames.turned)


def measured(values: tuple[float, ...]) -> list[float]:
    """Those that are numbers."""
    return [value for value in values if math.isfinite(value)]


def _passive(pad: PadEvidence, policy: Policy) -> tuple[Measure, ...]:
    if not pad.passive_scores:
        return ()
    limit = f"max {policy.passive.max_attack_score:g}"
    return (Measure("attack_score_median", median(pad.passive_scores), "0..1", limit),)


def _screen(pad: PadEvidence, policy: Policy) -> tuple[Measure, ...]:
    rows = []
    if moire := measured(pad.screen.moire):
        rows.append(Measure("screen_moire_median", median(moire), "decades", f"max {policy.screen.max_moire:g}"))
    if bezel := measured(pad.screen.bezel):
        rows.append(Measure("screen_bezel_median", median(bezel), "0..1", f"max {policy.screen.max_bezel:g}"))
    if math.isfinite(pad.screen.banding):
        rows.append(Measure("screen_banding", pad.screen.banding, "log brightness"))
    return tuple(rows)


def _recorded(pad: PadEvidence) -> tuple[Measure, ...]:
    tries = Measure("challenge_tries", 1.0 + len(pad.earlier), "tries")
    return (tries, Measure("blinks", float(pad.blinks), "blinks"))
