"""The enrolment office at work: each act is one transaction, and whatever it says was committed before it is said.

One thread owns an office and its store. Nothing is held in memory between two acts, so that a power cut at any point
leaves a register as it was before the act or after it, and revocation lists are made from the register anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Template

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from border.enrolment import acceptance, answers, requests, sheet
from border.enrolment.answers import Reply
from border.enrolment.refusals import Refusal
from border.enrolment.requests import OpenRequest, request_digest
from border.enrolment.values import (
    INTRODUCED,
    LANE_ID,
    NONCE_BYTES,
    VOUCHERED,
    Challenge,
    EnrolmentAnswer,
    EnrolmentRefused,
    Mark,
    Purpose,
    SheetEntry,
    SheetReceipt,
)
from border.enrolment.voucher import OpenVoucher, open_voucher
from border.messages.cose import Signer
from border.messages.errors import MessageError
from central import certificates
from central.certificates import Authority
from central.enrolment import release_desk, tpm
from central.enrolment.eviction import Pass
from central.enrolment.judgement import Attested, Case, Refused, Ruling, judge, moment, public_key, spki
from central.enrolment.settings import Settings
from central.store import lanes, releases, vouchers
from central.store.api import Store, StoreRefused, Transaction
from central.store.lanes import (
    IN_SERVICE,
    CertificateRow,
    End,
    Event,
    IdentityRow,
    LaneState,
    PendingRequest,
    SheetRow,
    Usage,
)
from central.store.releases import WaitingRow

SECRET_BYTES = 32
EVICTION_LIFETIME = timedelta(minutes=10)
NOT_STORABLE = Refused(Refusal.BAD_REQUEST, "it holds a value that no database row can hold")
UNREADABLE: Mapping[str, Refusal] = {
    "bad_signature": Refusal.WRONG_SIGNATURE,
    "wrong_kiosk": Refusal.WRONG_SIGNATURE,
    "bad_key": Refusal.WRONG_CSR,
}
"""Reasons of the message room that say more than "cannot be read"."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies on the office's desk. `keys` and `lists`: files for a device, as they are now."""

    settings: Settings
    authority: Authority
    answers: Signer
    people: Mapping[str, ec.EllipticCurvePublicKey]
    makers: Sequence[x509.Certificate]
    keys: Callable[[], tuple[tuple[str, bytes], ...]]
    lists: Callable[[], tuple[tuple[str, bytes], ...]]


class NotAllowed(Exception):
    """An EST client is not who may ask for this; EST knows no cause but its status."""


class Office:
    """Raises StoreUnavailable alone: then nothing was done, and the same may be asked again."""

    def __init__(self, desk: Desk, store: Store, wall_ms: Callable[[], int]) -> None:
        self._desk = desk
        self._store = store
        self._wall_ms = wall_ms

    def nonce(self) -> bytes:
        """For one request within some minutes."""
        nonce, now_ms = secrets.token_bytes(NONCE_BYTES), self._wall_ms()
        with self._store.transaction() as t:
            lanes.add_nonce(t, nonce, now_ms, now_ms + self._desk.settings.nonce_minutes * 60_000)
        return nonce

    def request(self, data: bytes, *, online: bool) -> bytes:
        """A signed Challenge, EnrolmentAnswer or EnrolmentRefused."""
        digest = request_digest(data)
        try:
            opened = requests.open_enrolment(data)
        except MessageError as error:
            return self._refused(digest, "", Refused(UNREADABLE.get(error.reason, Refusal.BAD_REQUEST), str(error)))
        try:
            with self._store.transaction() as t:
                reply = self._dealt(t, opened, data, online)
        except Refused as no:
            return self._noted(digest, opened, no, data)
        except StoreRefused:
            return self._refused(digest, opened.request.kiosk, NOT_STORABLE)
        return answers.sign_reply(reply, self._desk.answers)

    def proof(self, data: bytes) -> bytes:
        """A signed EnrolmentAnswer or EnrolmentRefused."""
        try:
            claimed = requests.peek_proof(data)
        except MessageError as error:
            return self._refused(bytes(32), "", Refused(Refusal.BAD_REQUEST, str(error)))
        opened: OpenRequest | None = None
        try:
            with self._store.transaction() as t:
                pending = self._pending(t, claimed.request_sha256)
                opened = requests.open_enrolment(pending.request)
                reply = self._proven(t, pending, opened, data)
        except Refused as no:
            if opened is None:
                return self._refused(claimed.request_sha256, claimed.kiosk, no)
            return self._noted(claimed.request_sha256, opened, no)
        return answers.sign_reply(reply, self._desk.answers)

    def sheet(self, data: bytes) -> bytes:
        """A signed SheetReceipt or EnrolmentRefused. The same sheet again gets the same receipt."""
        digest = hashlib.sha256(data).digest()
        kiosk = ""
        try:
            kiosk = sheet.peek_sheet(data).kiosk
            with self._store.transaction() as t:
                receipt = self._kept_sheet(t, data, digest, kiosk)
        except MessageError as error:
            return self._refused(digest, kiosk, Refused(UNREADABLE.get(error.reason, Refusal.BAD_REQUEST), str(error)))
        except Refused as no:
            return self._refused(digest, kiosk, no)
        except StoreRefused:
            return self._refused(digest, kiosk, NOT_STORABLE)
        return answers.sign_reply(receipt, self._desk.answers)

    def enroll(self, csr: bytes) -> bytes:
        """EST simpleenroll: for an identity key in force, its certificate again. Others come with a request."""
        kiosk, key = _csr(csr)
        with self._store.transaction() as t:
            current = self._serving(t, kiosk)
            if current.public_key != spki(key):
                raise NotAllowed
            there = self._young(t, current)  # an old request shown again and again makes nothing new
            return there.der if there is not None else self._issue(t, current, Usage.IDENTITY, key).der

    def reenroll(self, csr: bytes, peer: bytes) -> bytes:
        """EST simplereenroll: the holder of a TLS certificate that counts gets the next, for a new key if he likes.

        `peer`: the client's certificate (DER), whose dates and issuer TLS has checked.
        """
        kiosk, key = _csr(csr)
        serial = f"{x509.load_der_x509_certificate(peer).serial_number:x}"
        with self._store.transaction() as t:
            current, old = self._serving(t, kiosk), lanes.certificate(t, serial)
            if old is None or old.der != peer or old.revoked_ms or old.usage is not Usage.TLS:
                raise NotAllowed
            if (old.kiosk, old.generation) != (current.kiosk, current.generation):
                raise NotAllowed
            issued = self._issue(t, current, Usage.TLS, key)
            self._say(t, kiosk, "renewed", "", f"TLS certificate {issued.serial} after {serial}")
            return issued.der

    def cacerts(self) -> list[bytes]:
        return self._authorities()

    def end(self, kiosk: str, who: str, why: str) -> bool:
        """Headquarters ends a lane: stolen, lost, closed. Nothing of it is taken from now on. False: no such lane."""
        with self._store.transaction() as t:
            lane = lanes.lane(t, kiosk)
            if lane is None or lane.state not in IN_SERVICE:
                return False
            serials = self._ended(t, kiosk, LaneState.RETIRED, End(lanes.known_last_seq(t, kiosk)[0], False, why))
            self._say(t, kiosk, "ended", who, f"{why}; certificates {', '.join(serials)}")
        return True

    def revocation_list(self, foreign: Sequence[certificates.Revoked], above: int) -> x509.CertificateRevocationList:
        """Every certificate that ended early, and those revoked elsewhere. Its number is larger than `above`."""
        now = self._now()
        with self._store.snapshot() as t:
            rows = lanes.revoked(t, self._wall_ms())
        own = {int(row.serial, 16): certificates.Revoked(int(row.serial, 16), moment(row.revoked_ms)) for row in rows}
        entries = {**{one.serial: one for one in foreign}, **own}
        return certificates.revocation_list(
            self._desk.authority,
            [entries[serial] for serial in sorted(entries)],
            now,
            number=max(above + 1, int(now.timestamp())),
            lifetime=timedelta(days=self._desk.settings.crl_days),
        )

    def cut_off(self, listed: Set[int]) -> frozenset[str]:
        """Lanes of which a certificate for the line ended early and is not on the list (serial numbers) yet."""
        with self._store.snapshot() as t:
            rows = lanes.revoked(t, self._wall_ms())
        return frozenset(row.kiosk for row in rows if row.usage is Usage.TLS and int(row.serial, 16) not in listed)

    def passed(self, kiosk: str) -> Pass | None:
        """For the office itself, to take this lane's place at the broker for a moment. None: there never was one."""
        key = certificates.new_key()
        with self._store.transaction() as t:
            known = lanes.identities(t, kiosk)
            if not known:
                return None
            issued = self._issue(t, known[-1], Usage.EVICTION, key.public_key())
            self._say(t, kiosk, "evicted", "", f"certificate {issued.serial}")
        return Pass(kiosk, issued.der, key)

    def version(self) -> int:
        with self._store.snapshot() as t:
            return lanes.version(t)

    def _dealt(self, t: Transaction, opened: OpenRequest, data: bytes, online: bool) -> Reply:
        request, now_ms = opened.request, self._wall_ms()
        if lanes.known_request(t, request.nonce, opened.digest):
            raise Refused(Refusal.REPLAYED)
        if request.centre_nonce and not lanes.use_nonce(t, request.centre_nonce, now_ms):
            raise Refused(Refusal.STALE)
        if online and not request.centre_nonce and request.purpose not in INTRODUCED:
            raise Refused(Refusal.STALE, "no nonce of the centre's")
        case = self._case(opened)
        ruling = judge(t, case)
        if request.purpose is Purpose.UNLOCK:
            return self._unlocked(t, case, ruling, data)
        voucher = case.voucher.voucher if case.voucher is not None else None
        one_trip = voucher is not None and voucher.one_trip and not online
        if ruling.attested is not None and not one_trip:
            return self._challenged(t, opened, data, ruling.attested)
        pending = PendingRequest(opened.digest, request.kiosk, data, b"", 0, now_ms)
        lanes.add_request(t, request.nonce, request.purpose, pending, now_ms)
        return self._granted(t, case, ruling, proven=False)

    def _unlocked(self, t: Transaction, case: Case, ruling: Ruling, data: bytes) -> EnrolmentAnswer:
        """No challenge: what custodians released opens in the TPM that was asked about, and nowhere else.

        The register stays as it is; the lane's new board comes with the request that follows.
        """
        request, now_ms = case.request, self._wall_ms()
        if request.disk is None or ruling.attested is None:
            raise TypeError("who asks for a disk was judged by it")
        release = release_desk.released(t, request.disk, ruling.attested)
        pending = PendingRequest(case.opened.digest, request.kiosk, data, b"", 0, now_ms)
        lanes.add_request(t, request.nonce, request.purpose, pending, now_ms)
        releases.settle(t, case.opened.digest)
        if case.voucher is not None:
            vouchers.use(t, case.voucher.voucher.serial, request.board.serial, request.kiosk, now_ms)
        board = f"board {request.board.serial}"
        self._say(t, request.kiosk, request.purpose, board, f"disk {request.disk.disk} of board {request.disk.board}")
        return EnrolmentAnswer(
            request_sha256=case.opened.digest,
            purpose=request.purpose,
            kiosk=request.kiosk,
            port=ruling.port,
            board_serial=request.board.serial,
            mark=Mark.TPM_CLAIMED,
            generation=0,
            chain=(),
            tls_chain=(),
            configuration="",
            keys=(),
            lists=(),
            next_seq=ruling.next_seq,
            head=ruling.head,
            revoked=(),
            release=release,
            at_ms=now_ms,
        )

    def _challenged(self, t: Transaction, opened: OpenRequest, data: bytes, attested: Attested) -> Challenge:
        request, now_ms = opened.request, self._wall_ms()
        until_ms = now_ms + self._desk.settings.challenge_days * 86_400_000
        secret = secrets.token_bytes(SECRET_BYTES)
        credential, encrypted = tpm.sealed_to(attested.ek.public_key(), attested.ak_name, secret)
        pending = PendingRequest(opened.digest, request.kiosk, data, secret, until_ms, 0)
        lanes.add_request(t, request.nonce, request.purpose, pending, now_ms)
        return Challenge(opened.digest, request.kiosk, credential, encrypted, now_ms, until_ms)

    def _pending(self, t: Transaction, digest: bytes) -> PendingRequest:
        pending = lanes.pending_request(t, digest)
        if pending is None or not pending.secret:
            raise Refused(Refusal.STALE)
        if pending.settled_ms:
            raise Refused(Refusal.REPLAYED)
        if pending.until_ms < self._wall_ms():
            raise Refused(Refusal.STALE)
        return pending

    def _proven(self, t: Transaction, pending: PendingRequest, opened: OpenRequest, data: bytes) -> EnrolmentAnswer:
        try:
            proof = requests.open_proof(data, opened.public_key)
        except MessageError as error:
            raise Refused(UNREADABLE.get(error.reason, Refusal.BAD_REQUEST), str(error)) from None
        if proof.kiosk != pending.kiosk or not hmac.compare_digest(proof.secret, pending.secret):
            raise Refused(Refusal.TPM_PROOF_WRONG)
        case = self._case(opened)
        ruling = judge(t, case)  # the register may have moved on since the challenge
        lanes.settle(t, pending.digest, self._wall_ms())
        return self._granted(t, case, ruling, proven=True)

    def _case(self, opened: OpenRequest) -> Case:
        return Case(opened, self._voucher(opened.request.voucher), self._desk.makers, self._wall_ms())

    def _voucher(self, data: bytes) -> OpenVoucher | None:
        try:
            return open_voucher(data, self._desk.people)
        except MessageError:
            return None

    def _granted(self, t: Transaction, case: Case, ruling: Ruling, *, proven: bool) -> EnrolmentAnswer:
        """The register as it is from now on, and the answer that says so."""
        request = case.request
        revoked: list[str] = []
        if request.purpose is Purpose.RETIRE:
            identity = ruling.keep
            if identity is not None and not identity.until_ms:  # else it retired before, and its answer was lost
                end = End(request.last_seq, False, Purpose.RETIRE)
                revoked += self._ended(t, request.kiosk, LaneState.RETIRED, end)
        elif request.purpose is Purpose.RENEW:
            identity = ruling.keep
        else:
            revoked += self._replaced(t, case, ruling)
            identity = ruling.keep or self._new_identity(t, case, ruling, proven=proven)
            self._in_service(t, case)
        if identity is None:
            raise TypeError("a lane that renews or ends has an identity")
        answer = self._answer(t, case, ruling, identity, revoked)
        self._say(t, request.kiosk, request.purpose, f"board {request.board.serial}", _told(case, answer))
        return answer

    def _replaced(self, t: Transaction, case: Case, ruling: Ruling) -> list[str]:
        request = case.request
        serials: list[str] = []
        if ruling.leaves:
            serials += self._ended(t, ruling.leaves, LaneState.MOVED, End(ruling.left_seq, False, request.purpose))
            self._say(t, ruling.leaves, "moved", f"board {request.board.serial}", f"to {request.kiosk}")
        serials += lanes.revoke(t, request.kiosk, request.purpose, self._wall_ms())
        if ruling.keep is None:
            end = End(ruling.next_seq - 1, ruling.storage_lost, request.purpose)
            lanes.end_identity(t, request.kiosk, end, self._wall_ms())
        return serials

    def _new_identity(self, t: Transaction, case: Case, ruling: Ruling, *, proven: bool) -> IdentityRow:
        request, board = case.request, case.request.board
        row = IdentityRow(
            kiosk=request.kiosk,
            generation=len(lanes.identities(t, request.kiosk)) + 1,
            board=board.serial,
            model=board.model,
            ek=board.ek_certificate_sha256,
            devices=board.devices,
            public_key=case.key,
            mark=ruling.mark(board.key_level, proven=proven),
            from_ms=self._wall_ms(),
            until_ms=0,
            last_seq=0,
            storage_lost=False,
            ended="",
        )
        lanes.add_identity(t, row)
        return row

    def _in_service(self, t: Transaction, case: Case) -> None:
        request, now_ms = case.request, self._wall_ms()
        lanes.set_state(t, request.kiosk, LaneState.ENROLLED, now_ms)
        if case.voucher is not None:
            vouchers.use(t, case.voucher.voucher.serial, request.board.serial, request.kiosk, now_ms)

    def _ended(self, t: Transaction, kiosk: str, state: LaneState, end: End) -> list[str]:
        now_ms = self._wall_ms()
        serials = lanes.revoke(t, kiosk, end.why, now_ms)
        lanes.end_identity(t, kiosk, end, now_ms)
        lanes.set_state(t, kiosk, state, now_ms)
        return serials

    def _answer(
        self, t: Transaction, case: Case, ruling: Ruling, identity: IdentityRow, revoked: Sequence[str]
    ) -> EnrolmentAnswer:
        request, opened = case.request, case.opened
        retired, equipped = request.purpose is Purpose.RETIRE, request.purpose in VOUCHERED
        chain: tuple[bytes, ...] = ()
        tls_chain: tuple[bytes, ...] = ()
        if not retired:
            chain = (self._issue(t, identity, Usage.IDENTITY, opened.public_key).der, *self._authorities())
            tls_chain = (self._issue(t, identity, Usage.TLS, opened.tls_key).der, *self._authorities())
        return EnrolmentAnswer(
            request_sha256=opened.digest,
            purpose=request.purpose,
            kiosk=request.kiosk,
            port=ruling.port,
            board_serial=request.board.serial,
            mark=identity.mark,
            generation=identity.generation,
            chain=chain,
            tls_chain=tls_chain,
            configuration=self._configuration(t, ruling.port, request.kiosk) if equipped else "",
            keys=self._desk.keys() if equipped else (),
            lists=self._desk.lists() if not retired else (),
            next_seq=ruling.next_seq,
            head=ruling.head,
            revoked=tuple(revoked),
            release=None,
            at_ms=self._wall_ms(),
        )

    def _configuration(self, t: Transaction, port: str, kiosk: str) -> str:
        return Template(lanes.port_configuration(t, port) or "").safe_substitute(kiosk=kiosk, port=port)

    def _issue(
        self, t: Transaction, identity: IdentityRow, usage: Usage, key: ec.EllipticCurvePublicKey
    ) -> CertificateRow:
        settings, authority = self._desk.settings, self._desk.authority
        if usage is Usage.IDENTITY:
            lifetime = timedelta(days=settings.identity_days)
            made = certificates.identity_certificate(authority, key, identity.kiosk, self._now(), lifetime=lifetime)
        else:
            lifetime = EVICTION_LIFETIME if usage is Usage.EVICTION else timedelta(days=settings.tls_days)
            made = certificates.client_certificate(authority, key, identity.kiosk, self._now(), lifetime=lifetime)
        row = CertificateRow(
            serial=f"{made.serial_number:x}",
            kiosk=identity.kiosk,
            generation=identity.generation,
            usage=usage,
            not_before_ms=_ms(made.not_valid_before_utc),
            not_after_ms=_ms(made.not_valid_after_utc),
            der=made.public_bytes(Encoding.DER),
            revoked_ms=0,
            reason="",
        )
        lanes.add_certificate(t, row)
        return row

    def _young(self, t: Transaction, identity: IdentityRow) -> CertificateRow | None:
        """The identity's certificate that has more than half of its time before it."""
        half_ms = self._desk.settings.identity_days * 86_400_000 // 2
        own = [row for row in lanes.certificates(t, identity.kiosk) if row.generation == identity.generation]
        counting = [row for row in own if row.usage is Usage.IDENTITY and not row.revoked_ms]
        return next((row for row in reversed(counting) if row.not_after_ms - self._wall_ms() > half_ms), None)

    def _kept_sheet(self, t: Transaction, data: bytes, digest: bytes, kiosk: str) -> SheetReceipt:
        lane = lanes.lane(t, kiosk)
        current = next((row for row in lanes.identities(t, kiosk) if not row.until_ms), None)
        if lane is None or current is None or lane.state not in IN_SERVICE:
            raise Refused(Refusal.LANE_NOT_IN_SERVICE, kiosk)
        read = sheet.open_sheet(data, public_key(current.public_key))
        if (read.board_serial, read.port) != (current.board, lane.port):
            raise Refused(Refusal.OTHER_BOARD, f"{kiosk} is board {current.board} in {lane.port}")
        accepted, now_ms = sheet.is_accepted(read) and acceptance.holds(read), self._wall_ms()
        if digest not in {row.digest for row in lanes.sheets(t, kiosk)}:
            lanes.add_sheet(t, SheetRow(digest, kiosk, current.generation, accepted, now_ms, data))
            self._say(t, kiosk, "commissioned" if accepted else "sheet", _last_who(read.entries), "")
        if accepted and lane.state is LaneState.ENROLLED:
            lanes.set_state(t, kiosk, LaneState.COMMISSIONED, now_ms)
        return SheetReceipt(digest, kiosk, accepted, now_ms)

    def _serving(self, t: Transaction, kiosk: str) -> IdentityRow:
        lane = lanes.lane(t, kiosk)
        current = next((row for row in lanes.identities(t, kiosk) if not row.until_ms), None)
        if lane is None or lane.state not in IN_SERVICE or current is None:
            raise NotAllowed
        return current

    def _authorities(self) -> list[bytes]:
        return [self._desk.authority.certificate.public_bytes(Encoding.DER)]

    def _noted(self, digest: bytes, opened: OpenRequest, no: Refused, data: bytes = b"") -> bytes:
        """Headquarters sees who was refused as one of its lanes; of others nothing is kept: strangers are many."""
        request = opened.request
        with self._store.transaction() as t:
            if no.reason is Refusal.RELEASE_WAITING:
                releases.wait(t, WaitingRow(digest, request.kiosk, data, self._wall_ms()))
            if lanes.lane(t, request.kiosk) is not None:
                lanes.add_refusal(t, request.kiosk, request.board.serial, no.reason, no.detail, self._wall_ms())
        return self._refused(digest, request.kiosk, no)

    def _refused(self, digest: bytes, kiosk: str, no: Refused) -> bytes:
        said = EnrolmentRefused(digest, kiosk, no.reason, no.detail[:500], self._wall_ms())
        return answers.sign_reply(said, self._desk.answers)

    def _say(self, t: Transaction, kiosk: str, what: str, who: str, detail: str) -> None:
        lanes.add_event(t, Event(kiosk, self._wall_ms(), what, who, detail))

    def _now(self) -> datetime:
        return moment(self._wall_ms())


def _csr(der: bytes) -> tuple[str, ec.EllipticCurvePublicKey]:
    try:
        names = x509.load_der_x509_csr(der).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        kiosk = str(names[0].value)
        key = requests.csr_key(der, kiosk)
    except (ValueError, IndexError):
        raise NotAllowed from None
    if not LANE_ID.fullmatch(kiosk):
        raise NotAllowed
    return kiosk, key


def _told(case: Case, answer: EnrolmentAnswer) -> str:
    said = [f"generation {answer.generation}", answer.mark.value]
    if case.voucher is not None:
        said.append(f"voucher {case.voucher.voucher.serial} of {' and '.join(case.voucher.signers)}")
    if answer.revoked:
        said.append(f"revoked {', '.join(answer.revoked)}")
    return "; ".join(said)


def _last_who(entries: Sequence[SheetEntry]) -> str:
    return entries[-1].who if entries else ""


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
