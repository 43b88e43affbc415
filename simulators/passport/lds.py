"""Writes the files of a passport's chip (Doc 9303-10): EF.COM, the data groups and EF.SOD."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulators.passport import der
from simulators.passport.keys import hash_algorithm, hashed
from simulators.passport.pki import LDS_SECURITY_OBJECT, Signer, signed_data

COM, SOD, CARD_ACCESS = 0x011E, 0x011D, 0x011C
TAGS = {1: 0x61, 2: 0x75, 11: 0x6B, 12: 0x6C, 14: 0x6E, 15: 0x6F}
CARD_SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"
JPEG, JPEG_2000 = "image/jpeg", "image/jp2"


def file_id(group: int) -> int:
    """DG1 is file 0101, DG16 0110."""
    return 0x0100 | group


def com(groups: Iterable[int], version: str = "0107") -> bytes:
    tags = bytes(TAGS[group] for group in sorted(groups))
    return der.tlv(0x60, der.tlv(0x5F01, version.encode()), der.tlv(0x5F36, b"040000"), der.tlv(0x5C, tags))


def dg1(lines: Sequence[str]) -> bytes:
    return der.tlv(0x61, der.tlv(0x5F1F, "".join(lines).encode("ascii")))


@dataclass(frozen=True, slots=True)
class Picture:
    """A portrait as a file, and its size."""

    data: bytes
    media_type: str
    width_px: int
    height_px: int


def dg2(picture: Picture, *, record: str = "19794") -> bytes:
    """One face, in the record of ISO/IEC 19794-5:2005 or of 39794-5."""
    header = der.inside(
        1,
        der.bare(0, b"\x01\x01"),
        der.bare(1, b"\x02"),  # facial features
        der.bare(2, b"\x00"),
        der.bare(7, b"\x01\x01"),
        der.bare(8, b"\x00\x08"),
    )
    block = der.tlv(0x5F2E, face_19794(picture)) if record == "19794" else der.tlv(0x7F2E, face_39794(picture))
    return der.tlv(0x75, der.tlv(0x7F61, der.integer(1), der.tlv(0x7F60, header, block)))


def face_19794(picture: Picture, points: int = 2) -> bytes:
    """Facial record: headers, feature points, image information, picture; version 010."""
    features = b"".join(struct.pack(">BBHHH", 1, 0x31 + at, 150 + 100 * at, 200, 0) for at in range(points))
    kind = {JPEG: 0, JPEG_2000: 1}[picture.media_type]
    information = struct.pack(">BBHHBBHH", 1, kind, picture.width_px, picture.height_px, 1, 2, 0, 0)
    length = 20 + len(features) + len(information) + len(picture.data)
    face = struct.pack(">IHBBB3sH3s3s", length, points, 0, 0, 0, bytes(3), 0, bytes(3), bytes(3))
    head = struct.pack(">4s4sIH", b"FAC\0", b"010\0", 14 + length, 1)
    return head + face + features + information + picture.data


def face_39794(picture: Picture) -> bytes:
    """FaceImageDataBlock with one two-dimensional representation and what must stand beside it."""
    code = {JPEG: 2, JPEG_2000: 3}[picture.media_type]
    information = der.inside(1, der.inside(0, der.bare(0, bytes([code]))))
    image = der.inside(0, der.bare(0, picture.data), information)
    representation = der.seq(der.bare(0, b"\x00"), der.inside(1, der.inside(0, image)))
    version = der.inside(0, der.bare(0, b"\x03"), der.bare(1, b"\x07\xe3"))
    return der.inside(1, version, der.inside(1, representation))


def dg11(name: str, birth: str, place: str) -> bytes:
    """Additional personal details; `birth` YYYYMMDD."""
    fields = ((0x5F0E, name), (0x5F2B, birth), (0x5F11, place))
    return _listed(0x6B, fields)


def dg12(authority: str, issued: str) -> bytes:
    """Additional document details; `issued` YYYYMMDD."""
    return _listed(0x6C, ((0x5F19, authority), (0x5F26, issued)))


def _listed(tag: int, fields: Sequence[tuple[int, str]]) -> bytes:
    present = b"".join(kind.to_bytes(2, "big") for kind, _ in fields)
    return der.tlv(tag, der.tlv(0x5C, present), *(der.tlv(kind, text.encode()) for kind, text in fields))


def dg14(infos: Iterable[bytes]) -> bytes:
    """SecurityInfos (Doc 9303-11, section 9.2)."""
    return der.tlv(0x6E, der.set_of(*infos))


def dg15(public_info: bytes) -> bytes:
    return der.tlv(0x6F, public_info)


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a SOD is made. `digest` of the groups; the signature's digest is the signer's own."""

    digest: str = "sha256"
    version: int = 0  # 1 carries the versions of LDS and Unicode
    by_key_id: bool = False
    embed: bool = True  # the signer's certificate inside


def sod(groups: Mapping[int, bytes], by: Signer, at: datetime | None, how: Sealing = Sealing()) -> bytes:
    """EF.SOD over these files (data group number to bytes), signed now."""
    return wrapped(security_object(groups, how), by, at, how)


def security_object(groups: Mapping[int, bytes], how: Sealing = Sealing()) -> bytes:
    """LDSSecurityObject: one hash for each data group."""
    rows = [der.seq(der.integer(group), der.octets(hashed(how.digest, data))) for group, data in sorted(groups.items())]
    versions = (der.seq(der.printable("0108"), der.printable("040000")),) if how.version else ()
    return der.seq(der.integer(how.version), hash_algorithm(how.digest), der.seq(*rows), *versions)


def wrapped(content: bytes, by: Signer, at: datetime | None, how: Sealing = Sealing()) -> bytes:
    """Any content as a signed EF.SOD."""
    certificates = None if how.embed else ()
    return der.tlv(0x77, signed_data(LDS_SECURITY_OBJECT, content, by, certificates, at, by_key_id=how.by_key_id))


def card_security(infos: Iterable[bytes], by: Signer, at: datetime | None) -> bytes:
    """EF.CardSecurity (Doc 9303-11, section 9.2): SecurityInfos, signed as EF.SOD is."""
    return signed_data(CARD_SECURITY_OBJECT, der.set_of(*infos), by, None, at)
