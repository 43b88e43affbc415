"""CMS SignedData (RFC 5652) with one signer, the form of EF.SOD, master lists and deviation lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.hashes import HashAlgorithm

from border.documents import asn1
from border.documents.certificates import Certificate, Name, certificate_of, name_of
from border.documents.errors import DocumentError
from border.documents.public_keys import HASHES, Scheme, hashed, is_signature, scheme_of
from border.documents.tlv import Tlv, read

SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))
KEY_ID = asn1.context(0, constructed=False)


@dataclass(frozen=True, slots=True, eq=False)
class SignerInfo:
    """Who signed and how. `attributes`: the signed ones as a SET, b"" when there are none."""

    issuer: Name
    serial: int | None
    key_id: bytes
    digest: HashAlgorithm | None
    scheme: Scheme | None
    attributes: bytes
    content_type: str
    message_digest: bytes
    signing_time: datetime | None
    signature: bytes

    def is_by(self, certificate: Certificate) -> bool:
        """Whether this signer names this certificate; not whether it signed."""
        if self.key_id:
            return self.key_id == certificate.key_id
        return (self.issuer, self.serial) == (certificate.issuer, certificate.serial)


@dataclass(frozen=True, slots=True, eq=False)
class SignedData:
    """`unreadable`: how many certificates inside could not be read."""

    content_type: str
    content: bytes
    certificates: tuple[Certificate, ...]
    unreadable: int
    signer: SignerInfo

    def signing_certificate(self, others: Iterable[Certificate] = ()) -> Certificate | None:
        """The signer's, from inside or among `others`."""
        return next((one for one in (*self.certificates, *others) if self.signer.is_by(one)), None)


class Verification(StrEnum):
    """What came of verifying a signature."""

    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN_ALGORITHM = "unknown_algorithm"


def signed_data_of(found: Tlv) -> SignedData:
    """Of a ContentInfo. Raises DocumentError."""
    info = found.fields(asn1.SEQUENCE)
    if asn1.oid(info.take()) != SIGNED_DATA:
        raise DocumentError("not_signed_data")
    fields = read(info.take(asn1.context(0)).value).fields(asn1.SEQUENCE)
    asn1.integer(fields.take())
    fields.take(asn1.SET)  # digest algorithms, named again by the signer
    kind, content = _content(fields.take())
    certificates, unreadable = _certificates(fields.maybe(asn1.context(0)))
    fields.maybe(asn1.context(1))  # revocation lists travel by another road
    signers = fields.take(asn1.SET).children()
    if len(signers) != 1:
        raise DocumentError("not_signed_data", "signers")
    return SignedData(kind, content, certificates, unreadable, _signer(signers[0]))


def verify(signed: SignedData, certificate: Certificate) -> Verification:
    """The content's digest, the attributes that bind it, and the signature over them, with this certificate's key."""
    signer = signed.signer
    if signer.digest is None or signer.scheme is None or certificate.key is None:
        return Verification.UNKNOWN_ALGORITHM
    # Without attributes a signature made over somebody's attributes could pass for one over content: RFC 5652, 5.3,
    # demands them for every content type but plain data.
    same = signer.message_digest == hashed(signer.digest, signed.content)
    if not signer.attributes or not same or signer.content_type != signed.content_type:
        return Verification.WRONG
    good = is_signature(certificate.key, signer.scheme, signer.signature, signer.attributes)
    return Verification.GOOD if good else Verification.WRONG


def _content(found: Tlv) -> tuple[str, bytes]:
    fields = found.fields(asn1.SEQUENCE)
    kind = asn1.oid(fields.take())
    inside = fields.maybe(asn1.context(0))
    if inside is None:
        raise DocumentError("not_signed_data", "content")
    return kind, read(inside.value, asn1.OCTET_STRING, max_bytes=len(inside.value)).value


def _certificates(found: Tlv | None) -> tuple[tuple[Certificate, ...], int]:
    """Those that can be read, and how many cannot: one that is broken does not spoil its neighbours."""
    readable: list[Certificate] = []
    unreadable = 0
    for one in found.children() if found is not None else ():
        try:
            readable.append(certificate_of(one))
        except DocumentError:
            unreadable += 1
    return tuple(readable), unreadable


def _signer(found: Tlv) -> SignerInfo:
    fields = found.fields(asn1.SEQUENCE)
    asn1.integer(fields.take())
    named = fields.take()
    issuer, serial, key_id = _who(named)
    digest = HASHES.get(asn1.oid(fields.take().fields(asn1.SEQUENCE).take()))
    signed = fields.maybe(asn1.context(0))
    scheme = scheme_of(fields.take(), digest)
    signature = fields.take(asn1.OCTET_STRING).value
    values = _attributes(signed)
    kind, message, when = (values.get(name) for name in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME))
    return SignerInfo(
        issuer=issuer,
        serial=serial,
        key_id=key_id,
        digest=digest,
        scheme=scheme,
        # what is signed is the SET that the implicit tag stands for (RFC 5652, 5.4)
        attributes=b"" if signed is None else b"\x31" + signed.whole[1:],
        content_type="" if kind is None else asn1.oid(kind),
        message_digest=b"" if message is None else message.value,
        signing_time=None if when is None else asn1.time(when),
        signature=signature,
    )


def _who(found: Tlv) -> tuple[Name, int | None, bytes]:
    if found.tag == KEY_ID:
        if not found.value:
            raise DocumentError("bad_value", "key identifier")
        return (), None, found.value
    fields = found.fields(asn1.SEQUENCE)
    return name_of(fields.take()), asn1.integer(fields.take()), b""


def _attributes(found: Tlv | None) -> dict[str, Tlv]:
    """The first value of each signed attribute."""
    values: dict[str, Tlv] = {}
    for one in found.children() if found is not None else ():
        fields = one.fields(asn1.SEQUENCE)
        kind, held = asn1.oid(fields.take()), fields.take(asn1.SET).children()
        if kind in values or not held:
            raise DocumentError("bad_value", "signed attribute")
        values[kind] = held[0]
    return values
