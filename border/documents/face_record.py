"""The picture inside a facial record (ISO/IEC 19794-5:2005, ISO/IEC 39794-5), as the file that it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from border.documents import asn1
from border.documents.errors import DocumentError
from border.documents.tlv import Tlv, elements

MAX_PICTURE = 512 * 1024
_HEAD = struct.Struct(">4s4sIH")  # format, version, length, faces
_FACE = struct.Struct(">IH14x")  # length of the block, feature points; then what the kiosk has no use for
_POINT, _INFORMATION = 8, 12
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),  # the bare code stream, which some states put there
)


@dataclass(frozen=True, slots=True)
class FacePicture:
    """`media_type` by the picture's own first bytes: what the record says of it is often wrong."""

    media_type: str  # image/jpeg or image/jp2
    data: bytes

    def __repr__(self) -> str:
        return f"<face picture {self.media_type} {len(self.data)} bytes>"


def picture_of(data: bytes) -> FacePicture:
    """Any whole picture file. Raises DocumentError for another kind, or one too large."""
    if len(data) > MAX_PICTURE:
        raise DocumentError("too_large", "picture")
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return FacePicture(media_type, data)
    raise DocumentError("no_face", "picture")


def from_19794(record: bytes) -> FacePicture:
    """The first face of a record of version 010. Raises DocumentError."""
    if len(record) < _HEAD.size + _FACE.size:
        raise DocumentError("truncated", "facial record")
    kind, version, _length, faces = _HEAD.unpack_from(record)
    if (kind, version) != (b"FAC\0", b"010\0"):
        raise DocumentError("bad_version", "facial record")
    length, points = _FACE.unpack_from(record, _HEAD.size)
    start = _HEAD.size + _FACE.size + points * _POINT + _INFORMATION
    end = _HEAD.size + length
    if not faces or not start < end:
        raise DocumentError("no_face", "facial record")
    if end > len(record):
        raise DocumentError("truncated", "facial record")
    return picture_of(record[start:end])


def from_39794(block: Tlv) -> FacePicture:
    """The first two-dimensional representation of a FaceImageDataBlock. Raises DocumentError."""
    representation = _inside(_inside(block, asn1.context(1)), asn1.SEQUENCE)
    image = _inside(_inside(_inside(representation, asn1.context(1)), asn1.context(0)), asn1.context(0))
    return picture_of(_inside(image, asn1.context(0, constructed=False)).value)


def face_of(found: Tlv) -> FacePicture:
    """Of a biometric data block: 5F2E holds a 19794-5 record, 7F2E a 39794-5 one."""
    if found.tag == 0x5F2E:
        return from_19794(found.value)
    blocks = [one for one in elements(found.value, found.depth + 1) if one.tag == asn1.context(1)]
    if not blocks:
        raise DocumentError("no_face", "7F2E")
    return from_39794(blocks[0])


def _inside(found: Tlv, tag: int) -> Tlv:
    inner = next((one for one in found.children() if one.tag == tag), None)
    if inner is None:
        raise DocumentError("no_face", f"{tag:X}")
    return inner
