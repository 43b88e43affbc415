"""A visit of which only one thing is known: what a check of the product is handed here."""

from __future__ import annotations

from datetime import date

from appliance.checks.evidence import Evidence, FingerEvidence, PadEvidence
from border.encounter import ClockState


def only(pad: PadEvidence | None = None, finger: FingerEvidence | None = None) -> Evidence:
    """Evidence with this and nothing else; a check that looks at anything else finds it absent."""
    return Evidence(
        today=date.min,
        clock=ClockState.UNTRUSTED,
        document=None,
        document_reason="not_presented",
        hits=None,
        list_age_hours=None,
        face=None,
        pad=pad,
        finger=finger,
        wishes=frozenset(),
        failed_devices=(),
    )
