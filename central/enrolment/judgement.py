"""Whether a device gets what it asks for: the request against the voucher and the register. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from border.enrolment.refusals import Refusal
from border.enrolment.requests import OpenRequest, open_consent
from border.enrolment.values import (
    INTRODUCED,
    LEVELS,
    NO_EK,
    Consent,
    EnrolmentRequest,
    KeyLevel,
    Mark,
    Purpose,
    SiteVoucher,
    voucher_for,
)
from border.enrolment.voucher import OpenVoucher
from border.ledger import GENESIS
from border.messages import topics
from border.messages.envelope import open_state
from border.messages.errors import MessageError
from central.enrolment import tpm
from central.enrolment.tpm import TpmError
from central.store import lanes, records, vouchers
from central.store.api import Transaction
from central.store.lanes import ENDED, IN_SERVICE, IdentityRow, LaneRow, LaneState
from central.store.records import Completeness

MOST_AHEAD = 100_000
"""So many records may wait on a lane's storage beyond what the centre knows of; more is no sequence number."""


class Refused(Exception):
    """No. `detail` is for the technician."""

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Case:
    """A request whose own signature holds, with what else is needed to judge it."""

    opened: OpenRequest
    voucher: OpenVoucher | None
    makers: Sequence[x509.Certificate]  # of TPMs: roots, and what leads to them
    now_ms: int

    @property
    def request(self) -> EnrolmentRequest:
        return self.opened.request

    @property
    def key(self) -> bytes:
        return spki(self.opened.public_key)


@dataclass(frozen=True, slots=True)
class Attested:
    """What the TPM's evidence shows: for whom a challenge is to be made."""

    ek: x509.Certificate
    ak_name: bytes


@dataclass(frozen=True, slots=True)
class Ruling:
    """What may be done. `keep`: the identity in force that goes on; None: a new one begins."""

    port: str
    keep: IdentityRow | None
    leaves: str  # the lane that ends with a move
    left_seq: int  # and its newest record
    next_seq: int
    head: bytes
    storage_lost: bool
    attested: Attested | None

    def mark(self, level: KeyLevel, *, proven: bool) -> Mark:
        if level is not KeyLevel.TPM:
            return Mark.PKCS11 if level is KeyLevel.PKCS11 else Mark.SOFTWARE
        if self.keep is not None and self.attested is None:
            return self.keep.mark
        return Mark.TPM_PROVEN if proven else Mark.TPM_CLAIMED


def spki(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def judge(t: Transaction, case: Case) -> Ruling:
    """Raises Refused. The caller has seen to it that the request was not dealt with before."""
    request = case.request
    if request.purpose in INTRODUCED:
        _voucher_allows(t, case)
        attested = _attested(case)
        _key_is_free(t, case)
        _board_is_free(t, case)
    else:
        attested = None
    lane = lanes.lane(t, request.kiosk)
    if lane is None:
        raise Refused(Refusal.UNKNOWN_LANE, request.kiosk)
    return RULES[request.purpose](t, case, lane, attested)


def _voucher_allows(t: Transaction, case: Case) -> None:
    if case.voucher is None:
        raise Refused(Refusal.VOUCHER_WRONG)
    voucher = case.voucher.voucher
    row = vouchers.one(t, voucher.serial)
    if row is None or row.voucher != voucher:  # two of our people signed it, and yet it was not made here
        raise Refused(Refusal.VOUCHER_WRONG, voucher.serial)
    if row.withdrawn_ms:
        raise Refused(Refusal.VOUCHER_WITHDRAWN, voucher.serial)
    _in_time(voucher, case.now_ms)
    if voucher_for(case.request.purpose) not in voucher.purposes:
        raise Refused(Refusal.VOUCHER_PURPOSE, f"allows {', '.join(voucher.purposes)}")
    _for_lane(t, voucher, case.request.kiosk)
    if LEVELS.index(case.request.board.key_level) < LEVELS.index(voucher.least_level):
        raise Refused(Refusal.LEVEL_TOO_LOW, f"wants {voucher.least_level}")
    boards = {board for board, _kiosk, _at_ms in row.uses}
    if case.request.board.serial not in boards and len(boards) >= voucher.devices:
        raise Refused(Refusal.VOUCHER_USED_UP, f"used by {', '.join(sorted(boards))}")


def _in_time(voucher: SiteVoucher, now_ms: int) -> None:
    if now_ms < voucher.not_before_ms:
        raise Refused(Refusal.VOUCHER_EARLY, f"valid from {_day(voucher.not_before_ms)}")
    if now_ms > voucher.not_after_ms:
        raise Refused(Refusal.VOUCHER_EXPIRED, f"valid until {_day(voucher.not_after_ms)}")


def _for_lane(t: Transaction, voucher: SiteVoucher, kiosk: str) -> None:
    if lanes.port_configuration(t, voucher.port) is None:
        raise Refused(Refusal.UNKNOWN_PORT, voucher.port)
    lane = lanes.lane(t, kiosk)
    if kiosk not in voucher.lanes or (lane is not None and lane.port != voucher.port):
        raise Refused(Refusal.UNKNOWN_LANE, f"for {', '.join(voucher.lanes)}")


def _attested(case: Case) -> Attested | None:
    """None for a key that is not in a TPM. A TPM's key without evidence, or evidence without one, is neither."""
    board, evidence = case.request.board, case.request.tpm
    if board.key_level is not KeyLevel.TPM:
        if evidence is not None or board.ek_certificate_sha256 != NO_EK:
            raise Refused(Refusal.BAD_REQUEST, "TPM evidence for a key that is not in a TPM")
        return None
    if evidence is None:
        raise Refused(Refusal.TPM_UNTRUSTED, "no evidence")
    if hashlib.sha256(evidence.ek_certificate).hexdigest() != board.ek_certificate_sha256:
        raise Refused(Refusal.TPM_UNTRUSTED, "another certificate than the board's")
    try:
        ek = tpm.trusted_ek(evidence.ek_certificate, case.makers, moment(case.now_ms))
    except TpmError as error:
        raise Refused(Refusal.TPM_UNTRUSTED, error.fault) from None
    try:
        ak, identity = tpm.resident_key(evidence, case.request.nonce, case.request.csr)
    except TpmError as error:
        raise Refused(Refusal.TPM_KEY_OUTSIDE, error.fault) from None
    if spki(identity.key) != case.key:
        raise Refused(Refusal.TPM_KEY_OUTSIDE, "another key than the certificate request's")
    return Attested(ek, ak.name)


def _key_is_free(t: Transaction, case: Case) -> None:
    """No other board has or had this key, and no lane that ended."""
    for owner in lanes.with_key(t, case.key):
        if not _is_board(owner, case.request):
            raise Refused(Refusal.CLONED_KEY, f"registered with board {owner.board} as {owner.kiosk}")
        if owner.until_ms:
            raise Refused(Refusal.REVOKED, f"{owner.kiosk}, since {_day(owner.until_ms)}")


def _board_is_free(t: Transaction, case: Case) -> None:
    request = case.request
    own = {request.kiosk, request.previous_kiosk if request.purpose is Purpose.MOVE_SITE else request.kiosk}
    for holder in lanes.in_force_on(t, request.board):
        if holder.kiosk not in own:
            raise Refused(Refusal.BOARD_IN_SERVICE, f"as {holder.kiosk}")


def _enrol(t: Transaction, case: Case, lane: LaneRow, attested: Attested | None) -> Ruling:
    _not_ended(lane)
    current = _in_force(t, lane.kiosk)
    if current is None or _is_same(current, case):
        return _ruling(t, case, lane, current, attested)
    if lane.state is LaneState.ENROLLED and _is_board(current, case.request):  # begun anew before it was accepted
        return _ruling(t, case, lane, None, attested)
    raise Refused(Refusal.LANE_TAKEN, f"board {current.board}")


def _replace_board(t: Transaction, case: Case, lane: LaneRow, attested: Attested | None) -> Ruling:
    current = _serving(t, lane)
    if _is_same(current, case):  # its answer was lost
        return _ruling(t, case, lane, current, attested)
    if _is_board(current, case.request):
        raise Refused(Refusal.OTHER_BOARD, f"board {current.board} is the lane's own: choose replace-storage")
    return _ruling(t, case, lane, None, attested)


def _unlock(t: Transaction, case: Case, lane: LaneRow, attested: Attested | None) -> Ruling:
    """A disk of one of the lane's own boards, for a TPM that is to become the lane's."""
    current, disk = _serving(t, lane), case.request.disk
    if disk is None:
        raise Refused(Refusal.BAD_REQUEST, "no disk is asked for")
    if attested is None:
        raise Refused(Refusal.LEVEL_TOO_LOW, "what a TPM locked is opened to a TPM alone")
    boards = {row.board for row in lanes.identities(t, lane.kiosk)} | _unlocked_for(t, lane.kiosk)
    if disk.board not in boards:
        raise Refused(Refusal.DISK_OF_ANOTHER_LANE, f"board {disk.board}; the lane's is {current.board}")
    return _ruling(t, case, lane, current, attested)


def _unlocked_for(t: Transaction, kiosk: str) -> set[str]:
    """Boards that got a disk of this lane: one of them may have locked it anew and then never become the lane."""
    return {one.who.removeprefix("board ") for one in lanes.events(t, kiosk) if one.what == Purpose.UNLOCK}


def _replace_storage(t: Transaction, case: Case, lane: LaneRow, attested: Attested | None) -> Ruling:
    current = _serving(t, lane)
    if not _is_board(current, case.request):
        raise Refused(Refusal.OTHER_BOARD, f"the lane's is {current.board}")
    return _ruling(t, case, lane, current if _is_same(current, case) else None, attested)


def _move_site(t: Transaction, case: Case, lane: LaneRow, attested: Attested | None) -> Ruling:
    _not_ended(lane)
    current, request = _in_force(t, lane.kiosk), case.request
    if current is not None and _is_same(current, case):  # its answer was lost
        return _ruling(t, case, lane, current, attested)
    if current is not None:
        raise Refused(Refusal.LANE_TAKEN, f"board {current.board}")
    old_lane = lanes.lane(t, request.previous_kiosk)
    if old_lane is None:
        raise Refused(Refusal.UNKNOWN_LANE, request.previous_kiosk)
    old = _serving(t, old_lane)
    if not _is_board(old, request):
        raise Refused(Refusal.OTHER_BOARD, f"{old.kiosk} is board {old.board}")
    consent = _consent(case, old)
    _drained(t, old.kiosk, consent.last_seq)
    return _ruling(t, case, lane, None, attested, leaves=old.kiosk, left_seq=consent.last_seq)


def _retired(t: Transaction, case: Case, lane: LaneRow) -> IdentityRow | None:
    """The identity that retired itself, if it is its key that asks again: its answer was lost, and it must be able to
    wipe itself. None where headquarters ended the lane."""
    if lane.state is not LaneState.RETIRED or Purpose.RETIRE not in {one.what for one in lanes.events(t, lane.kiosk)}:
        return None
    last = lanes.identities(t, lane.kiosk)[-1]
    return last if _is_same(last, case) else None


def _renew(t: Transaction, case: Case, lane: LaneRow, _attested: Attested | None) -> Ruling:
    return _ruling(t, case, lane, _own(t, case, lane), None)


def _retire(t: Transaction, case: Case, lane: LaneRow, _attested: Attested | None) -> Ruling:
    if (retired := _retired(t, case, lane)) is not None:
        return _ruling(t, case, lane, retired, None)
    current = _own(t, case, lane)
    _drained(t, lane.kiosk, case.request.last_seq)
    return _ruling(t, case, lane, current, None)


Rule = Callable[[Transaction, Case, LaneRow, Attested | None], Ruling]
RULES: dict[Purpose, Rule] = {
    Purpose.ENROL: _enrol,
    Purpose.REPLACE_BOARD: _replace_board,
    Purpose.REPLACE_STORAGE: _replace_storage,
    Purpose.MOVE_SITE: _move_site,
    Purpose.RENEW: _renew,
    Purpose.RETIRE: _retire,
    Purpose.UNLOCK: _unlock,
}


def _own(t: Transaction, case: Case, lane: LaneRow) -> IdentityRow:
    """The lane's identity in force, if it is its key that signed, on its board."""
    if lane.state in ENDED:
        raise Refused(Refusal.REVOKED, f"{lane.state} since {_day(lane.since_ms)}")
    current = _serving(t, lane)
    if current.public_key == case.key:
        if not _is_board(current, case.request):
            raise Refused(Refusal.CLONED_KEY, f"registered with board {current.board} as {current.kiosk}")
        return current
    if any(former.public_key == case.key for former in lanes.identities(t, lane.kiosk)):
        raise Refused(Refusal.REVOKED, f"board {current.board} is {lane.kiosk} now")
    raise Refused(Refusal.OTHER_BOARD, f"{lane.kiosk} is board {current.board}")


def _not_ended(lane: LaneRow) -> None:
    if lane.state in ENDED:
        raise Refused(Refusal.LANE_ENDED, f"{lane.state} since {_day(lane.since_ms)}")


def _serving(t: Transaction, lane: LaneRow) -> IdentityRow:
    _not_ended(lane)
    current = _in_force(t, lane.kiosk)
    if lane.state not in IN_SERVICE or current is None:
        raise Refused(Refusal.LANE_NOT_IN_SERVICE, lane.kiosk)
    return current


def _in_force(t: Transaction, kiosk: str) -> IdentityRow | None:
    return next((row for row in lanes.identities(t, kiosk) if not row.until_ms), None)


def _is_board(row: IdentityRow, request: EnrolmentRequest) -> bool:
    return (row.board, row.ek) == (request.board.serial, request.board.ek_certificate_sha256)


def _is_same(row: IdentityRow, case: Case) -> bool:
    return row.public_key == case.key and _is_board(row, case.request)


def _consent(case: Case, old: IdentityRow) -> Consent:
    request = case.request
    try:
        consent = open_consent(request.consent, public_key(old.public_key))
    except MessageError as error:
        raise Refused(Refusal.NO_CONSENT, error.reason) from None
    if (consent.kiosk, consent.new_kiosk, consent.new_public_key) != (old.kiosk, request.kiosk, case.key):
        raise Refused(Refusal.NO_CONSENT, "to another move")
    return consent


def public_key(der: bytes) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("the register holds EC keys alone")
    return key


def _drained(t: Transaction, kiosk: str, last_seq: int) -> None:
    """Every record up to `last_seq` is here and whole, but for what was lost with a storage before."""
    lost = max((row.last_seq for row in lanes.identities(t, kiosk) if row.storage_lost), default=0)
    here = sum(min(s.last, last_seq) - max(s.first, lost + 1) + 1 for s in records.spans(t, kiosk, lost + 1, last_seq))
    waiting = t.rows(
        "SELECT COUNT(*) FROM records WHERE kiosk = ? AND complete = ?", (kiosk, Completeness.INCOMPLETE.value)
    )[0][0]
    missing = max(0, last_seq - lost) - here
    if missing or waiting:
        raise Refused(Refusal.RECORDS_WAITING, f"{missing} of {last_seq} missing, {waiting} in pieces")


def _ruling(
    t: Transaction,
    case: Case,
    lane: LaneRow,
    keep: IdentityRow | None,
    attested: Attested | None,
    *,
    leaves: str = "",
    left_seq: int = 0,
) -> Ruling:
    """With the place where the lane's chain of records goes on."""
    claimed = case.request.last_seq if case.request.purpose is not Purpose.MOVE_SITE else 0
    stored, head = lanes.known_last_seq(t, lane.kiosk)
    known = max(stored, _reported(t, lane.kiosk))
    if claimed > known + MOST_AHEAD:
        raise Refused(Refusal.BAD_REQUEST, f"record {claimed}, of a lane that has given {known}")
    last = max(known, claimed)
    return Ruling(
        port=lane.port,
        keep=keep,
        leaves=leaves,
        left_seq=left_seq,
        next_seq=last + 1,
        head=head if head is not None and last == stored else GENESIS,
        storage_lost=claimed < last,
        attested=attested,
    )


def _reported(t: Transaction, kiosk: str) -> int:
    """The newest number that the lane's own signed state speaks of; 0: none that can be believed."""
    signed, current = lanes.state_report(t, kiosk), _in_force(t, kiosk)
    if signed is None or current is None:
        return 0
    try:
        return open_state(topics.state(kiosk), signed, public_key(current.public_key)).last_seq
    except MessageError:
        return 0


def _day(ms: int) -> str:
    return f"{moment(ms):%Y-%m-%d %H:%M} UTC"
