"""The outbox: what goes when, what stays, and what only the centre's signed word can remove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.post.journal import Journal
from appliance.reporting.flights import Limits
from appliance.reporting.outbox import LINK_CUT, REFUSED, TOO_LARGE, UNANSWERED, Dispatch
from border.encounter import SampleKind
from border.messages.topics import TopicKind, parse
from border.messages.values import AlarmKind, ReceiptStatus, RecordKind
from tests.post.world import START_MS, Crossing, crossing, open_journal, stamp
from tests.reporting.answers import batch, receipt, slices

WIDE = (100, 10**7)
FACE_AND_FINGER = ((SampleKind.FACE, 100_000), (SampleKind.FINGER, 20_000))
STORED, NEED, REJECT = ReceiptStatus.STORED, ReceiptStatus.NEED, ReceiptStatus.REJECT


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path / "journal", limits=Limits(max_unreceipted=8, max_open_records=16))
    yield opened
    opened.close()


def record(journal: Journal, one: Crossing | None = None) -> str:
    one = one or crossing(FACE_AND_FINGER)
    return journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at).id


def kinds(dispatches: list[Dispatch]) -> list[TopicKind]:
    return [parse(dispatch.message.topic).kind for dispatch in dispatches]


def headers(dispatches: list[Dispatch]) -> list[str]:
    return [where.id for d in dispatches if (where := parse(d.message.topic)).kind is TopicKind.RECORD]


def send(journal: Journal, now_s: float, window: tuple[int, int] = WIDE) -> list[Dispatch]:
    """What is due, given to a broker that acknowledges at once."""
    due = journal.outbox.due(now_s, *window)
    journal.outbox.acknowledged([d.key for d in due], now_s)
    return due


def left(journal: Journal) -> int:
    return int(journal.db.execute("SELECT count(*) FROM outbox").fetchone()[0])


def test_headers_go_before_slices_and_an_alarm_before_both(journal: Journal) -> None:
    record(journal)
    record(journal)
    journal.alarm(AlarmKind.HELP, "help_called", stamp())
    found = kinds(send(journal, 0.0))
    assert found[:3] == [TopicKind.ALARM, TopicKind.RECORD, TopicKind.RECORD]
    assert set(found[3:]) == {TopicKind.PART}


def test_no_slice_goes_while_its_header_may_not(journal: Journal) -> None:
    for _ in range(8):  # as many headers as may go un-receipted
        record(journal, crossing(()))
    record(journal)
    assert kinds(send(journal, 0.0)) == [TopicKind.RECORD] * 8


def test_a_puback_removes_nothing(journal: Journal) -> None:
    record(journal)
    before = left(journal)
    send(journal, 0.0)
    assert (left(journal), journal.outbox.counts(START_MS).depth) == (before, 1)


def test_a_stored_receipt_with_our_digest_removes_header_and_slices(journal: Journal) -> None:
    id = record(journal)
    send(journal, 0.0)
    settled = journal.settle(batch(receipt(journal, id, STORED)), 0.1, START_MS)
    assert (settled.removed, left(journal)) == ([id], 0)
    assert journal.outbox.counts(START_MS).depth == 0


def test_a_receipt_with_another_digest_removes_nothing_and_is_an_alarm(journal: Journal) -> None:
    id = record(journal)
    before = left(journal)
    wrong = replace(receipt(journal, id, STORED), digest=bytes(32))
    settled = journal.settle(batch(wrong), 0.1, START_MS)
    assert (settled.removed, settled.alarms, left(journal)) == ([], ["receipt_digest_differs"], before)


def test_a_duplicate_counts_like_stored_and_a_second_receipt_is_ignored(journal: Journal) -> None:
    id = record(journal)
    said = receipt(journal, id, ReceiptStatus.DUPLICATE)
    assert journal.settle(batch(said), 0.0, START_MS).removed == [id]
    assert journal.settle(batch(said), 0.0, START_MS).removed == []


def test_the_wire_window_holds_messages_and_bytes_and_one_always_fits(journal: Journal) -> None:
    record(journal)
    assert len(journal.outbox.due(0.0, 1, 10**7)) == 1
    assert journal.outbox.due(0.0, 1, 10**7) == []
    journal.outbox.link_lost(0.0)
    assert len(journal.outbox.due(0.0, 100, 1)) == 1
    assert journal.outbox.due(0.0, 100, 1) == []


def test_a_silent_centre_is_sent_one_window_and_then_only_headers_ever_slower(journal: Journal) -> None:
    for _ in range(20):
        record(journal)
    first = send(journal, 0.0)
    assert (kinds(first).count(TopicKind.RECORD), kinds(first).count(TopicKind.PART)) == (8, 8)
    times = []
    for tick in range(1, 2400):  # ten minutes
        found = kinds(send(journal, tick / 4))
        assert TopicKind.PART not in found
        times += [tick / 4] * (TopicKind.RECORD in found)
    gaps = [b - a for a, b in pairwise(times)]
    assert times[0] == 3.0
    assert gaps[:4] == [6.0, 12.0, 24.0, 48.0]
    assert set(gaps[4:]) == {60.0}


def test_when_a_silent_centre_speaks_again_all_are_asked_soon(journal: Journal) -> None:
    old = [record(journal, crossing(())) for _ in range(5)]
    for tick in range(1000):
        send(journal, tick / 4)  # they wait a minute between two sends by now
    new = record(journal, crossing(()))
    send(journal, 250.0)
    journal.settle(batch(receipt(journal, new, STORED)), 250.1, START_MS)
    asked = {id for tick in range(14) for id in headers(send(journal, 250.25 + tick / 4))}
    assert asked == set(old)


def test_a_need_sends_the_named_slices_and_no_others(journal: Journal) -> None:
    id = record(journal)
    send(journal, 0.0)
    missing = slices(journal, id)[1:3]
    journal.settle(batch(receipt(journal, id, NEED, missing=tuple(missing))), 10.0, START_MS)
    again = [parse(d.message.topic) for d in send(journal, 10.0)]
    assert [(where.sha256, where.index) for where in again if where.kind is TopicKind.PART] == missing


def test_a_need_does_not_repeat_what_is_still_on_its_way(journal: Journal) -> None:
    id = record(journal)
    journal.outbox.due(0.0, *WIDE)  # not acknowledged
    journal.settle(batch(receipt(journal, id, NEED, missing=tuple(slices(journal, id)))), 10.0, START_MS)
    assert journal.outbox.due(10.0, *WIDE) == []


def test_after_a_need_the_header_asks_until_the_last_word_comes(journal: Journal) -> None:
    id = record(journal)
    send(journal, 0.0)
    journal.settle(batch(receipt(journal, id, NEED)), 0.5, START_MS)  # all slices are there; `stored` got lost
    assert headers(send(journal, 1.0)) == []
    assert headers(send(journal, 4.0)) == [id]
    journal.settle(batch(receipt(journal, id, STORED)), 4.1, START_MS)
    assert left(journal) == 0


def test_a_truncated_list_of_missing_slices_proves_nothing_about_the_others(journal: Journal) -> None:
    id = record(journal)
    named = (*slices(journal, id)[:1], *(("ab" * 32, n) for n in range(199)))
    send(journal, 0.0, (1, 10**7))  # the header alone
    journal.settle(batch(receipt(journal, id, NEED, missing=named)), 0.5, START_MS)
    assert kinds(send(journal, 0.6)).count(TopicKind.PART) == len(slices(journal, id))


def test_after_a_lost_link_only_what_the_broker_had_not_taken_goes_again_with_the_header(journal: Journal) -> None:
    id = record(journal)
    due = journal.outbox.due(0.0, *WIDE)
    taken, untaken = due[:3], due[3:]
    journal.outbox.acknowledged([d.key for d in taken], 0.0)
    journal.outbox.link_lost(1.0)
    again = send(journal, 1.0)
    assert headers(again) == [id]
    assert [d.message.topic for d in again[1:]] == [d.message.topic for d in untaken]


def test_records_made_while_connected_go_before_the_backlog(journal: Journal) -> None:
    old = [record(journal) for _ in range(4)]
    journal.outbox.link_lost(0.0)
    new = record(journal)
    due = send(journal, 0.0)
    assert headers(due) == [new, *old]
    first_slice = parse(due[5].message.topic)
    assert (first_slice.sha256, first_slice.index) == slices(journal, new)[0]


def test_a_rejected_record_is_kept_counted_and_blocks_nobody(journal: Journal) -> None:
    bad, good = record(journal), record(journal)
    send(journal, 0.0)
    settled = journal.settle(batch(receipt(journal, bad, REJECT, reason="bad_signature")), 0.1, START_MS)
    assert settled.rejected == [bad]
    assert journal.outbox.quarantined() == [(bad, "bad_signature")]
    counts = journal.outbox.counts(START_MS)
    assert (counts.depth, counts.quarantined) == (1, 1)
    kept = journal.db.execute("SELECT count(*) FROM outbox WHERE record = ?", (bad,)).fetchone()[0]
    assert kept == 1 + len(slices(journal, bad))
    assert set(headers(send(journal, 100.0))) == {good}


def test_a_quarantined_record_still_leaves_when_the_centre_has_it_after_all(journal: Journal) -> None:
    id = record(journal)
    said = receipt(journal, id, REJECT, reason="internal_error"), receipt(journal, id, STORED)
    journal.settle(batch(said[0]), 0.1, START_MS)
    assert journal.settle(batch(said[1]), 0.2, START_MS).removed == [id]
    assert journal.outbox.quarantined() == []


def test_an_oversize_row_is_never_published(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", limits=Limits(max_message_bytes=20_000))
    big, small = record(journal), record(journal, crossing(()))
    assert big not in headers(send(journal, 0.0)) or TopicKind.PART not in kinds(send(journal, 0.0))
    assert journal.outbox.quarantined() == [(big, TOO_LARGE)]
    journal.settle(batch(receipt(journal, small, STORED)), 0.1, START_MS)
    assert journal.outbox.counts(START_MS).depth == 0
    journal.close()


def test_what_the_broker_refuses_again_and_again_is_poison_and_waits_longer_each_time(journal: Journal) -> None:
    bad = record(journal, crossing(()))
    now, times = 0.0, []
    while not journal.outbox.quarantined():
        for dispatch in journal.outbox.due(now, *WIDE):
            times.append(now)
            journal.outbox.refused([dispatch.key], now)
        now += 0.25
    assert journal.outbox.quarantined() == [(bad, REFUSED)]
    assert times == [0.0, 3.0, 9.0, 21.0, 45.0]


def test_what_breaks_the_link_is_found_alone_and_the_innocent_get_through(journal: Journal) -> None:
    poison, *innocent = (record(journal, crossing(())) for _ in range(5))
    delivered: set[str] = set()
    for connection in range(40):
        journal.outbox.flights.link_works()
        due = journal.outbox.due(float(connection), *WIDE)
        if poison not in headers(due):
            delivered |= set(headers(due))
            journal.outbox.acknowledged([d.key for d in due], float(connection))
        journal.outbox.link_lost(float(connection))
    assert journal.outbox.quarantined() == [(poison, LINK_CUT)]
    assert delivered == set(innocent)


def test_a_link_that_never_works_blames_no_message(journal: Journal) -> None:
    record(journal)
    for connection in range(100):
        journal.outbox.due(float(connection), *WIDE)
        journal.outbox.link_lost(float(connection))
    assert journal.outbox.quarantined() == []


def test_a_record_that_is_never_answered_while_others_are_is_set_aside(journal: Journal) -> None:
    ignored = record(journal, crossing(()))
    now = 0.0
    while not journal.outbox.quarantined() and now < 1000:
        other = record(journal, crossing(()))
        send(journal, now)
        journal.settle(batch(receipt(journal, other, STORED)), now + 0.1, START_MS)
        now += 1.0
    assert journal.outbox.quarantined() == [(ignored, UNANSWERED)]
    assert 200 < now < 500


def test_a_silent_centre_makes_no_record_poison(journal: Journal) -> None:
    record(journal, crossing(()))
    for tick in range(4000):
        send(journal, float(tick))
    assert journal.outbox.quarantined() == []


def test_a_restart_tries_passing_troubles_once_more_and_leaves_real_ones(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    passing, real = record(journal), record(journal)
    for id, reason in ((passing, "internal_error"), (real, "bad_signature")):
        journal.settle(batch(receipt(journal, id, REJECT, reason=reason)), 0.0, START_MS)
    journal.close()
    journal = open_journal(tmp_path / "journal")
    assert journal.outbox.quarantined() == [(real, "bad_signature")]
    assert headers(send(journal, 0.0)) == [passing]
    journal.close()


def test_a_centre_that_knows_more_of_us_than_we_do_is_an_alarm(journal: Journal) -> None:
    record(journal)
    assert journal.settle(batch(highest_seq=1), 0.0, START_MS).alarms == []
    assert journal.settle(batch(highest_seq=2), 0.0, START_MS).alarms == ["sequence_behind_centre"]


def test_an_alarm_stays_until_the_centre_has_it(journal: Journal) -> None:
    journal.alarm(AlarmKind.TAMPER, "box_opened", stamp())
    (sent,) = send(journal, 0.0)
    assert left(journal) == 1
    id = parse(sent.message.topic).id
    journal.settle(batch(receipt(journal, id, STORED)), 0.1, START_MS)
    assert left(journal) == 0


def test_every_alarm_goes_also_when_no_record_lies_between_them(journal: Journal) -> None:
    for _ in range(20):
        journal.alarm(AlarmKind.DEVICE, "device_gone", stamp())
        assert kinds(send(journal, 0.0)) == [TopicKind.ALARM]


def test_the_wait_for_an_answer_follows_the_measured_round_trip(journal: Journal) -> None:
    slow = record(journal, crossing(()))
    send(journal, 0.0)
    journal.settle(batch(receipt(journal, slow, STORED)), 2.0, START_MS)
    next_one = record(journal, crossing(()))
    send(journal, 10.0)
    again = [tick / 4 for tick in range(40, 120) if next_one in headers(send(journal, tick / 4))]
    assert again[0] == 18.0  # four round trips of 2 s, not 3 s


def test_counts_tell_age_and_depth_in_records(journal: Journal) -> None:
    record(journal)
    record(journal, crossing(FACE_AND_FINGER, at=stamp(START_MS + 5000)))
    counts = journal.outbox.counts(START_MS + 60_000)
    assert (counts.depth, counts.oldest_s, counts.quarantined, counts.last_seq) == (2, 60, 0, 2)
    assert journal.outbox.counts(START_MS - 5000).oldest_s == 0  # the wall clock fell back


def test_many_open_records_do_not_grow_without_bound(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal", limits=Limits(max_unreceipted=4, max_open_records=8))
    for _ in range(30):
        record(journal, crossing(((SampleKind.FINGER, 500),)))
    journal.outbox.link_lost(0.0)
    now = 0.0
    for _ in range(50):
        due = journal.outbox.due(now, 2, 10**6)
        for id in headers(due):
            said = receipt(journal, id, NEED, missing=tuple(slices(journal, id)))
            journal.settle(batch(said), now, START_MS)
        journal.outbox.acknowledged([d.key for d in due], now)
        now += 0.1
        assert journal.outbox.flights.open_records <= 9
    journal.close()
