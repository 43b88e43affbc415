"""An image from the director's word to kept or taken back: the real agent and journal on a machine of two slots.

The machine is simulated as RAUC and the firmware show it: two slots, one of them running, a flag that holds for one
start. RAUC itself is in test_slots.py, and all of it together in tests/image_guest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from ota.agent import MOST_ATTEMPTS, Agent, Hands, Place
from ota.disk import RealDisk
from ota.held import served
from ota.images import MOST_STREAMS, ImageInstaller, Machine, Record
from ota.journal import Entry, Journal
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role
from ota.slots import Progress, Slot
from ota.trust import Assignment
from ota.workflow import State

GOOD = Release(Role.IMAGES, "images/2-kiosk", 9, "22" * 32, "2.0.0", 2, ("rpi5",), "d2" * 32)
NEWER = Release(Role.IMAGES, "images/3-kiosk", 9, "33" * 32, "3.0.0", 3, ("rpi5",), "d3" * 32)


class Restarted(BaseException):
    """The machine goes down: nothing in the product catches this."""


@dataclass
class TwoSlots:
    """A machine. `rauc_says`: what an install ends with, in place of being done; `installs`: manifests asked for."""

    folder: Path
    boots: str = "A"
    runs: str = "A"
    armed: bool = False
    starts: int = 1
    holds: dict[str, str] = field(default_factory=lambda: {"A": "", "B": ""})
    whole: dict[str, bool] = field(default_factory=lambda: {"A": False, "B": False})
    rauc_says: Exception | None = None
    puts: str = ""
    sick: set[str] = field(default_factory=set)
    installs: list[str] = field(default_factory=list)
    remembered: int = 0
    told: list[Entry] = field(default_factory=list)
    dies: set[str] = field(default_factory=set)
    """Manifests of images that never come up."""

    def slots(self) -> tuple[Slot, ...]:
        return tuple(
            Slot(f"{kind}.{slot}", slot, slot == self.runs, self.whole[slot], self.holds[slot])
            for slot in "AB"
            for kind in ("rootfs", "boot")
        )

    def install(self, url: str, manifest: str, progress: Progress) -> None:
        self.installs.append(url)
        other = self.other
        self.holds[other], self.whole[other], self.armed = "", False, False
        if self.rauc_says:
            raise self.rauc_says
        self.holds[other], self.whole[other] = self.puts or manifest, True
        progress(100, "done")

    def mark(self, state: str, which: str) -> None:
        if (state, which) == ("active", "other"):
            self.armed = True
        elif (state, which) == ("bad", "other"):
            self.armed = False
        elif (state, which) == ("good", "booted"):
            self.boots = self.runs

    def primary(self) -> str:
        return f"rootfs.{self.other if self.armed else self.boots}"

    @property
    def other(self) -> str:
        return "B" if self.runs == "A" else "A"

    def start(self, *, cut: bool = False) -> None:
        """What the firmware does; a cut clears the flag."""
        tried = self.armed and not cut
        self.runs = ("B" if self.boots == "A" else "A") if tried else self.boots
        self.armed, self.starts = False, self.starts + 1
        if tried and self.holds[self.runs] in self.dies:
            self.start()

    def remember(self) -> None:
        self.remembered += 1

    def prove(self, sha256: str) -> str:
        return "gone: /dev/video0" if sha256 in self.sick else ""

    def agent(self) -> Agent:
        """A client that begins."""
        record = Record(RealDisk(), self.folder / "images.json")
        machine = Machine(("true",), self.remember)
        bundles = partial(served, "http://headquarters/")
        installer = Restarting(self, record, machine, bundles, lambda _percent, _what: None)
        hands = Hands(
            installer,
            self,
            installer.fetch,
            lambda _release: True,
            lambda: 1_800_000_000,
            lambda: Place(f"boot-{self.starts}", self.runs),
            self.told.append,
        )
        return Agent(Role.IMAGES, Journal(RealDisk(), self.folder / "journal"), hands)

    def goes_on(self, release: Release | None = GOOD) -> Entry:
        """Clients and restarts until nothing is left to do."""
        for _ in range(10):
            try:
                last = self.agent().advance(Assignment(release, "bench", hold=False) if release else None)
            except Restarted:
                self.start()
                continue
            assert last is not None
            return last
        pytest.fail("it restarts for ever")


class Restarting(ImageInstaller):
    """A machine that goes down when it is told to."""

    def _restart(self) -> None:
        raise Restarted


@pytest.fixture
def machine(tmp_path: Path) -> TwoSlots:
    return TwoSlots(tmp_path)


def test_a_good_image_is_streamed_tried_and_kept(machine: TwoSlots) -> None:
    last = machine.goes_on()
    assert (last.state, last.slot, last.reason) == (State.KEPT, "B", "")
    assert (machine.boots, machine.runs, machine.armed) == ("B", "B", False)
    assert machine.installs == [f"http://headquarters/images/{GOOD.sha256}.2-kiosk"]
    assert machine.remembered == 1
    assert machine.agent().current == GOOD.sha256


def test_the_next_goes_into_the_slot_that_was_left(machine: TwoSlots) -> None:
    machine.goes_on()
    last = machine.goes_on(NEWER)
    assert (last.state, last.slot, machine.boots) == (State.KEPT, "A", "A")
    assert machine.agent().lowest_counter() == 2  # one sanctioned way back stays open


def test_a_sick_one_takes_itself_back_with_its_reason(machine: TwoSlots) -> None:
    machine.sick.add(GOOD.sha256)
    last = machine.goes_on()
    assert (last.state, last.reason) == (State.ROLLED_BACK, f"{Code.GATE}: gone: /dev/video0")
    assert (machine.boots, machine.runs, machine.armed) == ("A", "A", False)


def test_one_that_never_comes_up_is_said_to(machine: TwoSlots) -> None:
    machine.dies.add(GOOD.manifest_sha256)
    last = machine.goes_on()
    assert last.state is State.ROLLED_BACK
    assert last.reason.startswith(Code.NEVER_UP)


def test_the_same_bytes_are_tried_twice_at_most(machine: TwoSlots) -> None:
    machine.sick.add(GOOD.sha256)
    for _ in range(MOST_ATTEMPTS):
        assert machine.goes_on().state is State.ROLLED_BACK
    assert machine.goes_on().reason.startswith(Code.GIVEN_UP)
    starts = machine.starts
    machine.goes_on()
    assert machine.starts == starts


def test_what_lies_there_must_be_what_was_signed(machine: TwoSlots) -> None:
    machine.puts = "ee" * 32
    last = machine.goes_on()
    assert (last.state, last.reason.split(":")[0]) == (State.REFUSED, Code.MANIFEST)
    assert (machine.armed, machine.starts) == (False, 1)


def test_an_image_without_a_manifest_is_not_asked_for(machine: TwoSlots) -> None:
    last = machine.goes_on(replace(GOOD, manifest_sha256=""))
    assert last.reason.startswith(Code.GARBLED)
    assert machine.installs == []


def test_what_rauc_refuses_is_refused_in_its_words(machine: TwoSlots) -> None:
    machine.rauc_says = Refused(Code.BUNDLE, "signature verification failed")
    assert machine.goes_on().reason == f"{Code.BUNDLE}: signature verification failed"


def test_a_line_that_breaks_is_waited_for_and_not_for_ever(machine: TwoSlots) -> None:
    machine.rauc_says = Later(Code.STREAM, "Input/output error")
    agent, told = machine.agent(), Assignment(GOOD, "bench", hold=False)
    for _ in range(MOST_STREAMS - 1):
        with pytest.raises(Later):
            agent.advance(told)
    last = agent.advance(told)
    assert last is not None
    assert last.reason == f"{Code.BUNDLE}: {MOST_STREAMS} times: Input/output error"


def test_a_line_that_comes_back_costs_no_try(machine: TwoSlots) -> None:
    machine.rauc_says = Later(Code.STREAM, "Input/output error")
    with pytest.raises(Later):
        machine.agent().advance(Assignment(GOOD, "bench", hold=False))
    machine.rauc_says = None
    last = machine.goes_on()
    assert (last.state, last.attempt) == (State.KEPT, 1)


def test_what_is_whole_already_is_not_streamed_again(machine: TwoSlots) -> None:
    machine.holds["B"], machine.whole["B"] = GOOD.manifest_sha256, True
    assert machine.goes_on().state is State.KEPT
    assert machine.installs == []


def test_a_power_cut_before_the_restart_leads_to_another_try(machine: TwoSlots) -> None:
    with pytest.raises(Restarted):
        machine.agent().advance(Assignment(GOOD, "bench", hold=False))
    machine.start(cut=True)
    assert machine.runs == "A"
    first = machine.goes_on()
    assert first.reason.startswith(Code.NEVER_UP)
    assert machine.goes_on().state is State.KEPT


def test_a_client_killed_before_the_restart_goes_on_with_the_same_try(machine: TwoSlots) -> None:
    with pytest.raises(Restarted):
        machine.agent().advance(Assignment(GOOD, "bench", hold=False))
    last = machine.goes_on()  # the same start of the machine: nothing was tried yet
    assert (last.state, last.attempt) == (State.KEPT, 1)


def test_a_cut_between_commit_and_journal_is_a_commit(machine: TwoSlots) -> None:
    with pytest.raises(Restarted):
        machine.agent().advance(Assignment(GOOD, "bench", hold=False))
    machine.start()
    machine.mark("good", "booted")
    machine.start(cut=True)
    last = machine.goes_on()
    assert (last.state, machine.boots) == (State.KEPT, "B")


def test_what_was_put_there_since_is_not_armed(machine: TwoSlots) -> None:
    agent, told = machine.agent(), Assignment(GOOD, "bench", hold=True)
    agent.advance(told)
    machine.holds["B"] = "ee" * 32
    last = machine.goes_on()
    assert last.reason.startswith(Code.MANIFEST)
    assert not machine.armed


def test_the_record_forgets_all_but_the_newest(tmp_path: Path) -> None:
    record = Record(RealDisk(), tmp_path / "images.json")
    for number in range(6):
        record.note(f"manifest-{number}", f"sha-{number}")
    assert [record.sha256(f"manifest-{n}") for n in range(6)] == ["", "", "sha-2", "sha-3", "sha-4", "sha-5"]
    (tmp_path / "images.json").write_bytes(b"torn")
    assert record.sha256("manifest-5") == ""
