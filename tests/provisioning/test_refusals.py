"""What is refused, with its cause and the next step: on the board where it can be seen there, else at headquarters."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from border.enrolment.refusals import REFUSALS, Refusal
from border.enrolment.values import KeyLevel, Purpose, SignedVoucher, SiteVoucher
from border.enrolment.voucher import peek_voucher, seal_voucher, sign_voucher
from border.messages import codec
from central.enrolment.people import add_person, open_person
from provisioning.view import Failure
from tests.provisioning.headquarters import PASSPHRASE, PEOPLE, Headquarters
from tests.provisioning.world import Board, done, failure

NUMBERS = itertools.count(1)
DAY_MS = 24 * 3600 * 1000
OTHER = "10000000abcdef02"


@pytest.fixture(scope="module")
def headquarters(tmp_path_factory: pytest.TempPathFactory) -> Headquarters:
    return Headquarters(tmp_path_factory.mktemp("hq") / "hq")


@pytest.fixture
def board(headquarters: Headquarters, tmp_path: Path) -> Board:
    made = Board(tmp_path / "board", headquarters.people, serial=f"1000000000{next(NUMBERS):06}")
    made.officers()
    return made


def is_said(said: Failure, reason: Refusal) -> bool:
    """By headquarters' own list: its cause and its next step, word for word."""
    known = REFUSALS[reason]
    return said.code == reason.value and said.why.startswith(known.cause) and said.then == known.next_step


def altered(voucher: Path, headquarters: Headquarters, signers: tuple[str, ...] = PEOPLE, **changes: Any) -> None:
    """The same voucher with other words, signed anew by people whom the board knows."""
    made = codec.encode(replace(peek_voucher(voucher.read_bytes()), **changes))
    keys = [open_person(headquarters.people, name, PASSPHRASE) for name in signers]
    voucher.write_bytes(seal_voucher(made, [sign_voucher(made, key) for key in keys]))


ALTERED: dict[str, tuple[Callable[[SiteVoucher], dict[str, Any]], Refusal]] = {
    "expired": (
        lambda v: {"not_before_ms": v.not_before_ms - 60 * DAY_MS, "not_after_ms": v.not_before_ms - DAY_MS},
        Refusal.VOUCHER_EXPIRED,
    ),
    "for another operation": (lambda _: {"purposes": (Purpose.REPLACE_BOARD,)}, Refusal.VOUCHER_PURPOSE),
    "wants a TPM": (lambda _: {"least_level": KeyLevel.TPM}, Refusal.LEVEL_TOO_LOW),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_a_voucher_that_is_not_for_this(board: Board, headquarters: Headquarters, kind: str) -> None:
    change, reason = ALTERED[kind]
    voucher = headquarters.voucher(board.stick)
    altered(voucher, headquarters, **change(peek_voucher(voucher.read_bytes())))
    said = failure(board.go())
    assert is_said(said, reason), said
    assert not said.again


def test_a_voucher_of_one_person_or_of_strangers_or_changed_after_signing(
    board: Board, headquarters: Headquarters, tmp_path: Path
) -> None:
    voucher = headquarters.voucher(board.stick)
    whole = voucher.read_bytes()
    altered(voucher, headquarters, signers=(PEOPLE[0], PEOPLE[0]))
    assert is_said(failure(board.go()), Refusal.VOUCHER_WRONG)
    for name in ("eve", "mallory"):
        add_person(tmp_path / "strangers", name, PASSPHRASE)
    signed = codec.decode(SignedVoucher, whole)
    keys = [open_person(tmp_path / "strangers", name, PASSPHRASE) for name in ("eve", "mallory")]
    voucher.write_bytes(seal_voucher(signed.voucher, [sign_voucher(signed.voucher, key) for key in keys]))
    assert is_said(failure(board.go()), Refusal.VOUCHER_WRONG)
    other = codec.encode(replace(codec.decode(SiteVoucher, signed.voucher), devices=99))
    voucher.write_bytes(seal_voucher(other, signed.signatures))
    assert is_said(failure(board.go()), Refusal.VOUCHER_WRONG)
    voucher.write_bytes(whole)
    assert failure(board.go()).code == "PRO-NO-ANSWER"


def test_a_good_voucher_beside_a_bad_one_is_found(board: Board, headquarters: Headquarters) -> None:
    altered(headquarters.voucher(board.stick), headquarters, devices=99, signers=(PEOPLE[0], PEOPLE[0]))
    headquarters.voucher(board.stick)
    assert failure(board.go()).code == "PRO-NO-ANSWER"


def test_an_image_that_knows_nobody_takes_no_voucher(headquarters: Headquarters, tmp_path: Path) -> None:
    board = Board(tmp_path / "board", tmp_path / "nobody")
    headquarters.voucher(board.stick)
    assert failure(board.go()).code == "PRO-NO-PEOPLE"


def test_another_boards_answer(board: Board, headquarters: Headquarters, tmp_path: Path) -> None:
    other = Board(tmp_path / "other", headquarters.people, serial=OTHER)
    voucher = headquarters.voucher(board.stick, "--devices", "2", lanes=("quay-3", "quay-4"))
    shutil.copy(voucher, other.stick)
    assert failure(board.go(lane="quay-3")).code == "PRO-NO-ANSWER"
    assert failure(other.go(lane="quay-4")).code == "PRO-NO-ANSWER"
    headquarters.answer(other.stick)
    for path in other.stick.glob("answer-*"):
        shutil.copy(path, board.stick)
    said = failure(board.go())
    assert said.code == "PRO-ANSWER-WRONG"
    assert OTHER in said.why
    for path in board.stick.glob("answer-*"):
        path.unlink()
    headquarters.answer(board.stick)
    assert board.go().is_finished


def test_an_answer_that_somebody_else_signed(board: Board, headquarters: Headquarters, tmp_path: Path) -> None:
    headquarters.voucher(board.stick, lanes=("quay-5",))
    board.go()
    false = Headquarters(tmp_path / "false")
    false.voucher(tmp_path, lanes=("quay-5",))
    shutil.copy(next(board.stick.glob("request-*")), tmp_path / "request-1.cose")
    false.answer(tmp_path)
    shutil.copy(next(tmp_path.glob("answer-to-*")), board.stick / "answer.cose")
    said = failure(board.go())
    assert said.code == "PRO-ANSWER-WRONG"
    assert "not signed by the centre that the voucher names" in said.why


def test_a_request_that_was_dealt_with_before(board: Board, headquarters: Headquarters) -> None:
    headquarters.voucher(board.stick, lanes=("quay-6",))
    board.go()
    request = next(board.stick.glob("request-*"))
    copy = board.folder / "copy"
    shutil.copy(request, copy)
    headquarters.answer(board.stick)
    for path in board.stick.glob("answer-*"):
        path.unlink()  # lost on the way
    shutil.copy(copy, request)
    headquarters.answer(board.stick)
    assert is_said(failure(board.go()), Refusal.REPLAYED)
    assert failure(board.go()).code == "PRO-NO-ANSWER"  # a new request
    headquarters.answer(board.stick)
    assert board.go().is_finished


def test_a_software_key_on_a_second_board(board: Board, headquarters: Headquarters, tmp_path: Path) -> None:
    headquarters.voucher(board.stick, lanes=("quay-7",))
    board.go()
    headquarters.answer(board.stick)
    assert board.go().is_finished
    clone = Board(tmp_path / "clone", headquarters.people, serial=OTHER)
    shutil.copytree(board.state, clone.state)
    assert failure(clone.go("renew")).code == "PRO-NO-ANSWER"
    headquarters.answer(clone.stick)
    assert is_said(failure(clone.go("renew")), Refusal.CLONED_KEY)
    assert failure(board.go("renew")).code == "PRO-NO-ANSWER"  # the true one is as good as before
    headquarters.answer(board.stick)
    assert board.go("renew").is_finished


def test_a_sheet_holds_what_failed_too(board: Board, headquarters: Headquarters) -> None:
    headquarters.voucher(board.stick, lanes=("quay-8",))
    assert failure(board.go(serial="9999")).code == "PRO-OTHER-SERIAL"
    board.go()
    headquarters.answer(board.stick)
    view = board.go()
    assert view.is_finished, done(view)
    words = [(entry.step, entry.result.value) for entry in board.runner().bench.desk.entries()]
    assert ("board", "failed") in words
    assert words.index(("board", "failed")) < words.index(("board", "done"))


def test_an_officer_who_is_not_one(board: Board, headquarters: Headquarters) -> None:
    headquarters.voucher(board.stick, lanes=("quay-9",))
    board.go()
    headquarters.answer(board.stick)
    assert [failure(board.go(pin="0000")).code for _ in range(5)] == ["PRO-SIGN-IN"] * 5
    assert failure(board.go()).code == "PRO-SIGN-IN"  # the right PIN, too late
    assert not (board.state / "commissioned").exists()
