"""How urgent a referral is, by its reasons, as a table; and which reasons mean that the traveller has left."""

from __future__ import annotations

from collections.abc import Iterable

MOST, HIGH, MIDDLE, LOW = 0, 1, 2, 3

SEVERITY: dict[str, int] = {
    # may be a danger, or in danger: an officer should be there before the traveller waits
    "watchlist_match": MOST,
    "presentation_attack_suspected": MOST,
    "screen_suspected": MOST,
    "picture_not_judged": MOST,  # somebody put another picture in its place, or a mistake of ours
    "frames_other_camera": MOST,
    "frames_out_of_time": MOST,
    "frames_repeated": MOST,
    "check_digit_refuted": MOST,  # an altered document, or a misprint: a human must look
    "portrait_differs": MOST,
    "dg_hash_mismatch": MOST,  # a chip that is contradicted: altered, copied, or damaged
    "signature_wrong": MOST,
    "signer_revoked": MOST,
    "clone_suspected": MOST,
    "card_access_differs": MOST,
    "zone_differs": MOST,
    "live_faces_differ": MOST,
    "protection_nationality": MOST,
    "minor": MOST,
    "document_check_digit_refuted": MOST,
    "age_not_certain": MOST,  # may be a minor
    # cannot be cleared without an act of an officer
    "check_digit_missing": HIGH,
    "issuer_unknown": HIGH,
    "issuer_specimen": HIGH,
    "document_expired": HIGH,
    "document_kind_not_accepted": HIGH,
    "date_impossible": HIGH,
    "chip_denied": HIGH,
    "signer_unknown": HIGH,
    "issuing_state_differs": HIGH,
    "expiry_unknown": HIGH,
    "document_expires_soon": MIDDLE,
    "no_stay_rule": MIDDLE,
    # the traveller asked for a human, or could not do a step: quick, and without blame
    "officer_asked_for": MIDDLE,
    "cannot_turn": MIDDLE,
    "cannot_give_finger": MIDDLE,
    "challenge_not_done": MIDDLE,
    # the machine is to blame
    "face_quality_low": LOW,
    "face_not_captured": LOW,
    "finger_cue_seen": MIDDLE,
    "finger_quality_low": LOW,
    "finger_not_captured": LOW,
    "finger_metric_unknown": LOW,
    "passive_too_few_frames": LOW,
    "comparison_too_few_frames": LOW,
    "comparison_metric_unknown": LOW,
    "screen_too_few_frames": LOW,
    "document_not_read": LOW,
    "document_not_presented": LOW,
    "chip_not_asked": LOW,
    "chip_reader_failed": LOW,
    "chip_too_slow": LOW,
    "chip_broken_off": LOW,
    "trust_store_absent": LOW,
    "trust_store_stale": LOW,
    "list_absent": LOW,
    "list_too_old": LOW,
    "clock_not_trusted": LOW,
    "left_before_the_end": LOW,
}

UNLISTED = MIDDLE
"""A reason this table does not know is neither hidden at the end nor put before a watchlist match."""

WALKED_AWAY: frozenset[str] = frozenset({"left_before_the_end"})


def severity(reasons: Iterable[str]) -> int:
    """The most urgent of them; LOW when there is none."""
    return min((SEVERITY.get(reason, UNLISTED) for reason in reasons), default=LOW)


def has_walked_away(reasons: Iterable[str]) -> bool:
    return not WALKED_AWAY.isdisjoint(reasons)
