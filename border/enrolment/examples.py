"""One synthetic value of every message of enrolment, for schemas and golden files. No board and no key here exist."""

from __future__ import annotations

from border.encounter import ClockState, Stamp
from border.enrolment.refusals import Refusal
from border.enrolment.sheet import Written, next_entry
from border.enrolment.values import (
    ACCEPTANCE,
    BoardFacts,
    Challenge,
    ChallengeProof,
    CommissioningSheet,
    Consent,
    DiskRelease,
    EnrolmentAnswer,
    EnrolmentRefused,
    EnrolmentRequest,
    Evidence,
    KeyLevel,
    LockedDisk,
    Mark,
    Purpose,
    ReleasedPart,
    SealedPart,
    SheetReceipt,
    SignedVoucher,
    SiteVoucher,
    StepResult,
    TpmEvidence,
)

AT_MS = 1_714_521_600_000
AT = Stamp(wall_ms=AT_MS, monotonic_ms=5_000, boot_id="boot-1", clock=ClockState.FLOOR)
DAY_MS = 24 * 3600 * 1000
DIGEST = bytes(range(32))

VOUCHER = SiteVoucher(
    serial="018f0000-0000-7000-8000-00000000000a",
    port="bequia",
    lanes=("quay-1", "quay-2"),
    purposes=(Purpose.ENROL, Purpose.REPLACE_BOARD),
    devices=2,
    not_before_ms=AT_MS,
    not_after_ms=AT_MS + 30 * DAY_MS,
    least_level=KeyLevel.TPM,
    one_trip=False,
    centre_url="https://enrolment.example:8443",
    authority_sha256=DIGEST,
    answer_key=b"a SubjectPublicKeyInfo, DER",
)
SIGNED_VOUCHER = SignedVoucher(b"an encoded SiteVoucher", (b"a first COSE_Sign1", b"a second COSE_Sign1"))
BOARD = BoardFacts(
    serial="10000000abcdef01",
    model="Raspberry Pi 5 Model B Rev 1.0",
    ek_certificate_sha256=DIGEST.hex(),
    devices=(("camera", "0-0036"), ("document_reader", "SN0001")),
    key_level=KeyLevel.TPM,
)
TPM = TpmEvidence(
    ek_certificate=b"an EK certificate, DER",
    ak_public=b"a TPM2B_PUBLIC",
    identity_public=b"another TPM2B_PUBLIC",
    certify_info=b"a TPMS_ATTEST",
    certify_signature=b"a TPMT_SIGNATURE",
)
ENROLMENT_REQUEST = EnrolmentRequest(
    purpose=Purpose.ENROL,
    kiosk="quay-1",
    voucher=b"an encoded SignedVoucher",
    board=BOARD,
    csr=b"a PKCS#10 request, DER",
    tls_csr=b"another PKCS#10 request, DER",
    tpm=TPM,
    nonce=bytes(32),
    centre_nonce=b"",
    last_seq=0,
    previous_kiosk="",
    consent=b"",
    disk=None,
    at=AT,
)
DISK = LockedDisk(
    disk="f2b1c3d4-0001-4a5b-a6c7-d8e9f0a1b2c3",
    board=BOARD.serial,
    parts=(SealedPart(1, b"a sealed part"), SealedPart(2, b"another sealed part")),
)
CONSENT = Consent("quay-1", "quay-7", b"a SubjectPublicKeyInfo, DER", 42, AT)
CHALLENGE = Challenge(DIGEST, "quay-1", b"a TPM2B_ID_OBJECT", b"a TPM2B_ENCRYPTED_SECRET", AT_MS, AT_MS + 7 * DAY_MS)
PROOF = ChallengeProof(DIGEST, "quay-1", b"the secret", AT)
ANSWER = EnrolmentAnswer(
    request_sha256=DIGEST,
    purpose=Purpose.ENROL,
    kiosk="quay-1",
    port="bequia",
    board_serial=BOARD.serial,
    mark=Mark.TPM_PROVEN,
    generation=1,
    chain=(b"a certificate, DER", b"its authority, DER"),
    tls_chain=(b"a certificate, DER", b"its authority, DER"),
    configuration='[kiosk]\nid = "quay-1"\n',
    keys=(("ca.crt", b"a certificate, PEM"),),
    lists=(("policy", b"a signed policy"),),
    next_seq=1,
    head=bytes(32),
    revoked=(),
    release=DiskRelease(DISK.disk, DIGEST, (ReleasedPart(1, b"a TPM2B_ID_OBJECT", b"a TPM2B_ENCRYPTED_SECRET"),)),
    at_ms=AT_MS,
)
REFUSED = EnrolmentRefused(DIGEST, "quay-1", Refusal.VOUCHER_EXPIRED, "2024-05-31", AT_MS)
EVIDENCE = Evidence("application/json", b'{"serial": "10000000abcdef01"}')
_FIRST = next_entry((), Written("board", StepResult.DONE, EVIDENCE.data, "a technician", AT))
_LAST = next_entry((_FIRST,), Written(ACCEPTANCE, StepResult.DONE, b"{}", "an officer", AT))
SHEET = CommissioningSheet("quay-1", "bequia", BOARD.serial, (_FIRST, _LAST), (EVIDENCE,), AT)
SHEET_RECEIPT = SheetReceipt(DIGEST, "quay-1", True, AT_MS)

EXAMPLES: tuple[object, ...] = (
    VOUCHER,
    SIGNED_VOUCHER,
    ENROLMENT_REQUEST,
    CONSENT,
    CHALLENGE,
    PROOF,
    DISK,
    ANSWER,
    REFUSED,
    SHEET,
    SHEET_RECEIPT,
)
