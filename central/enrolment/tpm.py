"""TPM 2.0 without a TPM: what a server must read, check and make of its structures. Pure: bytes in, values out.

TPM 2.0 Library, Part 1: 11.4.10 (KDFa, KDFe), 16 (names), 24 (credential protection), annexes B.10.4 and C.6.4;
Part 2: TPMT_PUBLIC, TPMS_ATTEST, TPMT_SIGNATURE. Keys that are not EC P-256 are refused, EKs of other kinds than
RSA 2048, RSA 3072, P-256 and P-384 too.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from border.enrolment.requests import certify_nonce
from border.enrolment.values import TpmEvidence

ALG_SHA256, ALG_SHA384, ALG_NULL, ALG_ECDSA, ALG_ECC = 0x000B, 0x000C, 0x0010, 0x0018, 0x0023
CURVE_P256 = 0x0003
GENERATED_VALUE, ATTEST_CERTIFY = 0xFF544347, 0x8017
FIXED_TPM, FIXED_PARENT, SENSITIVE_DATA_ORIGIN = 1 << 1, 1 << 4, 1 << 5
RESTRICTED, DECRYPT, SIGN = 1 << 16, 1 << 17, 1 << 18
RESIDENT = FIXED_TPM | FIXED_PARENT | SENSITIVE_DATA_ORIGIN
MAX_DEPTH = 5
"""Certificates from an EK's to a manufacturer's root, both counted."""


class Fault(StrEnum):
    """What is wrong with evidence; `central.enrolment.judgement` makes refusals of them."""

    UNTRUSTED = "untrusted"  # no chain from the EK's certificate to a manufacturer's root
    UNREADABLE = "unreadable"  # not the structures they must be
    NOT_RESIDENT = "not_resident"  # attributes that do not hold a key in its TPM
    NOT_CERTIFIED = "not_certified"  # the AK's word is about another key, another request, or is not the AK's


class TpmError(ValueError):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Public:
    """What counts of a TPMT_PUBLIC with an EC P-256 key. `name`: algorithm and digest, as the TPM names the object."""

    attributes: int
    key: ec.EllipticCurvePublicKey
    name: bytes


@dataclass(frozen=True, slots=True)
class _Strength:
    """What an EK's template fixes: its name algorithm and the key size of its symmetric cipher."""

    hash: hashes.HashAlgorithm
    aes_bits: int


def trusted_ek(der: bytes, store: Sequence[x509.Certificate], at: datetime) -> x509.Certificate:
    """The EK's certificate, if a chain of certificates in `store` leads to a self-signed one there.

    `at`: aware; every certificate of the chain must be valid then. Raises TpmError(UNTRUSTED).
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        strength(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        raise TpmError(Fault.UNTRUSTED) from None
    if not _chains(certificate, store, at, MAX_DEPTH):
        raise TpmError(Fault.UNTRUSTED)
    return certificate


def resident_key(evidence: TpmEvidence, nonce: bytes, csr: bytes) -> tuple[Public, Public]:
    """AK and identity key, both TPM-resident by their attributes, the second certified by the first for this request.

    That the AK lives in the EK's TPM only the challenge proves. Raises TpmError.
    """
    ak, identity = read_public(evidence.ak_public), read_public(evidence.identity_public)
    if ak.attributes & (RESIDENT | RESTRICTED | SIGN | DECRYPT) != RESIDENT | RESTRICTED | SIGN:
        raise TpmError(Fault.NOT_RESIDENT)
    if identity.attributes & (RESIDENT | SIGN | DECRYPT) != RESIDENT | SIGN:
        raise TpmError(Fault.NOT_RESIDENT)
    name, extra = _certified(evidence.certify_info)
    if not hmac.compare_digest(name, identity.name) or not hmac.compare_digest(extra, certify_nonce(nonce, csr)):
        raise TpmError(Fault.NOT_CERTIFIED)
    _verify(evidence.certify_signature, evidence.certify_info, ak.key)
    return ak, identity


def make_credential(
    ek: object, name: bytes, credential: bytes, *, seed: bytes, ephemeral: ec.EllipticCurvePrivateKey | None
) -> tuple[bytes, bytes]:
    """TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET that only the TPM with `ek` opens, and only for the object `name`.

    `ek`: its public key. `seed`: fresh random bytes, one digest long (`seed_bytes`), for an RSA EK; `ephemeral`: a
    fresh key on the EK's curve for an EC one.
    """
    kind = strength(ek)
    if isinstance(ek, rsa.RSAPublicKey):
        oaep = padding.OAEP(padding.MGF1(kind.hash), kind.hash, b"IDENTITY\0")
        secret = ek.encrypt(seed, oaep)
    elif isinstance(ek, ec.EllipticCurvePublicKey) and ephemeral is not None:
        seed, secret = _shared(kind, ek, ephemeral)
    else:
        raise ValueError("an EC endorsement key wants an ephemeral key")
    cipher_key = kdfa(kind.hash, seed, b"STORAGE", name, b"", kind.aes_bits)
    encryptor = Cipher(algorithms.AES(cipher_key), CFB(bytes(16))).encryptor()
    encrypted = encryptor.update(_sized(credential)) + encryptor.finalize()
    mac_key = kdfa(kind.hash, seed, b"INTEGRITY", b"", b"", kind.hash.digest_size * 8)
    mac = hmac.digest(mac_key, encrypted + name, kind.hash.name)
    return _sized(_sized(mac) + encrypted), _sized(secret)


def sealed_to(ek: object, name: bytes, credential: bytes) -> tuple[bytes, bytes]:
    """`make_credential` with fresh randomness of its own."""
    ephemeral = ec.generate_private_key(ek.curve) if isinstance(ek, ec.EllipticCurvePublicKey) else None
    return make_credential(ek, name, credential, seed=secrets.token_bytes(seed_bytes(ek)), ephemeral=ephemeral)


def seed_bytes(ek: object) -> int:
    return strength(ek).hash.digest_size


def strength(ek: object) -> _Strength:
    """By the TCG EK Credential Profile's templates L-1, L-2, H-1 to H-3. Raises ValueError for other kinds of key."""
    if isinstance(ek, rsa.RSAPublicKey) and ek.key_size == 2048:
        return _Strength(hashes.SHA256(), 128)
    if isinstance(ek, rsa.RSAPublicKey) and ek.key_size == 3072:
        return _Strength(hashes.SHA384(), 256)
    if isinstance(ek, ec.EllipticCurvePublicKey) and isinstance(ek.curve, ec.SECP256R1):
        return _Strength(hashes.SHA256(), 128)
    if isinstance(ek, ec.EllipticCurvePublicKey) and isinstance(ek.curve, ec.SECP384R1):
        return _Strength(hashes.SHA384(), 256)
    raise ValueError("no endorsement key of a kind that is taken")


def read_public(data: bytes) -> Public:
    """A TPM2B_PUBLIC with a P-256 key and a SHA-256 name. Raises TpmError(UNREADABLE)."""
    outer = _Reader(data)
    area = outer.sized()
    outer.end()
    inner = _Reader(area)
    kind, name_algorithm, attributes = inner.u16(), inner.u16(), inner.u32()
    inner.sized()  # the policy
    if (kind, name_algorithm) != (ALG_ECC, ALG_SHA256):
        raise TpmError(Fault.UNREADABLE)
    if inner.u16() != ALG_NULL:  # a symmetric cipher belongs to keys that decrypt
        raise TpmError(Fault.NOT_RESIDENT)
    if inner.u16() != ALG_NULL:
        inner.u16()  # the scheme's hash
    curve = inner.u16()
    if inner.u16() != ALG_NULL:
        inner.u16()  # the derivation's hash
    x, y = inner.sized(), inner.sized()
    inner.end()
    return Public(attributes, _point(curve, x, y), struct.pack(">H", ALG_SHA256) + _digest(area))


def kdfa(algorithm: hashes.HashAlgorithm, key: bytes, label: bytes, u: bytes, v: bytes, bits: int) -> bytes:
    """SP 800-108 in counter mode over HMAC."""
    made = b""
    for counter in range(1, -(-bits // 8) // algorithm.digest_size + 2):
        said = struct.pack(">I", counter) + label + b"\0" + u + v + struct.pack(">I", bits)
        made += hmac.digest(key, said, algorithm.name)
    return made[: bits // 8]


def _shared(
    kind: _Strength, ek: ec.EllipticCurvePublicKey, ephemeral: ec.EllipticCurvePrivateKey
) -> tuple[bytes, bytes]:
    """The seed that both sides find by ECDH (one round of KDFe is one digest), and the point that the TPM needs."""
    size = (ek.key_size + 7) // 8
    ours, theirs = ephemeral.public_key().public_numbers(), ek.public_numbers()
    z, u = ephemeral.exchange(ec.ECDH(), ek), ours.x.to_bytes(size, "big")
    digest = hashes.Hash(kind.hash)
    digest.update(struct.pack(">I", 1) + z + b"IDENTITY\0" + u + theirs.x.to_bytes(size, "big"))
    return digest.finalize(), _sized(u) + _sized(ours.y.to_bytes(size, "big"))


def _chains(certificate: x509.Certificate, store: Sequence[x509.Certificate], at: datetime, depth: int) -> bool:
    if depth == 0 or not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return False
    issuers = [one for one in store if _is_authority(one) and _issued(one, certificate)]
    return any(
        one.fingerprint(hashes.SHA256()) == certificate.fingerprint(hashes.SHA256())  # a root of the store
        or _chains(one, store, at, depth - 1)
        for one in issuers
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _certified(info: bytes) -> tuple[bytes, bytes]:
    """The name that a TPMS_ATTEST of TPM2_Certify speaks of, and its qualifying data."""
    reader = _Reader(info)
    if (reader.u32(), reader.u16()) != (GENERATED_VALUE, ATTEST_CERTIFY):
        raise TpmError(Fault.NOT_CERTIFIED)
    reader.sized()  # the signer's qualified name
    extra = reader.sized()
    reader.take(8 + 4 + 4 + 1 + 8)  # clock, resets, restarts, safe, firmware
    name = reader.sized()
    reader.sized()  # its qualified name
    reader.end()
    return name, extra


def _verify(signature: bytes, data: bytes, key: ec.EllipticCurvePublicKey) -> None:
    reader = _Reader(signature)
    if (reader.u16(), reader.u16()) != (ALG_ECDSA, ALG_SHA256):
        raise TpmError(Fault.UNREADABLE)
    r, s = (int.from_bytes(reader.sized(), "big") for _ in range(2))
    reader.end()
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise TpmError(Fault.NOT_CERTIFIED) from None


def _point(curve: int, x: bytes, y: bytes) -> ec.EllipticCurvePublicKey:
    if curve != CURVE_P256:
        raise TpmError(Fault.UNREADABLE)
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    try:
        return numbers.public_key()
    except ValueError:
        raise TpmError(Fault.UNREADABLE) from None


def _digest(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def _sized(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


class _Reader:
    """Big-endian fields one after the other; too few bytes are TpmError(UNREADABLE)."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise TpmError(Fault.UNREADABLE)
        self._at += size
        return self._data[self._at - size : self._at]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def sized(self) -> bytes:
        return self.take(self.u16())

    def end(self) -> None:
        if self._at != len(self._data):
            raise TpmError(Fault.UNREADABLE)
