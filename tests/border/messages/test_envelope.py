"""Records in their envelopes: an honest one opens, and every lie on the outside is refused for its own reason."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.encounter import CheckedFact
from border.ledger import GENESIS, next_head
from border.messages import codec, cose, envelope, topics
from border.messages.cose import SoftwareSigner
from border.messages.envelope import Outbound, Packed, open_part, open_record, pack, sign_fact
from border.messages.errors import MessageError
from border.messages.examples import DECIDED, DECISION, ENCOUNTER, RECOMMENDED
from border.messages.sealing import seal
from border.messages.values import MAX_PART_BYTES, Priority, RecordHeader, RecordKind
from tests.border.messages.forgery import (
    DRAFT,
    ELSEWHERE,
    PICTURE,
    PUBLIC,
    REF,
    SAMPLE,
    SEEN,
    TOPIC,
    forged,
    place,
    reason,
    record_in,
)
from tests.border.messages.keys import KIOSK, OTHER, OTHER_KEY, OTHER_READER, READER


def test_an_honest_record_opens_with_its_facts(packed: Packed) -> None:
    opened = open_record(packed.header.topic, packed.header.payload, PUBLIC, READER)
    assert opened.record == packed.record
    assert repr(opened.facts) == repr(DRAFT.facts)  # a measure in it is NaN
    assert opened.digest == packed.digest == hashlib.sha256(packed.header.payload).digest()
    assert packed.head == next_head(DRAFT.previous, packed.digest)


def test_header_goes_first_and_parts_in_slices_that_let_an_alarm_by(packed: Packed) -> None:
    assert packed.header.topic == TOPIC
    assert packed.header.priority == Priority.HEADER
    part = packed.record.parts[0]
    assert [p.topic for p in packed.parts] == [topics.part("quay-1", part.sha256, i) for i in range(3)]
    assert part.slices == 3
    assert {p.priority for p in packed.parts} == {Priority.PART}
    assert [len(p.payload) for p in packed.parts[:-1]] == [MAX_PART_BYTES] * 2
    assert 0 < len(packed.parts[-1].payload) < MAX_PART_BYTES
    assert len(packed.header.payload) < 8_000


def test_nothing_about_the_traveller_is_readable_on_the_way(packed: Packed) -> None:
    sent = b"".join(p.payload for p in (packed.header, *packed.parts))
    for word in (b"ERIKSSON", b"ANNA", b"L898902C3", b"UTO", PICTURE[:64], b"document_expired"):
        assert word not in sent


def test_a_part_opens_to_the_sample_the_fact_names(packed: Packed) -> None:
    sealed = b"".join(p.payload for p in packed.parts)
    part = packed.record.parts[0]
    assert open_part(part, sealed, READER, kiosk="quay-1", encounter=ENCOUNTER) == PICTURE
    assert part.sample_sha256 == REF.sha256


def test_an_officers_decision_is_a_record_of_its_own() -> None:
    draft = replace(DRAFT, kind=RecordKind.DECISION, id=DECISION, seq=8, facts=(DECIDED,))
    packed = pack(draft, [], KIOSK, READER.public())
    opened = open_record(topics.record("quay-1", DECISION), packed.header.payload, PUBLIC, READER)
    assert opened.facts == (DECIDED,)
    assert opened.record.encounter == ENCOUNTER


def test_a_sample_may_be_kept_back_when_the_disk_is_full() -> None:
    assert pack(DRAFT, [], KIOSK, READER.public()).parts == ()


def test_empty_and_exactly_full_parts_have_the_right_slices() -> None:
    assert envelope.slices_of(MAX_PART_BYTES) == 1
    assert envelope.slices_of(MAX_PART_BYTES + 1) == 2


# Lies on the outside.


def test_a_forged_signature_is_a_bad_signature(packed: Packed) -> None:
    impostor = SoftwareSigner(OTHER_KEY, "quay-1")
    assert reason(TOPIC, forged(record_in(packed), signer=impostor)) == "bad_signature"


def test_a_foreign_device_on_this_kiosks_topic_is_the_wrong_kiosk(packed: Packed) -> None:
    """quay-2 signs honestly with its own key, but writes to quay-1's topic: whichever key is looked up."""
    payload = forged(record_in(packed), signer=OTHER)
    assert reason(TOPIC, payload, OTHER_KEY.public_key()) == "wrong_kiosk"
    assert reason(TOPIC, payload, PUBLIC) == "wrong_kiosk"


def test_a_kiosk_that_speaks_for_another_inside_is_the_wrong_kiosk(packed: Packed) -> None:
    assert reason(TOPIC, forged(record_in(packed), kiosk="quay-2")) == "wrong_kiosk"
    other = replace(record_in(packed), kiosk="quay-2")
    assert reason(TOPIC, forged(other, kiosk="quay-1")) == "wrong_kiosk"


def test_a_record_under_another_id_is_the_wrong_id(packed: Packed) -> None:
    assert reason(topics.record("quay-1", ELSEWHERE), packed.header.payload) == "wrong_id"
    other = replace(record_in(packed), id=ELSEWHERE, encounter=ELSEWHERE)
    assert reason(TOPIC, forged(other, id=ENCOUNTER)) == "wrong_id"


def test_a_record_under_another_number_is_the_wrong_sequence(packed: Packed) -> None:
    assert reason(TOPIC, forged(record_in(packed), seq=8)) == "wrong_sequence"


def test_sealed_bytes_moved_to_another_header_do_not_open(packed: Packed) -> None:
    header = codec.decode(RecordHeader, cose.peek(packed.header.payload).payload)
    moved = cose.sign1(codec.encode(replace(header, seq=8)), KIOSK, envelope.RECORD_TYPE)
    assert reason(TOPIC, moved) == "cannot_unseal"


def test_a_record_for_another_reader_says_so(packed: Packed) -> None:
    with pytest.raises(MessageError) as caught:
        open_record(TOPIC, packed.header.payload, PUBLIC, OTHER_READER)
    assert caught.value.reason == "wrong_recipient"


def test_a_signed_fact_is_no_record(packed: Packed) -> None:
    assert reason(TOPIC, packed.record.facts[0]) == "wrong_content_type"
    assert reason(TOPIC, forged(record_in(packed), content_type="text/plain")) == "wrong_content_type"


def test_a_record_on_another_topic_is_a_bad_topic(packed: Packed) -> None:
    assert reason(topics.state("quay-1"), packed.header.payload) == "bad_topic"
    assert reason("elsewhere", packed.header.payload) == "bad_topic"


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_named_outside_and_inside(packed: Packed, version: int) -> None:
    outside = cbor2.loads(cose.peek(packed.header.payload).payload)
    newer = cose.sign1(cbor2.dumps({**outside, "v": version}), KIOSK, envelope.RECORD_TYPE)
    assert reason(TOPIC, newer) == "wrong_version"
    inside = cbor2.dumps({**cbor2.loads(codec.encode(record_in(packed))), "v": version})
    header = RecordHeader("quay-1", ENCOUNTER, 7, seal(inside, READER.public(), place()))
    assert reason(TOPIC, cose.sign1(codec.encode(header), KIOSK, envelope.RECORD_TYPE)) == "wrong_version"


def test_every_flipped_byte_is_seen(packed: Packed) -> None:
    for at in range(0, len(packed.header.payload), 7):
        changed = bytearray(packed.header.payload)
        changed[at] ^= 0x40
        assert reason(TOPIC, bytes(changed)) in (
            "bad_signature",
            "bad_envelope",
            "bad_cbor",
            "wrong_kiosk",
            "too_large",
        )


# Parts.


def part_reason(packed: Packed, sealed: bytes, *, kiosk: str = "quay-1", encounter: str = ENCOUNTER) -> str:
    with pytest.raises(MessageError) as caught:
        open_part(packed.record.parts[0], sealed, READER, kiosk=kiosk, encounter=encounter)
    return caught.value.reason


def test_a_tampered_part_has_the_wrong_digest(packed: Packed) -> None:
    sealed = b"".join(p.payload for p in packed.parts)
    for changed in (sealed[:-1], sealed + b"\x00", sealed[:-1] + bytes([sealed[-1] ^ 1]), b""):
        assert part_reason(packed, changed) == "wrong_digest"


def test_a_part_in_another_encounter_or_kiosk_does_not_open(packed: Packed) -> None:
    sealed = b"".join(p.payload for p in packed.parts)
    assert part_reason(packed, sealed, encounter=ELSEWHERE) == "cannot_unseal"
    assert part_reason(packed, sealed, kiosk="quay-2") == "cannot_unseal"


def test_another_picture_sealed_in_the_samples_place_has_the_wrong_sample_digest(packed: Packed) -> None:
    part = packed.record.parts[0]
    sealed = seal(b"\x00" * len(PICTURE), READER.public(), f"part/1/quay-1/{ENCOUNTER}/{REF.sha256}".encode())
    lie = replace(part, sha256=hashlib.sha256(sealed).hexdigest())
    with pytest.raises(MessageError) as caught:
        open_part(lie, sealed, READER, kiosk="quay-1", encounter=ENCOUNTER)
    assert caught.value.reason == "wrong_sample_digest"


# The kiosk's own mistakes.


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facts": (RECOMMENDED, SEEN)}, "wrong_facts"),
        ({"id": ELSEWHERE}, "wrong_encounter"),
        ({"facts": (SEEN, replace(RECOMMENDED, encounter=ELSEWHERE))}, "wrong_encounter"),
        ({"facts": (replace(SEEN, author="x"), RECOMMENDED)}, "wrong_author"),
        ({"facts": (replace(SEEN, samples=()), RECOMMENDED)}, "wrong_parts"),
        ({"previous": GENESIS[:-1]}, "bad_value"),
        ({"kiosk": "a/b"}, "bad_topic"),
        ({"facts": (replace(SEEN, lines=("x" * 210_000,)), RECOMMENDED)}, "too_large"),
    ],
)
def test_the_kiosk_cannot_pack_what_the_centre_would_refuse(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(MessageError) as caught:
        pack(replace(DRAFT, **changes), [SAMPLE], KIOSK, READER.public())
    assert caught.value.reason == expected


def test_facts_open_one_by_one() -> None:
    for fact in (SEEN, RECOMMENDED, DECIDED):
        assert repr(envelope.open_fact(sign_fact(fact, KIOSK), PUBLIC)) == repr(fact)
    assert isinstance(envelope.open_fact(sign_fact(SEEN, KIOSK), PUBLIC), CheckedFact)


@settings(max_examples=40)
@given(st.binary(max_size=400), st.sampled_from(["", "record", "fact"]))
def test_any_bytes_are_a_message_error(data: bytes, wrapping: str) -> None:
    payload = data
    if wrapping == "record":
        payload = cose.sign1(data, KIOSK, envelope.RECORD_TYPE)
    if wrapping == "fact":
        header = RecordHeader("quay-1", ENCOUNTER, 7, seal(data, READER.public(), place()))
        payload = cose.sign1(codec.encode(header), KIOSK, envelope.RECORD_TYPE)
    with pytest.raises(MessageError):
        open_record(TOPIC, payload, PUBLIC, READER)


def test_an_outbound_is_what_a_publisher_needs(packed: Packed) -> None:
    assert isinstance(packed.header, Outbound)
    assert Priority.ALARM < packed.header.priority < packed.parts[0].priority < Priority.BACKLOG
