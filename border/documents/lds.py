"""The logical data structure (Doc 9303-10): a chip's files as values. Reading proves nothing; `chip_trust` judges."""

from __future__ import annotations

from dataclasses import dataclass

from border.documents import asn1
from border.documents.errors import DocumentError
from border.documents.face_record import FacePicture, face_of
from border.documents.public_keys import PublicKey, public_key
from border.documents.tlv import Tlv, read

COM, SOD = 0x011E, 0x011D
GROUP_TAGS: dict[int, int] = {
    number: tag for number, tag in enumerate(bytes.fromhex("61 75 63 76 65 66 67 68 69 6A 6B 6C 6D 6E 6F 70"), start=1)
}
"""Data group number to the tag of its file."""

SHAPES = {90: (3, 30), 72: (2, 36), 88: (2, 44)}  # characters in a zone: lines, their width
CHIP_AUTHENTICATION, CHIP_KEY = "0.4.0.127.0.7.2.2.3", "0.4.0.127.0.7.2.2.1"
PACE, ACTIVE_AUTHENTICATION = "0.4.0.127.0.7.2.2.4", "2.23.136.1.1.5"
TAG_LIST = 0x5C
MAX_TEXT = 2000  # bytes of one detail


@dataclass(frozen=True, slots=True)
class Com:
    """EF.COM: versions, and which data groups there are. Unsigned, so a hint and no more."""

    lds_version: str
    unicode_version: str
    groups: frozenset[int]


@dataclass(frozen=True, slots=True)
class PersonalDetails:
    """DG11, as far as a kiosk has a use for it. Empty where the chip says nothing; fillers stay."""

    full_name: str
    other_names: tuple[str, ...]
    personal_number: str
    date_of_birth: str  # YYYYMMDD
    place_of_birth: str

    def __repr__(self) -> str:
        return "<personal details>"


@dataclass(frozen=True, slots=True)
class DocumentDetails:
    """DG12, as far as a kiosk has a use for it."""

    issuing_authority: str
    date_of_issue: str  # YYYYMMDD
    endorsements: str

    def __repr__(self) -> str:
        return "<document details>"


@dataclass(frozen=True, slots=True)
class SecurityInfo:
    """One protocol of DG14 or EF.CardAccess (Doc 9303-11, 9.2). `version` and `number` None where it has none."""

    protocol: str  # OID
    version: int | None
    number: int | None  # of the key or of the domain parameters
    key: PublicKey | None  # of a ChipAuthenticationPublicKeyInfo on a known curve
    algorithm: str  # OID of the signatures, of an ActiveAuthenticationInfo

    def is_of(self, arc: str) -> bool:
        return self.protocol == arc or self.protocol.startswith(arc + ".")


def read_com(data: bytes) -> Com:
    """Raises DocumentError. Tags of no data group are passed over: EF.COM is not to be relied on."""
    values = _listed(read(data, 0x60))
    numbers = {tag: number for number, tag in GROUP_TAGS.items()}
    groups = frozenset(numbers[tag] for tag in values[TAG_LIST] if tag in numbers)
    return Com(_text(values.get(0x5F01, b"")), _text(values.get(0x5F36, b"")), groups)


def read_dg1(data: bytes) -> tuple[str, ...]:
    """The zone's lines. Raises DocumentError for what is of no format's length or holds other characters."""
    value = read(data, GROUP_TAGS[1]).fields().take(0x5F1F).value
    zone = value.decode("latin-1")
    shape = SHAPES.get(len(zone))
    if shape is None or not all(char in "<ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" for char in zone):
        raise DocumentError("bad_value", "DG1")
    lines, width = shape
    return tuple(zone[line * width : (line + 1) * width] for line in range(lines))


def read_dg2(data: bytes) -> FacePicture:
    """The first portrait. Raises DocumentError."""
    group = read(data, GROUP_TAGS[2]).fields().take(0x7F61).fields()
    if not 1 <= asn1.integer(group.take()) <= 16:
        raise DocumentError("no_face", "DG2")
    template = group.take(0x7F60)
    block = next((one for one in template.children() if one.tag in (0x5F2E, 0x7F2E)), None)
    if block is None:
        raise DocumentError("no_face", "DG2")
    return face_of(block)


def read_dg11(data: bytes) -> PersonalDetails:
    """Raises DocumentError."""
    outer = read(data, GROUP_TAGS[11])
    values = _listed(outer)
    others = tuple(_text(one.value) for one in _others(outer) if one.tag == 0x5F0F)
    name, number, place = (_text(values.get(tag, b"")) for tag in (0x5F0E, 0x5F10, 0x5F11))
    return PersonalDetails(name, others, number, _day(values.get(0x5F2B, b"")), place)


def read_dg12(data: bytes) -> DocumentDetails:
    """Raises DocumentError."""
    values = _listed(read(data, GROUP_TAGS[12]))
    authority, endorsements = (_text(values.get(tag, b"")) for tag in (0x5F19, 0x5F1B))
    return DocumentDetails(authority, _day(values.get(0x5F26, b"")), endorsements)


def read_dg14(data: bytes) -> tuple[SecurityInfo, ...]:
    """Raises DocumentError."""
    return security_infos(read(read(data, GROUP_TAGS[14]).value, asn1.SET))


def read_dg15(data: bytes) -> PublicKey | None:
    """The key of Active Authentication; None for one of an unknown kind. Raises DocumentError."""
    return public_key(read(read(data, GROUP_TAGS[15]).value))


def security_infos(found: Tlv) -> tuple[SecurityInfo, ...]:
    """SecurityInfos, also those of protocols that are not known here."""
    return tuple(_security_info(one) for one in found.children())


def _security_info(found: Tlv) -> SecurityInfo:
    fields = found.fields(asn1.SEQUENCE)
    protocol = asn1.oid(fields.take())
    info = SecurityInfo(protocol, None, None, None, "")
    key = None
    if info.is_of(CHIP_KEY):
        key = public_key(fields.take())
        number = fields.maybe(asn1.INTEGER)
        return SecurityInfo(protocol, None, None if number is None else asn1.integer(number), key, "")
    version = fields.maybe(asn1.INTEGER)
    more = fields.maybe(asn1.INTEGER, asn1.OID)
    return SecurityInfo(
        protocol,
        None if version is None else asn1.integer(version),
        asn1.integer(more) if more is not None and more.tag == asn1.INTEGER else None,
        None,
        asn1.oid(more) if more is not None and more.tag == asn1.OID else "",
    )


def _listed(found: Tlv) -> dict[int, bytes]:
    """Tag to value, the first of each, of a file that begins with a list of tags."""
    values: dict[int, bytes] = {}
    for one in found.children():
        values.setdefault(one.tag, one.value)
    if TAG_LIST not in values:
        raise DocumentError("bad_tag", f"{TAG_LIST:X}")
    return values


def _others(found: Tlv) -> tuple[Tlv, ...]:
    inner = next((one for one in found.children() if one.tag == asn1.context(0)), None)
    return () if inner is None else inner.children()


def _text(value: bytes) -> str:
    if len(value) > MAX_TEXT:
        raise DocumentError("too_large", "text")
    return value.decode("utf-8", "replace")


def _day(value: bytes) -> str:
    """YYYYMMDD, from characters or from packed digits (older chips)."""
    digits = value.hex() if len(value) == 4 else value.decode("latin-1")
    if digits and not (len(digits) == 8 and digits.isascii() and digits.isdigit()):
        raise DocumentError("bad_value", "date")
    return digits
