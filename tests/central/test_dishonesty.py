"""Forged, foreign, tampered, replayed or senseless: what a dishonest sender achieves, and that everybody sees it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from border.ledger import GENESIS
from border.messages.envelope import Outbound
from border.messages.values import ReceiptStatus
from central import arrivals, ca
from central.arrivals import Refusal
from central.keys import load_centre
from central.line import Delivery
from central.sequence import Span
from central.store import open_store, records
from tests.central.author import Traveller
from tests.central.rig import Centre
from tests.spoiled import spoiled

S = ReceiptStatus


class TestDishonestSenders:
    def test_a_forged_record_is_rejected_and_visible(self, centre: Centre) -> None:
        packed = centre.author().encounter()
        forged = replace(packed.header, payload=spoiled(packed.header.payload))
        [(kiosk, receipt)] = centre.take(forged)
        assert (kiosk, receipt.status, receipt.id) == ("quay-1", S.REJECT, packed.record.id)
        assert receipt.digest == hashlib.sha256(forged.payload).digest()
        assert centre.rows("SELECT reason, kiosk, size FROM dead_letters") == [
            (receipt.reason, "quay-1", len(forged.payload))
        ]
        assert centre.rows("SELECT * FROM records") == []

    def test_a_record_signed_by_another_device_is_rejected(self, centre: Centre) -> None:
        packed = centre.author("quay-2").encounter()
        moved = replace(packed.header, topic=packed.header.topic.replace("quay-2", "quay-1"))
        [(kiosk, receipt)] = centre.take(moved)
        assert (kiosk, receipt.status, receipt.reason) == ("quay-1", S.REJECT, "wrong_kiosk")

    def test_a_device_that_claims_to_be_another_is_rejected_by_its_signature(self, centre: Centre) -> None:
        thief = centre.author("quay-2")
        thief.kiosk = thief.signer.key_id = "quay-1"
        [(_, receipt)] = centre.take(thief.encounter().header)
        assert (receipt.status, receipt.reason) == (S.REJECT, "bad_signature")

    def test_other_content_under_a_stored_id_is_tampering_and_raises_an_alarm(self, centre: Centre) -> None:
        author = centre.author()
        first = author.encounter()
        centre.take(first.header)
        author.seq, author.head = 0, GENESIS
        second = author.encounter(Traveller(name="ANOTHER"), id=first.record.id)
        [(_, receipt)] = centre.take(second.header)
        assert (receipt.status, receipt.reason, receipt.digest) == (S.REJECT, "tampered", second.digest)
        assert centre.rows("SELECT kiosk, kind FROM alarms") == [("quay-1", "tampered")]
        assert centre.rows("SELECT digest FROM records") == [(first.digest,)]
        assert centre.rows("SELECT name FROM encounters") == [("SPECIMEN, MARIA ISABEL",)]

    def test_a_second_record_under_a_used_number_is_refused_and_raises_an_alarm(self, centre: Centre) -> None:
        author = centre.author()
        centre.take(author.encounter().header)
        author.seq, author.head = 0, GENESIS
        assert [(r.status, r.reason) for _, r in centre.take(author.encounter().header)] == [
            (S.REJECT, "sequence_reused")
        ]
        assert centre.rows("SELECT kind FROM alarms") == [("sequence_reused",)]

    def test_the_same_dead_letter_a_thousand_times_is_one_row_that_counts(self, centre: Centre) -> None:
        junk = Outbound("landfall/1/k/quay-1/up/nonsense", b"?" * 100_000, 1)
        for _ in range(10):
            assert centre.take(*[junk] * 100) == []
        assert centre.rows("SELECT times, size, LENGTH(payload), reason FROM dead_letters") == [
            (1000, 100_000, 65_536, "bad_topic")
        ]

    def test_an_unknown_kiosk_is_not_answered_and_visible(self, centre: Centre) -> None:
        packed = centre.author().encounter()
        unknown = replace(packed.header, topic=packed.header.topic.replace("quay-1", "stranger"))
        assert centre.take(unknown) == []
        assert centre.rows("SELECT kiosk, reason FROM dead_letters") == [("stranger", "unknown_kiosk")]

    def test_a_revoked_kiosk_is_told_so_from_the_next_message_on(self, tmp_path: Path) -> None:
        now = datetime.now(UTC)
        ca.init(tmp_path / "ca", ["quay-9"], now)
        store = open_store(f"sqlite:{tmp_path / 'c.db'}")
        centre = Centre(tmp_path / "ca", load_centre(tmp_path / "ca" / "centre"), store)
        author = centre.author("quay-9")
        assert centre.statuses(author.encounter().header) == [S.STORED]
        ca.revoke(tmp_path / "ca", "quay-9", now)
        assert [r.reason for _, r in centre.take(author.encounter().header)] == ["revoked_kiosk"]
        store.close()

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=400), st.sampled_from(["enc", "alarm", "state", "req", "part", "x"]))
    def test_garbage_on_any_topic_is_a_dead_letter_and_nothing_else(
        self, ca_folder: Path, payload: bytes, word: str
    ) -> None:
        id_ = "01890a5d-ac96-774b-bcce-b302099a8057"
        tails = {"enc": f"enc/{id_}", "alarm": f"alarm/{id_}", "part": f"part/{'0' * 64}/9999"}
        keys = load_centre(ca_folder / "centre")
        delivery = Delivery(f"landfall/1/k/quay-1/up/{tails.get(word, word)}", payload, False, 1, 1, 1)
        judged = arrivals.judge(delivery, keys.register.current(), keys.seal)
        assert isinstance(judged, Refusal)
        assert judged.letter.digest == hashlib.sha256(payload).digest()


class TestTheChain:
    def test_a_gap_is_stored_shown_and_closed_by_what_comes_later(self, centre: Centre) -> None:
        author = centre.author()
        packed = [author.encounter() for _ in range(5)]
        centre.take(packed[0].header, packed[4].header)
        with centre.store.snapshot() as t:
            assert records.spans(t, "quay-1") == (Span(1, 1), Span(5, 5))
        assert centre.highest() == 1
        centre.take(*(p.header for p in reversed(packed[1:4])))
        assert centre.highest() == 5
        assert centre.rows("SELECT * FROM chain_flags") == []

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_a_record_that_does_not_continue_the_chain_is_stored_and_flagged(
        self, centre: Centre, order: tuple[int, int]
    ) -> None:
        author = centre.author()
        packed = [author.encounter()]
        author.head = hashlib.sha256(b"another past").digest()
        packed.append(author.encounter())
        for index in order:
            assert centre.statuses(packed[index].header) == [S.STORED]
        assert centre.rows("SELECT kiosk, seq, found FROM chain_flags") == [("quay-1", 2, packed[1].record.previous)]
        assert centre.rows("SELECT kind, detail FROM alarms") == [("chain_broken", "seq 2")]

    def test_a_first_record_that_is_not_the_beginning_is_flagged(self, centre: Centre) -> None:
        author = centre.author()
        author.head = hashlib.sha256(b"before the beginning").digest()
        centre.take(author.encounter().header)
        assert centre.rows("SELECT seq, expected FROM chain_flags") == [(1, GENESIS)]
