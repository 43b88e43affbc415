"""The kiosk beside its update client: when it has time, what it reports, and what it takes from the shelf."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from appliance.clock import TimeKeeper
from appliance.journey.machine import State
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper
from appliance.quiet import ANY, Arrival, ArrivalsWrong, Hours, Quiet, read_arrivals
from appliance.reporting.inbox import Inbox
from appliance.times import Times
from appliance.update_folder import UpdateFolder
from appliance.updates import ANNOUNCEMENT, ARRIVALS, MOST_ANNOUNCED, Place, Updates, UpdateStatus
from border.messages import topics
from border.messages.cose import SoftwareSigner
from border.messages.reports import open_update
from border.messages.topics import TopicKind
from border.messages.values import UpdateReport
from border.rules.codec import sign_policy
from border.rules.default import DEVELOPMENT
from tests.post.world import DEVICE_KEY, FOREIGN_KEY, HQ, HQ_KEY, KIOSK, START_MS, HandClock, open_journal

STEP = {
    "transaction": "apps-4-5e884898-1793500000",
    "state": "rolled_back",
    "role": "apps",
    "name": "apps/4-kiosk.zip",
    "sha256": "5e" * 32,
    "version": "2026.12",
    "counter": 4,
    "attempt": 1,
    "at_s": 1_793_500_060,
    "reason": "OTA-GATE: camera: DEV-GONE",
    "source": "net",
    "boot": "boot-1",
    "slot": "A",
}
PAUSE_S = 30.0


@dataclass
class Desk:
    """One kiosk's side; `restart` is another process over the same folders."""

    folder: Path
    clock: HandClock = field(default_factory=HandClock)
    quiet: Quiet = field(default_factory=lambda: Quiet(Hours(), 60, 180))
    taken: list[TopicKind] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client.mkdir()
        self.keeper = Keeper(lambda: open_journal(self.folder / "journal"))
        self.restart()

    @property
    def client(self) -> Path:
        return self.folder / "ota"

    def restart(self) -> None:
        self.inbox = Inbox(self.folder / "lists", KIOSK, HQ_KEY.public_key(), self.taken.append)
        times = Times(TimeKeeper(self.clock, self.folder / "time", boot_id="boot-1"))
        place = Place(KIOSK, self.folder, UpdateFolder(self.client))
        self.updates = Updates(place, self.keeper, self.inbox, times, self.quiet, PAUSE_S)

    def say(self, *steps: dict[str, object]) -> None:
        (self.client / "state.json").write_text(json.dumps(steps))

    def shelve(self, role: str, content: bytes, name: str) -> str:
        sha256 = name * 64
        folder = self.client / role
        folder.mkdir(exist_ok=True)
        (folder / sha256).write_bytes(content)
        (folder / "current").unlink(missing_ok=True)
        (folder / "current").symlink_to(sha256)
        return sha256

    def reports(self) -> list[UpdateReport]:
        """What waits in the outbox."""

        def work(journal: Journal) -> list[tuple[str, bytes]]:
            return journal.db.execute("SELECT topic, payload FROM outbox ORDER BY key").fetchall()

        found = self.keeper.ask(work)
        return [open_update(topic, bytes(payload), DEVICE_KEY.public_key()) for topic, payload in found]

    def forget_outbox(self) -> None:
        """The centre has everything."""
        self.keeper.ask(lambda journal: journal.db.execute("DELETE FROM outbox").fetchall())

    def status(self, state: State = State.IDLE) -> UpdateStatus:
        return self.updates.status(state, [("camera", "ready"), ("printer", "DEV-GONE")], painted=3)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.keeper.close()


def policy(version: int, key: object = None) -> bytes:
    signer = HQ if key is None else SoftwareSigner(FOREIGN_KEY, "hq")
    return sign_policy(replace(DEVELOPMENT, version=version), signer)


def test_each_step_is_reported_once_and_by_the_kiosk(desk: Desk) -> None:
    desk.say(STEP, {**STEP, "role": "policy", "transaction": "policy-1", "state": "kept", "reason": ""})
    desk.updates.look()
    first, second = desk.reports()
    assert (first.kiosk, first.transaction, first.phase) == (KIOSK, STEP["transaction"], "rolled_back")
    assert (first.reason, first.slot, first.boot_id, first.attempt) == ("OTA-GATE: camera: DEV-GONE", "A", "boot-1", 1)
    assert (second.role, second.phase, second.reason) == ("policy", "kept", "")
    assert topics.parse(topics.update(KIOSK, first.id)).id == first.id
    desk.updates.look()
    assert len(desk.reports()) == 2
    desk.forget_outbox()
    desk.restart()
    desk.updates.look()
    assert desk.reports() == []


def test_cut_between_outbox_and_memory_it_is_not_queued_twice(desk: Desk) -> None:
    desk.say(STEP)
    desk.updates.look()
    (desk.folder / "updates-seen.json").unlink()
    desk.restart()
    desk.updates.look()
    assert len(desk.reports()) == 1


@pytest.mark.parametrize(
    "said", [b"", b"\xff", b"[{}]", b"{}", b"[1]", json.dumps([{**STEP, "attempt": "1"}]).encode(), b"[" * 100_000]
)
def test_a_client_that_writes_nonsense_says_nothing(desk: Desk, said: bytes) -> None:
    (desk.client / "state.json").write_bytes(said)
    desk.updates.look()
    assert desk.reports() == []


def test_a_policy_from_the_shelf_is_taken_as_one_from_the_broker(desk: Desk) -> None:
    sha256 = desk.shelve("policy", policy(7), "a")
    desk.updates.look()
    assert desk.taken == [TopicKind.POLICY]
    assert desk.inbox.order(TopicKind.POLICY) == (7, 0)
    assert (desk.status().runs, desk.status().refused) == ({"policy": sha256}, {})
    desk.restart()
    desk.updates.look()
    assert (desk.taken, desk.status().runs) == ([TopicKind.POLICY], {"policy": sha256})


def test_what_came_from_the_broker_first_is_not_replaced_by_an_older_one(desk: Desk) -> None:
    desk.inbox.receive(TopicKind.POLICY, policy(9))
    sha256 = desk.shelve("policy", policy(7), "a")
    desk.updates.look()
    assert desk.inbox.order(TopicKind.POLICY) == (9, 0)
    assert (desk.status().runs, desk.status().refused) == ({}, {sha256: "older"})


def test_the_same_by_both_ways_is_taken(desk: Desk) -> None:
    desk.inbox.receive(TopicKind.POLICY, policy(7))
    sha256 = desk.shelve("policy", policy(7), "a")
    desk.updates.look()
    assert desk.status().runs == {"policy": sha256}


def test_content_that_another_signed_is_refused_by_name(desk: Desk) -> None:
    sha256 = desk.shelve("policy", policy(7, FOREIGN_KEY), "a")
    desk.updates.look()
    assert desk.status().refused == {sha256: "bad_signature"}
    assert desk.taken == []


def test_a_queue_is_one_crossing_after_the_other(desk: Desk) -> None:
    assert desk.status().idle
    desk.updates.note(State.FACE)
    assert not desk.status().idle
    desk.clock.pass_s(PAUSE_S - 1)
    assert (desk.status().idle, desk.status().alone) == (False, False)
    assert not desk.status(State.DOCUMENT).idle  # the next one is there
    desk.clock.pass_s(PAUSE_S + 1)
    assert desk.status().idle


def test_a_vessel_that_is_expected_keeps_it_open_and_only_what_is_urgent_goes_on(desk: Desk) -> None:
    at = datetime.fromtimestamp(START_MS / 1000 + 1800, UTC).isoformat()
    (desk.folder / ARRIVALS).write_text(f'[[arrival]]\nvessel = "MV Example"\nat = {at}\n')
    assert (desk.status().idle, desk.status().alone) == (False, True)
    desk.clock.pass_s(1800 + 181 * 60)
    assert desk.status().idle


def test_a_list_of_arrivals_that_cannot_be_read_stops_nothing(desk: Desk) -> None:
    (desk.folder / ARRIVALS).write_text("[[arrival]]\nvessel = 7\n")
    assert not desk.status().idle


def test_what_is_announced_lies_ready_and_nothing_long(desk: Desk) -> None:
    desk.updates.announce(b'{"signed": {}}')
    desk.updates.announce(b"x" * (MOST_ANNOUNCED + 1))
    assert (desk.folder / ANNOUNCEMENT).read_bytes() == b'{"signed": {}}'


def test_devices_and_screen_are_told(desk: Desk) -> None:
    assert (desk.status().ails, desk.status().paints) == (("printer: DEV-GONE",), True)


@pytest.mark.parametrize(
    ("text", "minute", "held"),
    [
        (ANY, 0, True),
        ("22:30-04:00", 22 * 60 + 29, False),
        ("22:30-04:00", 22 * 60 + 30, True),
        ("22:30-04:00", 239, True),
        ("22:30-04:00", 240, False),
        ("01:00-04:00", 120, True),
        ("01:00-04:00", 0, False),
    ],
)
def test_hours_may_go_over_midnight(text: str, minute: int, held: bool) -> None:
    assert Hours.parse(text).hold(minute * 60_000) is held


@pytest.mark.parametrize("text", ["", "night", "24:00-04:00", "1:00-2:00"])
def test_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="wants any or hours"):
        Hours.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "arrival = 3",
        "[[arrival]]",
        '[[arrival]]\nvessel = "x"\nat = 2026-11-25T14:00:00',  # without a zone it may be any of 24 hours
        '[[arrival]]\nvessel = "x"\nat = 2026-11-25',
        "[[arrival",
    ],
)
def test_arrivals_that_are_none(text: str) -> None:
    with pytest.raises(ArrivalsWrong):
        read_arrivals(text)


def test_arrivals_are_read() -> None:
    text = '[[arrival]]\nvessel = "MV Example"\nat = 2026-11-25T14:00:00Z\n'
    assert read_arrivals(text) == (Arrival("MV Example", 1_795_615_200_000),)
