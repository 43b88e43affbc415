"""Rows of locked disks, in both databases: what waits, and the newest word on each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from border.enrolment.values import ReleasedPart
from central.store import open_store, releases
from central.store.api import Store
from central.store.releases import MOST_WAITING, PartRow, WaitingRow

LOCKED, TPM = bytes(32), b"\x00\x0b" + bytes(32)


@pytest.fixture
def store(new_url: Callable[[], str]) -> Iterator[Store]:
    opened = open_store(new_url())
    yield opened
    opened.close()


def row(number: int, kiosk: str = "quay-1") -> WaitingRow:
    return WaitingRow(bytes([number]) * 32, kiosk, b"a signed request", 1_000 + number)


def test_a_request_waits_once_until_it_is_settled(store: Store) -> None:
    with store.transaction() as t:
        for number in (2, 1, 2):
            releases.wait(t, row(number))
        assert releases.waiting(t) == [row(1), row(2)]
        releases.settle(t, row(1).digest)
        assert releases.waiting(t) == [row(2)]


def test_who_asks_without_end_drives_out_his_own_requests_alone(store: Store) -> None:
    with store.transaction() as t:
        releases.wait(t, row(250, "quay-2"))
        for number in range(MOST_WAITING + 5):
            releases.wait(t, row(number))
        kept = releases.waiting(t)
    assert [one.digest[0] for one in kept if one.kiosk == "quay-1"] == list(range(5, MOST_WAITING + 5))
    assert [one.digest[0] for one in kept if one.kiosk == "quay-2"] == [250]


def test_the_newest_word_on_a_part_counts_for_its_disk_and_its_tpm(store: Store) -> None:
    broken, whole = PartRow("carla", ReleasedPart(1, b"", b""), 5), PartRow("carla", ReleasedPart(1, b"c", b"s"), 6)
    other = PartRow("dan", ReleasedPart(3, b"c", b"s"), 7)
    with store.transaction() as t:
        for part in (broken, other, whole):
            releases.add_part(t, LOCKED, TPM, part)
        assert releases.parts(t, LOCKED, TPM) == [whole, other]
        assert not broken.is_whole
        assert releases.parts(t, LOCKED, b"another") == releases.parts(t, b"another", TPM) == []
