"""EF.CardAccess and EF.CardSecurity (Doc 9303-11, 9.2): what a chip offers before anything is signed, and what is.

EF.CardAccess lies open and unsigned, so that whoever stands between chip and reader can change it; all that it says
is said again in files that are signed, DG14 and EF.CardSecurity.
"""

from __future__ import annotations

from dataclasses import dataclass

from border.documents import asn1
from border.documents.cms import SignedData, signed_data_of
from border.documents.errors import DocumentError
from border.documents.lds import GROUP_TAGS, PACE
from border.documents.tlv import Tlv, read

SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"
MAX_CARD_ACCESS = 4 * 1024
MAX_CARD_SECURITY = 64 * 1024
MAX_INFOS = 64

Infos = frozenset[tuple[str, bytes]]
"""SecurityInfos, each as its protocol (OID) and all its bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class CardSecurity:
    """EF.CardSecurity as read, nothing of it proven."""

    signed: SignedData
    infos: Infos


@dataclass(frozen=True, slots=True)
class Difference:
    """Protocols that EF.CardAccess says and no signed file does, and the signed ways of PACE that it keeps silent."""

    added: tuple[str, ...]
    hidden: tuple[str, ...]


def read_card_access(data: bytes) -> Infos:
    """Raises DocumentError."""
    return _infos(read(data, asn1.SET, max_bytes=MAX_CARD_ACCESS))


def read_card_security(data: bytes) -> CardSecurity:
    """Raises DocumentError."""
    signed = signed_data_of(read(data, max_bytes=MAX_CARD_SECURITY))
    if signed.content_type != SECURITY_OBJECT:
        raise DocumentError("wrong_content", "EF.CardSecurity")
    return CardSecurity(signed, _infos(read(signed.content, asn1.SET)))


def infos_of_dg14(data: bytes) -> Infos:
    """Raises DocumentError."""
    return _infos(read(read(data, GROUP_TAGS[14]).value, asn1.SET))


def difference(offered: Infos, signed: Infos) -> Difference:
    """Between what EF.CardAccess holds and what signed files hold. Both must say the same of PACE; the signed ones
    may say more of other protocols."""
    return Difference(_protocols(offered - signed), _protocols(ways_of_pace(signed) - offered))


def ways_of_pace(infos: Infos) -> Infos:
    return frozenset(info for info in infos if info[0].startswith(f"{PACE}."))


def _protocols(infos: Infos) -> tuple[str, ...]:
    return tuple(sorted({protocol for protocol, _ in infos}))


def _infos(found: Tlv) -> Infos:
    members = found.children()
    if len(members) > MAX_INFOS:
        raise DocumentError("too_many", "SecurityInfos")
    return frozenset((asn1.oid(one.fields(asn1.SEQUENCE).take()), one.whole) for one in members)
