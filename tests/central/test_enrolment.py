"""The office's judgement over SQLite and PostgreSQL: who becomes a lane, who does not and why, and what is left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from border.enrolment import answers
from border.enrolment.acceptance import TakingOver, challenge, proof
from border.enrolment.refusals import Refusal
from border.enrolment.requests import request_digest
from border.enrolment.sheet import link, peek_sheet
from border.enrolment.values import EnrolmentAnswer, EnrolmentRefused, KeyLevel, Mark, Purpose
from border.enrolment.voucher import open_voucher, seal_voucher
from border.messages.errors import MessageError
from central.console.lane_view import lane_view
from central.enrolment.people import read_people
from central.enrolment.voucher_desk import VoucherError
from central.store import lanes, vouchers
from tests.border.authenticator import Authenticator
from tests.central.enrolling import DAY_MS, PASSPHRASES, PORT, WISH, Board, Headquarters, headquarters
from tests.spoiled import spoiled


@pytest.fixture
def hq(new_url: Callable[[], str], tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path / "ca", new_url()) as made:
        yield made


def test_a_board_with_a_voucher_becomes_the_lane(hq: Headquarters) -> None:
    answer = Board("board-a").enrol(hq, hq.voucher())
    assert (answer.kiosk, answer.port, answer.generation, answer.mark) == ("quay-1", "bequia", 1, Mark.SOFTWARE)
    assert answer.configuration == '[kiosk]\nid = "quay-1"\nport = "bequia"\n'
    assert {name for name, _ in answer.keys} == {"ca.crt", "centre-receipts.pub", "centre-seal.pub", "hq-policy.pub"}
    assert (answer.next_seq, answer.head, answer.revoked) == (1, bytes(32), ())
    assert answer.at_ms == hq.now_ms
    assert hq.lane_state() == "enrolled"


def test_no_broker_takes_the_identity_certificate_and_the_tls_one_signs_nothing(hq: Headquarters) -> None:
    answer = Board("board-a").enrol(hq, hq.voucher())
    identity, tls = (x509.load_der_x509_certificate(chain[0]) for chain in (answer.chain, answer.tls_chain))
    usages = [set(c.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) for c in (identity, tls)]
    assert usages == [{x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")}, {ExtendedKeyUsageOID.CLIENT_AUTH}]
    identity.verify_directly_issued_by(x509.load_der_x509_certificate(answer.chain[1]))
    tls.verify_directly_issued_by(x509.load_der_x509_certificate(answer.chain[1]))


def test_one_signature_is_worth_nothing(hq: Headquarters) -> None:
    made = hq.make_voucher()
    assert hq.sign(made.serial, "m.charles") == 1
    assert hq.sealed(made.serial) is None
    assert hq.lane_state() == ""
    with pytest.raises(VoucherError):
        hq.sign(made.serial, "m.charles")
    with hq.store.snapshot() as t:
        row = vouchers.one(t, made.serial)
    assert row is not None
    board, one = Board("board-a"), row.signatures[0][1]
    for signatures in ([one], [one, one]):
        request = board.request(seal_voucher(row.encoded, signatures))
        assert board.refusal(hq, request) is Refusal.VOUCHER_WRONG


def test_two_names_with_one_key_are_one_person(hq: Headquarters) -> None:
    people = read_people(hq.people_folder)
    data = hq.voucher()
    assert set(open_voucher(data, people).signers) == PASSPHRASES.keys()
    same = dict.fromkeys(people, people["m.charles"])
    with pytest.raises(MessageError):
        open_voucher(data, same)


def test_a_voucher_for_a_port_that_is_none_is_not_made(hq: Headquarters) -> None:
    with pytest.raises(VoucherError):
        hq.make_voucher(replace(WISH, port="atlantis"))


Change = Callable[[Headquarters, bytes], bytes]


def withdrawn(hq: Headquarters, voucher: bytes) -> bytes:
    with hq.store.transaction() as t:
        vouchers.withdraw(t, vouchers.everything(t)[0].voucher.serial, hq.now_ms)
    return voucher


def later(hq: Headquarters, voucher: bytes) -> bytes:
    hq.now_ms += 31 * DAY_MS
    return voucher


def earlier(hq: Headquarters, voucher: bytes) -> bytes:
    hq.now_ms -= DAY_MS // 2
    return voucher


def forgotten(hq: Headquarters, voucher: bytes) -> bytes:
    with hq.store.transaction() as t:
        t.rows("DELETE FROM ports WHERE port = 'bequia'")
    return voucher


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _hq, _voucher: b"", Refusal.VOUCHER_WRONG),
        (lambda _hq, voucher: spoiled(voucher), Refusal.VOUCHER_WRONG),
        (withdrawn, Refusal.VOUCHER_WITHDRAWN),
        (later, Refusal.VOUCHER_EXPIRED),
        (earlier, Refusal.VOUCHER_EARLY),
        (forgotten, Refusal.UNKNOWN_PORT),
        (lambda hq, _voucher: hq.voucher(replace(WISH, lanes=("quay-9",))), Refusal.UNKNOWN_LANE),
        (lambda hq, _voucher: hq.voucher(replace(WISH, purposes=(Purpose.MOVE_SITE,))), Refusal.VOUCHER_PURPOSE),
        (lambda hq, _voucher: hq.voucher(replace(WISH, least_level=KeyLevel.TPM)), Refusal.LEVEL_TOO_LOW),
    ],
)
def test_a_voucher_that_does_not_allow_it_is_refused_with_its_cause(
    hq: Headquarters, change: Change, reason: Refusal
) -> None:
    board = Board("board-a")
    assert board.refusal(hq, board.request(change(hq, hq.voucher()))) is reason
    assert hq.identities() == []
    assert hq.certificates() == []


def test_a_voucher_is_used_up_by_boards_and_not_by_asking_again(hq: Headquarters) -> None:
    voucher = hq.voucher(replace(WISH, devices=1))
    board, other = Board("board-a"), Board("board-b")
    board.enrol(hq, voucher)
    board.enrol(hq, voucher)  # its answer was lost
    assert other.refusal(hq, other.request(voucher, "quay-2")) is Refusal.VOUCHER_USED_UP


def test_the_same_request_twice_is_refused_and_a_new_one_of_the_same_board_is_not(hq: Headquarters) -> None:
    board, voucher = Board("board-a"), hq.voucher()
    request = board.request(voucher)
    data = board.signed(request)
    first = board.opened(hq, hq.office.request(data, online=False), data)
    assert isinstance(first, EnrolmentAnswer)
    again = board.opened(hq, hq.office.request(data, online=False), data)
    assert isinstance(again, EnrolmentRefused)
    assert again.reason is Refusal.REPLAYED
    assert board.refusal(hq, request) is Refusal.REPLAYED  # signed anew, with the nonce of before
    second = board.enrol(hq, voucher)
    assert (second.generation, second.next_seq) == (1, 1)
    assert set(second.revoked) == {f"{x509.load_der_x509_certificate(c[0]).serial_number:x}" for c in _chains(first)}


def _chains(answer: EnrolmentAnswer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return answer.chain, answer.tls_chain


def test_a_copied_disk_in_another_board_is_told_apart(hq: Headquarters) -> None:
    board, voucher = Board("board-a"), hq.voucher()
    board.enrol(hq, voucher)
    clone = Board("board-b", key=board.key)
    assert clone.refusal(hq, clone.request(voucher, "quay-2")) is Refusal.CLONED_KEY
    renewal = clone.request(b"", purpose=Purpose.RENEW)
    assert clone.refusal(hq, renewal) is Refusal.CLONED_KEY


def test_a_lane_is_one_board_and_a_board_is_one_lane(hq: Headquarters) -> None:
    board, other, voucher = Board("board-a"), Board("board-b"), hq.voucher()
    board.enrol(hq, voucher)
    assert other.refusal(hq, other.request(voucher)) is Refusal.LANE_TAKEN
    fresh = Board("board-a")
    assert fresh.refusal(hq, fresh.request(voucher, "quay-2")) is Refusal.BOARD_IN_SERVICE
    pretext = fresh.request(voucher, "quay-2", previous_kiosk="quay-1")
    assert fresh.refusal(hq, pretext) is Refusal.BOARD_IN_SERVICE


def test_begun_anew_on_the_same_board_before_it_was_accepted_is_a_new_key_and_after_it_is_refused(
    hq: Headquarters,
) -> None:
    voucher = hq.voucher()
    Board("board-a").enrol(hq, voucher)
    again = Board("board-a")
    assert again.enrol(hq, voucher).generation == 2
    hq.office.sheet(again.sheet())
    third = Board("board-a")
    assert third.refusal(hq, third.request(voucher)) is Refusal.LANE_TAKEN


def test_somebody_elses_signature_or_name_is_refused(hq: Headquarters) -> None:
    board, thief, voucher = Board("board-a"), Board("board-b"), hq.voucher()
    request = board.request(voucher)
    assert _reason(hq, thief.signed(request)) is Refusal.WRONG_SIGNATURE
    other = replace(request, csr=thief.request(voucher, "quay-2").csr)
    assert _reason(hq, board.signed(other)) is Refusal.WRONG_CSR
    assert _reason(hq, b"") is Refusal.BAD_REQUEST
    assert _reason(hq, board.signed(request)[:-3]) is Refusal.BAD_REQUEST


def _reason(hq: Headquarters, data: bytes) -> Refusal:
    reply = answers.open_reply(hq.office.request(data, online=False), hq.answer_key, request_digest(data), "")
    assert isinstance(reply, EnrolmentRefused)
    return reply.reason


def test_evidence_of_a_tpm_without_a_tpm_is_refused(hq: Headquarters) -> None:
    board = Board("board-a")
    facts = replace(board.facts, ek_certificate_sha256="0" * 64)
    assert board.refusal(hq, board.request(hq.voucher(), board=facts)) is Refusal.BAD_REQUEST
    claimed = replace(board.facts, key_level=KeyLevel.TPM)
    assert board.refusal(hq, board.request(hq.voucher(), board=claimed)) is Refusal.TPM_UNTRUSTED


def test_an_answer_is_for_one_request_of_one_board(hq: Headquarters) -> None:
    board, voucher = Board("board-a"), hq.voucher()
    data = board.signed(board.request(voucher))
    reply = hq.office.request(data, online=False)
    with pytest.raises(MessageError, match="wrong_id"):
        answers.open_reply(reply, hq.answer_key, request_digest(data), "board-b")
    with pytest.raises(MessageError, match="wrong_digest"):
        answers.open_reply(reply, hq.answer_key, bytes(32), "board-a")


def test_certificates_renew_long_after_they_ran_out_while_the_lane_is_in_service(hq: Headquarters) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    hq.now_ms += 400 * DAY_MS
    board.tls_key = Board("").tls_key
    answer = board.enrol(hq, b"", purpose=Purpose.RENEW)
    tls = x509.load_der_x509_certificate(answer.tls_chain[0])
    assert tls.not_valid_after_utc.timestamp() * 1000 > hq.now_ms
    assert tls.public_key() == board.tls_key.public_key()
    assert (answer.configuration, answer.keys, answer.revoked) == ("", (), ())


def test_on_the_line_a_renewal_wants_a_nonce_of_the_centre_that_is_good_once_and_not_for_long(
    hq: Headquarters,
) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RENEW), online=True) is Refusal.STALE
    nonce, old = hq.office.nonce(), hq.office.nonce()
    renewal = board.request(b"", purpose=Purpose.RENEW, centre_nonce=nonce)
    assert isinstance(board.ask(hq, renewal, online=True), EnrolmentAnswer)
    again = board.request(b"", purpose=Purpose.RENEW, centre_nonce=nonce)
    assert board.refusal(hq, again, online=True) is Refusal.STALE
    hq.now_ms += 11 * 60_000
    late = board.request(b"", purpose=Purpose.RENEW, centre_nonce=old)
    assert board.refusal(hq, late, online=True) is Refusal.STALE


def test_nobody_renews_what_is_not_in_service(hq: Headquarters) -> None:
    board = Board("board-a")
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RENEW)) is Refusal.UNKNOWN_LANE
    voucher = hq.voucher()
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RENEW)) is Refusal.LANE_NOT_IN_SERVICE
    board.enrol(hq, voucher)
    stranger = Board("board-c")
    assert stranger.refusal(hq, stranger.request(b"", purpose=Purpose.RENEW)) is Refusal.OTHER_BOARD
    assert hq.office.end("quay-1", "m.charles", "stolen")
    assert not hq.office.end("quay-1", "m.charles", "stolen")
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RENEW)) is Refusal.REVOKED
    assert board.refusal(hq, board.request(hq.voucher(replace(WISH, lanes=("quay-2",))), "quay-2")) is Refusal.REVOKED


def test_a_sheet_commissions_nothing_when_its_passkey_signed_another(hq: Headquarters) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    key, origin, nonce = Authenticator(), "http://localhost:8103", bytes(16)
    head = link(peek_sheet(board.sheet()).entries[0])

    def commissions(told: str) -> bool:
        attached = proof(key.passkey, told, nonce, origin)
        data = board.sheet(acceptance=json.dumps({"facts": [], "attached": attached}).encode())
        return answers.open_sheet_receipt(hq.office.sheet(data), hq.answer_key, request_digest(data)).commissioned

    other = challenge(TakingOver("quay-2", PORT, board.serial, head, nonce))
    assert not commissions(key.sign(other, origin))
    assert hq.lane_state() == "enrolled"
    assert commissions(key.sign(challenge(TakingOver("quay-1", PORT, board.serial, head, nonce)), origin))
    assert hq.lane_state() == "commissioned"
    with hq.store.snapshot() as t:
        view = lane_view(t, "quay-1")
    assert view is not None and view.current is not None
    told = [(each.passkey, each.has_false_passkey) for each in view.current.sheets]
    assert told == [(key.passkey.fingerprint, False), ("", True)]


def test_a_sheet_that_an_officer_accepted_commissions_the_lane_once(hq: Headquarters) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    open_sheet = board.sheet(accepted=False)
    assert not answers.open_sheet_receipt(
        hq.office.sheet(open_sheet), hq.answer_key, request_digest(open_sheet)
    ).commissioned
    assert hq.lane_state() == "enrolled"
    data = board.sheet()
    for _ in range(2):
        assert answers.open_sheet_receipt(hq.office.sheet(data), hq.answer_key, request_digest(data)).commissioned
    assert hq.lane_state() == "commissioned"
    with hq.store.snapshot() as t:
        assert [row.commissioned for row in lanes.sheets(t, "quay-1")] == [False, True]


def test_a_sheet_of_another_board_key_or_port_commissions_nothing(hq: Headquarters) -> None:
    board, other = Board("board-a"), Board("board-b")
    board.enrol(hq, hq.voucher())
    other_board = Board("board-b", key=board.key)
    cases = [
        (other.sheet(), Refusal.WRONG_SIGNATURE),
        (other_board.sheet(), Refusal.OTHER_BOARD),
        (board.sheet(port="kingstown"), Refusal.OTHER_BOARD),
        (board.sheet("quay-2"), Refusal.LANE_NOT_IN_SERVICE),
        (board.sheet()[:-1], Refusal.BAD_REQUEST),
    ]
    for data, reason in cases:
        reply = answers.open_reply(hq.office.sheet(data), hq.answer_key, request_digest(data), "")
        assert isinstance(reply, EnrolmentRefused)
        assert reply.reason is reason
    assert hq.lane_state() == "enrolled"


def test_who_was_refused_as_a_lane_of_ours_is_remembered_and_strangers_are_not(hq: Headquarters) -> None:
    board, other, voucher = Board("board-a"), Board("board-b"), hq.voucher()
    board.enrol(hq, voucher)
    for _ in range(3):
        other.refusal(hq, other.request(voucher))
    other.refusal(hq, other.request(voucher, "nobody-1"))
    with hq.store.snapshot() as t:
        assert [(row[0], row[1], row[4]) for row in lanes.refusals(t, "quay-1")] == [("board-b", "lane_taken", 3)]
        assert lanes.refusals(t, "nobody-1") == []


def test_a_flood_of_refused_boards_leaves_the_newest_and_makes_room(hq: Headquarters) -> None:
    hq.voucher()
    with hq.store.transaction() as t:
        for number in range(lanes.MOST_REFUSALS + 30):
            lanes.add_refusal(t, "quay-1", f"board-{number}", "lane_taken", "", hq.now_ms + number)
        kept = [row[0] for row in lanes.refusals(t, "quay-1")]
    assert kept == [f"board-{number}" for number in reversed(range(30, lanes.MOST_REFUSALS + 30))]


@pytest.mark.parametrize(
    "change",
    [{"serial": "with\0nul"}, {"serial": ""}, {"model": "x" * 200}, {"devices": (("camera", "\n"),)}],
)
def test_a_board_whose_facts_no_page_and_no_row_can_hold_is_no_board(
    hq: Headquarters, change: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="a board has"):
        replace(Board("board-a").facts, **change)  # type: ignore[arg-type]
    assert hq.identities() == []
