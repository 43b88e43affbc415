"""Vouchers, requests, answers and sheets: what holds opens, what was changed, swapped or cut does not."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from border.enrolment import answers, requests, sheet, voucher
from border.enrolment.examples import ANSWER, AT, BOARD, ENROLMENT_REQUEST, EVIDENCE, REFUSED, SHEET, VOUCHER
from border.enrolment.refusals import REFUSALS, Refusal
from border.enrolment.sheet import Written, next_entry
from border.enrolment.values import (
    ACCEPTANCE,
    ChallengeProof,
    EnrolmentRequest,
    Purpose,
    SheetEntry,
    StepResult,
)
from border.messages import codec, cose
from border.messages.cose import SoftwareSigner
from border.messages.errors import MessageError


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr(private: ec.EllipticCurvePrivateKey | None, name: str = "quay-1") -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(private or key(), hashes.SHA256())
    return made.public_bytes(Encoding.DER)


DEVICE, STRANGER, OFFICE = key(), key(), key()
SIGNER = SoftwareSigner(DEVICE, "quay-1")
REQUEST = replace(ENROLMENT_REQUEST, csr=csr(DEVICE), tls_csr=csr(None))
PEOPLE = {"anna": key(), "ben": key(), "carla": key()}
PUBLIC = {name: private.public_key() for name, private in PEOPLE.items()}


def reason(error: pytest.ExceptionInfo[MessageError]) -> str:
    return error.value.reason


def signatures(*names: str, data: bytes) -> list[bytes]:
    return [voucher.sign_voucher(data, SoftwareSigner(PEOPLE[name], name)) for name in names]


ENCODED = codec.encode(VOUCHER)


def test_a_voucher_with_two_names_opens() -> None:
    sealed = voucher.seal_voucher(ENCODED, signatures("anna", "ben", data=ENCODED))
    opened = voucher.open_voucher(sealed, PUBLIC)
    assert (opened.voucher, opened.signers) == (VOUCHER, ("anna", "ben"))
    assert voucher.peek_voucher(sealed) == VOUCHER


@pytest.mark.parametrize("names", [(), ("anna",), ("anna", "anna"), ("anna", "ben", "carla")])
def test_a_voucher_without_exactly_two_different_names_does_not(names: tuple[str, ...]) -> None:
    sealed = voucher.seal_voucher(ENCODED, signatures(*names, data=ENCODED))
    with pytest.raises(MessageError):
        voucher.open_voucher(sealed, PUBLIC)


def test_signatures_of_another_voucher_or_of_strangers_do_not_count() -> None:
    other = codec.encode(replace(VOUCHER, devices=50))
    for data in (
        voucher.seal_voucher(other, signatures("anna", "ben", data=ENCODED)),
        voucher.seal_voucher(ENCODED, [*signatures("anna", data=ENCODED), *signatures("ben", data=other)]),
    ):
        with pytest.raises(MessageError) as error:
            voucher.open_voucher(data, PUBLIC)
        assert reason(error) == "bad_signature"
    sealed = voucher.seal_voucher(ENCODED, signatures("anna", "ben", data=ENCODED))
    with pytest.raises(MessageError):
        voucher.open_voucher(sealed, {"anna": PUBLIC["anna"]})


def test_a_signature_for_something_else_is_none_for_a_voucher() -> None:
    digest = hashlib.sha256(ENCODED).digest()
    foreign = [cose.sign1(digest, SoftwareSigner(PEOPLE[name], name), "application/other") for name in ("anna", "ben")]
    with pytest.raises(MessageError) as error:
        voucher.open_voucher(voucher.seal_voucher(ENCODED, foreign), PUBLIC)
    assert reason(error) == "wrong_content_type"


def test_nobody_signs_what_is_no_voucher() -> None:
    with pytest.raises(MessageError):
        voucher.sign_voucher(b"a blank sheet", SoftwareSigner(PEOPLE["anna"], "anna"))


@pytest.mark.parametrize(
    "change",
    [
        {"lanes": ()},
        {"lanes": ("a/b",)},
        {"lanes": ("+",)},
        {"purposes": ()},
        {"purposes": (Purpose.RENEW,)},
        {"devices": 0},
        {"not_after_ms": VOUCHER.not_before_ms},
        {"authority_sha256": b"short"},
    ],
)
def test_a_voucher_for_nothing_is_none(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a voucher"):
        replace(VOUCHER, **change)  # type: ignore[arg-type]


def test_a_request_opens_with_the_key_it_is_about() -> None:
    data = requests.sign_enrolment(REQUEST, SIGNER)
    opened = requests.open_enrolment(data)
    assert (opened.request, opened.public_key) == (REQUEST, DEVICE.public_key())
    assert opened.digest == hashlib.sha256(data).digest()


@pytest.mark.parametrize(
    ("request_", "signer", "expected"),
    [
        (REQUEST, SoftwareSigner(STRANGER, "quay-1"), "bad_signature"),
        (REQUEST, SoftwareSigner(DEVICE, "quay-2"), "wrong_kiosk"),
        (replace(REQUEST, csr=csr(DEVICE, "quay-2")), SIGNER, "bad_key"),
        (replace(REQUEST, tls_csr=csr(None, "quay-2")), SIGNER, "bad_key"),
        (replace(REQUEST, tls_csr=b"nothing"), SIGNER, "bad_key"),
        (replace(REQUEST, csr=csr(DEVICE)[:-2] + b"!!"), SIGNER, "bad_key"),
    ],
)
def test_a_request_of_another_key_or_name_does_not_open(
    request_: EnrolmentRequest, signer: SoftwareSigner, expected: str
) -> None:
    with pytest.raises(MessageError) as error:
        requests.open_enrolment(requests.sign_enrolment(request_, signer))
    assert reason(error) == expected


def test_a_certificate_request_of_another_curve_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    with pytest.raises(MessageError):
        requests.csr_key(csr(other), "quay-1")


def test_no_cut_of_a_request_opens_and_none_crashes() -> None:
    data = requests.sign_enrolment(REQUEST, SIGNER)
    for size in range(0, len(data), 7):
        with pytest.raises(MessageError):
            requests.open_enrolment(data[:size])


def test_a_proof_is_no_request_and_a_request_no_proof() -> None:
    proof = requests.sign_proof(ChallengeProof(bytes(32), "quay-1", b"secret", AT), SIGNER)
    assert requests.open_proof(proof, DEVICE.public_key()).secret == b"secret"
    with pytest.raises(MessageError):
        requests.open_enrolment(proof)
    with pytest.raises(MessageError):
        requests.open_proof(requests.sign_enrolment(REQUEST, SIGNER), DEVICE.public_key())
    with pytest.raises(MessageError):
        requests.open_proof(proof, STRANGER.public_key())


def test_the_tpms_word_is_tied_to_request_and_key() -> None:
    tied = requests.certify_nonce(b"n" * 32, REQUEST.csr)
    assert len(tied) == 32
    assert len({tied, requests.certify_nonce(b"m" * 32, REQUEST.csr), requests.certify_nonce(b"n" * 32, b"")}) == 3


def test_an_answer_is_for_one_request_one_board_and_from_one_office() -> None:
    office = SoftwareSigner(OFFICE, answers.KEY_ID)
    data, digest, board = answers.sign_reply(ANSWER, office), ANSWER.request_sha256, ANSWER.board_serial
    assert answers.open_reply(data, OFFICE.public_key(), digest, board) == ANSWER
    for public, wanted, serial, expected in (
        (STRANGER.public_key(), digest, board, "bad_signature"),
        (OFFICE.public_key(), bytes(32), board, "wrong_digest"),
        (OFFICE.public_key(), digest, "another board", "wrong_id"),
    ):
        with pytest.raises(MessageError) as error:
            answers.open_reply(data, public, wanted, serial)
        assert reason(error) == expected
    refusal = answers.sign_reply(REFUSED, office)
    assert answers.open_reply(refusal, OFFICE.public_key(), REFUSED.request_sha256, board) == REFUSED


def test_every_refusal_says_its_cause_and_what_to_do_now() -> None:
    assert REFUSALS.keys() == set(Refusal)
    assert all(why.cause.endswith(".") and why.next_step.endswith(".") for why in REFUSALS.values())


def entries(*steps: tuple[str, StepResult]) -> tuple[SheetEntry, ...]:
    made: list[SheetEntry] = []
    for step, result in steps:
        made.append(next_entry(made, Written(step, result, step.encode(), "somebody", AT)))
    return tuple(made)


DONE, FAILED, SKIPPED = StepResult.DONE, StepResult.FAILED, StepResult.SKIPPED


def test_a_sheet_opens_with_its_lanes_key_and_no_other() -> None:
    data = sheet.sign_sheet(SHEET, SIGNER)
    assert sheet.open_sheet(data, DEVICE.public_key()) == SHEET
    assert sheet.peek_sheet(data) == SHEET
    with pytest.raises(MessageError):
        sheet.open_sheet(data, STRANGER.public_key())
    with pytest.raises(MessageError) as error:
        sheet.open_sheet(sheet.sign_sheet(SHEET, SoftwareSigner(DEVICE, "quay-2")), DEVICE.public_key())
    assert reason(error) == "wrong_kiosk"


def test_no_entry_can_be_taken_out_changed_or_put_elsewhere() -> None:
    whole = entries(("board", DONE), ("keys", DONE), ("hardware", FAILED), ("hardware", DONE), (ACCEPTANCE, DONE))
    assert sheet.broken_at(whole) is None
    assert sheet.broken_at(whole[1:]) == 1
    assert sheet.broken_at((*whole[:2], *whole[3:])) == 3
    assert sheet.broken_at((whole[0], replace(whole[1], who="somebody else"), *whole[2:])) == 3
    assert sheet.broken_at((*whole[:2], whole[3], whole[2], whole[4])) == 3
    with pytest.raises(MessageError) as error:
        sheet.sign_sheet(replace(SHEET, entries=whole[1:]), SIGNER)
    assert reason(error) == "wrong_sequence"


def test_evidence_that_no_entry_speaks_of_is_refused() -> None:
    with pytest.raises(MessageError) as error:
        sheet.sign_sheet(replace(SHEET, evidence=(replace(EVIDENCE, data=b"another"),)), SIGNER)
    assert reason(error) == "wrong_digest"


@pytest.mark.parametrize(
    ("steps", "accepted"),
    [
        ((), False),
        ((("board", DONE),), False),
        ((("board", DONE), (ACCEPTANCE, DONE)), True),
        ((("board", DONE), (ACCEPTANCE, FAILED)), False),
        ((("board", DONE), (ACCEPTANCE, SKIPPED)), False),
        (((ACCEPTANCE, DONE), ("board", DONE)), False),
        ((("hardware", FAILED), (ACCEPTANCE, DONE)), False),
        ((("hardware", FAILED), ("hardware", DONE), (ACCEPTANCE, DONE)), True),
        ((("hardware", SKIPPED), (ACCEPTANCE, DONE)), True),
    ],
)
def test_only_an_acceptance_at_the_end_and_no_failure_commissions(
    steps: tuple[tuple[str, StepResult], ...], accepted: bool
) -> None:
    assert sheet.is_accepted(replace(SHEET, entries=entries(*steps), evidence=())) is accepted


def test_a_request_says_which_board_it_speaks_of() -> None:
    assert requests.open_enrolment(requests.sign_enrolment(REQUEST, SIGNER)).request.board == BOARD
