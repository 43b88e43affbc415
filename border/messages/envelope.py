"""Records and their parts as they travel: facts signed apart, sealed together, signed again on the outside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.asymmetric import ec

from border import ledger
from border.encounter import CheckedFact, DecidedFact, Fact, RecommendedFact, Sample, SampleRef, Stamp
from border.messages import codec, cose, topics
from border.messages.cose import Signer
from border.messages.errors import MessageError
from border.messages.reports import (
    open_alarm,
    open_receipts,
    open_request,
    open_state,
    open_update,
    sign_alarm,
    sign_receipts,
    sign_request,
    sign_state,
    sign_update,
)
from border.messages.sealing import OVERHEAD_BYTES, RecipientPrivate, RecipientPublic, seal, unseal
from border.messages.topics import TopicKind
from border.messages.values import (
    MAX_PART_BYTES,
    VERSION,
    PartRef,
    Priority,
    Record,
    RecordHeader,
    RecordKind,
)

__all__ = [
    "Draft",
    "Opened",
    "Outbound",
    "Packed",
    "check_record",
    "open_alarm",
    "open_fact",
    "open_part",
    "open_receipts",
    "open_record",
    "open_request",
    "open_state",
    "open_update",
    "pack",
    "sign_alarm",
    "sign_fact",
    "sign_receipts",
    "sign_request",
    "sign_state",
    "sign_update",
    "slices_of",
]

FACT_TYPE = "application/vnd.landfall.fact+cbor"
RECORD_TYPE = "application/vnd.landfall.record+cbor"
MAX_SAMPLE_BYTES = 8 * 1024 * 1024
FACTS_OF: dict[RecordKind, tuple[type[Fact], ...]] = {
    RecordKind.ENCOUNTER: (CheckedFact, RecommendedFact),
    RecordKind.DECISION: (DecidedFact,),
}
"""What a record of each kind holds, in this order."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """One MQTT publication, QoS 1."""

    topic: str
    payload: bytes
    priority: int  # Priority: smaller goes first


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it is signed and sealed. `previous`: the ledger's head before it, 32 bytes."""

    kiosk: str
    seq: int
    previous: bytes
    kind: RecordKind
    id: str
    encounter: str
    at: Stamp
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A record ready for the outbox. `digest`: SHA-256 of the header's payload; `head`: the ledger's head after it."""

    record: Record
    digest: bytes
    header: Outbound
    parts: tuple[Outbound, ...]
    head: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """A record as the centre takes it: everything `open_record` promises has been checked."""

    record: Record
    facts: tuple[Fact, ...]
    digest: bytes


def sign_fact(fact: Fact, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(fact), signer, FACT_TYPE)


def open_fact(data: bytes, public_key: ec.EllipticCurvePublicKey) -> Fact:
    """Raises MessageError: bad_signature, wrong_content_type, and what the codec raises."""
    signed = cose.verify1(data, public_key)
    if signed.content_type != FACT_TYPE:
        raise MessageError("wrong_content_type")
    return _decode_fact(signed.payload)


def pack(draft: Draft, samples: Sequence[Sample], signer: Signer, recipient: RecipientPublic) -> Packed:
    """Header first, then the slices of each part, every sample sealed apart.

    Raises MessageError for a draft the centre would refuse (`check_record`), ValueError for a header too long.
    """
    parts: list[PartRef] = []
    slices: list[Outbound] = []
    for sample in samples:
        part, sealed = _seal_part(draft, sample, recipient)
        parts.append(part)
        slices.extend(_slices(draft.kiosk, part, sealed))
    record = Record(
        kiosk=draft.kiosk,
        seq=draft.seq,
        previous=draft.previous,
        kind=draft.kind,
        id=draft.id,
        encounter=draft.encounter,
        at=draft.at,
        facts=tuple(sign_fact(fact, signer) for fact in draft.facts),
        parts=tuple(parts),
    )
    check_record(record, draft.facts)
    header = _header(record, signer, recipient)
    digest = hashlib.sha256(header).digest()
    outbound = Outbound(topics.record(draft.kiosk, draft.id), header, Priority.HEADER)
    return Packed(record, digest, outbound, tuple(slices), ledger.next_head(draft.previous, digest))


def open_record(
    topic: str, payload: bytes, public_key: ec.EllipticCurvePublicKey, recipient: RecipientPrivate
) -> Opened:
    """The record in `payload`, if topic, key id, header and record name the same kiosk and record, every signature
    fits `public_key`, and the facts and parts belong together. Raises MessageError; each lie has its own reason.
    """
    where = topics.parse(topic)
    if where.kind is not TopicKind.RECORD:
        raise MessageError("bad_topic")
    if cose.peek(payload).key_id != where.kiosk:
        raise MessageError("wrong_kiosk")
    signed = cose.verify1(payload, public_key)
    if signed.content_type != RECORD_TYPE:
        raise MessageError("wrong_content_type")
    header = codec.decode(RecordHeader, signed.payload)
    if header.kiosk != where.kiosk:
        raise MessageError("wrong_kiosk")
    if header.id != where.id:
        raise MessageError("wrong_id")
    record = _unsealed(header, recipient)
    facts = tuple(_inner_fact(data, record.kiosk, public_key) for data in record.facts)
    check_record(record, facts)
    return Opened(record, facts, hashlib.sha256(payload).digest())


def check_record(record: Record, facts: tuple[Fact, ...]) -> None:
    """Facts, parts and record belong together, or MessageError. Both ends call it, so neither sends nor takes less."""
    if tuple(type(fact) for fact in facts) != FACTS_OF[record.kind]:
        raise MessageError("wrong_facts")
    if record.kind is RecordKind.ENCOUNTER and record.id != record.encounter:
        raise MessageError("wrong_encounter")
    if any(fact.encounter != record.encounter for fact in facts):
        raise MessageError("wrong_encounter")
    if len(record.previous) != 32 or record.seq < 1:
        raise MessageError("bad_value")
    named: tuple[SampleRef, ...] = ()
    if isinstance(facts[0], CheckedFact):
        if facts[0].author != record.kiosk:
            raise MessageError("wrong_author")
        named = facts[0].samples
    _check_parts(record.parts, named)


def open_part(part: PartRef, sealed: bytes, recipient: RecipientPrivate, *, kiosk: str, encounter: str) -> bytes:
    """A sample's plain bytes, from all slices joined. Both hashes are checked.

    Raises MessageError: wrong_digest, wrong_recipient, cannot_unseal, wrong_sample_digest.
    """
    if len(sealed) != part.size or hashlib.sha256(sealed).hexdigest() != part.sha256:
        raise MessageError("wrong_digest")
    plain = unseal(sealed, recipient, _part_place(kiosk, encounter, part.sample_sha256))
    if hashlib.sha256(plain).hexdigest() != part.sample_sha256:
        raise MessageError("wrong_sample_digest")
    return plain


def slices_of(size: int) -> int:
    """How many slices a sealed part of `size` bytes travels in."""
    return -(-size // MAX_PART_BYTES)


def _header(record: Record, signer: Signer, recipient: RecipientPublic) -> bytes:
    sealed = seal(codec.encode(record), recipient, _record_place(record.kiosk, record.id, record.seq))
    header = codec.encode(RecordHeader(record.kiosk, record.id, record.seq, sealed))
    if len(header) > codec.MAX_BYTES:
        raise MessageError("too_large")
    return cose.sign1(header, signer, RECORD_TYPE)


def _unsealed(header: RecordHeader, recipient: RecipientPrivate) -> Record:
    record = codec.decode(Record, unseal(header.sealed, recipient, _record_place(header.kiosk, header.id, header.seq)))
    if record.kiosk != header.kiosk:
        raise MessageError("wrong_kiosk")
    if record.id != header.id:
        raise MessageError("wrong_id")
    if record.seq != header.seq:
        raise MessageError("wrong_sequence")
    return record


def _inner_fact(data: bytes, kiosk: str, public_key: ec.EllipticCurvePublicKey) -> Fact:
    if cose.peek(data).key_id != kiosk:
        raise MessageError("foreign_fact")
    try:
        return open_fact(data, public_key)
    except MessageError as error:
        raise MessageError("bad_fact_signature") if error.reason == "bad_signature" else error from None


def _decode_fact(payload: bytes) -> Fact:
    return cast(Fact, codec.decode_one_of((CheckedFact, RecommendedFact, DecidedFact), payload))


def _seal_part(draft: Draft, sample: Sample, recipient: RecipientPublic) -> tuple[PartRef, bytes]:
    digest = hashlib.sha256(sample.data).hexdigest()
    sealed = seal(sample.data, recipient, _part_place(draft.kiosk, draft.encounter, digest))
    part = PartRef(
        kind=sample.kind,
        media_type=sample.media_type,
        sample_sha256=digest,
        sha256=hashlib.sha256(sealed).hexdigest(),
        size=len(sealed),
        slices=slices_of(len(sealed)),
    )
    return part, sealed


def _slices(kiosk: str, part: PartRef, sealed: bytes) -> list[Outbound]:
    return [
        Outbound(
            topics.part(kiosk, part.sha256, index),
            sealed[index * MAX_PART_BYTES : (index + 1) * MAX_PART_BYTES],
            Priority.PART,
        )
        for index in range(part.slices)
    ]


def _check_parts(parts: tuple[PartRef, ...], named: tuple[SampleRef, ...]) -> None:
    """Every part is one of the named samples, at most once; a sample may be kept back (a full disk), never added."""
    samples = {(ref.kind, ref.media_type, ref.sha256): ref.size + OVERHEAD_BYTES for ref in named}
    for part in parts:
        size = samples.pop((part.kind, part.media_type, part.sample_sha256), None)
        if size is None or part.size != size or part.slices != slices_of(size):
            raise MessageError("wrong_parts")
        if size > MAX_SAMPLE_BYTES + OVERHEAD_BYTES:
            raise MessageError("too_large")


def _record_place(kiosk: str, id: str, seq: int) -> bytes:
    return f"record/{VERSION}/{kiosk}/{id}/{seq}".encode()


def _part_place(kiosk: str, encounter: str, sample_sha256: str) -> bytes:
    return f"part/{VERSION}/{kiosk}/{encounter}/{sample_sha256}".encode()
