"""All checks, listed by hand: a check that is not here is not expected, and one that is here must speak."""

from __future__ import annotations

from collections.abc import Callable

from appliance.checks import (
    chip_matches_zone,
    chip_trust,
    devices,
    document_accepted,
    document_expiry,
    document_integrity,
    document_readable,
    face_comparison,
    face_pad,
    face_quality,
    finger_pad,
    finger_quality,
    own_wish,
    traveller_age,
    watchlist,
)
from appliance.checks.evidence import Evidence
from border.findings import Finding
from border.rules.policy import Policy

Check = Callable[[Evidence, Policy], Finding]

ALL: dict[str, Check] = {
    module.NAME: module.check
    for module in (
        document_readable,
        document_integrity,
        document_accepted,
        document_expiry,
        chip_trust,
        chip_matches_zone,
        traveller_age,
        watchlist,
        face_quality,
        face_pad,
        face_comparison,
        finger_quality,
        finger_pad,
        own_wish,
        devices,
    )
}

EXPECTED: frozenset[str] = frozenset(ALL)


def run_all(evidence: Evidence, policy: Policy) -> tuple[Finding, ...]:
    """One finding per check, in the list's order."""
    return tuple(check(evidence, policy) for check in ALL.values())
