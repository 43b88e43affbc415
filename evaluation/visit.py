"""A visit of which only one thing is known: what a check of the product is handed here."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from appliance.checks.evidence import Evidence, FingerEvidence, PadEvidence
from border.encounter import ClockState


def only(pad: PadEvidence | None = None, finger: FingerEvidence | None = None) -> Evidence:
    """Evidence with this and nothing else: a check that looks at anything else finds it absent."""
    known: dict[str, Any] = {field.name: None for field in fields(Evidence)}
    known |= {"today": date.min, "clock": ClockState.UNTRUSTED, "document_reason": "not_presented"}
    known |= {"wishes": frozenset(), "failed_devices": (), "pictures": (), "altered": (), "pad": pad, "finger": finger}
    return Evidence(**known)
