"""Why the centre refuses a message or raises an alarm of its own, beside the reasons of border.messages.errors."""

from __future__ import annotations

from border.messages import errors

REASONS: dict[str, str] = {
    "revoked_kiosk": "the kiosk's key was revoked at the centre",
    "superseded_key": "signed by a key that was this kiosk's before, and later than that key may have signed",
    "tampered": "another record with this id was stored before, with other content",
    "sequence_reused": "another record of this kiosk with this sequence number was stored before",
    "not_storable": "verified, but it holds a value that no database row can hold",
    "internal_error": "the centre's own software failed on it; the kiosk is not answered and keeps the record",
    "part_corrupt": "all slices of a part came and together are not the part named; they are asked for again",
    "part_refused": "a part is whole and can never be opened, or is not the sample that was signed",
    "chain_broken": "a record does not continue the hash chain that is stored before it",
}
"""Stable words with their meaning; docs/errors.md has a row for each."""


def meaning(reason: str) -> str:
    """What a reason means, in English, for a page at headquarters; the word itself when it is none of ours."""
    return REASONS.get(reason) or errors.REASONS.get(reason) or reason
