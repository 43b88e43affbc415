"""The few types of ASN.1 (X.680, X.690) that certificates and signed lists are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from border.documents.errors import DocumentError
from border.documents.tlv import Tlv, expect

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
TEXTS = {0x0C: "utf-8", 0x12: "ascii", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1A: "ascii", 0x1E: "utf-16-be"}
MAX_INTEGER = 1030  # bytes: RSA of 8192 bits
MAX_OID = 40  # bytes
_TIME = re.compile(r"(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(?:Z|\+0000)")


def context(number: int, *, constructed: bool = True) -> int:
    """The tag [number]."""
    return (0xA0 if constructed else 0x80) | number


def integer(found: Tlv) -> int:
    """Signed, as ASN.1 has it."""
    return whole_number(expect(found, INTEGER).value)


def whole_number(value: bytes) -> int:
    """The content of an INTEGER, under whatever tag it came."""
    if not 0 < len(value) <= MAX_INTEGER:
        raise DocumentError("bad_value", "integer")
    return int.from_bytes(value, "big", signed=True)


def oid(found: Tlv) -> str:
    """Dotted: 2.23.136.1.1.1."""
    value = expect(found, OID).value
    if not 0 < len(value) <= MAX_OID or value[-1] & 0x80:
        raise DocumentError("bad_value", "object identifier")
    arcs, arc = [], 0
    for octet in value:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def bits(found: Tlv) -> bytes:
    """The bytes of a BIT STRING; unused bits at the end are zero in DER."""
    value = expect(found, BIT_STRING).value
    if not value or value[0] > 7:
        raise DocumentError("bad_value", "bit string")
    return value[1:]


def text(found: Tlv) -> str:
    """Any of the string types; letters that its type does not have become U+FFFD, for certificates have them."""
    if found.tag not in TEXTS:
        raise DocumentError("bad_tag", "string")
    return found.value.decode(TEXTS[found.tag], "replace")


def time(found: Tlv) -> datetime:
    """UTCTime (years 1950 to 2049) or GeneralizedTime, in UTC."""
    if found.tag not in (UTC_TIME, GENERALIZED_TIME):
        raise DocumentError("bad_tag", "time")
    return time_of(found.value, short=found.tag == UTC_TIME)


def time_of(value: bytes, *, short: bool) -> datetime:
    """The content of a time, under whatever tag it came. `short`: two digits of the year."""
    matched = _TIME.fullmatch(value.decode("latin-1"))
    if matched is None or (len(matched[1]) == 2) != short:
        raise DocumentError("bad_value", "time")
    year, month, day, hour, minute, second = (int(part or 0) for part in matched.groups())
    if short:
        year += 1900 if year >= 50 else 2000
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DocumentError("bad_value", "time") from None
