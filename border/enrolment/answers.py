"""What the centre signs with the key that the voucher names: challenge, answer, refusal, receipt of a sheet."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment.values import Challenge, EnrolmentAnswer, EnrolmentRefused, SheetReceipt
from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError

ANSWER_TYPE = "application/vnd.landfall.enrolment-answer+cbor"
KEY_ID = "centre-enrolment"
MAX_BYTES = 64 * 1024 * 1024
"""A watchlist and a trust store may travel inside."""

Reply = Challenge | EnrolmentAnswer | EnrolmentRefused


def sign_reply(reply: Reply | SheetReceipt, signer: Signer) -> bytes:
    return cose.sign1(codec.encode(reply), signer, ANSWER_TYPE)


def open_reply(data: bytes, answer_key: ec.EllipticCurvePublicKey, request_sha256: bytes, board_serial: str) -> Reply:
    """What the centre says to this request of this board.

    Raises MessageError: bad_signature, wrong_content_type, wrong_digest (the answer to another request), wrong_id
    (for another board), and what the codec raises.
    """
    payload = _payload(data, answer_key)
    classes: tuple[type[Reply], ...] = (Challenge, EnrolmentAnswer, EnrolmentRefused)
    reply: Reply = codec.decode_one_of(classes, payload, max_bytes=MAX_BYTES)
    if reply.request_sha256 != request_sha256:
        raise MessageError("wrong_digest")
    if isinstance(reply, EnrolmentAnswer) and reply.board_serial != board_serial:
        raise MessageError("wrong_id")
    return reply


def open_sheet_receipt(data: bytes, answer_key: ec.EllipticCurvePublicKey, sheet_sha256: bytes) -> SheetReceipt:
    receipt = codec.decode(SheetReceipt, _payload(data, answer_key))
    if receipt.sheet_sha256 != sheet_sha256:
        raise MessageError("wrong_digest")
    return receipt


def _payload(data: bytes, answer_key: ec.EllipticCurvePublicKey) -> bytes:
    signed = cose.verify1(data, answer_key, max_bytes=MAX_BYTES)
    if signed.content_type != ANSWER_TYPE:
        raise MessageError("wrong_content_type")
    return signed.payload
