"""The outbox's promises under any order of events: records, sends, acknowledgements, cuts, receipts, restarts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.post.journal import Journal
from appliance.reporting.flights import Limits
from appliance.reporting.outbox import Dispatch
from border.encounter import SampleKind
from border.messages.topics import TopicKind, parse
from border.messages.values import AlarmKind, Receipt, ReceiptStatus, RecordKind
from tests.post.world import START_MS, crossing, open_journal, stamp
from tests.reporting.answers import batch, digest_of, slices

LIMITS = Limits(max_unreceipted=5, max_unreceipted_bytes=200_000, max_open_records=6)
MEMORY = Path("/dev/shm")  # power cuts are another test's subject; here the disk may be quick
WINDOW_MESSAGES, WINDOW_BYTES = 3, 120_000
SIZES = ((), ((SampleKind.FINGER, 800),), ((SampleKind.FACE, 100_000), (SampleKind.FINGER, 60_000)))


class World(RuleBasedStateMachine):
    """A kiosk with its outbox, a broker that may lose everything it acknowledged, a centre that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.journal = self.open()
        self.now = 0.0
        self.recorded: list[str] = []
        self.settled: set[str] = set()
        self.rejected: set[str] = set()
        self.wire: list[Dispatch] = []  # published, the broker has not acknowledged
        self.queue: list[Dispatch] = []  # at the broker, not yet at the centre
        self.here: dict[str, set[tuple[str, int]]] = {}  # at the centre: record -> slices
        self.slices: dict[str, set[tuple[str, int]]] = {}
        self.digests: dict[str, bytes] = {}

    def open(self) -> Journal:
        return open_journal(Path(self.folder.name) / "journal", limits=LIMITS)

    def teardown(self) -> None:
        try:
            self.drain()
        finally:
            self.journal.close()
            self.folder.cleanup()

    # -- events

    @rule(sizes=st.sampled_from(SIZES))
    def records(self, sizes: tuple[tuple[SampleKind, int], ...]) -> None:
        one = crossing(sizes)
        self.journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at)
        self.recorded.append(one.id)
        self.slices[one.id] = set(slices(self.journal, one.id))
        self.digests[one.id] = digest_of(self.journal, one.id)

    @rule()
    def raises_an_alarm(self) -> None:
        self.journal.alarm(AlarmKind.DEVICE, "device_gone", stamp())

    @rule(seconds=st.sampled_from([0.0, 0.3, 2.0, 10.0, 70.0]))
    def publishes(self, seconds: float) -> None:
        self.now += seconds
        due = self.journal.outbox.due(self.now, WINDOW_MESSAGES, WINDOW_BYTES)
        sent = [parse(d.message.topic) for d in due]
        if TopicKind.ALARM in [where.kind for where in sent]:
            assert sent[0].kind is TopicKind.ALARM
        known = set(self.here) | {parse(d.message.topic).id for d in (*self.wire, *self.queue)}
        for where in sent:
            known.add(where.id)
            if where.kind is TopicKind.PART:
                (owner,) = [id for id, parts in self.slices.items() if (where.sha256, where.index) in parts]
                assert owner in self.ever_sent(known), "a slice went before its header"
                assert owner not in self.rejected
        self.wire += due
        assert len(self.wire) <= WINDOW_MESSAGES
        assert len(self.wire) == 1 or sum(len(d.message.payload) for d in self.wire) <= WINDOW_BYTES

    def ever_sent(self, now: set[str]) -> set[str]:
        self._ever = getattr(self, "_ever", set()) | now
        return self._ever

    @precondition(lambda self: self.wire)
    @rule(count=st.integers(1, 3))
    def broker_acknowledges(self, count: int) -> None:
        done, self.wire = self.wire[:count], self.wire[count:]
        self.journal.outbox.flights.link_works()
        self.journal.outbox.acknowledged([d.key for d in done], self.now)
        self.queue += done

    @rule(keeps=st.booleans())
    def link_breaks(self, keeps: bool) -> None:
        """Un-acknowledged messages may have arrived; a broker that dies forgets what it acknowledged."""
        self.queue = [*self.queue, *self.wire] if keeps else []
        self.wire = []
        self.journal.outbox.link_lost(self.now)

    @rule()
    def kiosk_restarts(self) -> None:
        self.journal.close()
        self.journal = self.open()
        self.wire = []

    @precondition(lambda self: self.recorded)
    @rule(pick=st.randoms(use_true_random=False), status=st.sampled_from(list(ReceiptStatus)))
    def somebody_else_was_stored_under_our_id(self, pick: object, status: ReceiptStatus) -> None:
        id = pick.choice(self.recorded)  # type: ignore[attr-defined]
        said = Receipt(id, status, self.digests[id][::-1], (), "bad_signature")
        result = self.journal.settle(batch(said), self.now, START_MS)
        assert (result.removed, result.rejected) == ([], [])
        assert bool(result.alarms) == (id not in self.settled)

    @rule(answers=st.booleans())
    def centre_takes_what_is_queued(self, answers: bool) -> None:
        touched = {}
        for dispatch in self.queue:
            where = parse(dispatch.message.topic)
            if where.kind is TopicKind.PART and where.index is not None:
                for id, parts in self.slices.items():
                    if (where.sha256, where.index) in parts:
                        self.here.setdefault(id, set()).add((where.sha256, where.index))
                continue
            self.here.setdefault(where.id, set()).add(("header", 0))
            touched[where.id] = where
        self.queue = []
        if answers:
            self.settle([self.answer(id) for id in touched])

    @precondition(lambda self: self.recorded)
    @rule(pick=st.randoms(use_true_random=False))
    def centre_rejects(self, pick: object) -> None:
        open_ones = [id for id in self.recorded if id not in self.settled]
        if not open_ones:
            return
        id = pick.choice(open_ones)  # type: ignore[attr-defined]
        self.rejected.add(id)
        self.settle([Receipt(id, ReceiptStatus.REJECT, self.digests[id], (), "bad_signature")])

    def answer(self, id: str) -> Receipt:
        digest = self.digests.get(id) or self.alarm_digest(id)
        missing = tuple(sorted(self.slices.get(id, set()) - self.here.get(id, set())))
        status = ReceiptStatus.NEED if missing else ReceiptStatus.STORED
        return Receipt(id, status, digest, missing, "")

    def alarm_digest(self, id: str) -> bytes:
        row = self.journal.db.execute("SELECT digest FROM outbox WHERE record = ?", (id,)).fetchone()
        return bytes(row[0]) if row else bytes(32)

    def settle(self, receipts: list[Receipt]) -> None:
        result = self.journal.settle(batch(*receipts), self.now, START_MS)
        for id in result.removed:
            if id in self.slices:
                assert self.slices[id] <= self.here[id], "removed, and the centre has not all of it"
                self.settled.add(id)

    # -- promises

    @invariant()
    def nothing_leaves_but_what_the_centre_has(self) -> None:
        rows = self.journal.db.execute("SELECT record, count(*) FROM outbox WHERE seq > 0 GROUP BY record").fetchall()
        there = dict(rows)
        for id in self.recorded:
            if id not in self.settled:
                assert there[id] == 1 + len(self.slices[id])

    @invariant()
    def the_sequence_has_no_gap(self) -> None:
        seqs = [r[0] for r in self.journal.db.execute("SELECT seq FROM ledger ORDER BY seq").fetchall()]
        assert seqs == list(range(1, len(self.recorded) + 1))

    @invariant()
    def quarantine_is_what_was_rejected(self) -> None:
        assert {id for id, _ in self.journal.outbox.quarantined()} == self.rejected - self.settled

    def drain(self) -> None:
        """From wherever we are: with a broker and a centre that work, everything arrives."""
        for _ in range(400):
            if not self.open_records() and not self.alarms():
                return
            self.publishes(1.0)
            self.broker_acknowledges(3)
            self.centre_takes_what_is_queued(answers=True)
            if self.now % 5 == 0:
                self.settle([self.answer(id) for id in self.open_records() if ("header", 0) in self.here.get(id, ())])
        raise AssertionError(f"never arrived: {len(self.open_records())}")

    def alarms(self) -> int:
        return int(self.journal.db.execute("SELECT count(*) FROM outbox WHERE priority = 0").fetchone()[0])

    def open_records(self) -> list[str]:
        return [id for id in self.recorded if id not in self.settled | self.rejected]


World.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestOutboxPromises = World.TestCase
