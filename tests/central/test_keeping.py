"""Judging and keeping without a broker: what is stored, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from border.encounter import OfficerOutcome, Outcome
from border.messages import topics
from border.messages.envelope import Outbound, sign_state
from border.messages.values import Receipt, ReceiptStatus, RecordKind
from central import completion
from central.completion import GRACE_MS, REPEAT_MS
from tests.central.author import Traveller, picture
from tests.central.rig import Centre, whole

S = ReceiptStatus


class TestWhatStoredMeans:
    def test_a_record_without_parts_is_stored_at_once_with_its_own_digest(self, centre: Centre) -> None:
        packed = centre.author().encounter()
        assert centre.take(packed.header) == [
            ("quay-1", Receipt(packed.record.id, S.STORED, packed.digest, (), "")),
        ]

    def test_a_record_with_parts_is_stored_when_the_last_slice_is_and_not_before(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(), picture(100_000))))
        assert len(packed.parts) == 5
        assert centre.statuses(packed.header, *packed.parts[:-1]) == []
        assert centre.highest() == 0
        assert centre.statuses(packed.parts[-1]) == [S.STORED]
        assert centre.highest() == 1

    def test_slices_that_come_before_their_header_count(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        assert centre.statuses(*packed.parts) == []
        assert centre.statuses(packed.header) == [S.STORED]

    def test_whatever_comes_again_is_a_duplicate_and_adds_no_row(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        centre.take(*whole(packed))
        assert centre.statuses(packed.header) == [S.DUPLICATE]
        assert centre.statuses(*packed.parts) == [S.DUPLICATE]
        assert centre.statuses(packed.header, packed.header, *packed.parts) == [S.DUPLICATE]
        assert centre.rows("SELECT COUNT(*) FROM records") == [(1,)]
        assert centre.rows("SELECT COUNT(*) FROM slices") == [(len(packed.parts),)]

    def test_the_same_header_twice_in_one_batch_is_stored_once(self, centre: Centre) -> None:
        packed = centre.author().encounter()
        assert centre.statuses(packed.header, packed.header) == [S.STORED]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.randoms(use_true_random=False), st.integers(1, 4))
    def test_any_order_in_any_batches_with_repeats_stores_everything_once(
        self, new_centre: Callable[[], Centre], random: Random, size: int
    ) -> None:
        centre = new_centre()
        author = centre.author()
        packed = [author.encounter(Traveller(pictures=(picture(50_000),))), author.encounter()]
        packed.append(author.decision(packed[0].record.id))
        messages = [m for p in packed for m in whole(p)] * 2
        random.shuffle(messages)
        said = [
            receipt
            for first in range(0, len(messages), size)
            for _, receipt in centre.take(*messages[first : first + size])
        ]
        stored = sorted(receipt.id for receipt in said if receipt.status is S.STORED)
        assert stored == sorted(p.record.id for p in packed)
        assert {receipt.status for receipt in said} <= {S.STORED, S.DUPLICATE}
        assert centre.highest() == 3
        assert centre.rows("SELECT * FROM chain_flags") == []
        centre.store.close()


class TestMissingSlices:
    def test_they_are_asked_for_after_the_grace_time_and_not_before(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(100_000),)))
        centre.take(packed.header, packed.parts[1])
        centre.now_ms += GRACE_MS - 1
        assert centre.ask() == []
        centre.now_ms += 1
        sha = packed.record.parts[0].sha256
        assert centre.ask() == [Receipt(packed.record.id, S.NEED, packed.digest, ((sha, 0), (sha, 2)), "")]

    def test_they_are_not_asked_for_twice_until_much_later(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        centre.take(packed.header)
        centre.now_ms += GRACE_MS
        assert len(centre.ask()) == 1
        centre.now_ms += REPEAT_MS - 1
        assert centre.ask() == []
        centre.now_ms += 1
        assert len(centre.ask()) == 1

    def test_a_header_that_comes_again_is_answered_soon(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        centre.take(packed.header)
        centre.now_ms += 100
        centre.take(packed.header)
        centre.now_ms += completion.ASKED_AGAIN_MS
        assert [receipt.status for receipt in centre.ask()] == [S.NEED]

    def test_when_the_missing_slices_come_alone_the_record_is_stored(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(100_000),)))
        centre.take(packed.header, packed.parts[1])
        assert centre.statuses(packed.parts[0], packed.parts[2]) == [S.STORED]

    def test_a_false_slice_is_thrown_out_and_the_part_asked_for_again(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        false = replace(packed.parts[0], payload=bytes(len(packed.parts[0].payload)))
        assert centre.statuses(packed.header, false, *packed.parts[1:]) == []
        centre.now_ms += GRACE_MS
        assert len(centre.ask()[0].missing) == len(packed.parts)
        assert centre.rows("SELECT kind, detail FROM alarms") == [("part_refused", "part_corrupt")]
        assert centre.statuses(*packed.parts) == [S.STORED]

    def test_a_slice_of_another_kiosk_completes_nothing(self, centre: Centre) -> None:
        packed = centre.author().encounter(Traveller(pictures=(picture(),)))
        foreign = [replace(m, topic=m.topic.replace("quay-1", "quay-2")) for m in packed.parts]
        assert centre.statuses(packed.header, *foreign) == []
        centre.now_ms += GRACE_MS
        assert [receipt.status for receipt in centre.ask()] == [S.NEED]


class TestOtherMessages:
    def test_a_decision_may_come_before_its_encounter(self, centre: Centre) -> None:
        author = centre.author()
        encounter = author.encounter(Traveller(outcome=Outcome.REFERRED))
        decision = author.decision(encounter.record.id, OfficerOutcome.REFUSE)
        assert decision.record.kind is RecordKind.DECISION
        assert centre.statuses(decision.header) == [S.STORED]
        assert centre.statuses(encounter.header) == [S.STORED]
        assert centre.rows("SELECT encounter, outcome FROM decisions") == [(encounter.record.id, "refuse")]
        assert centre.rows("SELECT outcome, reasons FROM encounters") == [("referred", "attack_suspected")]

    def test_a_last_will_turns_a_kiosk_offline_and_keeps_what_it_said_last(self, centre: Centre) -> None:
        author = centre.author()
        will = sign_state(author.state(online=False), author.signer)
        author.skip(2)
        alive = sign_state(author.state(), author.signer)
        for signed in (alive, will):
            centre.take(Outbound(topics.state("quay-1"), signed, 4))
        assert centre.rows("SELECT online, state, port FROM kiosks") == [(0, alive, "Practice Harbour")]
        centre.take(Outbound(topics.state("quay-1"), alive, 4))
        assert centre.rows("SELECT online FROM kiosks") == [(1,)]

    def test_an_older_report_of_the_same_boot_replaces_nothing(self, centre: Centre) -> None:
        author = centre.author()
        old = sign_state(author.state(outbox_depth=9), author.signer)
        author.skip(1)
        new = sign_state(author.state(outbox_depth=0), author.signer)
        for signed in (new, old):
            centre.take(Outbound(topics.state("quay-1"), signed, 4))
        assert centre.rows("SELECT state FROM kiosks") == [(new,)]

    def test_what_the_broker_retained_is_no_sign_of_life(self, centre: Centre) -> None:
        author = centre.author()
        state = Outbound(topics.state("quay-1"), sign_state(author.state(), author.signer), 4)
        centre.take(state, retained=True)
        assert centre.rows("SELECT last_seen_ms FROM kiosks") == [(0,)]
        centre.take(state)
        assert centre.rows("SELECT last_seen_ms FROM kiosks") == [(centre.now_ms,)]
