"""What a device and headquarters say to each other until a lane is commissioned, and when it changes or ends.

Voucher -> request -> (challenge -> proof, for a TPM) -> answer -> commissioning sheet. Each is bytes that may travel
by HTTPS or on a USB stick; where they came from proves nothing, the signatures in them do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from border.encounter import Stamp
from border.enrolment.refusals import Refusal

SHA256_BYTES = 32
NONCE_BYTES = 32
LANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a topic and a certificate's common name can carry. A lane's identity is the `kiosk` of its records."""


class Purpose(StrEnum):
    """Why a device asks. RENEW and RETIRE are the lane's own to ask for; all others want a voucher."""

    ENROL = "enrol"
    REPLACE_BOARD = "replace_board"  # another board takes the lane's identity over
    REPLACE_STORAGE = "replace_storage"  # the same board with an empty disk
    MOVE_SITE = "move_site"  # the same board, another lane; signed by the new key, agreed to by the old one
    RENEW = "renew"  # new certificates for the same board and identity key, before or after they ran out
    RETIRE = "retire"
    UNLOCK = "unlock"  # before REPLACE_BOARD, with its voucher: the disk is shut to every board but the one that broke


VOUCHERED = frozenset({Purpose.ENROL, Purpose.REPLACE_BOARD, Purpose.REPLACE_STORAGE, Purpose.MOVE_SITE})
"""What a voucher may name."""

INTRODUCED = VOUCHERED | {Purpose.UNLOCK}
"""What comes with a voucher."""


def voucher_for(purpose: Purpose) -> Purpose:
    """What the voucher of a request must name."""
    return Purpose.REPLACE_BOARD if purpose is Purpose.UNLOCK else purpose


class KeyLevel(StrEnum):
    """Where the identity key lives, lowest first: `LEVELS` gives the order."""

    SOFTWARE = "software"  # a file: whoever reads the disk has it
    PKCS11 = "pkcs11"  # a token, on the device's word
    TPM = "tpm"


LEVELS = (KeyLevel.SOFTWARE, KeyLevel.PKCS11, KeyLevel.TPM)


class Mark(StrEnum):
    """What headquarters knows of the identity key, in the register and in the answer."""

    SOFTWARE = "software"
    PKCS11 = "pkcs11"
    TPM_CLAIMED = "tpm_claimed"  # the EK's certificate is a manufacturer's; that the key lives beside it is not proven
    TPM_PROVEN = "tpm_proven"  # the credential was activated: certified in the very TPM that holds the EK


@dataclass(frozen=True, slots=True)
class SiteVoucher:
    """Leave for `devices` boards to become these lanes of this port, for a time. Worthless without two signatures.

    It also introduces headquarters to a device that knows nobody: whom to ask, and whose answer to believe.
    """

    serial: str  # UUIDv7
    port: str
    lanes: tuple[str, ...]  # identities it may give; LANE_ID each
    purposes: tuple[Purpose, ...]
    devices: int  # distinct boards
    not_before_ms: int
    not_after_ms: int
    least_level: KeyLevel
    one_trip: bool  # a TPM may be enrolled without the challenge, and is then marked TPM_CLAIMED
    centre_url: str  # "https://host:port", or empty: only by files
    authority_sha256: bytes  # of the CA certificate's DER
    answer_key: bytes  # SubjectPublicKeyInfo, DER: signs challenges, answers and refusals

    def __post_init__(self) -> None:
        if not self.lanes or not all(LANE_ID.fullmatch(lane) for lane in self.lanes):
            raise ValueError("a voucher names lanes that a topic can carry")
        if not self.purposes or not VOUCHERED.issuperset(self.purposes):
            raise ValueError("a voucher is for enrolling, replacing or moving")
        if self.devices < 1 or self.not_after_ms <= self.not_before_ms or len(self.authority_sha256) != SHA256_BYTES:
            raise ValueError("a voucher is for at least one device, for some time, from one authority")


@dataclass(frozen=True, slots=True)
class SignedVoucher:
    """Two people's COSE_Sign1 over one digest: SHA-256 of `voucher`, an encoded SiteVoucher."""

    voucher: bytes
    signatures: tuple[bytes, ...]


NO_EK = "none"
EK_CERTIFICATE = re.compile(r"[0-9a-f]{64}|none")
MOST_CHARACTERS, MOST_DEVICES = 128, 32


def is_plain(text: str) -> bool:
    """Whether a page can show it and any database keep it."""
    return len(text) <= MOST_CHARACTERS and text.isprintable()


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What the device read of itself. `serial` is printed on the board; `ek_certificate_sha256`: hex, or "none"."""

    serial: str
    model: str
    ek_certificate_sha256: str
    devices: tuple[tuple[str, str], ...]  # ("camera", "..."), ("document_reader", "...")
    key_level: KeyLevel

    def __post_init__(self) -> None:
        texts = (self.serial, self.model, *(text for device in self.devices for text in device))
        if not self.serial or not all(map(is_plain, texts)) or len(self.devices) > MOST_DEVICES:
            raise ValueError("a board has a serial number, and texts that can be printed")
        if not EK_CERTIFICATE.fullmatch(self.ek_certificate_sha256):
            raise ValueError("an endorsement certificate is named by its SHA-256, or by none")


@dataclass(frozen=True, slots=True)
class TpmEvidence:
    """TPM 2.0 structures as they are marshalled. `certify_*`: TPM2_Certify of the identity key by the AK.

    The qualifying data of Certify is `certify_nonce(nonce, csr)` of border.enrolment.requests. AK and identity key
    are EC P-256; the AK is a restricted signing key under the endorsement hierarchy's policy or the owner's.
    """

    ek_certificate: bytes  # DER
    ak_public: bytes  # TPM2B_PUBLIC
    identity_public: bytes  # TPM2B_PUBLIC
    certify_info: bytes  # TPMS_ATTEST, without a size before it
    certify_signature: bytes  # TPMT_SIGNATURE


@dataclass(frozen=True, slots=True)
class SealedPart:
    """One part of a disk's recovery key, sealed to one custodian: border.enrolment.recovery."""

    number: int  # 1, 2 ...: which point of the line it is
    sealed: bytes


@dataclass(frozen=True, slots=True)
class LockedDisk:
    """What the header of an encrypted disk says in the clear. Any two of the parts are the key."""

    disk: str  # the partition's UUID
    board: str  # serial number of the board that locked it
    parts: tuple[SealedPart, ...]

    def __post_init__(self) -> None:
        if not is_plain(self.disk) or not is_plain(self.board) or len(self.parts) > MOST_DEVICES:
            raise ValueError("a disk and its board are named by texts that can be printed")


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """One part, for one TPM alone to take out, as a Challenge is."""

    number: int
    credential: bytes  # TPM2B_ID_OBJECT
    secret: bytes  # TPM2B_ENCRYPTED_SECRET


@dataclass(frozen=True, slots=True)
class DiskRelease:
    """`locked_sha256`: of the encoded LockedDisk that was asked about; a disk that was locked anew has another."""

    disk: str
    locked_sha256: bytes
    parts: tuple[ReleasedPart, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """One device's wish, signed by its identity key (COSE_Sign1, key id `kiosk`).

    `csr`: PKCS#10 of the identity key, common name `kiosk`. `tls_csr`: of the key that TLS uses, same name; may be
    the same key. Every request has a fresh `nonce`; the same bytes twice are refused, also after a lost answer.
    """

    purpose: Purpose
    kiosk: str  # the lane's identity
    voucher: bytes  # an encoded SignedVoucher; empty for RENEW and RETIRE
    board: BoardFacts
    csr: bytes
    tls_csr: bytes
    tpm: TpmEvidence | None
    nonce: bytes  # NONCE_BYTES, the device's own
    centre_nonce: bytes  # what the centre gave for this one request; empty when there was no line
    last_seq: int  # the newest record that the storage at hand holds of this lane; 0: none, or the storage is lost
    previous_kiosk: str  # MOVE_SITE: the identity that is left; else empty
    consent: bytes  # MOVE_SITE: the old identity key's word, see `sign_consent`; else empty
    disk: LockedDisk | None  # UNLOCK: which; else None
    at: Stamp

    def __post_init__(self) -> None:
        if len(self.nonce) != NONCE_BYTES or self.last_seq < 0 or not LANE_ID.fullmatch(self.kiosk):
            raise ValueError("a request has a nonce of 32 bytes, a lane and a sequence number")
        if self.previous_kiosk and not LANE_ID.fullmatch(self.previous_kiosk):
            raise ValueError("the lane that is left is a lane")


@dataclass(frozen=True, slots=True)
class Consent:
    """The old identity key's word that its lane ends and its board goes to another. COSE key id: `kiosk`."""

    kiosk: str
    new_kiosk: str
    new_public_key: bytes  # SubjectPublicKeyInfo, DER
    last_seq: int  # all records up to here must be at the centre first
    at: Stamp


@dataclass(frozen=True, slots=True)
class Challenge:
    """A secret that only the TPM with the request's EK can take out (TPM2_ActivateCredential), and only for its AK."""

    request_sha256: bytes
    kiosk: str
    credential: bytes  # TPM2B_ID_OBJECT
    secret: bytes  # TPM2B_ENCRYPTED_SECRET
    at_ms: int
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class ChallengeProof:
    """The secret taken out, signed by the identity key of the request it belongs to."""

    request_sha256: bytes
    kiosk: str
    secret: bytes
    at: Stamp


@dataclass(frozen=True, slots=True)
class EnrolmentAnswer:
    """Everything a board needs to be this lane. Bound to one request and one board; of no use to another.

    `keys`: files for the kiosk's key folder by name (ca.crt, centre-receipts.pub ...). `lists`: signed files by name
    (policy, watchlist, trust). `next_seq` and `head`: where the lane's chain of records goes on.
    """

    request_sha256: bytes
    purpose: Purpose
    kiosk: str
    port: str
    board_serial: str
    mark: Mark
    generation: int  # 1 for the first board of the lane, one more with each identity key
    chain: tuple[bytes, ...]  # DER: the identity certificate first, then its authorities; empty for RETIRE and UNLOCK
    tls_chain: tuple[bytes, ...]  # DER: for the TLS key
    configuration: str  # TOML, as kiosk.toml; empty for RENEW, RETIRE and UNLOCK
    keys: tuple[tuple[str, bytes], ...]
    lists: tuple[tuple[str, bytes], ...]
    next_seq: int
    head: bytes
    revoked: tuple[str, ...]  # serial numbers, hex, of the certificates that ended with this answer
    release: DiskRelease | None  # UNLOCK; else None
    at_ms: int  # the centre's time: a floor for the device's clock


@dataclass(frozen=True, slots=True)
class EnrolmentRefused:
    """No, and why. Also a floor for the clock: it is signed as an answer is."""

    request_sha256: bytes
    kiosk: str
    reason: Refusal
    detail: str  # for the technician: which lane, which date; never about a traveller
    at_ms: int


class StepResult(StrEnum):
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


ACCEPTANCE = "acceptance"
"""The step with which an officer takes the lane over; a sheet without it, done and last, commissions nothing."""


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One step as it ended. `previous`: SHA-256 of the entry before, encoded; 32 zero bytes for the first."""

    number: int  # 1, 2, 3 ...
    step: str
    result: StepResult
    evidence_sha256: str  # hex, of the evidence's bytes
    who: str
    at: Stamp
    previous: bytes

    def __post_init__(self) -> None:
        if not is_plain(self.step) or not is_plain(self.who):
            raise ValueError("a step and who did it are texts that can be printed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an entry's digest was made of."""

    media_type: str
    data: bytes

    def __repr__(self) -> str:
        return f"<evidence: {len(self.data)} bytes of {self.media_type}>"


@dataclass(frozen=True, slots=True)
class CommissioningSheet:
    """What was done to make this board this lane, in order. Signed by the identity key (COSE key id `kiosk`)."""

    kiosk: str
    port: str
    board_serial: str
    entries: tuple[SheetEntry, ...]
    evidence: tuple[Evidence, ...]  # of entries that are worth keeping at the centre; found by their digest
    at: Stamp

    def __post_init__(self) -> None:
        if not LANE_ID.fullmatch(self.kiosk):
            raise ValueError("a sheet is a lane's")


@dataclass(frozen=True, slots=True)
class SheetReceipt:
    """The centre has the sheet, and what it made of the lane."""

    sheet_sha256: bytes
    kiosk: str
    commissioned: bool
    at_ms: int
