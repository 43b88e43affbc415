"""A board's identity key, wherever it lives: in its TPM, in a token, or, clearly the lowest, in a file.

The identity key signs what a device asks of headquarters and what it says of itself. It is never in the way of TLS:
there a software key of its own is used, which a request signed here had certified for a short time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from border.enrolment.requests import certify_nonce
from border.enrolment.values import KeyLevel, TpmEvidence
from border.messages.cose import SoftwareSigner
from provisioning import disk
from provisioning.pkcs11 import Token, TokenError
from provisioning.step import Refused
from provisioning.tpm import Tpm, TpmError


class Backend(Protocol):
    """Where an identity key lives. Each method raises `Refused`."""

    @property
    def level(self) -> KeyLevel: ...

    def public_key(self) -> ec.EllipticCurvePublicKey | None:
        """None: none was made."""
        ...

    def make(self) -> ec.EllipticCurvePublicKey:
        """A fresh P-256 key in place of what was there."""
        ...

    def forget(self) -> None: ...

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256 of `data`: r || s, 32 bytes each."""
        ...


@dataclass(frozen=True, slots=True)
class SoftwareKey:
    """The lowest level: whoever reads this file is this board."""

    path: Path

    @property
    def level(self) -> KeyLevel:
        return KeyLevel.SOFTWARE

    def public_key(self) -> ec.EllipticCurvePublicKey | None:
        return self._read().public_key() if self.path.exists() else None

    def make(self) -> ec.EllipticCurvePublicKey:
        key = ec.generate_private_key(ec.SECP256R1())
        disk.write(self.path, private_pem(key))
        return key.public_key()

    def forget(self) -> None:
        disk.erase(self.path)

    def sign(self, data: bytes) -> bytes:
        return SoftwareSigner(self._read(), "").sign(data)

    def _read(self) -> ec.EllipticCurvePrivateKey:
        try:
            return read_private(self.path)
        except (OSError, ValueError) as error:
            raise Refused(
                "PRO-KEY",
                "The identity key cannot be used.",
                why=f"{self.path.name}: {type(error).__name__}.",
                then="Run the step for the keys again: a new key is made, and enrolled with a voucher.",
            ) from error


@dataclass(frozen=True, slots=True)
class TpmKey:
    """The key never leaves the chip, and the chip's maker vouches for the chip."""

    tpm: Tpm

    @property
    def level(self) -> KeyLevel:
        return KeyLevel.TPM

    def public_key(self) -> ec.EllipticCurvePublicKey | None:
        with _chip_faults():
            return self.tpm.identity()

    def make(self) -> ec.EllipticCurvePublicKey:
        with _chip_faults():
            return self.tpm.make_identity()

    def forget(self) -> None:
        with _chip_faults():
            self.tpm.forget_identity()

    def sign(self, data: bytes) -> bytes:
        with _chip_faults():
            return self.tpm.sign(data)

    def ek_certificate(self) -> bytes:
        """DER; empty: the maker put none in."""
        with _chip_faults():
            return self.tpm.endorsement().certificate

    def evidence(self, nonce: bytes, csr: bytes) -> TpmEvidence:
        """The chip's word that the identity key of this request was made in it."""
        with _chip_faults():
            certified = self.tpm.certify(certify_nonce(nonce, csr))
            return TpmEvidence(
                ek_certificate=self.tpm.endorsement().certificate,
                ak_public=certified.attestation_public,
                identity_public=certified.identity_public,
                certify_info=certified.attested,
                certify_signature=certified.signature,
            )

    def activate(self, credential: bytes, secret: bytes) -> bytes:
        """Raises `Refused`: the challenge is for another chip."""
        try:
            return self.tpm.activate(credential, secret)
        except TpmError as error:
            raise Refused(
                "PRO-CHALLENGE",
                "The challenge of the centre does not open.",
                why="It was made for another board's TPM.",
                then="Bring the challenge that answers this board's request; its serial number is in the file's name.",
            ) from error


@dataclass(frozen=True, slots=True)
class TokenKey:
    """The key never leaves the token; that it is there is the device's word."""

    token: Token

    @property
    def level(self) -> KeyLevel:
        return KeyLevel.PKCS11

    def public_key(self) -> ec.EllipticCurvePublicKey | None:
        with _chip_faults():
            return self.token.public_key()

    def make(self) -> ec.EllipticCurvePublicKey:
        with _chip_faults():
            return self.token.make()

    def forget(self) -> None:
        with _chip_faults():
            self.token.forget()

    def sign(self, data: bytes) -> bytes:
        with _chip_faults():
            return self.token.sign(data)


@contextmanager
def _chip_faults() -> Iterator[None]:
    try:
        yield
    except (TpmError, TokenError) as error:
        raise Refused(
            "PRO-CHIP",
            "The chip that holds the identity key does not answer.",
            why=f"{error}.",
            then="Look whether it is fitted and enabled, start the board again, and run this step again.",
            again=True,
        ) from error


@dataclass(frozen=True, slots=True)
class IdentitySigner:
    """A backend under a lane's name, as COSE wants it."""

    backend: Backend
    key_id: str

    def sign(self, data: bytes) -> bytes:
        return self.backend.sign(data)


def request_for(name: str, backend: Backend, public: ec.EllipticCurvePublicKey) -> bytes:
    """A PKCS#10 request, DER, for this common name, signed where the key lives."""
    return _csr(name, _HeldKey(backend, public))


def software_request_for(name: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    return _csr(name, key)


def _csr(name: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def read_private(path: Path) -> ec.EllipticCurvePrivateKey:
    """Raises OSError, ValueError."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not an EC P-256 key")
    return key


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def spki(key: ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class _HeldKey(ec.EllipticCurvePrivateKey):
    """A private key that signs elsewhere, in the shape in which the certificate library takes one."""

    def __init__(self, backend: Backend, public: ec.EllipticCurvePublicKey) -> None:
        self._backend, self._public = backend, public

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # noqa: ARG002
        raw = self._backend.sign(bytes(data))
        return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def exchange(self, *_: object) -> NoReturn:
        raise NotImplementedError

    def private_numbers(self) -> NoReturn:
        raise NotImplementedError

    def private_bytes(self, *_: object) -> NoReturn:
        raise NotImplementedError

    def __copy__(self) -> _HeldKey:
        return self

    def __deepcopy__(self, _memo: object) -> _HeldKey:
        return self
