"""The disk of a broken board: two custodians give it to the TPM of the new one, and to nobody else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tpm2_pytss import TSS2_Exception

from border.enrolment.recovery import join, locked_sha256, part_name, split
from border.enrolment.refusals import Refusal
from border.enrolment.values import (
    EnrolmentAnswer,
    EnrolmentRefused,
    EnrolmentRequest,
    KeyLevel,
    LockedDisk,
    Purpose,
    SealedPart,
)
from border.messages.sealing import RecipientPrivate, RecipientPublic, seal
from central.enrolment import release_desk
from central.enrolment.custodians import add_custodian, open_custodian, read_custodians
from central.enrolment.folder import load_desk
from central.enrolment.release_desk import ReleaseError, Trust
from central.files import FolderError
from tests.central.enrolling import WISH, Board, Headquarters, certificate_request, headquarters, tpm_board
from tests.central.tpms import Tpm, running_tpm

NAMES = ("a.custodian", "b.custodian", "c.custodian")
PASSPHRASE = "a passphrase of a custodian"
OLD, NEW = "board-old", "board-new"
DISK = "f2b1c3d4-0001-4a5b-a6c7-d8e9f0a1b2c3"
KEY = bytes(range(32))
REPLACING = replace(WISH, purposes=(Purpose.REPLACE_BOARD,), least_level=KeyLevel.TPM)


@pytest.fixture
def hq(tpm: Tpm, tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path / "ca", f"sqlite:{tmp_path / 'office.db'}", tpm.authorities) as made:
        for name in NAMES:
            add_custodian(custodians(made), name, PASSPHRASE)
        Board(OLD).enrol(made, made.voucher())
        yield made


def custodians(hq: Headquarters) -> Path:
    return hq.folder / "enrolment" / "custodians"


def locked(hq: Headquarters, board: str = OLD, disk: str = DISK, key: bytes = KEY) -> LockedDisk:
    """As the board that locked it wrote it into the header."""
    parts = split(key, secrets.token_bytes(32), len(NAMES))
    sealed = []
    for (number, part), name in zip(parts.items(), NAMES, strict=True):
        public = RecipientPublic.load((custodians(hq) / f"{name}.pub").read_bytes())
        sealed.append(SealedPart(number, seal(part, public, part_name(disk, board, number))))
    return LockedDisk(disk, board, tuple(sealed))


def request_for(hq: Headquarters, board: Board, disk: LockedDisk | None) -> EnrolmentRequest:
    return board.request(hq.voucher(REPLACING), purpose=Purpose.UNLOCK, disk=disk)


def says(hq: Headquarters, board: Board, data: bytes, *, online: bool = False) -> EnrolmentAnswer | EnrolmentRefused:
    reply = board.opened(hq, hq.office.request(data, online=online), data)
    assert isinstance(reply, EnrolmentAnswer | EnrolmentRefused)
    return reply


def refused(hq: Headquarters, board: Board, data: bytes) -> Refusal:
    reply = says(hq, board, data)
    assert isinstance(reply, EnrolmentRefused), reply
    return reply.reason


def release(hq: Headquarters, name: str, key: RecipientPrivate | None = None) -> bool:
    """By this custodian, of the one request that waits."""
    desk = load_desk(hq.folder)
    with hq.store.transaction() as t:
        (one,) = release_desk.waiting(t, read_custodians(custodians(hq)))
        own = key or open_custodian(custodians(hq), name, PASSPHRASE)
        return release_desk.release(t, one.name, name, own, Trust(desk.people, desk.makers), hq.now_ms)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("two", [NAMES[:2], NAMES[1:], NAMES[::2]])
def test_any_two_custodians_give_the_disk_to_the_new_boards_tpm(
    hq: Headquarters, tpm: Tpm, two: tuple[str, str], online: bool
) -> None:
    board, disk = tpm_board(NEW, tpm), locked(hq)
    data = board.signed(request_for(hq, board, disk))
    assert says(hq, board, data, online=online).reason is Refusal.RELEASE_WAITING  # type: ignore[union-attr]
    assert not release(hq, two[0])
    assert refused(hq, board, data) is Refusal.RELEASE_WAITING, "one is not enough"
    assert release(hq, two[1])
    answer = says(hq, board, data, online=online)
    assert isinstance(answer, EnrolmentAnswer), answer
    assert answer.release is not None
    assert (answer.release.disk, answer.release.locked_sha256) == (DISK, locked_sha256(disk))
    parts = {part.number: tpm.activate(part.credential, part.secret) for part in answer.release.parts}
    assert join(parts) == KEY
    assert [row.board for row in hq.identities()] == [OLD], "the lane's board is still the old one"
    with hq.store.snapshot() as t:
        assert release_desk.waiting(t, {}) == []


def test_what_was_released_opens_in_no_other_tpm(hq: Headquarters, tpm: Tpm, tmp_path: Path) -> None:
    board, disk = tpm_board(NEW, tpm), locked(hq)
    data = board.signed(request_for(hq, board, disk))
    refused(hq, board, data)
    for name in NAMES[:2]:
        release(hq, name)
    answer = says(hq, board, data)
    assert isinstance(answer, EnrolmentAnswer)
    assert answer.release is not None
    part = answer.release.parts[0]
    with running_tpm(tmp_path / "other", tpm.kind) as other, pytest.raises(TSS2_Exception):
        other.activate(part.credential, part.secret)


def test_one_custodian_twice_is_one(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    data = board.signed(request_for(hq, board, locked(hq)))
    refused(hq, board, data)
    assert not release(hq, NAMES[0])
    assert not release(hq, NAMES[0])
    assert refused(hq, board, data) is Refusal.RELEASE_WAITING


def test_the_same_request_is_answered_once(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    data = board.signed(request_for(hq, board, locked(hq)))
    refused(hq, board, data)
    for name in NAMES[:2]:
        release(hq, name)
    assert isinstance(says(hq, board, data), EnrolmentAnswer)
    assert refused(hq, board, data) is Refusal.REPLAYED


def test_a_board_that_lost_its_answer_asks_anew_and_nobody_has_to_release_again(hq: Headquarters, tpm: Tpm) -> None:
    board, disk = tpm_board(NEW, tpm), locked(hq)
    asked = request_for(hq, board, disk)
    refused(hq, board, board.signed(asked))
    for name in NAMES[:2]:
        release(hq, name)
    assert isinstance(says(hq, board, board.signed(asked)), EnrolmentAnswer)
    again = board.request(asked.voucher, purpose=Purpose.UNLOCK, disk=disk)
    assert isinstance(says(hq, board, board.signed(again)), EnrolmentAnswer)


def test_what_was_released_of_one_disk_is_not_of_another(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    refused(hq, board, board.signed(request_for(hq, board, locked(hq))))
    for name in NAMES[:2]:
        release(hq, name)
    for other in (locked(hq, disk="another"), locked(hq)):  # the last: the same one, locked anew
        data = board.signed(request_for(hq, board, other))
        assert refused(hq, board, data) is Refusal.RELEASE_WAITING


def test_a_disk_of_a_board_that_was_never_this_lane_is_refused(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    data = board.signed(request_for(hq, board, locked(hq, board="board-of-others")))
    assert refused(hq, board, data) is Refusal.DISK_OF_ANOTHER_LANE


def test_a_board_that_says_another_serial_number_than_the_disks_gets_nothing_that_opens(
    hq: Headquarters, tpm: Tpm
) -> None:
    """The part is sealed under the number: who writes another one into the request has parts that do not open."""
    board, disk = tpm_board(NEW, tpm), locked(hq, board="board-of-others")
    data = board.signed(request_for(hq, board, replace(disk, board=OLD)))
    refused(hq, board, data)
    assert not release(hq, NAMES[0])
    assert refused(hq, board, data) is Refusal.RELEASE_WAITING
    assert not release(hq, NAMES[1])
    assert refused(hq, board, data) is Refusal.DISK_PART_WRONG


def test_one_damaged_part_of_three_is_got_over(hq: Headquarters, tpm: Tpm) -> None:
    board, disk = tpm_board(NEW, tpm), locked(hq)
    parts = (replace(disk.parts[0], sealed=disk.parts[0].sealed[:-1] + b"!"), *disk.parts[1:])
    data = board.signed(request_for(hq, board, replace(disk, parts=parts)))
    refused(hq, board, data)
    assert not release(hq, NAMES[0])
    reply = says(hq, board, data)
    assert isinstance(reply, EnrolmentRefused)
    assert reply.detail == f"0 of 2 have; the part of {NAMES[0]} is damaged"
    assert not release(hq, NAMES[1])
    assert release(hq, NAMES[2])
    assert isinstance(says(hq, board, data), EnrolmentAnswer)


def test_a_stranger_has_no_part(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    refused(hq, board, board.signed(request_for(hq, board, locked(hq))))
    with pytest.raises(ReleaseError, match="No part"):
        release(hq, "somebody", RecipientPrivate.generate())


def test_a_key_in_a_file_gets_no_disk_that_a_tpm_locked(hq: Headquarters) -> None:
    board = Board(NEW)
    voucher = hq.voucher(replace(REPLACING, least_level=KeyLevel.SOFTWARE))
    data = board.signed(board.request(voucher, purpose=Purpose.UNLOCK, disk=locked(hq)))
    assert refused(hq, board, data) is Refusal.LEVEL_TOO_LOW


def test_a_voucher_for_something_else_opens_no_disk(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    voucher = hq.voucher(replace(REPLACING, purposes=(Purpose.ENROL,)))
    data = board.signed(board.request(voucher, purpose=Purpose.UNLOCK, disk=locked(hq)))
    assert refused(hq, board, data) is Refusal.VOUCHER_PURPOSE


def test_without_a_disk_there_is_nothing_to_release(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    assert refused(hq, board, board.signed(request_for(hq, board, None))) is Refusal.BAD_REQUEST


def test_evidence_of_another_request_is_refused(hq: Headquarters, tpm: Tpm) -> None:
    board = tpm_board(NEW, tpm)
    asked = request_for(hq, board, locked(hq))
    other = replace(asked, csr=certificate_request(board.key, "quay-2"), kiosk="quay-2")
    assert says(hq, board, board.signed(replace(other, tls_csr=other.csr))).kiosk == "quay-2"
    assert refused(hq, board, board.signed(replace(asked, nonce=secrets.token_bytes(32)))) is Refusal.TPM_KEY_OUTSIDE


def test_a_custodian_judges_for_himself(hq: Headquarters, tpm: Tpm) -> None:
    """What the office let wait is no reason: whoever he does not know has signed nothing."""
    board = tpm_board(NEW, tpm)
    refused(hq, board, board.signed(request_for(hq, board, locked(hq))))
    key = open_custodian(custodians(hq), NAMES[0], PASSPHRASE)
    desk = load_desk(hq.folder)
    for trust in (Trust({}, desk.makers), Trust(desk.people, ())):
        with hq.store.transaction() as t, pytest.raises(ReleaseError):
            (one,) = release_desk.waiting(t, {})
            release_desk.release(t, one.name, NAMES[0], key, trust, hq.now_ms)


def test_a_custodians_key_opens_with_his_passphrase_alone(tmp_path: Path) -> None:
    add_custodian(tmp_path, "anna", PASSPHRASE)
    assert open_custodian(tmp_path, "anna", PASSPHRASE).public().tag in read_custodians(tmp_path)
    for name, passphrase in (("anna", "another passphrase"), ("nobody", PASSPHRASE)):
        with pytest.raises(FolderError, match="do not belong together"):
            open_custodian(tmp_path, name, passphrase)
    with pytest.raises(FolderError, match="12 characters"):
        add_custodian(tmp_path, "ben", "short")
    with pytest.raises(FolderError, match="already"):
        add_custodian(tmp_path, "anna", PASSPHRASE)
