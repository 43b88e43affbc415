"""The TPM 2.0 of a board: its endorsement, the identity key that never leaves it, and proof that both are one chip's.

The one door to tpm2-pytss. Every call opens, uses and flushes: a chip has room for three objects, and on a device the
kernel's resource manager (/dev/tpmrm0) keeps others apart from us. Nothing here is in the way of a TLS handshake.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

os.environ.setdefault("TSS2_LOG", "all+none")  # the libraries print to stderr what is raised as well

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from tpm2_pytss import (
    ESAPI,
    ESYS_TR,
    TPM2_ALG,
    TPM2_RH,
    TPM2_SE,
    TPM2_ST,
    TPM2B_ENCRYPTED_SECRET,
    TPM2B_ID_OBJECT,
    TPM2B_PUBLIC,
    TPM2B_SENSITIVE_CREATE,
    TPMA_OBJECT,
    TPMT_SIG_SCHEME,
    TPMT_SIGNATURE,
    TPMT_SYM_DEF,
    TPMT_TK_HASHCHECK,
    TSS2_Exception,
)
from tpm2_pytss.utils import NVReadEK, create_ek_template

EK_TYPE = "EK-RSA2048"
"""The one endorsement key that every maker certifies: RSA 2048, template L-1 of the TCG's EK profile."""

IDENTITY_HANDLES = (0x81010100, 0x81010101)
"""Where identity keys stay (persistent handles of the owner): while a lane moves there are two, the old and the new."""

_HANDLE_ABSENT = 0x18B
_SIGNING = (
    TPMA_OBJECT.SIGN_ENCRYPT
    | TPMA_OBJECT.FIXEDTPM
    | TPMA_OBJECT.FIXEDPARENT
    | TPMA_OBJECT.SENSITIVEDATAORIGIN
    | TPMA_OBJECT.USERWITHAUTH
    | TPMA_OBJECT.NODA
)
_STORING = (
    TPMA_OBJECT.RESTRICTED
    | TPMA_OBJECT.DECRYPT
    | TPMA_OBJECT.FIXEDTPM
    | TPMA_OBJECT.FIXEDPARENT
    | TPMA_OBJECT.SENSITIVEDATAORIGIN
    | TPMA_OBJECT.USERWITHAUTH
    | TPMA_OBJECT.NODA
)
_ANY_SCHEME = TPMT_SIG_SCHEME(scheme=TPM2_ALG.NULL)  # the key's own


class TpmError(Exception):
    """The chip is not there, or would not. The text names no key."""


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What the chip's maker put in: the certificate as DER (empty when there is none), and the key as TPM2B_PUBLIC."""

    certificate: bytes
    public: bytes

    @property
    def sha256(self) -> str:
        """Names the chip: hex, over the public key as SubjectPublicKeyInfo's content would differ by maker."""
        return hashlib.sha256(self.public).hexdigest()


@dataclass(frozen=True, slots=True)
class Certified:
    """Signed by the chip's attestation key: the identity key lies in this chip and cannot leave it.

    As marshalled: TPM2B_PUBLIC twice, TPMS_ATTEST without a size before it, TPMT_SIGNATURE.
    """

    attestation_public: bytes
    identity_public: bytes
    attested: bytes
    signature: bytes


class Tpm:
    """`tcti` as tpm2-tss names it: `device:/dev/tpmrm0`, `swtpm:host=127.0.0.1,port=2321`."""

    def __init__(self, tcti: str, slot: int = 0) -> None:
        self._tcti = tcti
        self._handle = IDENTITY_HANDLES[slot]

    def endorsement(self) -> Endorsement:
        with self._open() as chip, _endorsement_key(chip) as (_, public, certificate):
            return Endorsement(_without_padding(certificate or b""), public.marshal())

    def identity(self) -> ec.EllipticCurvePublicKey | None:
        """None: no identity key was made in this chip."""
        with self._open() as chip:
            handle = _persistent(chip, self._handle)
            if handle is None:
                return None
            public, *_ = chip.read_public(handle)
            return _p256(public)

    def make_identity(self) -> ec.EllipticCurvePublicKey:
        """A fresh P-256 key, unlike any that this chip had before, kept in this slot."""
        self.forget_identity()
        template = TPM2B_PUBLIC.parse("ecc:ecdsa-sha256:null", objectAttributes=_SIGNING)
        with self._open() as chip, _storage_key(chip) as parent:
            private, public, *_ = chip.create(parent, TPM2B_SENSITIVE_CREATE(), template)
            with _flushed(chip, chip.load(parent, private, public)) as key:
                chip.evict_control(ESYS_TR.OWNER, key, self._handle)
            return _p256(public)

    def forget_identity(self) -> None:
        """The key is gone for good. Nothing happens when there is none."""
        with self._open() as chip:
            handle = _persistent(chip, self._handle)
            if handle is not None:
                chip.evict_control(ESYS_TR.OWNER, handle, self._handle)

    def sign(self, data: bytes) -> bytes:
        """ECDSA P-256 over SHA-256 of `data` by the identity key: r || s, 32 bytes each."""
        ticket = TPMT_TK_HASHCHECK(tag=TPM2_ST.HASHCHECK, hierarchy=TPM2_RH.NULL)
        with self._open() as chip:
            return _raw(chip.sign(_identity(chip, self._handle), hashlib.sha256(data).digest(), _ANY_SCHEME, ticket))

    def certify(self, nonce: bytes) -> Certified:
        """The attestation key's word on the identity key; `nonce` (32 bytes at most 64) stands in what is signed."""
        with self._open() as chip, _attestation_key(chip) as (key, public):
            identity = _identity(chip, self._handle)
            identity_public, *_ = chip.read_public(identity)
            attested, signature = chip.certify(identity, key, nonce, _ANY_SCHEME)
            return Certified(public.marshal(), identity_public.marshal(), bytes(attested), signature.marshal())

    def activate(self, blob: bytes, secret: bytes) -> bytes:
        """What was sealed to this chip's endorsement key for its attestation key.

        `blob`, `secret`: TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET. TpmError: sealed for another chip, or none.
        """
        credential, _ = TPM2B_ID_OBJECT.unmarshal(blob)
        seed, _ = TPM2B_ENCRYPTED_SECRET.unmarshal(secret)
        with (
            self._open() as chip,
            _attestation_key(chip) as (key, _),
            _endorsement_key(chip) as (endorsement, *_),
            _endorsement_policy(chip) as session,
        ):
            return bytes(chip.activate_credential(key, endorsement, credential, seed, session2=session))

    @contextmanager
    def _open(self) -> Iterator[ESAPI]:
        """A connection of its own for each call: whatever goes wrong leaves nothing open."""
        try:
            with ESAPI(self._tcti) as chip:
                yield chip
        except TSS2_Exception as error:
            raise TpmError(f"TPM at {self._tcti}: {error}") from error


def certificate_of(endorsement: Endorsement) -> x509.Certificate | None:
    return x509.load_der_x509_certificate(endorsement.certificate) if endorsement.certificate else None


def _without_padding(certificate: bytes) -> bytes:
    """Makers fill the NV index up with zeros: the outer SEQUENCE says how long the certificate is."""
    if certificate[:2] != b"\x30\x82":
        return certificate
    return certificate[: 4 + int.from_bytes(certificate[2:4], "big")]


def _persistent(chip: ESAPI, at: int) -> ESYS_TR | None:
    try:
        return chip.tr_from_tpmpublic(at)
    except TSS2_Exception as error:
        if error.rc == _HANDLE_ABSENT:
            return None
        raise


def _identity(chip: ESAPI, at: int) -> ESYS_TR:
    handle = _persistent(chip, at)
    if handle is None:
        raise TpmError("no identity key was made in this TPM")
    return handle


@contextmanager
def _flushed(chip: ESAPI, handle: ESYS_TR) -> Iterator[ESYS_TR]:
    try:
        yield handle
    finally:
        chip.flush_context(handle)


@contextmanager
def _endorsement_key(chip: ESAPI) -> Iterator[tuple[ESYS_TR, TPM2B_PUBLIC, bytes | None]]:
    certificate, template = create_ek_template(EK_TYPE, NVReadEK(chip))
    handle, public, *_ = chip.create_primary(TPM2B_SENSITIVE_CREATE(), template, ESYS_TR.ENDORSEMENT)
    with _flushed(chip, handle):
        yield handle, public, certificate


@contextmanager
def _attestation_key(chip: ESAPI) -> Iterator[tuple[ESYS_TR, TPM2B_PUBLIC]]:
    """The same key each time: it is derived from the chip's endorsement seed."""
    template = TPM2B_PUBLIC.parse("ecc:ecdsa-sha256:null", objectAttributes=_SIGNING | TPMA_OBJECT.RESTRICTED)
    handle, public, *_ = chip.create_primary(TPM2B_SENSITIVE_CREATE(), template, ESYS_TR.ENDORSEMENT)
    with _flushed(chip, handle):
        yield handle, public


@contextmanager
def _storage_key(chip: ESAPI) -> Iterator[ESYS_TR]:
    template = TPM2B_PUBLIC.parse("ecc:aes128cfb", objectAttributes=_STORING)
    handle, *_ = chip.create_primary(TPM2B_SENSITIVE_CREATE(), template, ESYS_TR.OWNER)
    with _flushed(chip, handle):
        yield handle


@contextmanager
def _endorsement_policy(chip: ESAPI) -> Iterator[ESYS_TR]:
    """The template lets the endorsement key be used under PolicySecret of its hierarchy alone."""
    session = chip.start_auth_session(
        tpm_key=ESYS_TR.NONE,
        bind=ESYS_TR.NONE,
        session_type=TPM2_SE.POLICY,
        symmetric=TPMT_SYM_DEF(algorithm=TPM2_ALG.NULL),
        auth_hash=TPM2_ALG.SHA256,
    )
    with _flushed(chip, session):
        chip.policy_secret(ESYS_TR.ENDORSEMENT, session, b"", b"", b"", 0)
        yield session


def _p256(public: TPM2B_PUBLIC) -> ec.EllipticCurvePublicKey:
    point = public.publicArea.unique.ecc
    x, y = int.from_bytes(bytes(point.x), "big"), int.from_bytes(bytes(point.y), "big")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _raw(signature: TPMT_SIGNATURE) -> bytes:
    pair = signature.signature.ecdsa
    return bytes(pair.signatureR).rjust(32, b"\0") + bytes(pair.signatureS).rjust(32, b"\0")
