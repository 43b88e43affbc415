"""A board whose key lives in a real TPM: two trips, one trip where the voucher allows it, and every way to cheat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from border.enrolment.refusals import Refusal
from border.enrolment.requests import certify_nonce
from border.enrolment.values import (
    Challenge,
    EnrolmentAnswer,
    EnrolmentRefused,
    EnrolmentRequest,
    KeyLevel,
    Mark,
    Purpose,
    TpmEvidence,
)
from tests.central.enrolling import (
    DAY_MS,
    WISH,
    Board,
    Headquarters,
    certificate_request,
    headquarters,
    proof_of,
    tpm_board,
)
from tests.central.tpms import Tpm

TPM_WISH = replace(WISH, least_level=KeyLevel.TPM)


@pytest.fixture
def hq(tpm: Tpm, tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path / "ca", f"sqlite:{tmp_path / 'office.db'}", tpm.authorities) as made:
        yield made


def challenged(hq: Headquarters, board: Board, request: EnrolmentRequest) -> tuple[Challenge, bytes]:
    data = board.signed(request)
    reply = board.opened(hq, hq.office.request(data, online=False), data)
    assert isinstance(reply, Challenge), reply
    return reply, data


def proven(hq: Headquarters, board: Board, challenge: Challenge, data: bytes, secret: bytes) -> object:
    return board.opened(hq, hq.office.proof(proof_of(board, challenge, secret)), data)


def reason(reply: object) -> Refusal:
    assert isinstance(reply, EnrolmentRefused), reply
    return reply.reason


def test_two_trips_prove_that_the_key_lives_in_that_tpm(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    challenge, data = challenged(hq, board, board.request(hq.voucher(TPM_WISH)))
    assert hq.identities() == []  # nothing was given yet
    hq.again()  # days may lie between
    secret = tpm.activate(challenge.credential, challenge.secret)
    answer = proven(hq, board, challenge, data, secret)
    assert isinstance(answer, EnrolmentAnswer)
    assert answer.mark is Mark.TPM_PROVEN
    assert hq.identities()[0].mark is Mark.TPM_PROVEN
    assert reason(proven(hq, board, challenge, data, secret)) is Refusal.REPLAYED


def test_a_renewal_needs_no_second_proof_and_keeps_the_mark(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    challenge, data = challenged(hq, board, board.request(hq.voucher(TPM_WISH)))
    proven(hq, board, challenge, data, tpm.activate(challenge.credential, challenge.secret))
    hq.now_ms += 100 * DAY_MS
    answer = board.enrol(hq, b"", purpose=Purpose.RENEW, tpm=None)
    assert answer.mark is Mark.TPM_PROVEN


def test_one_trip_by_stick_where_the_voucher_allows_it_is_marked_and_a_line_always_challenges(
    hq: Headquarters, tpm: Tpm
) -> None:
    board, voucher = tpm_board("board-a", tpm), hq.voucher(replace(TPM_WISH, one_trip=True))
    assert isinstance(board.ask(hq, board.request(voucher), online=True), Challenge)
    answer = board.enrol(hq, voucher)
    assert answer.mark is Mark.TPM_CLAIMED
    assert hq.identities()[0].mark is Mark.TPM_CLAIMED


def test_a_wrong_secret_or_another_keys_word_is_no_proof_and_the_right_one_still_counts_after(
    hq: Headquarters, tpm: Tpm
) -> None:
    board, thief = tpm_board("board-a", tpm), Board("board-b")
    challenge, data = challenged(hq, board, board.request(hq.voucher(TPM_WISH)))
    secret = tpm.activate(challenge.credential, challenge.secret)
    assert reason(proven(hq, board, challenge, data, bytes(32))) is Refusal.TPM_PROOF_WRONG
    stolen = hq.office.proof(proof_of(thief, challenge, secret))
    assert reason(board.opened(hq, stolen, data)) is Refusal.WRONG_SIGNATURE
    unknown = replace(challenge, request_sha256=hashlib.sha256(b"another request").digest())
    nobody = hq.office.proof(proof_of(board, unknown, secret))
    assert reason(board.opened(hq, nobody, b"another request")) is Refusal.STALE
    assert hq.identities() == []
    assert isinstance(proven(hq, board, challenge, data, secret), EnrolmentAnswer)


def test_a_proof_that_comes_too_late_is_stale(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    challenge, data = challenged(hq, board, board.request(hq.voucher(TPM_WISH)))
    secret = tpm.activate(challenge.credential, challenge.secret)
    hq.now_ms = challenge.not_after_ms + 1
    assert reason(proven(hq, board, challenge, data, secret)) is Refusal.STALE


def test_between_challenge_and_proof_the_register_may_move_and_is_asked_again(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    challenge, data = challenged(hq, board, board.request(hq.voucher(TPM_WISH)))
    Board("board-z").enrol(hq, hq.voucher())
    secret = tpm.activate(challenge.credential, challenge.secret)
    assert reason(proven(hq, board, challenge, data, secret)) is Refusal.LANE_TAKEN


def test_a_tpm_of_an_unknown_maker_is_not_trusted(tpm: Tpm, tmp_path: Path) -> None:
    with headquarters(tmp_path / "ca", f"sqlite:{tmp_path / 'office.db'}") as hq:
        board = tpm_board("board-a", tpm)
        assert board.refusal(hq, board.request(hq.voucher(TPM_WISH))) is Refusal.TPM_UNTRUSTED


def test_another_boards_endorsement_certificate_is_not_this_ones(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    other = replace(board.facts, ek_certificate_sha256=hashlib.sha256(b"another").hexdigest())
    assert board.refusal(hq, board.request(hq.voucher(TPM_WISH), board=other)) is Refusal.TPM_UNTRUSTED


def test_a_key_from_a_file_with_the_evidence_of_a_tpm_is_found_out(hq: Headquarters, tpm: Tpm) -> None:
    real, soft = tpm_board("board-a", tpm), Board("board-a")
    voucher = hq.voucher(TPM_WISH)
    csr = certificate_request(soft.key, "quay-1")
    nonce = b"n" * 32
    evidence = tpm.evidence(certify_nonce(nonce, csr))
    request = replace(real.request(voucher), csr=csr, nonce=nonce, tpm=evidence)
    assert soft.refusal(hq, request) is Refusal.TPM_KEY_OUTSIDE


def test_evidence_of_another_request_is_worth_nothing(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board("board-a", tpm)
    request = board.request(hq.voucher(TPM_WISH))
    old: TpmEvidence | None = board.request(b"").tpm
    assert board.refusal(hq, replace(request, tpm=old)) is Refusal.TPM_KEY_OUTSIDE
    assert board.refusal(hq, replace(request, tpm=None)) is Refusal.TPM_UNTRUSTED


def test_the_same_tpm_under_another_serial_number_is_the_same_board(hq: Headquarters, tpm: Tpm) -> None:
    board, voucher = tpm_board("board-a", tpm), hq.voucher(replace(TPM_WISH, one_trip=True))
    board.enrol(hq, voucher)
    renamed = tpm_board("board-b", tpm)
    assert renamed.refusal(hq, renamed.request(voucher, "quay-2")) is Refusal.CLONED_KEY
