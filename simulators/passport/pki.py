"""An invented country's signing authorities (Doc 9303-12): CSCA, document signers, links, CRLs and signed lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.passport import der
from simulators.passport.keys import Scheme, SigningKey, hash_algorithm, hashed, key

Span = tuple[datetime, datetime]
ICAO = "2.23.136.1.1"
LDS_SECURITY_OBJECT, MASTER_LIST, DEVIATION_LIST = f"{ICAO}.1", f"{ICAO}.2", f"{ICAO}.7"
MASTER_LIST_SIGNING, DEVIATION_LIST_SIGNING = f"{ICAO}.3", f"{ICAO}.8"
DOCUMENT_TYPES = f"{ICAO}.6.2"
CA_USAGE, SIGNER_USAGE = 0b0000_0110, 0b1000_0000  # keyCertSign with cRLSign; digitalSignature


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """A certificate with its private key: a CSCA, a document signer or a signer of lists."""

    certificate: bytes
    key: SigningKey
    subject: bytes
    issuer: bytes
    serial: int
    key_id: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Whose authority it is: ISO 3166 alpha-2 for names, and the code that its documents print."""

    alpha_2: str = "UT"
    printed: str = "UTO"


UTOPIA = Place()


def name(place: Place, common: str) -> bytes:
    """A distinguished name: C, O, CN."""
    parts = (
        ("2.5.4.6", der.printable(place.alpha_2)),
        ("2.5.4.10", der.utf8("Invented")),
        ("2.5.4.3", der.utf8(common)),
    )
    return der.seq(*(der.set_of(der.seq(der.oid(kind), text)) for kind, text in parts))


def key_id(signing: SigningKey) -> bytes:
    """Subject key identifier: SHA-1 of the key's bytes, as RFC 5280 proposes."""
    return hashed("sha1", signing.public_info())


def csca(
    valid: Span,
    scheme: Scheme = Scheme(),  # noqa: B008 (frozen)
    place: Place = UTOPIA,
    *,
    common: str = "CSCA",
    serial: int = 1,
    name_of_key: str = "",
) -> Signer:
    """A self-signed authority. Another `name_of_key`, another key under the same name."""
    own = key(scheme, f"csca {place.alpha_2} {common} {name_of_key}")
    subject = name(place, common)
    return _certified(own, own, subject, subject, serial, valid, _authority(place, key_id(own), key_id(own)))


def link(old: Signer, new: Signer, valid: Span, place: Place = UTOPIA, *, serial: int = 90) -> bytes:
    """The old key vouches for the new one: a certificate of the new key under the old name's signature."""
    extensions = _authority(place, new.key_id, old.key_id)
    return _certified(old.key, new.key, old.subject, new.subject, serial, valid, extensions).certificate


def signer(
    authority: Signer,
    valid: Span,
    scheme: Scheme = Scheme(),  # noqa: B008 (frozen)
    place: Place = UTOPIA,
    *,
    common: str = "DS",
    serial: int = 7,
    purpose: str = "",
    types: Sequence[str] = (),
) -> Signer:
    """A document signer; with a `purpose` (an extended key usage), a signer of lists. `types`: of documents, "P"."""
    own = key(scheme, f"{common} {serial}")
    extensions = [
        _extension("2.5.29.35", der.seq(der.bare(0, authority.key_id))),
        _extension("2.5.29.14", der.octets(key_id(own))),
        _extension("2.5.29.15", der.bits(bytes([SIGNER_USAGE]), 7), critical=True),
        *_names(place),
    ]
    if purpose:
        extensions.append(_extension("2.5.29.37", der.seq(der.oid(purpose)), critical=True))
    if types:
        listed = der.set_of(*(der.printable(one) for one in types))
        extensions.append(_extension(DOCUMENT_TYPES, der.seq(der.integer(0), listed)))
    return _certified(authority.key, own, authority.subject, name(place, common), serial, valid, extensions)


def _authority(place: Place, own_id: bytes, issuer_id: bytes) -> list[bytes]:
    return [
        _extension("2.5.29.35", der.seq(der.bare(0, issuer_id))),
        _extension("2.5.29.14", der.octets(own_id)),
        _extension("2.5.29.15", der.bits(bytes([CA_USAGE]), 1), critical=True),
        _extension("2.5.29.19", der.seq(der.boolean(True), der.integer(0)), critical=True),
        *_names(place),
    ]


def _names(place: Place) -> list[bytes]:
    """Issuer's and subject's alternative names: the code that documents print, as a locality."""
    locality = der.seq(der.set_of(der.seq(der.oid("2.5.4.7"), der.printable(place.printed))))
    general = der.seq(der.inside(4, locality))
    return [_extension("2.5.29.18", general), _extension("2.5.29.17", general)]


def _extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.seq(der.oid(kind), *((der.boolean(True),) if critical else ()), der.octets(value))


def _certified(
    authority: SigningKey,
    own: SigningKey,
    issuer: bytes,
    subject: bytes,
    serial: int,
    valid: Span,
    extensions: Iterable[bytes],
) -> Signer:
    body = der.seq(
        der.inside(0, der.integer(2)),
        der.integer(serial),
        authority.algorithm(),
        issuer,
        der.seq(der.time(valid[0]), der.time(valid[1])),
        subject,
        own.public_info(),
        der.inside(3, der.seq(*extensions)),
    )
    return Signer(signed(body, authority), own, subject, issuer, serial, key_id(own))


def signed(body: bytes, by: SigningKey) -> bytes:
    """The SIGNED form of X.509: body, algorithm, signature."""
    return der.seq(body, by.algorithm(), der.bits(by.sign(body)))


def crl(authority: Signer, revoked: Iterable[int], at: datetime, days: int = 90) -> bytes:
    """Certificate revocation list (RFC 5280, version 2) of these serial numbers."""
    rows = [der.seq(der.integer(serial), der.time(at - timedelta(days=1))) for serial in revoked]
    extensions = (
        _extension("2.5.29.35", der.seq(der.bare(0, authority.key_id))),
        _extension("2.5.29.20", der.integer(1)),
    )
    body = der.seq(
        der.integer(1),
        authority.key.algorithm(),
        authority.subject,
        der.time(at),
        der.time(at + timedelta(days=days)),
        *((der.seq(*rows),) if rows else ()),
        der.inside(0, der.seq(*extensions)),
    )
    return signed(body, authority.key)


def signed_data(
    kind: str,
    content: bytes,
    by: Signer,
    certificates: Iterable[bytes] | None = None,
    at: datetime | None = None,
    *,
    by_key_id: bool = False,
    attributes: bool = True,
) -> bytes:
    """ContentInfo with CMS SignedData (RFC 5652). `certificates` None: the signer's own."""
    digest = by.key.scheme.digest
    inner = _attributes(kind, hashed(digest, content), at) if attributes else ()
    to_sign = der.set_of(*inner) if attributes else content
    names_key = der.bare(0, by.key_id)
    signer_info = der.seq(
        der.integer(3 if by_key_id else 1),
        names_key if by_key_id else der.seq(by.issuer, der.integer(by.serial)),
        hash_algorithm(digest),
        *((der.tlv(0xA0, *sorted(inner)),) if attributes else ()),
        by.key.algorithm(),
        der.octets(by.key.sign(to_sign)),
    )
    embedded = sorted((by.certificate,) if certificates is None else certificates)
    data = der.seq(
        der.integer(3),
        der.set_of(hash_algorithm(digest)),
        der.seq(der.oid(kind), der.inside(0, der.octets(content))),
        *((der.tlv(0xA0, *embedded),) if embedded else ()),
        der.set_of(signer_info),
    )
    return der.seq(der.oid("1.2.840.113549.1.7.2"), der.inside(0, data))


def _attributes(kind: str, digest: bytes, at: datetime | None) -> tuple[bytes, ...]:
    pkcs9 = "1.2.840.113549.1.9"
    values = [(f"{pkcs9}.3", der.oid(kind)), (f"{pkcs9}.4", der.octets(digest))]
    if at is not None:
        values.append((f"{pkcs9}.5", der.time(at)))
    return tuple(der.seq(der.oid(which), der.set_of(value)) for which, value in values)


def master_list(certificates: Iterable[bytes], by: Signer, authority: Signer, at: datetime) -> bytes:
    """A signed CscaMasterList of these certificates; its signer and that one's authority are embedded."""
    content = der.seq(der.integer(0), der.set_of(*certificates))
    return signed_data(MASTER_LIST, content, by, (by.certificate, authority.certificate), at)


@dataclass(frozen=True, slots=True)
class Deviation:
    """One row: whose documents (of this signer, or with these numbers), and what is wrong with them."""

    kind: str  # under 2.23.136.1.1.7: "2.3" is a wrong signature in the SOD
    signer: Signer | None = None
    numbers: tuple[str, ...] = ()
    issued: Span | None = None
    group: int | None = None  # parameter of the kinds that speak of a data group
    words: str = ""


def deviation_list(rows: Iterable[Deviation], by: Signer, authority: Signer, at: datetime) -> bytes:
    """A signed DeviationList (Doc 9303-12, section 10)."""
    content = der.seq(der.integer(0), der.set_of(*(deviation(row) for row in rows)))
    return signed_data(DEVIATION_LIST, content, by, (by.certificate, authority.certificate), at)


def deviation(row: Deviation) -> bytes:
    documents: list[bytes] = []
    if row.signer is not None:
        documents.append(der.inside(1, row.signer.issuer, der.integer(row.signer.serial)))
    if row.issued is not None:
        documents.append(der.inside(4, *(der.generalized_time(at) for at in row.issued)))
    if row.numbers:
        documents.append(der.inside(5, *sorted(der.printable(number) for number in row.numbers)))
    words = (der.printable(row.words),) if row.words else ()
    group = () if row.group is None else (der.inside(0, der.integer(row.group)),)
    description = der.seq(*words, der.oid(f"{DEVIATION_LIST}.{row.kind}"), *group)
    return der.seq(der.seq(*documents), der.set_of(description))
