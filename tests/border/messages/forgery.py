"""An honest record, and the tools of somebody who knows the format and wants to lie with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from border.encounter import Fact, Sample, SampleKind, SampleRef
from border.messages import codec, cose, envelope, topics
from border.messages.cose import SoftwareSigner
from border.messages.envelope import Draft, Packed, open_record, sign_fact
from border.messages.errors import MessageError
from border.messages.examples import AT, CHECKED, ENCOUNTER, RECOMMENDED
from border.messages.sealing import seal, unseal
from border.messages.values import Record, RecordHeader, RecordKind
from tests.border.messages.keys import KIOSK, KIOSK_KEY, READER

PUBLIC = KIOSK_KEY.public_key()
PICTURE = bytes(range(256)) * 400  # three slices when sealed
SAMPLE = Sample(SampleKind.FACE, "image/jpeg", PICTURE, "cd" * 32, "camera")
REF = SampleRef(SAMPLE.kind, SAMPLE.media_type, hashlib.sha256(PICTURE).hexdigest(), len(PICTURE), "cd" * 32, "camera")
SEEN = replace(CHECKED, samples=(REF,))
DRAFT = Draft("quay-1", 7, b"\x09" * 32, RecordKind.ENCOUNTER, ENCOUNTER, ENCOUNTER, AT, (SEEN, RECOMMENDED))
TOPIC = topics.record("quay-1", ENCOUNTER)
ELSEWHERE = "018f0000-0000-7000-8000-0000000000ff"


def place(kiosk: str = "quay-1", id: str = ENCOUNTER, seq: int = 7) -> bytes:
    return f"record/1/{kiosk}/{id}/{seq}".encode()


def record_in(packed: Packed) -> Record:
    header = codec.decode(RecordHeader, cose.peek(packed.header.payload).payload)
    return codec.decode(Record, unseal(header.sealed, READER, place()))


def forged(
    record: Record, *, signer: SoftwareSigner = KIOSK, content_type: str = envelope.RECORD_TYPE, **changes: Any
) -> bytes:
    """A header made by somebody who knows the format, around any record."""
    header = replace(RecordHeader(record.kiosk, record.id, record.seq, b""), **changes)
    sealed = seal(codec.encode(record), READER.public(), place(header.kiosk, header.id, header.seq))
    return cose.sign1(codec.encode(replace(header, sealed=sealed)), signer, content_type)


def with_facts(record: Record, *facts: Fact, signer: SoftwareSigner = KIOSK) -> Record:
    return replace(record, facts=tuple(sign_fact(fact, signer) for fact in facts))


def reason(topic: str, payload: bytes, key: ec.EllipticCurvePublicKey = PUBLIC) -> str:
    with pytest.raises(MessageError) as caught:
        open_record(topic, payload, key, READER)
    return caught.value.reason
