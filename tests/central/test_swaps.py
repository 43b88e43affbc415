"""A lane changes its board, its storage, its place, or ends: nothing that waited is lost, and the old key is dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment.refusals import Refusal
from border.enrolment.values import EnrolmentAnswer, Purpose
from border.messages import topics
from border.messages.envelope import Outbound, Packed, sign_alarm, sign_state
from border.messages.values import Alarm, AlarmKind, ReceiptStatus
from central.files import private_pem, write_secret, write_whole
from central.keys import load_centre
from central.store.api import Row, StoreUnavailable, Transaction, Value
from tests.central.author import Author
from tests.central.enrolling import DAY_MS, WISH, Board, Headquarters, headquarters
from tests.central.rig import Centre, whole

STORED, REJECT = ReceiptStatus.STORED, ReceiptStatus.REJECT


@pytest.fixture
def hq(new_url: Callable[[], str], tmp_path: Path) -> Iterator[Headquarters]:
    with headquarters(tmp_path / "ca", new_url()) as made:
        yield made


@pytest.fixture
def centre(hq: Headquarters) -> Centre:
    """The collector's work over the same store."""
    return Centre(hq.folder, load_centre(hq.folder / "centre"), hq.store)


def author(hq: Headquarters, board: Board, answer: EnrolmentAnswer) -> Author:
    """The lane's software on this board, where the answer says that its chain goes on."""
    folder = hq.folder / "boards" / f"{board.serial}-{answer.generation}"
    write_secret(folder / "device.key", private_pem(board.key))
    for name, data in answer.keys:
        write_whole(folder / name, data)
    writes = Author(folder, answer.kiosk)
    writes.seq, writes.head = answer.next_seq - 1, answer.head
    return writes


def reasons(centre: Centre, *packed: Packed) -> list[tuple[ReceiptStatus, str]]:
    taken = centre.take(*(message for one in packed for message in whole(one)))
    return [(receipt.status, receipt.reason) for _, receipt in taken]


def test_another_board_with_the_old_disk_sends_what_waited_and_goes_on(hq: Headquarters, centre: Centre) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    before = author(hq, old, old.enrol(hq, voucher))
    first, second, third, late = (before.encounter() for _ in range(4))
    assert reasons(centre, first) == [(STORED, "")]
    answer = new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD, last_seq=3)
    assert (answer.generation, answer.next_seq, len(answer.revoked)) == (2, 4, 2)
    after = author(hq, new, answer)
    after.head = before.head  # of the third record: the disk knows it, the centre does not yet
    assert reasons(centre, late) == [(REJECT, "superseded_key")]
    assert reasons(centre, second, third) == [(STORED, ""), (STORED, "")]
    after = author(hq, new, new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD, last_seq=3))
    assert (after.seq, reasons(centre, after.encounter())) == (3, [(STORED, "")])
    assert centre.rows("SELECT * FROM chain_flags") == []
    assert centre.highest() == 4


def test_with_the_disk_lost_the_chain_goes_on_after_what_was_known_and_an_export_may_still_come(
    hq: Headquarters, centre: Centre
) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    before = author(hq, old, old.enrol(hq, voucher))
    first, second, third = (before.encounter() for _ in range(3))
    assert reasons(centre, first) == [(STORED, "")]
    centre.take(Outbound(topics.state("quay-1"), sign_state(before.state(), before.signer), 4))  # has given 3
    answer = new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    assert (answer.next_seq, answer.head) == (4, bytes(32))
    after = author(hq, new, answer)
    assert reasons(centre, after.encounter()) == [(STORED, "")]
    assert reasons(centre, second, third) == [(STORED, ""), (STORED, "")]
    ended = hq.identities()[0]
    assert (ended.last_seq, ended.storage_lost, ended.ended) == (3, True, "replace_board")


def test_the_old_boards_certificates_end_in_the_same_act_and_its_key_renews_nothing(hq: Headquarters) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    first = old.enrol(hq, voucher)
    answer = new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    counts = {row.serial: row.revoked_ms == 0 for row in hq.certificates()}
    assert sorted(counts.values()) == [False, False, True, True]
    assert {serial for serial, counting in counts.items() if not counting} == set(answer.revoked)
    assert old.refusal(hq, old.request(b"", purpose=Purpose.RENEW)) is Refusal.REVOKED
    assert old.refusal(hq, old.request(voucher, purpose=Purpose.REPLACE_BOARD)) is Refusal.REVOKED
    assert old.refusal(hq, old.request(voucher, "quay-2")) is Refusal.REVOKED
    assert [(row.board, row.until_ms > 0) for row in hq.identities()] == [("board-a", True), ("board-b", False)]
    assert first.generation == 1


def test_an_alarm_that_waited_counts_and_a_later_one_of_the_old_key_does_not(hq: Headquarters, centre: Centre) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    before = author(hq, old, old.enrol(hq, voucher))
    new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    until_ms = hq.identities()[0].until_ms
    for after_ms, expected in ((-1, STORED), (1, REJECT)):
        at = replace(before.stamp(), wall_ms=until_ms + after_ms)
        alarm = Alarm("quay-1", before.new_id(), AlarmKind.TAMPER, at, "cover_open")
        sent = Outbound(topics.alarm("quay-1", alarm.id), sign_alarm(alarm, before.signer), 0)
        assert centre.statuses(sent) == [expected]


def test_replace_board_is_for_another_board_and_replace_storage_for_the_same(hq: Headquarters) -> None:
    voucher = hq.voucher()
    Board("board-a").enrol(hq, voucher)
    same, other = Board("board-a"), Board("board-b")
    assert same.refusal(hq, same.request(voucher, purpose=Purpose.REPLACE_BOARD)) is Refusal.OTHER_BOARD
    assert other.refusal(hq, other.request(voucher, purpose=Purpose.REPLACE_STORAGE)) is Refusal.OTHER_BOARD
    nothing = other.request(voucher, "quay-2", purpose=Purpose.REPLACE_STORAGE)
    assert other.refusal(hq, nothing) is Refusal.LANE_NOT_IN_SERVICE


def test_the_same_board_with_an_empty_disk_goes_on_with_a_new_key_or_the_one_its_token_kept(
    hq: Headquarters, centre: Centre
) -> None:
    voucher, board = hq.voucher(), Board("board-a")
    before = author(hq, board, board.enrol(hq, voucher))
    assert reasons(centre, before.encounter(), before.encounter()) == [(STORED, ""), (STORED, "")]
    kept = board.enrol(hq, voucher, purpose=Purpose.REPLACE_STORAGE)
    assert (kept.generation, kept.next_seq, kept.head) == (1, 3, before.head)
    fresh = Board("board-a")
    answer = fresh.enrol(hq, voucher, purpose=Purpose.REPLACE_STORAGE)
    assert (answer.generation, answer.next_seq, answer.head) == (2, 3, before.head)
    assert reasons(centre, author(hq, fresh, answer).encounter()) == [(STORED, "")]
    assert reasons(centre, before.encounter()) == [(REJECT, "superseded_key")]
    assert centre.rows("SELECT * FROM chain_flags") == []


def test_a_number_that_no_lane_can_have_reached_is_refused(hq: Headquarters) -> None:
    voucher = hq.voucher()
    Board("board-a").enrol(hq, voucher)
    new = Board("board-b")
    request = new.request(voucher, purpose=Purpose.REPLACE_BOARD, last_seq=2**40)
    assert new.refusal(hq, request) is Refusal.BAD_REQUEST


def move(hq: Headquarters, old: Board, new: Board, last_seq: int, **changes: object) -> Refusal | EnrolmentAnswer:
    voucher = hq.voucher(replace(WISH, port="kingstown", lanes=("wharf-1",)))
    consent = old.consent("quay-1", "wharf-1", new, last_seq)
    values = {"purpose": Purpose.MOVE_SITE, "previous_kiosk": "quay-1", "consent": consent, **changes}
    reply = new.ask(hq, new.request(voucher, "wharf-1", **values))
    return reply if isinstance(reply, EnrolmentAnswer) else reply.reason  # type: ignore[union-attr]


def test_a_board_moves_to_another_port_when_its_records_are_here_and_the_old_lane_is_dead(
    hq: Headquarters, centre: Centre
) -> None:
    old, new = Board("board-a"), Board("board-a")
    before = author(hq, old, old.enrol(hq, hq.voucher()))
    first, second, third = (before.encounter() for _ in range(3))
    assert reasons(centre, first) == [(STORED, "")]
    assert move(hq, old, new, 2) is Refusal.RECORDS_WAITING
    assert hq.lane_state() == "enrolled"
    assert reasons(centre, second) == [(STORED, "")]
    answer = move(hq, old, new, 2)
    assert isinstance(answer, EnrolmentAnswer)
    assert (answer.kiosk, answer.port, answer.next_seq, len(answer.revoked)) == ("wharf-1", "kingstown", 1, 2)
    assert (hq.lane_state(), hq.lane_state("wharf-1")) == ("moved", "enrolled")
    assert reasons(centre, third) == [(REJECT, "revoked_kiosk")]
    assert reasons(centre, author(hq, new, answer).encounter()) == [(STORED, "")]
    assert old.refusal(hq, old.request(b"", purpose=Purpose.RENEW)) is Refusal.REVOKED
    again = Board("board-c")
    assert again.refusal(hq, again.request(hq.voucher())) is Refusal.LANE_ENDED
    assert isinstance(move(hq, old, new, 2), EnrolmentAnswer)  # its answer was lost


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": b""}, Refusal.NO_CONSENT),
        ({"previous_kiosk": "quay-2"}, Refusal.BOARD_IN_SERVICE),
        ({"previous_kiosk": "quay-7"}, Refusal.BOARD_IN_SERVICE),
    ],
)
def test_a_move_that_the_old_key_did_not_agree_to_is_none(
    hq: Headquarters, changes: dict[str, object], reason: Refusal
) -> None:
    old, new = Board("board-a"), Board("board-a")
    old.enrol(hq, hq.voucher())
    assert move(hq, old, new, 0, **changes) is reason
    assert move(hq, new, new, 0) is Refusal.NO_CONSENT  # by another key
    other = Board("board-b")
    assert move(hq, old, other, 0) is Refusal.OTHER_BOARD
    consent = old.consent("quay-1", "wharf-2", new, 0)
    assert move(hq, old, new, 0, consent=consent) is Refusal.NO_CONSENT  # to another lane


def test_a_lane_retires_when_its_records_are_here_and_nothing_of_it_is_taken_after(
    hq: Headquarters, centre: Centre
) -> None:
    voucher, board = hq.voucher(), Board("board-a")
    before = author(hq, board, board.enrol(hq, voucher))
    first, second, third = (before.encounter() for _ in range(3))
    assert reasons(centre, first) == [(STORED, "")]
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RETIRE, last_seq=2)) is Refusal.RECORDS_WAITING
    assert reasons(centre, second) == [(STORED, "")]
    answer = board.enrol(hq, b"", purpose=Purpose.RETIRE, last_seq=2)
    assert (answer.chain, answer.tls_chain, len(answer.revoked)) == ((), (), 2)
    assert hq.lane_state() == "retired"
    assert reasons(centre, third) == [(REJECT, "revoked_kiosk")]
    lost = board.enrol(hq, b"", purpose=Purpose.RETIRE, last_seq=2)  # its answer never came: it must be able to wipe
    assert (lost.chain, lost.revoked, lost.generation) == ((), (), answer.generation)
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RENEW)) is Refusal.REVOKED
    again = Board("board-a")
    assert again.refusal(hq, again.request(voucher)) is Refusal.LANE_ENDED
    assert again.enrol(hq, voucher, "quay-2").generation == 1


def test_a_lane_that_headquarters_ended_does_not_retire(hq: Headquarters) -> None:
    board = Board("board-a")
    board.enrol(hq, hq.voucher())
    assert hq.office.end("quay-1", "m.charles", "retire")  # whatever the word of the person was
    assert board.refusal(hq, board.request(b"", purpose=Purpose.RETIRE)) is Refusal.REVOKED


def test_what_was_lost_with_a_disk_does_not_keep_a_lane_from_retiring(hq: Headquarters, centre: Centre) -> None:
    voucher, old, new = hq.voucher(), Board("board-a"), Board("board-b")
    before = author(hq, old, old.enrol(hq, voucher))
    before.encounter()
    centre.take(Outbound(topics.state("quay-1"), sign_state(before.state(), before.signer), 4))
    after = author(hq, new, new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD))
    assert after.seq == 1
    record = after.encounter()
    assert new.refusal(hq, new.request(b"", purpose=Purpose.RETIRE, last_seq=2)) is Refusal.RECORDS_WAITING
    assert reasons(centre, record) == [(STORED, "")]
    new.enrol(hq, b"", purpose=Purpose.RETIRE, last_seq=2)


class CutStore:
    """The real store with the power going at the n-th statement: nothing after it happens, and nothing is committed."""

    def __init__(self, hq: Headquarters, at: int) -> None:
        self._store, self._left = hq.store, at

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as t:
            yield _Cut(t, self)
            self.count()

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        with self._store.snapshot() as t:
            yield t

    def close(self) -> None:
        pass

    def count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("cut")


class _Cut:
    def __init__(self, t: Transaction, store: CutStore) -> None:
        self._t, self._store = t, store

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        self._store.count()
        return self._t.rows(sql, values)

    def each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        self._store.count()
        self._t.each(sql, rows)


TABLES = (
    "lanes", "identities", "certificates", "voucher_uses", "enrolment_requests", "lane_events", "enrolment_refusals",
)  # fmt: skip


def test_cut_at_every_statement_of_a_swap_the_register_is_as_before_and_the_same_request_then_does_it(
    hq: Headquarters,
) -> None:
    voucher, old = hq.voucher(), Board("board-a")
    old.enrol(hq, voucher)
    new = Board("board-b", key=ec.generate_private_key(ec.SECP256R1()))
    data = new.signed(new.request(voucher, purpose=Purpose.REPLACE_BOARD))
    before, real, cuts = rows_of(hq), hq.store, 0
    while True:
        hq.office._store = CutStore(hq, cuts)
        try:
            reply = hq.office.request(data, online=False)
        except StoreUnavailable:
            assert rows_of(hq) == before
            cuts += 1
        else:
            break
    hq.office._store = real
    assert cuts > 10
    assert isinstance(new.opened(hq, reply, data), EnrolmentAnswer)
    hq.again()
    assert [(row.board, row.until_ms > 0) for row in hq.identities()] == [("board-a", True), ("board-b", False)]


def rows_of(hq: Headquarters) -> list[list[str]]:
    with hq.store.snapshot() as t:
        return [sorted(map(repr, t.rows(f"SELECT * FROM {table}"))) for table in TABLES]


def test_after_a_long_time_off_a_swapped_lane_still_renews(hq: Headquarters) -> None:
    voucher, new = hq.voucher(), Board("board-b")
    Board("board-a").enrol(hq, voucher)
    new.enrol(hq, voucher, purpose=Purpose.REPLACE_BOARD)
    hq.now_ms += 800 * DAY_MS
    assert new.enrol(hq, b"", purpose=Purpose.RENEW).generation == 2
