"""X.509: one EC P-256 authority, certificates for servers, clients and identities, a revocation list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORGANISATION = "Landfall DEVELOPMENT, practice only"
EARLIER = timedelta(days=1)  # a device whose clock is a little behind can still connect
LIFETIME = timedelta(days=3650)  # practice: a second run changes nothing, so nothing made there may run out soon
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336


@dataclass(frozen=True, slots=True)
class Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Revoked:
    serial: int
    at: datetime


def new_authority(
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    organisation: str = ORGANISATION,
    name: str = "Landfall development CA",
    lifetime: timedelta = LIFETIME,
) -> x509.Certificate:
    """A self-signed certificate that may sign certificates and revocation lists, nothing else."""
    own = _name(organisation, name)
    return (
        _builder(own, own, key.public_key(), _Term(now, lifetime))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def server_certificate(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    hosts: Sequence[str],
    now: datetime,
    *,
    lifetime: timedelta = LIFETIME,
) -> x509.Certificate:
    """For a broker or a page. `hosts` are names or addresses; the first is the common name."""
    return (
        _leaf(authority, hosts[0], public_key, _Term(now, lifetime))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def client_certificate(
    authority: Authority,
    public_key: ec.EllipticCurvePublicKey,
    name: str,
    now: datetime,
    *,
    lifetime: timedelta = LIFETIME,
) -> x509.Certificate:
    """For a kiosk or a service: the broker takes the common name as the user's."""
    return (
        _leaf(authority, name, public_key, _Term(now, lifetime))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def identity_certificate(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, name: str, now: datetime, *, lifetime: timedelta
) -> x509.Certificate:
    """For the key that signs a lane's records. No broker takes it: its one extended usage is another."""
    return (
        _leaf(authority, name, public_key, _Term(now, lifetime))
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def revocation_list(
    authority: Authority, revoked: Sequence[Revoked], now: datetime, *, number: int, lifetime: timedelta = LIFETIME
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - EARLIER)
        .next_update(now + lifetime)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_id(authority), critical=False)
    )
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class _Term:
    now: datetime
    lifetime: timedelta


def _leaf(
    authority: Authority, name: str, public_key: ec.EllipticCurvePublicKey, term: _Term
) -> x509.CertificateBuilder:
    issuer = authority.certificate.subject
    organisation = str(issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    return (
        _builder(_name(organisation, name), issuer, public_key, term)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(_authority_id(authority), critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, term: _Term
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(term.now - EARLIER)
        .not_valid_after(term.now + term.lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _authority_id(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _name(organisation: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
