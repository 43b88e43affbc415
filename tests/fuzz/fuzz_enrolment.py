"""Fuzz what a stranger can hand to the enrolment office: requests, proofs, vouchers, sheets, and a TPM's structures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from border.enrolment import requests, sheet, voucher
from border.enrolment.examples import ENROLMENT_REQUEST, PROOF, SHEET, SIGNED_VOUCHER, TPM
from border.enrolment.values import TpmEvidence
from border.messages import codec, cose
from border.messages.errors import MessageError
from central.enrolment import tpm
from central.enrolment.tpm import TpmError
from tests.border.messages.keys import CENTRE_KEY, KIOSK, KIOSK_KEY

PUBLIC = KIOSK_KEY.public_key()
PEOPLE = {"quay-1": PUBLIC, "another": CENTRE_KEY.public_key()}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ECC = bytes.fromhex("0058 0023 000b 00050072 0000 0010 0018000b 0003 0010 0020")


def as_request(data: bytes) -> None:
    requests.open_enrolment(data)


def as_signed_request(data: bytes) -> None:
    requests.open_enrolment(cose.sign1(data, KIOSK, requests.ENROLMENT_TYPE))


def as_proof(data: bytes) -> None:
    requests.peek_proof(data)
    requests.open_proof(data, PUBLIC)


def as_csr(data: bytes) -> None:
    requests.csr_key(data, "quay-1")


def as_voucher(data: bytes) -> None:
    voucher.peek_voucher(data)
    voucher.open_voucher(data, PEOPLE)


def as_signed_sheet(data: bytes) -> None:
    sheet.open_sheet(cose.sign1(data, KIOSK, sheet.SHEET_TYPE), PUBLIC)


def as_public_area(data: bytes) -> None:
    tpm.read_public(data)


def as_evidence(data: bytes) -> None:
    tpm.resident_key(codec.decode(TpmEvidence, data), bytes(32), b"")


def as_ek_certificate(data: bytes) -> None:
    tpm.trusted_ek(data, (), NOW)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    *(as_request, as_signed_request, as_proof, as_csr, as_voucher),
    *(as_signed_sheet, as_public_area, as_evidence, as_ek_certificate),
)


def one_input(data: bytes) -> bool:
    """The first byte picks the target. True when the rest was taken; the two documented errors alone are swallowed."""
    if not data:
        return False
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except (MessageError, TpmError):
        return False
    return True


def seeds() -> list[bytes]:
    plain = [codec.encode(each) for each in (ENROLMENT_REQUEST, PROOF, SIGNED_VOUCHER, SHEET, TPM)]
    plain += [cose.sign1(each, KIOSK, requests.PROOF_TYPE) for each in plain]
    numbers = PUBLIC.public_numbers()
    point = numbers.x.to_bytes(32, "big") + b"\x00\x20" + numbers.y.to_bytes(32, "big")
    plain += [ECC + point, b"\xff\x54\x43\x47\x80\x17" + bytes(60)]
    return [bytes([number]) + each for number in range(len(TARGETS)) for each in plain]
