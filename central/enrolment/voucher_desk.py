"""Vouchers at headquarters: made by one, signed by two, withdrawn by any. What the console and the command do."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment.values import KeyLevel, Purpose, SiteVoucher
from border.enrolment.voucher import SIGNERS, open_voucher, seal_voucher, sign_voucher, signed_by
from border.ids import RANDOM_BYTES, uuid7
from border.messages import codec
from border.messages.cose import Signer
from border.messages.errors import MessageError
from central.store import lanes, vouchers
from central.store.api import Transaction
from central.store.vouchers import VoucherRow

MOST_LANES, MOST_DAYS = 50, 90
PURPOSES = (Purpose.ENROL, Purpose.REPLACE_BOARD, Purpose.REPLACE_STORAGE, Purpose.MOVE_SITE)
People = Mapping[str, ec.EllipticCurvePublicKey]


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a voucher tells a device of headquarters."""

    url: str
    authority_sha256: bytes
    answer_key: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a voucher for."""

    port: str
    lanes: tuple[str, ...]
    purposes: tuple[Purpose, ...]
    devices: int
    days: int
    least_level: KeyLevel
    one_trip: bool


class VoucherError(ValueError):
    """Why a voucher is not made or not signed, in words for the page."""


def make(t: Transaction, wish: Wish, introduction: Introduction, now_ms: int) -> SiteVoucher:
    """A voucher that nobody has signed yet. VoucherError names what cannot be."""
    if lanes.port_configuration(t, wish.port) is None:
        raise VoucherError(f"There is no port {wish.port}.")
    if not 1 <= wish.days <= MOST_DAYS or not 1 <= wish.devices <= MOST_LANES or len(wish.lanes) > MOST_LANES:
        raise VoucherError(f"A voucher is for 1 to {MOST_DAYS} days and 1 to {MOST_LANES} boards and lanes.")
    foreign = [row.kiosk for name in wish.lanes if (row := lanes.lane(t, name)) is not None and row.port != wish.port]
    if foreign:
        raise VoucherError(f"Of another port: {', '.join(foreign)}.")
    try:
        voucher = SiteVoucher(
            serial=uuid7(now_ms, secrets.token_bytes(RANDOM_BYTES)),
            port=wish.port,
            lanes=wish.lanes,
            purposes=wish.purposes,
            devices=wish.devices,
            not_before_ms=now_ms,
            not_after_ms=now_ms + wish.days * 86_400_000,
            least_level=wish.least_level,
            one_trip=wish.one_trip,
            centre_url=introduction.url,
            authority_sha256=introduction.authority_sha256,
            answer_key=introduction.answer_key,
        )
    except ValueError:
        raise VoucherError("A voucher wants an operation, and lanes of letters, digits and .-_ alone.") from None
    vouchers.add(t, voucher, now_ms)
    return voucher


def sign(
    t: Transaction, serial: str, signer: Signer, people: Mapping[str, ec.EllipticCurvePublicKey], now_ms: int
) -> int:
    """One signature more; with the second the voucher's lanes are expected. How many there are now."""
    row = vouchers.one(t, serial)
    if row is None or row.withdrawn_ms:
        raise VoucherError("There is no such voucher, or it was withdrawn.")
    if now_ms > row.voucher.not_after_ms:
        raise VoucherError("This voucher has run out.")
    if any(name == signer.key_id for name, _ in row.signatures):
        raise VoucherError("You have signed it already; the second signature is another person's.")
    if len(row.signatures) >= SIGNERS:
        raise VoucherError("Two people have signed it already.")
    signature = sign_voucher(row.encoded, signer)
    try:
        signed_by(hashlib.sha256(row.encoded).digest(), signature, people)
    except MessageError:
        raise VoucherError("Your key is not among those whose signatures count.") from None
    vouchers.add_signature(t, serial, signer.key_id, signature, now_ms)
    if len(row.signatures) + 1 == SIGNERS:
        lanes.expect(t, row.voucher.lanes, row.voucher.port, now_ms)
    return len(row.signatures) + 1


def sealed(row: VoucherRow, people: People) -> bytes | None:
    """The voucher as it travels, once two signatures hold; None before."""
    data = seal_voucher(row.encoded, [signature for _, signature in row.signatures])
    try:
        open_voucher(data, people)
    except MessageError:
        return None
    return data


def digest(row: VoucherRow) -> str:
    """What both people sign, hex: they may compare it over the telephone."""
    return hashlib.sha256(codec.encode(row.voucher)).hexdigest()
