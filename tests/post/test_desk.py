"""The officers' desk: order of the queue, who attends, what a decision needs, and every look written down."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.clock import TimeKeeper
from appliance.post.api import DecisionRefused, Link, Officer
from appliance.post.desk import Desk, Surroundings
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper, Records
from appliance.post.neighbours import Neighbours
from appliance.post.officers import with_officer
from appliance.post.schema import JournalUnsafe
from appliance.post.severity import SEVERITY
from appliance.post.storage import StorageFull
from appliance.power import NOTHING_KNOWN
from appliance.reporting.condition import Condition, Site
from border.encounter import DecidedFact, OfficerOutcome, SampleKind
from border.messages.envelope import open_record
from border.messages.values import AlarmKind, ReceiptBatch, ReceiptStatus, RecordKind
from tests.post.world import DEVICE_KEY, KIOSK, PLENTY, SEAL, START_MS, Crossing, HandClock, crossing, open_journal
from tests.post.world import stamp as at_stamp
from tests.reporting.answers import receipt

JOSEPH = Officer("joseph", "Officer Joseph (test)", "officer")
MARIE = Officer("marie", "Supervisor Marie (test)", "supervisor")
PAUL = Officer("paul", "Officer Paul (test)", "officer")
SITE = Site(KIOSK, "Test Harbour", "1", "arrival", "test", "http://127.0.0.1:1")
ADMIT, REFUSE = OfficerOutcome.ADMIT, OfficerOutcome.REFUSE


class Room:
    """A desk over a real journal, with a clock turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.free = PLENTY
        self.keeper = Keeper(lambda: open_journal(folder / "journal", free=lambda: self.free))
        self.condition = Condition(
            "idle", False, (("camera", "ready"),), 1, 1, 0.5, 1, 0.5, 1000, NOTHING_KNOWN, 12.0, ""
        )
        self.help_seen = 0
        self.looked: list[str] = []
        self.uplink = False
        self.times = TimeKeeper(self.clock, folder / "time", boot_id="boot-1", synchronised=lambda: True)
        self.desk = Desk(
            self.keeper,
            with_officer({}, JOSEPH, "2468"),
            self.times,
            site=SITE,
            surroundings=Surroundings(lambda: self.condition, lambda: self.uplink, self.seen, self.looked.append),
            neighbours=Neighbours(()),
        )

    def seen(self) -> None:
        self.help_seen += 1

    def record(self, one: Crossing) -> str:
        def work(journal: Journal) -> str:
            return journal.record(RecordKind.ENCOUNTER, one.id, one.facts, one.samples, one.at).id

        return self.keeper.ask(work)

    def arrive(self, *reasons: str, seconds_ago: float = 0) -> str:
        return self.record(crossing(reasons=reasons, at=at_stamp(START_MS - round(seconds_ago * 1000))))

    def audit(self) -> list[tuple[str, str]]:
        return self.keeper.ask(lambda j: j.db.execute("SELECT officer, act FROM audit ORDER BY number").fetchall())


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    one = Room(tmp_path)
    yield one
    one.keeper.close()


def test_the_queue_has_the_urgent_first_then_who_waits_longest(room: Room) -> None:
    low_long = room.arrive("face_quality_low", seconds_ago=900)
    hit = room.arrive("face_quality_low", "watchlist_match", seconds_ago=5)
    attack_long = room.arrive("presentation_attack_suspected", seconds_ago=60)
    expired = room.arrive("document_expired", seconds_ago=30)
    low = room.arrive("face_quality_low", seconds_ago=10)
    room.arrive()
    queue = room.desk.referrals()
    assert [one.encounter for one in queue] == [attack_long, hit, expired, low_long, low]
    assert [one.waiting_s for one in queue] == [60, 5, 30, 900, 10]
    assert queue[1].reasons == ("face_quality_low", "watchlist_match")


def test_who_left_is_shown_as_such(room: Room) -> None:
    room.arrive("left_before_the_end")
    assert room.desk.referrals()[0].walked_away


def test_an_unlisted_reason_is_in_the_middle_of_the_queue(room: Room) -> None:
    ids = [room.arrive(reason) for reason in ("face_quality_low", "a_new_reason", "document_expired")]
    assert [one.encounter for one in room.desk.referrals()] == [ids[2], ids[1], ids[0]]
    assert {"watchlist_match", "presentation_attack_suspected", "minor"} <= {r for r, s in SEVERITY.items() if s == 0}


def test_a_decision_leaves_the_queue_and_is_a_signed_record_of_its_own(room: Room) -> None:
    id = room.arrive("document_expired")
    room.desk.take(id, JOSEPH)
    room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", "seen by me")
    assert room.desk.referrals() == ()
    case = room.desk.case(id)
    assert case is not None
    assert case.decided is not None
    assert (case.decided.author, case.decided.outcome, case.decided.reason) == ("joseph", ADMIT, "identity_confirmed")
    query = "SELECT topic, payload FROM outbox WHERE seq = 2 AND slot = 0"
    topic, payload = room.keeper.ask(lambda j: j.db.execute(query).fetchone())
    opened = open_record(topic, payload, DEVICE_KEY.public_key(), SEAL)
    assert opened.record.kind is RecordKind.DECISION
    assert isinstance(opened.facts[0], DecidedFact)
    assert room.audit() == [("joseph", "took"), ("joseph", "decided admit")]


@pytest.mark.parametrize(
    ("outcome", "reason"), [(ADMIT, "entry_ban"), (REFUSE, "identity_confirmed"), (REFUSE, ""), (ADMIT, "because")]
)
def test_a_reason_must_belong_to_the_outcome(room: Room, outcome: OfficerOutcome, reason: str) -> None:
    id = room.arrive("document_expired")
    with pytest.raises(DecisionRefused):
        room.desk.decide(id, JOSEPH, outcome, reason, "")
    assert len(room.desk.referrals()) == 1


def test_nobody_decides_twice_or_what_was_cleared_or_what_is_not_there(room: Room) -> None:
    id, cleared = room.arrive("document_expired"), room.arrive()
    room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", "")
    for encounter in (id, cleared, "no-such-one"):
        with pytest.raises(DecisionRefused):
            room.desk.decide(encounter, MARIE, REFUSE, "entry_ban", "")
    assert room.keeper.ask(lambda j: j.head()[0]) == 3


def test_one_officer_attends_and_a_supervisor_may_take_over(room: Room) -> None:
    id = room.arrive("document_expired")
    room.desk.take(id, JOSEPH)
    room.desk.take(id, JOSEPH)
    with pytest.raises(DecisionRefused, match="another officer"):
        room.desk.take(id, PAUL)
    with pytest.raises(DecisionRefused, match="another officer"):
        room.desk.decide(id, PAUL, ADMIT, "identity_confirmed", "")
    room.desk.take(id, MARIE)
    assert room.desk.referrals()[0].taken_by == "marie"


def test_a_full_disk_refuses_the_decision_whole(room: Room) -> None:
    id = room.arrive("document_expired")
    room.free = -PLENTY
    with pytest.raises(StorageFull):
        room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", "")
    assert (len(room.desk.referrals()), room.audit()) == (1, [])
    room.free = PLENTY
    room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", "")


def test_every_look_at_a_picture_is_written_down(room: Room) -> None:
    one = crossing(((SampleKind.FACE, 5000),))
    room.record(one)
    case = room.desk.case(one.id)
    assert case is not None
    (ref,) = case.samples
    assert room.desk.picture(ref.sha256, JOSEPH) == ("image/jpeg", one.samples[0].data)
    room.desk.picture(ref.sha256, MARIE)
    assert room.desk.picture("ab" * 32, MARIE) is None
    assert room.audit() == [("joseph", "looked"), ("marie", "looked")]


def test_a_case_is_reported_when_the_centre_has_all_its_records(room: Room) -> None:
    id = room.arrive("document_expired")

    def accept(record: str) -> None:
        def work(journal: Journal) -> None:
            said = receipt(journal, record, ReceiptStatus.STORED)
            journal.settle(ReceiptBatch(KIOSK, START_MS, 0, (said,)), 0.0, START_MS)

        room.keeper.ask(work)

    def is_reported() -> bool:
        case = room.desk.case(id)
        return case is not None and case.reported

    assert not is_reported()
    accept(id)
    assert is_reported()
    room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", "")
    assert not is_reported()
    accept(room.keeper.ask(lambda j: str(j.db.execute("SELECT record FROM ledger WHERE seq = 2").fetchone()[0])))
    assert is_reported()


def test_recent_ones_are_newest_first_and_hold_no_open_referral(room: Room) -> None:
    cleared = [room.arrive() for _ in range(3)]
    room.arrive("document_expired")
    decided = room.arrive("minor")
    room.desk.decide(decided, JOSEPH, REFUSE, "entry_ban", "")
    assert [one.encounter for one in room.desk.recent(3)] == [decided, cleared[2], cleared[1]]


def test_the_board_begins_with_this_kiosk(room: Room) -> None:
    room.arrive("document_expired", seconds_ago=30)
    room.uplink = True
    (own,) = room.desk.board()
    assert (own.kiosk, own.uplink, own.unreported, own.oldest_unreported_s) == (KIOSK, Link.UP, 1, 30)
    assert (own.referrals_waiting, own.clock, own.devices) == (1, "trusted", (("camera", "ready"),))


def test_signing_in_and_seeing_a_call_for_help(room: Room) -> None:
    assert room.desk.sign_in("joseph", "2468") == JOSEPH
    room.desk.help_seen()
    assert room.help_seen == 1


def test_a_look_at_the_lanes_housing_is_the_officers_own(room: Room) -> None:
    room.desk.housing_seen(JOSEPH)
    assert room.looked == [JOSEPH.id]
    assert room.audit()[-1] == (JOSEPH.id, "looked at the lane's housing")


async def changes_seen(room: Room, happen: object) -> int:
    stream = room.desk.changes()
    first = await anext(stream)
    assert callable(happen)
    await asyncio.to_thread(happen)
    async with asyncio.timeout(5):
        second = await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    return second - first


def test_a_new_referral_a_decision_and_a_new_state_each_stir_the_pages(room: Room) -> None:
    id = room.arrive("document_expired")

    def new_state() -> None:
        room.condition = replace(room.condition, state="face")

    for happen in (
        lambda: room.arrive("minor"),
        lambda: room.desk.decide(id, JOSEPH, ADMIT, "identity_confirmed", ""),
        new_state,
    ):
        assert asyncio.run(changes_seen(room, happen)) > 0


def test_a_page_is_not_stirred_when_nothing_changed(room: Room) -> None:
    async def watch() -> None:
        stream = room.desk.changes()
        await anext(stream)
        room.condition = replace(room.condition, disk_free_mb=999, list_age_hours=0.6)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                await anext(stream)

    asyncio.run(watch())


def test_the_journey_records_and_waits_for_the_commit(room: Room) -> None:
    records = Records(room.keeper, room.times.stamp)
    one = crossing()

    async def work() -> bool:
        await records.record_encounter(list(one.facts), list(one.samples), one.at)
        return await records.has_room()

    assert asyncio.run(work())
    assert room.desk.referrals()[0].encounter == one.id
    room.free = -PLENTY
    assert not asyncio.run(records.has_room())
    with pytest.raises(StorageFull):
        asyncio.run(records.record_encounter(crossing().facts, (), one.at))
    records.alarm(AlarmKind.STORAGE, "disk_full")
    query = "SELECT count(*) FROM outbox WHERE priority = 0"
    assert room.keeper.ask(lambda j: j.db.execute(query).fetchone()[0]) == 1


def test_a_traveller_who_leaves_in_the_middle_of_the_commit_does_not_break_it(room: Room) -> None:
    records = Records(room.keeper, room.times.stamp)
    one = crossing(((SampleKind.FACE, 500_000),))

    async def work() -> None:
        task = asyncio.create_task(records.record_encounter(one.facts, one.samples, one.at))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(work())
    assert room.keeper.ask(lambda j: j.head()[0]) == 1


def test_a_journal_that_hangs_is_seen_by_the_watchdog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.post.keeper.OVERDUE_S", 0.05)
    keeper = Keeper(lambda: open_journal(tmp_path / "journal"))
    assert not keeper.is_overdue
    gate = threading.Event()
    work = keeper.submit(lambda _: gate.wait(20))
    time.sleep(0.2)
    assert keeper.is_overdue
    gate.set()
    work.result()
    assert not keeper.is_overdue
    keeper.close()


def test_a_journal_that_cannot_be_opened_says_why_and_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"not a database, and longer than its header would be" * 100)
    with pytest.raises(JournalUnsafe, match="not a database"):
        Keeper(lambda: open_journal(tmp_path / "journal"))
