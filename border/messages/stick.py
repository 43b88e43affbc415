"""Records that travel on a stick instead of the uplink: the very messages of MQTT in files, and a signed list of those.

    landfall/KIOSK/NUMBER/000.messages ...   LFSTICK1, then topic and payload, each after its length, one after another
    landfall/KIOSK/NUMBER/manifest.cose      signed by the kiosk: how many files, how long, their SHA-256
    landfall/KIOSK/NUMBER/receipts-N.cose    signed by the centre: ReceiptBatch, as it would come over MQTT

Every payload is signed and, as on the wire, sealed to the centre: who finds the stick learns the kiosk's name, random
numbers and sizes. Pure: bytes in, values out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError
from border.messages.values import StickManifest

MANIFEST_TYPE = "application/vnd.landfall.stick+cbor"
MAGIC = b"LFSTICK1"
_HEAD = struct.Struct(">HI")
MAX_TOPIC_BYTES = 300
MAX_PAYLOAD_BYTES = 262_144
"""As the brokers are told (max_packet_size): what is longer was never sent either."""

FOLDER, MANIFEST, MESSAGES, RECEIPTS = "landfall", "manifest.cose", "{:03}.messages", "receipts-{}.cose"
FULL_BYTES = 256_000_000
"""A file is closed when it is that long: FAT takes 4 GB, and a bad sector then costs less."""


def sign_manifest(manifest: StickManifest, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(manifest), signer, MANIFEST_TYPE)


def open_manifest(data: bytes, kiosk: str, public_key: ec.EllipticCurvePublicKey) -> StickManifest:
    """Raises MessageError: bad_signature, wrong_content_type, wrong_kiosk, and what the codec raises."""
    signed = cose.verify1(data, public_key)
    if signed.content_type != MANIFEST_TYPE:
        raise MessageError("wrong_content_type")
    manifest = codec.decode(StickManifest, signed.payload)
    if manifest.kiosk != kiosk or signed.key_id != kiosk:
        raise MessageError("wrong_kiosk")
    return manifest


def packed(topic: str, payload: bytes) -> bytes:
    """One message as it stands in a file."""
    name = topic.encode()
    return _HEAD.pack(len(name), len(payload)) + name + payload


def messages(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Topic and payload of each. Raises MessageError("bad_file") where it is not such a file, or ends too early."""
    if file.read(len(MAGIC)) != MAGIC:
        raise MessageError("bad_file")
    while head := file.read(_HEAD.size):
        if len(head) != _HEAD.size:
            raise MessageError("bad_file")
        name, size = _HEAD.unpack(head)
        if name > MAX_TOPIC_BYTES or size > MAX_PAYLOAD_BYTES:
            raise MessageError("bad_file")
        topic, payload = file.read(name), file.read(size)
        if len(topic) != name or len(payload) != size:
            raise MessageError("bad_file")
        yield topic.decode("utf-8", "replace"), payload


def in_files(chosen: Iterable[tuple[str, bytes]], full_bytes: int = FULL_BYTES) -> Iterator[tuple[bool, bytes]]:
    """What to write: (whether a new file begins, bytes)."""
    size = full_bytes
    for topic, payload in chosen:
        piece = packed(topic, payload)
        begins = size + len(piece) > full_bytes
        if begins:
            size, piece = 0, MAGIC + piece
        size += len(piece)
        yield begins, piece
