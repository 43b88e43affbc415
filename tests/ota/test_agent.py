"""A role's update from the director's word to kept or taken back, killed anywhere on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ota.agent import MOST_ATTEMPTS, Agent, Hands, Place
from ota.bundles import BundleInstaller
from ota.disk import Disk, RealDisk
from ota.fetch import Store, adopt
from ota.journal import Entry, Journal
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role
from ota.shelf import Shelf
from ota.trust import Assignment
from ota.workflow import ENDS, TABLE, State
from tests.ota.conftest import release
from tests.ota.crash import RecordingDisk, found_after

FIRST, SECOND, THIRD = (b"app one" * 10, b"app two" * 20, b"app three" * 30)


class Killed(BaseException):
    """The process is gone: nothing in the product catches this."""


@dataclass
class Port:
    """A kiosk's data partition, a stick with contents, and what happens to come of things."""

    root: Path
    stick: Path
    disk: Disk = field(default_factory=RealDisk)
    sick: set[str] = field(default_factory=set)
    busy: bool = False
    told: list[Entry] = field(default_factory=list)
    restarts: int = 0

    def __post_init__(self) -> None:
        for folder in (self.root / "apps", self.stick):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.disk, self.root / "apps")

    def carry(self, content: bytes, counter: int) -> Assignment:
        thing = release(content, counter, f"apps/kiosk-{counter}")
        (self.stick / thing.sha256).write_bytes(content)
        return Assignment(thing, "bench", False)

    def prove(self, sha256: str) -> str:
        return "it does not paint" if sha256 in self.sick else ""

    def restart(self) -> None:
        self.restarts += 1

    def fetch(self, thing: Release) -> Path:
        return adopt(self.stick / thing.sha256, thing, Store(self.root / "apps", self.disk, lambda: 1 << 40))

    def agent(self) -> Agent:
        """A process that begins."""
        hands = Hands(
            BundleInstaller(self.shelf, self.restart),
            self,
            self.fetch,
            lambda _: not self.busy,
            lambda: 1_800_000_000,
            lambda: Place("boot-1"),
            self.told.append,
        )
        return Agent(Role.APPS, Journal(self.disk, self.root / "journal"), hands)


@pytest.fixture
def port(tmp_path: Path) -> Port:
    return Port(tmp_path / "data", tmp_path / "stick")


def kept(port: Port, content: bytes, counter: int) -> Assignment:
    told = port.carry(content, counter)
    last = port.agent().advance(told)
    assert last is not None
    assert last.state is State.KEPT
    return told


def test_a_good_release_is_kept(port: Port) -> None:
    told = kept(port, FIRST, 1)
    assert port.shelf.current == told.release.sha256
    assert [e.state for e in port.told] == [
        State.CHOSEN,
        State.FETCHED,
        State.INSTALLED,
        State.TRYING,
        State.PROVING,
        State.KEPT,
    ]
    assert port.restarts == 1


def test_what_runs_already_is_left_alone(port: Port) -> None:
    told = kept(port, FIRST, 1)
    port.told.clear()
    port.agent().advance(told)
    assert port.told == []


def test_a_sick_release_is_taken_back_with_its_reason_twice_and_then_given_up(port: Port) -> None:
    old, bad = kept(port, FIRST, 1), port.carry(SECOND, 2)
    port.sick.add(bad.release.sha256)
    for _ in range(MOST_ATTEMPTS):
        last = port.agent().advance(bad)
        assert last is not None
        assert (last.state, last.reason) == (State.ROLLED_BACK, f"{Code.GATE}: it does not paint")
        assert port.shelf.current == old.release.sha256
    for _ in range(3):
        last = port.agent().advance(bad)
        assert last is not None
        assert (last.state, last.reason) == (State.REFUSED, f"{Code.GIVEN_UP}: tried 2 times")
    assert sum(1 for e in port.told if e.reason.startswith(Code.GIVEN_UP)) == 1


def test_a_queue_is_not_disturbed(port: Port) -> None:
    kept(port, FIRST, 1)
    told, port.busy = port.carry(SECOND, 2), True
    last = port.agent().advance(told)
    assert last is not None
    assert last.state is State.INSTALLED
    port.busy = False
    last = port.agent().advance(told)
    assert last is not None
    assert last.state is State.KEPT


def test_held_by_the_director_it_is_installed_and_not_started(port: Port) -> None:
    kept(port, FIRST, 1)
    told = port.carry(SECOND, 2)
    last = port.agent().advance(Assignment(told.release, "bench", hold=True))
    assert last is not None
    assert last.state is State.INSTALLED


def test_nobody_to_ask_waits_where_it_is(port: Port) -> None:
    kept(port, FIRST, 1)
    told, port.busy = port.carry(SECOND, 2), True
    port.agent().advance(told)
    port.busy = False
    last = port.agent().advance(None)
    assert last is not None
    assert last.state is State.INSTALLED


def test_another_order_ends_the_one_in_hand(port: Port) -> None:
    kept(port, FIRST, 1)
    port.busy = True
    port.agent().advance(port.carry(SECOND, 2))
    port.busy = False
    third = port.carry(THIRD, 3)
    last = port.agent().advance(third)
    assert last is not None
    assert (last.state, last.attempt) == (State.REFUSED, 1)
    last = port.agent().advance(third)
    assert last is not None
    assert (last.state, last.sha256) == (State.KEPT, third.release.sha256)


def test_other_bytes_under_the_right_name_are_refused(port: Port) -> None:
    kept(port, FIRST, 1)
    told = port.carry(SECOND, 2)
    (port.stick / told.release.sha256).write_bytes(SECOND[::-1])
    last = port.agent().advance(told)
    assert last is not None
    assert last.state is State.REFUSED
    assert last.reason.startswith(Code.CONTENT)


def test_a_stick_pulled_out_is_waited_for(port: Port) -> None:
    kept(port, FIRST, 1)
    told = port.carry(SECOND, 2)
    (port.stick / told.release.sha256).write_bytes(SECOND[:10])
    with pytest.raises(Later):
        port.agent().advance(told)
    (port.stick / told.release.sha256).write_bytes(SECOND)
    last = port.agent().advance(told)
    assert last is not None
    assert last.state is State.KEPT


def test_one_sanctioned_way_back_stays_open(port: Port) -> None:
    assert port.agent().lowest_counter() == 0
    first = kept(port, FIRST, 1)
    kept(port, SECOND, 2)
    assert port.agent().lowest_counter() == 1
    kept(port, THIRD, 3)
    assert port.agent().lowest_counter() == 2
    kept(port, SECOND, 2)
    assert port.agent().lowest_counter() == 2
    assert not port.shelf.holds(first.release.sha256) or port.shelf.previous != first.release.sha256


def cut_states(tmp_path: Path, sick: bool) -> tuple[list[Path], Port, Assignment, Assignment]:
    """Every disk that a cut anywhere in a whole update can leave."""
    port = Port(tmp_path / "data", tmp_path / "stick")
    old = kept(port, FIRST, 1)
    new = port.carry(SECOND, 2)
    port.sick = {new.release.sha256} if sick else set()
    port.disk = disk = RecordingDisk(port.root)
    port.agent().advance(new)
    return [found_after(s, tmp_path / f"cut-{n}") for n, s in enumerate(disk.states.values())], port, old, new


@pytest.mark.parametrize("sick", [False, True])
def test_cut_anywhere_the_next_start_goes_on_to_an_end(tmp_path: Path, sick: bool) -> None:
    """No brick: what runs is whole at once after the cut, and in the end it is the new if it is well, else the old."""
    found, port, old, new = cut_states(tmp_path, sick)
    assert len(found) > 20
    for root in found:
        after = Port(root, port.stick, sick=port.sick)
        assert after.shelf.current in {old.release.sha256, new.release.sha256}
        assert (root / "apps" / "current").read_bytes() in {FIRST, SECOND}
        for _ in range(MOST_ATTEMPTS + 2):
            last = after.agent().advance(new)
            assert last is not None
            assert last.state in ENDS
        assert after.shelf.current == (old if sick else new).release.sha256, (root, last)


class DyingDisk(RealDisk):
    """Kills the process at its n-th step, before or after the step was done."""

    def __init__(self, dies_at: int, after: bool) -> None:
        self.left, self.after = dies_at, after

    def __getattribute__(self, name: str) -> object:
        step = super().__getattribute__(name)
        if name.startswith("_") or not callable(step):
            return step
        return lambda *given: self._do(step, *given)

    def _do(self, step: Callable[..., None], *given: object) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        step(*given)
        if self.left == 0:
            raise Killed


@pytest.mark.parametrize("sick", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_every_step_it_goes_on(tmp_path: Path, sick: bool, after: bool) -> None:
    dies_at, alive = 0, False
    while not alive:
        dies_at += 1
        port = Port(tmp_path / f"{dies_at}", tmp_path / "stick")
        old, new = kept(port, FIRST, 1), port.carry(SECOND, 2)
        port.sick = {new.release.sha256} if sick else set()
        port.disk = DyingDisk(dies_at, after)
        try:
            port.agent().advance(new)
            alive = True
        except Killed:
            pass
        port.disk = RealDisk()
        for _ in range(MOST_ATTEMPTS + 2):
            port.agent().advance(new)
        assert port.shelf.current == (old if sick else new).release.sha256
    assert dies_at > 20


def test_every_state_is_reached_and_left() -> None:
    states = {state for state, _ in TABLE} | set(TABLE.values())
    assert states == set(State)
    assert {state for state, _ in TABLE} == set(State) - ENDS


def test_an_installer_that_refuses_ends_it(port: Port) -> None:
    class Picky(BundleInstaller):
        def install(self, *_: object) -> None:
            raise Refused(Code.CONTENT, "its card does not fit")

    told = port.carry(FIRST, 1)
    hands = Hands(
        Picky(port.shelf, port.restart),
        port,
        port.fetch,
        lambda _: True,
        lambda: 1_800_000_000,
        Place,
        port.told.append,
    )
    last = Agent(Role.APPS, Journal(port.disk, port.root / "journal"), hands).advance(told)
    assert last is not None
    assert last.state is State.REFUSED
