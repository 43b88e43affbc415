"""Judging and keeping without a broker: what is stored, what is said of it, and what a dishonest sender achieves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from border.encounter import OfficerOutcome, Outcome
from border.ledger import GENESIS
from border.messages import topics
from border.messages.envelope import Outbound, Packed, open_part, sign_state
from border.messages.values import Receipt, ReceiptStatus, RecordKind
from central import arrivals, ca, completion, keeping
from central.arrivals import Refusal
from central.completion import GRACE_MS, REPEAT_MS
from central.keys import CentreKeys, load_centre
from central.line import Delivery
from central.sequence import Span
from central.store import open_store, records
from central.store.api import Row, Store
from central.store.parts import OpenPart
from tests.central.author import Author, Traveller, picture
from tests.central.postgres_server import postgres_server

KIOSKS = ("quay-1", "quay-2")
S = ReceiptStatus


@dataclass
class Centre:
    """The collector's work with the broker left out."""

    folder: Path
    keys: CentreKeys
    store: Store
    now_ms: int = 1_800_000_000_000

    def author(self, kiosk: str = "quay-1") -> Author:
        return Author(self.folder / "kiosks" / kiosk, kiosk)

    def take(self, *messages: Outbound, retained: bool = False) -> list[tuple[str, Receipt]]:
        """One batch."""
        deliveries = [Delivery(m.topic, m.payload, retained, self.now_ms, 1, 1) for m in messages]
        judged = [arrivals.judge(d, self.keys.register.current(), self.keys.seal) for d in deliveries]
        with self.store.transaction() as t:
            said = keeping.keep(t, judged, self._open, self.now_ms)
        return [(kiosk, receipt) for kiosk, each in said.receipts.items() for receipt in each]

    def statuses(self, *messages: Outbound) -> list[ReceiptStatus]:
        return [receipt.status for _, receipt in self.take(*messages)]

    def ask(self) -> list[Receipt]:
        with self.store.transaction() as t:
            said = completion.ask(t, self.now_ms)
        return [receipt for each in said.receipts.values() for receipt in each]

    def rows(self, sql: str) -> list[Row]:
        with self.store.snapshot() as t:
            return t.rows(sql)

    def highest(self, kiosk: str = "quay-1") -> int:
        with self.store.snapshot() as t:
            return records.highest_seq(t, kiosk)

    def _open(self, part: OpenPart, sealed: bytes) -> bytes:
        return open_part(part.ref, sealed, self.keys.seal, kiosk=part.kiosk, encounter=part.record)


@pytest.fixture(scope="module")
def ca_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ca")
    ca.init(folder, KIOSKS, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Gives the address of an empty database at every call."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:{tmp_path_factory.mktemp('store') / 'centre.db'}"
        return
    with postgres_server() as server:
        yield server.new_database


@pytest.fixture
def new_centre(ca_folder: Path, new_url: Callable[[], str]) -> Iterator[Callable[[], Centre]]:
    stores: list[Store] = []

    def make() -> Centre:
        stores.append(open_store(new_url()))
        return Centre(ca_folder, load_centre(ca_folder / "centre"), stores[-1])

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def centre(new_centre: Callable[[], Centre]) -> Centre:
    return new_centre()


def whole(packed: Packed) -> Sequence[Outbound]:
    return (packed.header, *packed.parts)


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


class TestDishonestSenders:
    def test_a_forged_record_is_rejected_and_visible(self, centre: Centre) -> None:
        packed = centre.author().encounter()
        forged = replace(packed.header, payload=packed.header.payload[:-1] + b"\x00")
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
