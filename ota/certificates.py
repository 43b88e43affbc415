"""The second lock of an image, RAUC's: an authority that is kept offline, release certificates, and those taken back.

A kiosk's keyring is the authority's certificate and its revocation list in one PEM file; `check-crl=true` and
`check-purpose=codesign` in RAUC's system.conf make both count. Every key may be on a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_YEARS, RELEASE_YEARS, CRL_DAYS = 20, 2, 400
YEAR = timedelta(days=365)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def authority(key: EllipticCurvePrivateKey, name: str, now: datetime) -> bytes:
    """Its certificate in PEM, signed by itself: what every image has built in."""
    built = _builder(name, name, key.public_key(), now, AUTHORITY_YEARS * YEAR)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    built = built.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return built.sign(key, SHA256()).public_bytes(Encoding.PEM)


def release(
    key: EllipticCurvePrivateKey, of: x509.Certificate, public: EllipticCurvePublicKey, name: str, now: datetime
) -> bytes:
    """A certificate in PEM for whoever signs bundles."""
    built = _builder(name, _name(of), public, now, RELEASE_YEARS * YEAR)
    built = built.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    built = built.add_extension(_usage("digital_signature"), critical=True)
    built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return built.add_extension(issuer, critical=False).sign(key, SHA256()).public_bytes(Encoding.PEM)


def revocations(
    key: EllipticCurvePrivateKey, of: x509.Certificate, revoked: Mapping[int, datetime], number: int, now: datetime
) -> bytes:
    """The list in PEM. `revoked`: serial number -> since when; `number` rises with each list."""
    built = x509.CertificateRevocationListBuilder().issuer_name(of.subject).last_update(now)
    built = built.next_update(now + timedelta(days=CRL_DAYS)).add_extension(x509.CRLNumber(number), critical=False)
    for serial, since in revoked.items():
        gone = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        built = built.add_revoked_certificate(gone)
    return built.sign(key, SHA256()).public_bytes(Encoding.PEM)


def revoked_in(crl: bytes) -> tuple[dict[int, datetime], int]:
    """What a list in PEM says, and its number. Raises ValueError."""
    read = x509.load_pem_x509_crl(crl)
    number = read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return {entry.serial_number: entry.revocation_date_utc for entry in read}, number


def _builder(
    name: str, issuer: str, public: EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_as_name(name))
        .issuer_name(_as_name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*named: str) -> x509.KeyUsage:
    said: dict[str, Any] = {usage: usage in named for usage in USAGES}
    return x509.KeyUsage(**said)


def _as_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
