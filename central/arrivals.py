"""One message from the broker judged: what it brings, or why it cannot be taken. Bytes in, values out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from border.messages import envelope, topics
from border.messages.errors import MessageError
from border.messages.sealing import RecipientPrivate
from border.messages.topics import Topic, TopicKind
from border.messages.values import MAX_PART_BYTES, Alarm, StateReport
from central.line import Delivery
from central.register import Enrolled, Register, Status
from central.store.notes import Letter
from central.store.parts import Slice
from central.store.records import NewRecord

MAX_SLICES = 1024
"""Of one part: 48 MB. More is no picture."""

MAX_SEQ = 2**53
FIRST_MS, LAST_MS = 0, 4102444800000  # 1970 to 2100; a kiosk with a dead clock still reports
ANSWERABLE = (TopicKind.RECORD, TopicKind.ALARM)


@dataclass(frozen=True, slots=True)
class ArrivedAlarm:
    alarm: Alarm
    digest: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class ArrivedState:
    report: StateReport
    signed: bytes
    received_ms: int
    retained: bool  # kept by the broker from some earlier time: no sign of life


@dataclass(frozen=True, slots=True)
class ArrivedRequest:
    """The kiosk has connected and asks what the centre still wants."""

    kiosk: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A dead letter. `answer_id`: the record or alarm to reject, empty when the sender must not or cannot be told."""

    letter: Letter
    answer_id: str


Arrival = NewRecord | Slice | ArrivedAlarm | ArrivedState | ArrivedRequest | Refusal


def judge(delivery: Delivery, register: Register, seal: RecipientPrivate) -> Arrival:
    """Never raises for what the message holds. The broker has bound the topic to the sender's certificate.

    A kiosk that is not in the register gets no answer: it may be registered tomorrow, and sends again. A revoked
    one is told "revoked", and keeps its record in quarantine.
    """
    try:
        topic = topics.parse(delivery.topic)
    except MessageError as error:
        return refusal(delivery, error.reason)
    enrolled = register.get(topic.kiosk)
    if enrolled is None:
        return refusal(delivery, "unknown_kiosk", topic, answer=False)
    if enrolled.status is not Status.ACTIVE:
        return refusal(delivery, "revoked_kiosk", topic)
    take = TAKERS.get(topic.kind)
    if take is None:
        return refusal(delivery, "bad_topic", topic)
    try:
        return take(delivery, topic, enrolled, seal)
    except MessageError as error:
        return refusal(delivery, error.reason, topic)


def refusal(delivery: Delivery, reason: str, topic: Topic | None = None, *, answer: bool = True) -> Refusal:
    """A dead letter for this delivery; without a `topic` nobody is answered."""
    kiosk = topic.kiosk if topic is not None else ""
    answer_id = topic.id if topic is not None and answer and topic.kind in ANSWERABLE else ""
    letter = Letter(
        topic=delivery.topic,
        reason=reason,
        kiosk=kiosk,
        digest=hashlib.sha256(delivery.payload).digest(),
        size=len(delivery.payload),
        payload=delivery.payload,
        received_ms=delivery.received_ms,
    )
    return Refusal(letter, answer_id)


def _record(delivery: Delivery, topic: Topic, enrolled: Enrolled, seal: RecipientPrivate) -> NewRecord | Refusal:
    try:
        opened = envelope.open_record(delivery.topic, delivery.payload, enrolled.public_key, seal)
    except MessageError as error:
        if error.reason != "bad_signature" or not enrolled.former:
            raise
        return _record_of_before(delivery, topic, enrolled, seal)
    return _possible(opened, delivery)


def _record_of_before(
    delivery: Delivery, topic: Topic, enrolled: Enrolled, seal: RecipientPrivate
) -> NewRecord | Refusal:
    """A record that waited on a disk while the lane got another key: it counts up to that key's last number.

    The number decides and not the time, for the clock that stamped it was the old key's too.
    """
    for former in enrolled.former:
        try:
            opened = envelope.open_record(delivery.topic, delivery.payload, former.public_key, seal)
        except MessageError as error:
            if error.reason == "bad_signature":
                continue
            raise
        if opened.record.seq > former.last_seq:
            return refusal(delivery, "superseded_key", topic)
        return _possible(opened, delivery)
    raise MessageError("bad_signature")


def _possible(opened: envelope.Opened, delivery: Delivery) -> NewRecord:
    record = opened.record
    possible = 1 <= record.seq <= MAX_SEQ and FIRST_MS <= record.at.wall_ms <= LAST_MS
    if not possible or any(not 1 <= part.slices <= MAX_SLICES for part in record.parts):
        raise MessageError("bad_value")
    return NewRecord(delivery.topic, record, opened.facts, opened.digest, delivery.payload, delivery.received_ms)


def _slice(delivery: Delivery, topic: Topic, _enrolled: Enrolled, _seal: RecipientPrivate) -> Slice:
    # not signed by itself: the signed header names the digest of the whole, which is checked when all are here
    if topic.index is None or topic.index >= MAX_SLICES or not 1 <= len(delivery.payload) <= MAX_PART_BYTES:
        raise MessageError("too_large")
    return Slice(topic.kiosk, topic.sha256, topic.index, delivery.received_ms, delivery.payload)


def _alarm(delivery: Delivery, topic: Topic, enrolled: Enrolled, _seal: RecipientPrivate) -> ArrivedAlarm | Refusal:
    """An alarm has no number: one that waited under a former key counts by its time."""
    digest = hashlib.sha256(delivery.payload).digest()
    try:
        alarm = envelope.open_alarm(delivery.topic, delivery.payload, enrolled.public_key)
        return ArrivedAlarm(alarm, digest, delivery.received_ms)
    except MessageError as error:
        if error.reason != "bad_signature":
            raise
    for former in enrolled.former:
        with suppress(MessageError):
            alarm = envelope.open_alarm(delivery.topic, delivery.payload, former.public_key)
            if alarm.at.wall_ms > former.until_ms:
                return refusal(delivery, "superseded_key", topic)
            return ArrivedAlarm(alarm, digest, delivery.received_ms)
    raise MessageError("bad_signature")


def _state(delivery: Delivery, _topic: Topic, enrolled: Enrolled, _seal: RecipientPrivate) -> ArrivedState:
    report = envelope.open_state(delivery.topic, delivery.payload, enrolled.public_key)
    return ArrivedState(report, delivery.payload, delivery.received_ms, delivery.retained)


def _request(delivery: Delivery, topic: Topic, enrolled: Enrolled, _seal: RecipientPrivate) -> ArrivedRequest:
    envelope.open_request(delivery.topic, delivery.payload, enrolled.public_key)
    return ArrivedRequest(topic.kiosk, delivery.received_ms)


Taker = Callable[[Delivery, Topic, Enrolled, RecipientPrivate], Arrival]

TAKERS: dict[TopicKind, Taker] = {
    TopicKind.RECORD: _record,
    TopicKind.PART: _slice,
    TopicKind.ALARM: _alarm,
    TopicKind.STATE: _state,
    TopicKind.REQUEST: _request,
}
