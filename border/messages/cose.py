"""COSE_Sign1 (RFC 9052) with ES256 in the one form this contract allows: key id and content type are signed too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from border.messages import cbor
from border.messages.errors import MessageError

TAG = b"\xd2"
"""CBOR tag 18, COSE_Sign1."""

MAX_BYTES = 256 * 1024
"""The broker's own packet limit; callers with larger files (lists) say so."""

MAX_HEADER_BYTES = 512
ALGORITHM, CONTENT_TYPE, KEY_ID = 1, 3, 4  # header labels, RFC 9052 section 3.1
ES256 = -7
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256's base point


class Signer(Protocol):
    """Whoever holds a private key: a TPM, a secure element, or software."""

    @property
    def key_id(self) -> str:
        """Names the key at the verifier; for a kiosk its certificate's CN."""
        ...

    def sign(self, data: bytes) -> bytes:
        """ECDSA P-256 over SHA-256 of `data`: r || s, 32 bytes each, big-endian."""
        ...


class SoftwareSigner:
    """The lowest level of trust: the private key lies in this process's memory, so whoever has that has the key."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, key_id: str) -> None:
        if not isinstance(private_key.curve, ec.SECP256R1):
            raise MessageError("bad_key")
        self._private_key = private_key
        self.key_id = key_id

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._private_key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Signed:
    """What stands in an envelope. From `verify1` it is proven; from `peek` it is only claimed."""

    payload: bytes
    key_id: str
    content_type: str


@dataclass(frozen=True, slots=True)
class _Parts:
    protected: bytes
    payload: bytes
    signature: bytes


def sign1(payload: bytes, signer: Signer, content_type: str) -> bytes:
    """A tagged COSE_Sign1. The signature's s is put in the lower half, so that one signing gives one envelope."""
    protected = _protected(signer.key_id, content_type)
    signature = signer.sign(to_be_signed(protected, payload))
    s = int.from_bytes(signature[32:], "big")
    low = signature[:32] + min(s, _ORDER - s).to_bytes(32, "big")
    return TAG + cbor.dump([protected, {}, payload, low])


def verify1(data: bytes, public_key: ec.EllipticCurvePublicKey, *, max_bytes: int = MAX_BYTES) -> Signed:
    """What was signed. Raises MessageError: too_large, bad_cbor, bad_envelope, bad_signature."""
    parts = _parts(data, max_bytes)
    signed = _signed(parts)
    if not is_signature(parts.signature, to_be_signed(parts.protected, parts.payload), public_key):
        raise MessageError("bad_signature")
    return signed


def peek(data: bytes, *, max_bytes: int = MAX_BYTES) -> Signed:
    """What the envelope claims, unproven: to learn whose key to verify with, and for nothing else."""
    return _signed(_parts(data, max_bytes))


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052 section 4.4, without external data."""
    return cbor.dump(["Signature1", protected, b"", payload])


def is_signature(signature: bytes, data: bytes, public_key: ec.EllipticCurvePublicKey) -> bool:
    """Whether `signature` (r || s, s in the lower half or not) is this key's over `data`."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _protected(key_id: str, content_type: str) -> bytes:
    # Labels 1, 3, 4 in this order are the deterministic order of RFC 8949; text keys are cbor.py's concern.
    return cbor2.dumps({ALGORITHM: ES256, CONTENT_TYPE: content_type, KEY_ID: key_id.encode()})


def _parts(data: bytes, max_bytes: int) -> _Parts:
    if len(data) > max_bytes:
        raise MessageError("too_large")
    if data[:1] != TAG:
        raise MessageError("bad_envelope")
    match cbor.load(data[1:], max_bytes, text_keys=False):
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            pass
        case _:
            raise MessageError("bad_envelope")
    if unprotected or len(signature) != 64 or int.from_bytes(signature[32:], "big") > _ORDER // 2:
        raise MessageError("bad_envelope")
    if TAG + cbor.dump([protected, {}, payload, signature]) != data:
        raise MessageError("bad_envelope")  # lengths written longer than needed: a second form of the same message
    return _Parts(protected, payload, signature)


def _signed(parts: _Parts) -> Signed:
    match cbor.load(parts.protected, MAX_HEADER_BYTES, text_keys=False):
        case {3: str(content_type), 4: bytes(kid)}:
            pass
        case _:
            raise MessageError("bad_envelope")
    try:
        key_id = kid.decode()
    except UnicodeDecodeError:
        raise MessageError("bad_envelope") from None
    if _protected(key_id, content_type) != parts.protected:
        raise MessageError("bad_envelope")  # another algorithm, another label, another form
    return Signed(parts.payload, key_id, content_type)
