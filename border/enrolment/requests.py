"""Requests, proofs and consents: what a device signs with its identity key, and how the centre opens it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from border.enrolment.values import ChallengeProof, Consent, EnrolmentRequest
from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError

ENROLMENT_TYPE = "application/vnd.landfall.enrolment-request+cbor"
PROOF_TYPE = "application/vnd.landfall.challenge-proof+cbor"
CONSENT_TYPE = "application/vnd.landfall.move-consent+cbor"
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request signed by the key in its own CSR. `digest`: SHA-256 of the envelope, which answers are bound to."""

    request: EnrolmentRequest
    public_key: ec.EllipticCurvePublicKey
    tls_key: ec.EllipticCurvePublicKey
    digest: bytes


def certify_nonce(nonce: bytes, csr: bytes) -> bytes:
    """The qualifying data of TPM2_Certify: 32 bytes that tie it to this request and its key."""
    return hashlib.sha256(b"landfall certify 1" + hashlib.sha256(csr).digest() + nonce).digest()


def sign_enrolment(request: EnrolmentRequest, signer: Signer) -> bytes:
    """`signer` is the identity key of `request.csr`, with the key id `request.kiosk`."""
    return cose.sign1(codec.encode(request), signer, ENROLMENT_TYPE)


def open_enrolment(data: bytes) -> OpenRequest:
    """Raises MessageError: bad_signature, wrong_content_type, wrong_kiosk, bad_key (a CSR that is none, of another
    name, or not signed by its own P-256 key), and what the codec raises."""
    request = codec.decode(EnrolmentRequest, cose.peek(data, max_bytes=MAX_BYTES).payload, max_bytes=MAX_BYTES)
    key, tls_key = csr_key(request.csr, request.kiosk), csr_key(request.tls_csr, request.kiosk)
    _verified(data, key, ENROLMENT_TYPE, request.kiosk)
    return OpenRequest(request, key, tls_key, request_digest(data))


def request_digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def csr_key(der: bytes, kiosk: str) -> ec.EllipticCurvePublicKey:
    """The key of a PKCS#10 request for this name, which holds that key. Raises MessageError("bad_key")."""
    try:
        csr = x509.load_der_x509_csr(der)
        key, names = csr.public_key(), csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        holds = csr.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        raise MessageError("bad_key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1) or not holds:
        raise MessageError("bad_key")
    if [name.value for name in names] != [kiosk]:
        raise MessageError("bad_key")
    return key


def sign_proof(proof: ChallengeProof, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(proof), signer, PROOF_TYPE)


def open_proof(data: bytes, public_key: ec.EllipticCurvePublicKey) -> ChallengeProof:
    proof = codec.decode(ChallengeProof, cose.peek(data, max_bytes=MAX_BYTES).payload)
    _verified(data, public_key, PROOF_TYPE, proof.kiosk)
    return proof


def peek_proof(data: bytes) -> ChallengeProof:
    """Unproven: to learn which request it is about."""
    return codec.decode(ChallengeProof, cose.peek(data, max_bytes=MAX_BYTES).payload)


def sign_consent(consent: Consent, signer: Signer) -> bytes:
    """By the old identity key, before the device is wiped."""
    return cose.sign1(codec.encode(consent), signer, CONSENT_TYPE)


def open_consent(data: bytes, public_key: ec.EllipticCurvePublicKey) -> Consent:
    consent = codec.decode(Consent, cose.peek(data, max_bytes=MAX_BYTES).payload)
    _verified(data, public_key, CONSENT_TYPE, consent.kiosk)
    return consent


def _verified(data: bytes, key: ec.EllipticCurvePublicKey, content_type: str, kiosk: str) -> None:
    signed = cose.verify1(data, key, max_bytes=MAX_BYTES)
    if signed.content_type != content_type:
        raise MessageError("wrong_content_type")
    if signed.key_id != kiosk:
        raise MessageError("wrong_kiosk")
