"""The small signed messages beside records: receipts, state, alarms, requests. Signed, not sealed: no personal data."""

from __future__ import annotations

import hashlib
from typing import Protocol, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages import codec, cose, topics
from border.messages.cose import Signer
from border.messages.errors import MessageError
from border.messages.topics import TopicKind
from border.messages.values import Alarm, ReceiptBatch, Request, StateReport, UpdateReport

RECEIPTS_TYPE = "application/vnd.landfall.receipts+cbor"
STATE_TYPE = "application/vnd.landfall.state+cbor"
ALARM_TYPE = "application/vnd.landfall.alarm+cbor"
UPDATE_TYPE = "application/vnd.landfall.update+cbor"
REQUEST_TYPE = "application/vnd.landfall.request+cbor"


class _FromKiosk(Protocol):
    @property
    def kiosk(self) -> str: ...


R = TypeVar("R", bound=_FromKiosk)


def sign_receipts(batch: ReceiptBatch, signer: Signer) -> bytes:
    """By the centre, after its commit."""
    return cose.sign1(codec.encode(batch), signer, RECEIPTS_TYPE)


def open_receipts(data: bytes, centre_public_key: ec.EllipticCurvePublicKey, kiosk: str) -> ReceiptBatch:
    """Raises MessageError: bad_signature, wrong_content_type, wrong_kiosk, and what the codec raises."""
    batch = _open(ReceiptBatch, data, centre_public_key, RECEIPTS_TYPE)
    if batch.kiosk != kiosk:
        raise MessageError("wrong_kiosk")
    return batch


def sign_state(report: StateReport, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(report), signer, STATE_TYPE)


def open_state(topic: str, data: bytes, public_key: ec.EllipticCurvePublicKey) -> StateReport:
    """Topic, key id and report name the same kiosk, or MessageError("wrong_kiosk")."""
    return _from_kiosk(StateReport, topic, data, public_key, (TopicKind.STATE, STATE_TYPE))


def sign_alarm(alarm: Alarm, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(alarm), signer, ALARM_TYPE)


def open_alarm(topic: str, data: bytes, public_key: ec.EllipticCurvePublicKey) -> Alarm:
    """Topic, key id and alarm name the same kiosk and id, or MessageError: wrong_kiosk, wrong_id."""
    alarm = _from_kiosk(Alarm, topic, data, public_key, (TopicKind.ALARM, ALARM_TYPE))
    if alarm.id != topics.parse(topic).id:
        raise MessageError("wrong_id")
    return alarm


def update_id(kiosk: str, transaction: str, phase: str) -> str:
    """A UUIDv8 of these three: whoever says the same step again says it under the same id."""
    digest = hashlib.sha256("\n".join((kiosk, transaction, phase)).encode()).digest()[:16]
    value = int.from_bytes(digest, "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    return str(UUID(int=value))


def sign_update(report: UpdateReport, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(report), signer, UPDATE_TYPE)


def open_update(topic: str, data: bytes, public_key: ec.EllipticCurvePublicKey) -> UpdateReport:
    """Topic, key id and report name the same kiosk, and the id is that of its step; or MessageError: wrong_kiosk,
    wrong_id."""
    report = _from_kiosk(UpdateReport, topic, data, public_key, (TopicKind.UPDATE, UPDATE_TYPE))
    mine = update_id(report.kiosk, report.transaction, report.phase)
    if not report.id == mine == topics.parse(topic).id:
        raise MessageError("wrong_id")
    return report


def sign_request(request: Request, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(request), signer, REQUEST_TYPE)


def open_request(topic: str, data: bytes, public_key: ec.EllipticCurvePublicKey) -> Request:
    """Topic, key id and request name the same kiosk, or MessageError("wrong_kiosk")."""
    return _from_kiosk(Request, topic, data, public_key, (TopicKind.REQUEST, REQUEST_TYPE))


def _from_kiosk(
    cls: type[R],
    topic: str,
    data: bytes,
    public_key: ec.EllipticCurvePublicKey,
    expected: tuple[TopicKind, str],
) -> R:
    where = topics.parse(topic)
    if where.kind is not expected[0]:
        raise MessageError("bad_topic")
    if cose.peek(data).key_id != where.kiosk:
        raise MessageError("wrong_kiosk")
    report = _open(cls, data, public_key, expected[1])
    if report.kiosk != where.kiosk:
        raise MessageError("wrong_kiosk")
    return report


T = TypeVar("T")


def _open(cls: type[T], data: bytes, public_key: ec.EllipticCurvePublicKey, content_type: str) -> T:
    signed = cose.verify1(data, public_key)
    if signed.content_type != content_type:
        raise MessageError("wrong_content_type")
    return codec.decode(cls, signed.payload)
