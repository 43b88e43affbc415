"""EF.SOD (Doc 9303-10, 4.6.2): the signed hashes of a chip's data groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import HashAlgorithm

from border.documents import asn1
from border.documents.cms import SignedData, signed_data_of
from border.documents.errors import DocumentError
from border.documents.public_keys import hash_algorithm, hashed
from border.documents.tlv import read

TAG = 0x77
CONTENT = "2.23.136.1.1.1"
MAX_BYTES = 64 * 1024
GROUPS = range(1, 17)
VERSIONS = (0, 1)


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """LDSSecurityObject: data group number to hash."""

    digest: HashAlgorithm
    hashes: Mapping[int, bytes]

    def agrees(self, group: int, data: bytes) -> bool:
        """Whether this file is the one that was hashed; False for a group without a hash."""
        return self.hashes.get(group) == hashed(self.digest, data)


@dataclass(frozen=True, slots=True, eq=False)
class Sod:
    signed: SignedData
    security_object: SecurityObject


def read_sod(data: bytes) -> Sod:
    """What the file says, nothing of it proven. Raises DocumentError."""
    signed = signed_data_of(read(read(data, TAG, max_bytes=MAX_BYTES).value))
    if signed.content_type != CONTENT:
        raise DocumentError("wrong_content", "EF.SOD")
    return Sod(signed, _security_object(signed.content))


def _security_object(content: bytes) -> SecurityObject:
    fields = read(content).fields(asn1.SEQUENCE)
    if asn1.integer(fields.take()) not in VERSIONS:
        raise DocumentError("bad_version", "LDSSecurityObject")
    digest = hash_algorithm(fields.take())
    hashes: dict[int, bytes] = {}
    for row in fields.take(asn1.SEQUENCE).children():
        pair = row.fields(asn1.SEQUENCE)
        group, value = asn1.integer(pair.take()), pair.take(asn1.OCTET_STRING).value
        if group not in GROUPS or group in hashes or len(value) != digest.digest_size:
            raise DocumentError("bad_value", "data group hash")
        hashes[group] = value
    return SecurityObject(digest, hashes)
