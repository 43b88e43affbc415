"""Consumers see each committed record once, in order, and keep their own numbers right."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from border.encounter import Direction, Outcome
from central import consumers
from central.consumers import consumer
from central.consumers.consumer import BATCH, Committed, Consumer
from central.consumers.counts import day_of
from central.consumers.gaps import Gap, renewed
from central.measures import hourly
from central.sequence import Span
from central.store.api import Transaction
from tests.central.author import Traveller
from tests.central.rig import Centre


def test_every_consumer_has_a_name_of_its_own() -> None:
    names = [each.name for each in consumers.ALL]
    assert len(set(names)) == len(names)


def test_a_consumer_that_fails_sees_the_same_records_again_and_then_no_more(centre: Centre) -> None:
    author = centre.author()
    centre.take(*(author.encounter().header for _ in range(3)))
    seen: list[int] = []
    angry = [True]

    def consume(_t: Transaction, records: Sequence[Committed], _now_ms: int) -> None:
        if angry.pop():
            angry.append(False)
            raise OSError
        angry.append(False)
        seen.extend(record.seq for record in records)

    test = Consumer("test", (), consume)
    consumer.make_tables(centre.store, [test])
    with pytest.raises(OSError):
        consumer.run(centre.store, [test], 0)
    for _ in range(2):
        consumer.run(centre.store, [test], 0)
    assert seen == [1, 2, 3]


def test_a_new_consumer_catches_up_with_everything_there_is(centre: Centre) -> None:
    author = centre.author()
    for _ in range(3):
        centre.take(*(author.encounter().header for _ in range(BATCH // 2)))
    seen: list[int] = []
    late = Consumer("late", (), lambda _t, records, _now_ms: seen.extend(record.seq for record in records))
    consumer.make_tables(centre.store, [late])
    consumer.run(centre.store, [late], 0)
    assert seen == list(range(1, 3 * (BATCH // 2) + 1))


def test_crossings_are_counted_by_direction_and_outcome(centre: Centre) -> None:
    author = centre.author()
    consumer.make_tables(centre.store, consumers.ALL)
    travellers = [
        Traveller(),
        Traveller(),
        Traveller(direction=Direction.DEPARTURE),
        Traveller(outcome=Outcome.REFERRED),
    ]
    packed = [author.encounter(traveller) for traveller in travellers]
    packed.append(author.decision(packed[3].record.id))
    for one in packed:
        centre.take(one.header)
        consumer.run(centre.store, consumers.ALL, 0)
    assert centre.rows("SELECT day, direction, outcome, travellers FROM counts ORDER BY direction, outcome") == [
        ("2026-09-21", "arrival", "cleared", 2),
        ("2026-09-21", "arrival", "referred", 1),
        ("2026-09-21", "departure", "cleared", 1),
    ]


def test_gaps_are_kept_with_the_time_they_were_noticed(centre: Centre) -> None:
    author = centre.author()
    consumer.make_tables(centre.store, consumers.ALL)
    packed = [author.encounter() for _ in range(7)]
    for now_ms, index in ((10, 0), (20, 6), (30, 3), (40, 2)):
        centre.take(packed[index].header)
        consumer.run(centre.store, consumers.ALL, now_ms)
    assert centre.rows("SELECT kiosk, first, last, noticed_ms FROM gaps ORDER BY first") == [
        ("quay-1", 2, 2, 20),
        ("quay-1", 5, 6, 20),
    ]
    centre.take(*(packed[index].header for index in (1, 4, 5)))
    consumer.run(centre.store, consumers.ALL, 50)
    assert centre.rows("SELECT * FROM gaps") == []


def test_what_is_left_of_a_gap_keeps_its_time_and_a_new_one_gets_its_own() -> None:
    old = [Gap(Span(2, 9), 100)]
    assert renewed(old, [Span(3, 4), Span(8, 8), Span(12, 13)], 500) == [
        Gap(Span(3, 4), 100),
        Gap(Span(8, 8), 100),
        Gap(Span(12, 13), 500),
    ]


@pytest.mark.parametrize(
    ("clock", "day"), [("trusted", "1970-01-01"), ("floor", "1970-01-03"), ("untrusted", "1970-01-03")]
)
def test_a_day_is_the_kiosks_own_only_when_its_clock_is_trusted(clock: str, day: str) -> None:
    record = Committed(1, "", "", 1, "encounter", "", 1000, clock, 2 * 86_400_000)
    assert day_of(record) == day


def test_what_each_kiosk_did_is_counted_by_the_hour(centre: Centre) -> None:
    author = centre.author()
    centre.take(*(author.encounter().header for _ in range(3)))
    with centre.store.transaction() as t:
        rows = hourly(t, 0)
        (outcomes,) = t.rows("SELECT SUM(CASE WHEN outcome = 'referred' THEN 1 ELSE 0 END), COUNT(*) FROM encounters")
    assert sum(row[2] for row in rows) == 3 == outcomes[1]
    assert sum(row[3] for row in rows) == outcomes[0]
    assert {row[0] for row in rows} == {"quay-1"}
    assert all(row[1] % 3600 == 0 for row in rows)
