"""What a hostile sender can put on the wire, and that each of it is refused and stands on a page at headquarters.

Forged, replayed, re-ordered, or from another device: nothing of it changes what is stored.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from border.messages.envelope import Outbound
from tests.central.author import Traveller
from tests.central.place import Place, jpeg


def _is_listed(page: str, reason: str, kiosk: str, times: int = 1) -> bool:
    row = rf"<tr[^>]*>(?:(?!</tr>).)*{kiosk}(?:(?!</tr>).)*{reason}(?:(?!</tr>).)*>{times}</td>"
    return re.search(row, page) is not None


def _stored(place: Place) -> list[tuple[str, int]]:
    with place.store.snapshot() as t:
        return [(kiosk, seq) for kiosk, seq in t.rows("SELECT kiosk, seq FROM records ORDER BY kiosk, seq")]


def _moved(message: Outbound, kiosk: str) -> Outbound:
    return replace(message, topic=message.topic.replace("quay-2", kiosk))


@pytest.mark.parametrize("at", [0, 5, 40, -70, -1])
def test_a_forged_record_is_refused_wherever_it_was_bent(place: Place, at: int) -> None:
    packed = place.author().encounter()
    bent = bytearray(packed.header.payload)
    bent[at] ^= 0x41
    place.take(replace(packed.header, payload=bytes(bent)))
    assert _stored(place) == []
    with place.store.snapshot() as t:
        [(reason, times)] = t.rows("SELECT reason, times FROM dead_letters")
    assert _is_listed(place.page("/letters"), reason.replace("_", " "), "quay-1", times)
    assert "No encounter has been stored yet" in place.page("/encounters")


def test_a_record_of_another_device_is_refused_under_a_strange_name(place: Place) -> None:
    """Recorded on one line and sent on another, whole and signed by its true author."""
    foreign = place.author("quay-2").encounter(Traveller(name="FOREIGN"))
    place.take(_moved(foreign.header, "quay-1"))
    assert _stored(place) == []
    assert _is_listed(place.page("/letters"), "wrong kiosk", "quay-1")
    assert "FOREIGN" not in place.page("/encounters")


def test_a_device_that_signs_in_the_name_of_another_is_refused(place: Place) -> None:
    thief = place.author("quay-2")
    thief.kiosk = thief.signer.key_id = "quay-1"
    place.take(thief.encounter(Traveller(name="THIEF")).header)
    assert _stored(place) == []
    assert _is_listed(place.page("/letters"), "bad signature", "quay-1")


def test_a_device_nobody_registered_is_refused(place: Place) -> None:
    stranger = _moved(place.author("quay-2").encounter().header, "stranger")
    place.take(stranger)
    assert _stored(place) == []
    assert _is_listed(place.page("/letters"), "unknown kiosk", "stranger")


def test_a_replayed_record_is_stored_once_and_its_page_counts_how_often_it_came_again(place: Place) -> None:
    packed = place.author().encounter(Traveller(pictures=(jpeg(),)))
    place.keep(packed)
    before = place.page(f"/encounters/{packed.record.id}")
    assert '<td class="number">0</td></tr>' in before
    for _ in range(3):
        place.keep(packed)
    assert _stored(place) == [("quay-1", 1)]
    assert '<td class="number">3</td></tr>' in place.page(f"/encounters/{packed.record.id}")
    with place.store.snapshot() as t:
        assert t.rows("SELECT COUNT(*) FROM slices") == [(len(packed.parts),)]
        assert t.rows("SELECT SUM(travellers) FROM counts") == [(1,)]


def test_a_record_replayed_under_another_id_is_refused(place: Place) -> None:
    author = place.author()
    first, second = author.encounter(), author.encounter()
    place.keep(first)
    place.take(replace(first.header, topic=second.header.topic))
    assert _stored(place) == [("quay-1", 1)]
    assert _is_listed(place.page("/letters"), "wrong id", "quay-1")


def test_an_old_number_with_new_content_is_refused_and_raises_an_alarm(place: Place) -> None:
    author = place.author()
    packed = author.encounter()
    place.keep(packed)
    author.seq, author.head = 0, packed.record.previous
    place.keep(author.encounter(Traveller(name="REWRITTEN")))
    assert _stored(place) == [("quay-1", 1)]
    page = place.page("/letters")
    assert _is_listed(page, "sequence reused", "quay-1")
    assert "REWRITTEN" not in place.page("/encounters")


def test_re_ordered_records_take_their_places_and_the_gap_is_shown_until_it_closes(place: Place) -> None:
    author = place.author()
    packed = [author.encounter() for _ in range(4)]
    place.report(author)
    place.keep(packed[3], packed[0])
    assert "2 missing" in place.page("/kiosks")
    place.keep(packed[2], packed[1])
    assert _stored(place) == [("quay-1", seq) for seq in (1, 2, 3, 4)]
    assert "2 missing" not in place.page("/kiosks")
    assert "Broken here" not in place.page(f"/encounters/{packed[2].record.id}")


def test_a_record_put_into_another_place_of_the_order_breaks_the_chain_visibly(place: Place) -> None:
    """Its own author may sign such a thing; it is kept as evidence, flagged, and an alarm tells of it."""
    author = place.author()
    first = author.encounter()
    author.encounter()  # the second, which is left out
    moved_head = author.head
    author.seq, author.head = 1, moved_head
    forked = author.encounter()
    place.keep(first, forked)
    assert "Broken here" in place.page(f"/encounters/{forked.record.id}")
    assert "chain broken" in place.page("/letters")
