"""Why headquarters does not give a device what it asks for: a closed list, each with its cause and the next step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Refusal(StrEnum):
    BAD_REQUEST = "bad_request"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_CSR = "wrong_csr"
    VOUCHER_WRONG = "voucher_wrong"
    VOUCHER_EARLY = "voucher_early"
    VOUCHER_EXPIRED = "voucher_expired"
    VOUCHER_USED_UP = "voucher_used_up"
    VOUCHER_WITHDRAWN = "voucher_withdrawn"
    VOUCHER_PURPOSE = "voucher_purpose"
    LEVEL_TOO_LOW = "level_too_low"
    UNKNOWN_PORT = "unknown_port"
    UNKNOWN_LANE = "unknown_lane"
    LANE_TAKEN = "lane_taken"
    LANE_NOT_IN_SERVICE = "lane_not_in_service"
    LANE_ENDED = "lane_ended"
    BOARD_IN_SERVICE = "board_in_service"
    OTHER_BOARD = "other_board"
    CLONED_KEY = "cloned_key"
    REVOKED = "revoked"
    REPLAYED = "replayed"
    STALE = "stale"
    RECORDS_WAITING = "records_waiting"
    NO_CONSENT = "no_consent"
    TPM_UNTRUSTED = "tpm_untrusted"
    TPM_KEY_OUTSIDE = "tpm_key_outside"
    TPM_PROOF_WRONG = "tpm_proof_wrong"
    RELEASE_WAITING = "release_waiting"
    DISK_PART_WRONG = "disk_part_wrong"
    DISK_OF_ANOTHER_LANE = "disk_of_another_lane"


@dataclass(frozen=True, slots=True)
class Why:
    """For the technician, in one sentence each: what is the matter, and what to do now."""

    cause: str
    next_step: str


REFUSALS: dict[Refusal, Why] = {
    Refusal.BAD_REQUEST: Why(
        "The request cannot be read: cut short, changed on its way, or of another version.",
        "Write the request again on this device, and eject the stick before you take it out.",
    ),
    Refusal.WRONG_SIGNATURE: Why(
        "The request is not signed by the key that it is about.",
        "Write the request again on the device that holds the key.",
    ),
    Refusal.WRONG_CSR: Why(
        "The certificate request inside is not for this lane, or its key is of a kind that is not taken.",
        "Run the step for the keys again, then write a new request.",
    ),
    Refusal.VOUCHER_WRONG: Why(
        "The voucher is not one of headquarters', or lacks the signatures of two people.",
        "Take the voucher that headquarters sent for this port; if it is that one, ask for it to be signed again.",
    ),
    Refusal.VOUCHER_EARLY: Why(
        "The voucher is not valid yet.",
        "Come back on its first day, or ask headquarters for one that is valid now.",
    ),
    Refusal.VOUCHER_EXPIRED: Why(
        "The voucher has run out.",
        "Ask headquarters for a new voucher; what is done so far stays done.",
    ),
    Refusal.VOUCHER_USED_UP: Why(
        "As many boards as the voucher allows have used it.",
        "Ask headquarters which boards those are, and for a voucher for this one.",
    ),
    Refusal.VOUCHER_WITHDRAWN: Why(
        "Headquarters has withdrawn the voucher.",
        "Ask headquarters why, and for a new one.",
    ),
    Refusal.VOUCHER_PURPOSE: Why(
        "The voucher does not allow this operation.",
        "Ask headquarters for a voucher for this operation and this lane.",
    ),
    Refusal.LEVEL_TOO_LOW: Why(
        "The voucher wants the key kept safer than this device keeps it.",
        "See that the TPM is fitted and found, or ask headquarters whether a lower level may do.",
    ),
    Refusal.UNKNOWN_PORT: Why(
        "Headquarters has no such port.",
        "Compare the port on the voucher with the one you stand in, and tell headquarters.",
    ),
    Refusal.UNKNOWN_LANE: Why(
        "The voucher does not name this lane.",
        "Choose one of the lanes on the voucher.",
    ),
    Refusal.LANE_TAKEN: Why(
        "Another board is in service as this lane.",
        "To put this board in its place, choose replace-board; else choose another lane.",
    ),
    Refusal.LANE_NOT_IN_SERVICE: Why(
        "No board is in service as this lane, so there is nothing to replace, renew or move.",
        "Choose enrol.",
    ),
    Refusal.LANE_ENDED: Why(
        "This lane was retired or moved away; its name is not given twice.",
        "Ask headquarters for a voucher with a new lane name.",
    ),
    Refusal.BOARD_IN_SERVICE: Why(
        "This board is in service as another lane.",
        "Choose move-site, or retire that lane first.",
    ),
    Refusal.OTHER_BOARD: Why(
        "This does not come from the board that it must come from.",
        "Look at the serial number on the board and in the register; use replace-board for another board.",
    ),
    Refusal.CLONED_KEY: Why(
        "The same key is registered with another board: a disk was copied.",
        "Stop. Keep both boards, tell headquarters, and make new keys on this one.",
    ),
    Refusal.REVOKED: Why(
        "This key was revoked.",
        "Tell headquarters that a revoked device asks; it can only come back as a new board.",
    ),
    Refusal.REPLAYED: Why(
        "This very request was dealt with before.",
        "Write a new request; the old file is of no use to anybody.",
    ),
    Refusal.STALE: Why(
        "The challenge of the centre ran out, or is not one of the centre's, or was used.",
        "Ask again from the start; nothing was lost.",
    ),
    Refusal.RECORDS_WAITING: Why(
        "Records of this lane are not at the centre yet.",
        "Connect the lane and let it send them, or bring them by export, then ask again.",
    ),
    Refusal.NO_CONSENT: Why(
        "The key of the lane that is left has not agreed to the move.",
        "Start move-site on the device as it was; if its key is lost, use replace-storage first.",
    ),
    Refusal.TPM_UNTRUSTED: Why(
        "The TPM's certificate is from no manufacturer that headquarters trusts, or is not this TPM's.",
        "Tell headquarters the maker of the TPM; or ask for a voucher that takes a software key.",
    ),
    Refusal.TPM_KEY_OUTSIDE: Why(
        "The TPM does not vouch that the key was made in it and cannot leave it.",
        "Run the step for the keys again; if it stays so, the TPM is not what it says: send the board back.",
    ),
    Refusal.TPM_PROOF_WRONG: Why(
        "The challenge was not solved by the TPM that the request speaks of.",
        "Carry the challenge back to the board that wrote the request, and bring its proof.",
    ),
    Refusal.RELEASE_WAITING: Why(
        "Two custodians at headquarters have not released the disk to this board yet.",
        "Ask headquarters for it, and then for the answer to this same request; nothing has to be written again.",
    ),
    Refusal.DISK_PART_WRONG: Why(
        "What the disk carries of its recovery key cannot be opened: it was damaged, or is another's.",
        "Keep the disk. Headquarters knows which part it is; if two others are whole, they can release it still.",
    ),
    Refusal.DISK_OF_ANOTHER_LANE: Why(
        "The disk was locked by a board that was never this lane.",
        "Look which lane the disk comes from, and take the voucher of that lane.",
    ),
}
"""docs/errors.md has a row for each."""
