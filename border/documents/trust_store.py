"""Whom we believe: CSCA certificates, links between their keys, revocation lists, and the signed lists that bring more.

A store only grows by what something in it already vouches for, or by what headquarters put there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from border.documents import asn1
from border.documents.certificates import Certificate, Crl, Name, certificate_of, name_of
from border.documents.cms import SignedData, Verification, signed_data_of, verify
from border.documents.errors import DocumentError
from border.documents.tlv import Fields, Tlv, read

MASTER_LIST, DEVIATION_LIST = "2.23.136.1.1.2", "2.23.136.1.1.7"
MASTER_LIST_SIGNING, DEVIATION_LIST_SIGNING = "2.23.136.1.1.3", "2.23.136.1.1.8"
MAX_LIST = 8 << 20
MAX_LINKS = 4
"""A key that was changed more often than this between a trusted one and a document is nobody's habit."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Documents that their own state knows to be defective. What is empty or None speaks of all of them.

    `kind` is the OID's tail under 2.23.136.1.1.7: "2.3" a wrong signature in the SOD; "" only the list's own use.
    """

    country: str  # of who signed the list; it speaks of that state's documents alone
    kind: str
    group: int | None  # of kinds that speak of a data group; 20 is the SOD, 21 EF.COM
    issuer: Name
    serial: int | None
    key_id: bytes
    issued: tuple[datetime, datetime] | None
    numbers: frozenset[str]

    def speaks_of(self, signer: Certificate, number: str, issued: datetime | None) -> bool:
        """Whether a document of this signer and number belongs to these."""
        if self.serial is not None and (self.issuer, self.serial) != (signer.issuer, signer.serial):
            return False
        if self.key_id and self.key_id != signer.key_id:
            return False
        if self.numbers and number not in self.numbers:
            return False
        if self.issued is not None and (issued is None or not self.issued[0] <= issued <= self.issued[1]):
            return False
        return self.country == signer.country


@dataclass(frozen=True, slots=True)
class TrustStore:
    """`authorities` are believed; `links` only along a path from one of them; `signers` are for SODs without one."""

    authorities: tuple[Certificate, ...] = ()
    links: tuple[Certificate, ...] = ()
    signers: tuple[Certificate, ...] = ()
    crls: tuple[Crl, ...] = ()
    deviations: tuple[Deviation, ...] = ()

    def path(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """From who signed it up to an authority of ours; () when nobody we believe vouches for it.

        Names find candidates, signatures decide: authorities change keys under one name.
        """
        return self._path(certificate, MAX_LINKS)

    def _path(self, certificate: Certificate, links_left: int) -> tuple[Certificate, ...]:
        for authority in self.authorities:
            if _may_have_issued(authority, certificate) and authority.has_signed(certificate):
                return (authority,)
        for link in self.links if links_left else ():
            if link.is_authority and _may_have_issued(link, certificate) and link.has_signed(certificate):
                above = self._path(link, links_left - 1)
                if above:
                    return (link, *above)
        return ()

    def crl_for(self, certificate: Certificate, path: tuple[Certificate, ...]) -> Crl | None:
        """The newest list of the authority that issued it, signed by a key that is believed."""
        believed = [one for one in (*path, *self.authorities) if one.country == certificate.country]
        fitting = [
            crl
            for crl in self.crls
            if crl.issuer == certificate.issuer and any(one.has_signed(crl) for one in believed)
        ]
        return max(fitting, key=lambda crl: crl.this_update, default=None)


def with_master_list(store: TrustStore, data: bytes, at: datetime, publishers: Collection[str]) -> TrustStore:
    """The store with the certificates of a master list, those that can be read. Raises DocumentError.

    `publishers`: countries (alpha-2) whose lists are taken. Whoever signs a list names authorities for every state.
    """
    signed = _open(store, data, at, publishers, MASTER_LIST, MASTER_LIST_SIGNING)
    fields = read(signed.content, max_bytes=MAX_LIST).fields(asn1.SEQUENCE)
    if asn1.integer(fields.take()) != 0:
        raise DocumentError("bad_version", "CscaMasterList")
    found = [one for one in map(_readable, fields.take(asn1.SET).children()) if one is not None]
    known = {one.whole for one in (*store.authorities, *store.links)}
    new = [one for one in found if one.whole not in known]
    return replace(
        store,
        authorities=(*store.authorities, *(one for one in new if one.is_root)),
        links=(*store.links, *(one for one in new if not one.is_root)),
    )


def with_deviation_list(store: TrustStore, data: bytes, at: datetime) -> TrustStore:
    """The store with what a state says of its own defective documents. Raises DocumentError."""
    signed = _open(store, data, at, None, DEVIATION_LIST, DEVIATION_LIST_SIGNING)
    signer = signed.signing_certificate(store.signers)
    assert signer is not None  # _open has verified with it
    fields = read(signed.content, max_bytes=MAX_LIST).fields(asn1.SEQUENCE)
    if asn1.integer(fields.take()) != 0:
        raise DocumentError("bad_version", "DeviationList")
    fields.maybe(asn1.SEQUENCE)  # digest algorithm of certificate digests
    rows = (row for one in fields.take(asn1.SET).children() for row in _deviations(one, signer.country))
    return replace(store, deviations=(*store.deviations, *rows))


def _open(
    store: TrustStore, data: bytes, at: datetime, publishers: Collection[str] | None, content: str, purpose: str
) -> SignedData:
    signed = signed_data_of(read(data, max_bytes=MAX_LIST))
    if signed.content_type != content:
        raise DocumentError("wrong_content")
    signer = signed.signing_certificate(store.signers)
    if signer is None:
        raise DocumentError("list_signer_unknown")
    if verify(signed, signer) is not Verification.GOOD:
        raise DocumentError("list_signature_wrong")
    _is_fit(store, signer, at, publishers, purpose)
    return signed


def _is_fit(
    store: TrustStore, signer: Certificate, at: datetime, publishers: Collection[str] | None, purpose: str
) -> None:
    """Raises DocumentError unless somebody we believe made this certificate, for this purpose, in its own country."""
    path = store.path(signer)
    if not path:
        raise DocumentError("list_signer_unknown")
    if not signer.is_valid_at(at):
        raise DocumentError("list_signer_expired")
    country = path[-1].country
    at_home = signer.country == country and (publishers is None or country in publishers)
    crl = store.crl_for(signer, path)
    is_revoked = crl is not None and signer.serial in crl.revoked
    if purpose not in signer.purposes or not at_home or is_revoked:
        raise DocumentError("list_signer_unfit")


def _may_have_issued(authority: Certificate, certificate: Certificate) -> bool:
    by_key = bool(certificate.authority_key_id) and certificate.authority_key_id == authority.key_id
    return (by_key or certificate.issuer == authority.subject) and authority.whole != certificate.whole


def _readable(found: Tlv) -> Certificate | None:
    try:
        return certificate_of(found)
    except DocumentError:
        return None


def _deviations(found: Tlv, country: str) -> list[Deviation]:
    fields = found.fields(asn1.SEQUENCE)
    documents = fields.take().fields(asn1.SEQUENCE)
    documents.maybe(asn1.context(0, constructed=False))  # kind of document
    issuer, serial, key_id = _signer_of(documents)
    issued = documents.maybe(asn1.context(4))
    numbers = documents.maybe(asn1.context(5))
    span = None if issued is None else _span(issued.fields())
    listed = frozenset(asn1.text(one).strip().upper() for one in (numbers.children() if numbers else ()))
    return [
        Deviation(country, *_description(one.fields(asn1.SEQUENCE)), issuer, serial, key_id, span, listed)
        for one in fields.take(asn1.SET).children()
    ]


def _signer_of(documents: Fields) -> tuple[Name, int | None, bytes]:
    named = documents.maybe(asn1.context(1))
    if named is not None:
        inside = named.fields()
        return name_of(inside.take()), asn1.integer(inside.take()), b""
    by_key = documents.maybe(asn1.context(2, constructed=False))
    if by_key is not None:
        return (), None, by_key.value
    if documents.maybe(asn1.context(3, constructed=False)) is not None:
        raise DocumentError("bad_version", "certificate digest")  # would speak of more documents than it means
    return (), None, b""


def _span(fields: Fields) -> tuple[datetime, datetime]:
    return asn1.time(fields.take()), asn1.time(fields.take())


def _description(fields: Fields) -> tuple[str, int | None]:
    """(kind, data group)."""
    fields.maybe(*asn1.TEXTS)
    kind = asn1.oid(fields.take())
    parameter = fields.maybe(asn1.context(0))
    inside = None if parameter is None else read(parameter.value)
    group = asn1.integer(inside) if inside is not None and inside.tag == asn1.INTEGER else None
    return kind.removeprefix(f"{DEVIATION_LIST}."), group
