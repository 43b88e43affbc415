"""Certificates and revocation lists (X.509; profiles of Doc 9303-12), read leniently: many in use are defective.

What a field says beyond its profile is kept out of the way; what cannot be read at all is a DocumentError. Nothing
here is trusted because it could be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from border.documents import asn1
from border.documents.errors import DocumentError
from border.documents.public_keys import PublicKey, Scheme, is_signature, public_key, scheme_of
from border.documents.tlv import Fields, Tlv, read

MAX_CERTIFICATE = 16 * 1024
MAX_CRL = 1 << 20
COUNTRY, LOCALITY = "2.5.4.6", "2.5.4.7"
KEY_ID, AUTHORITY_KEY_ID, USAGE, CONSTRAINTS, PURPOSES = "2.5.29.14", "2.5.29.35", "2.5.29.15", "2.5.29.19", "2.5.29.37"
NAMES = ("2.5.29.17", "2.5.29.18")  # subject's and issuer's alternative names
KEY_PERIOD, DOCUMENT_TYPES = "2.5.29.16", "2.23.136.1.1.6.2"
DIGITAL_SIGNATURE, KEY_CERT_SIGN = 0x80, 0x04  # bits of the first octet of keyUsage

Name = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name made comparable: letter case, runs of spaces and string types do not count (RFC 5280, 7.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """One certificate. `key` and `scheme` are None where their algorithm is not known."""

    whole: bytes
    body: bytes  # TBSCertificate, what was signed
    serial: int
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    key: PublicKey | None
    scheme: Scheme | None
    signature: bytes
    extensions: tuple[tuple[str, bytes], ...]

    def __repr__(self) -> str:
        return f"<certificate {self.country} {self.serial:x}>"

    @property
    def is_root(self) -> bool:
        """Its own issuer by name and by key. A link between two keys under one name is its own issuer by name only."""
        return self.issuer == self.subject and self.authority_key_id in (b"", self.key_id)

    @property
    def country(self) -> str:
        """ISO 3166 alpha-2 in upper case, as the subject names it; "" when it does not."""
        found = (text for part in self.subject for kind, text in part if kind == COUNTRY)
        return next(found, "").upper()

    @property
    def key_id(self) -> bytes:
        """Subject key identifier; b"" when there is none."""
        found = self._extension(KEY_ID)
        return found.value if found is not None and found.tag == asn1.OCTET_STRING else b""

    @property
    def authority_key_id(self) -> bytes:
        return _authority_key_id(self._extension(AUTHORITY_KEY_ID))

    @property
    def usage(self) -> int | None:
        """First octet of keyUsage; None without the extension."""
        found = self._extension(USAGE)
        return None if found is None else (asn1.bits(found) or b"\x00")[0]

    @property
    def is_authority(self) -> bool:
        """Says of itself that it may sign certificates."""
        found = self._extension(CONSTRAINTS)
        if found is None:
            return False
        said = found.fields(asn1.SEQUENCE).maybe(asn1.BOOLEAN)
        return said is not None and said.value != b"\x00" and bool((self.usage or 0) & KEY_CERT_SIGN)

    @property
    def purposes(self) -> frozenset[str]:
        """Extended key usage."""
        found = self._extension(PURPOSES)
        return frozenset() if found is None else frozenset(asn1.oid(one) for one in found.children())

    @property
    def key_period(self) -> tuple[datetime | None, datetime | None]:
        """When the private key may sign (privateKeyUsagePeriod); None where nothing is said."""
        found = self._extension(KEY_PERIOD)
        ends = {} if found is None else {one.tag: one.value for one in found.children()}
        begin, end = (ends.get(asn1.context(n, constructed=False)) for n in (0, 1))
        return (
            None if begin is None else asn1.time_of(begin, short=False),
            None if end is None else asn1.time_of(end, short=False),
        )

    @property
    def printed_codes(self) -> frozenset[str]:
        """The codes of issuing states that the alternative names hold, as documents print them ("D", "UTO")."""
        return frozenset(code for kind in NAMES for code in _localities(self._extension(kind)))

    @property
    def document_types(self) -> frozenset[str]:
        """What kinds of document it may sign, "P"; empty when it does not say."""
        found = self._extension(DOCUMENT_TYPES)
        if found is None:
            return frozenset()
        fields = found.fields(asn1.SEQUENCE)
        asn1.integer(fields.take())
        return frozenset(asn1.text(one).strip().upper() for one in fields.take(asn1.SET).children())

    def is_valid_at(self, at: datetime) -> bool:
        return self.not_before <= at <= self.not_after

    def has_signed(self, other: Certificate | Crl) -> bool:
        """Whether the key in this certificate made the other one's signature."""
        return is_signature(self.key, other.scheme, other.signature, other.body)

    def _extension(self, kind: str) -> Tlv | None:
        return _first(self.extensions, kind)


@dataclass(frozen=True, slots=True, eq=False)
class Crl:
    """A certificate revocation list; whole, never a delta."""

    body: bytes
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    revoked: frozenset[int]
    scheme: Scheme | None
    signature: bytes


def read_certificate(data: bytes) -> Certificate:
    """Raises DocumentError for what is no certificate, or has an extension that cannot be read."""
    return certificate_of(read(data, max_bytes=MAX_CERTIFICATE))


def certificate_of(found: Tlv) -> Certificate:
    """The same of an element that stands in a larger file."""
    if len(found.whole) > MAX_CERTIFICATE:
        raise DocumentError("too_large", "certificate")
    body, scheme, signature = _signed(found)
    fields = body.fields(asn1.SEQUENCE)
    fields.maybe(asn1.context(0))  # version
    serial = asn1.integer(fields.take())
    fields.take(asn1.SEQUENCE)  # the signature's algorithm again
    issuer = name_of(fields.take())
    begin, end = _two(fields.take().fields(asn1.SEQUENCE))
    subject = name_of(fields.take())
    key = public_key(fields.take())
    extensions = _extensions(next((one for one in fields.rest() if one.tag == asn1.context(3)), None))
    made = Certificate(found.whole, body.whole, serial, issuer, subject, begin, end, key, scheme, signature, extensions)
    _read_all(made)
    return made


def _read_all(made: Certificate) -> None:
    """Every extension that is ever asked for, so that a broken one is found here and not later."""
    for asked in ("key_id", "authority_key_id", "usage", "is_authority", "purposes"):
        getattr(made, asked)
    for asked in ("key_period", "printed_codes", "document_types"):
        getattr(made, asked)


def read_crl(data: bytes) -> Crl:
    """Raises DocumentError."""
    body, scheme, signature = _signed(read(data, max_bytes=MAX_CRL))
    fields = body.fields(asn1.SEQUENCE)
    fields.maybe(asn1.INTEGER)  # version
    fields.take(asn1.SEQUENCE)
    issuer = name_of(fields.take())
    this_update = asn1.time(fields.take())
    later = fields.maybe(asn1.UTC_TIME, asn1.GENERALIZED_TIME)
    rows = fields.maybe(asn1.SEQUENCE)
    revoked = frozenset(asn1.integer(row.fields(asn1.SEQUENCE).take()) for row in (rows.children() if rows else ()))
    next_update = None if later is None else asn1.time(later)
    return Crl(body.whole, issuer, this_update, next_update, revoked, scheme, signature)


def name_of(found: Tlv) -> Name:
    """A distinguished name, comparable."""
    return tuple(
        frozenset(_attribute(one.fields(asn1.SEQUENCE)) for one in part.children())
        for part in found.fields(asn1.SEQUENCE).rest()
    )


def _attribute(fields: Fields) -> tuple[str, str]:
    return asn1.oid(fields.take()), " ".join(asn1.text(fields.take()).casefold().split())


def _signed(found: Tlv) -> tuple[Tlv, Scheme | None, bytes]:
    fields = found.fields(asn1.SEQUENCE)
    return fields.take(asn1.SEQUENCE), scheme_of(fields.take()), asn1.bits(fields.take())


def _two(fields: Fields) -> tuple[datetime, datetime]:
    return asn1.time(fields.take()), asn1.time(fields.take())


def _extensions(found: Tlv | None) -> tuple[tuple[str, bytes], ...]:
    if found is None:
        return ()
    rows = []
    for row in read(found.value).fields(asn1.SEQUENCE).rest():
        fields = row.fields(asn1.SEQUENCE)
        kind = asn1.oid(fields.take())
        fields.maybe(asn1.BOOLEAN)  # critical
        rows.append((kind, fields.take(asn1.OCTET_STRING).value))
    return tuple(rows)


def _first(extensions: tuple[tuple[str, bytes], ...], kind: str) -> Tlv | None:
    found = next((value for name, value in extensions if name == kind), None)
    return None if found is None else read(found)


def _authority_key_id(found: Tlv | None) -> bytes:
    if found is None:
        return b""
    inside = found.fields(asn1.SEQUENCE).maybe(asn1.context(0, constructed=False))
    return b"" if inside is None else inside.value


def _localities(found: Tlv | None) -> list[str]:
    """Localities of the directory names among GeneralNames."""
    codes: list[str] = []
    for general in found.children() if found is not None else ():
        if general.tag == asn1.context(4):
            name = name_of(read(general.value))
            codes += (text.upper() for part in name for kind, text in part if kind == LOCALITY)
    return codes
