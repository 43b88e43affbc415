"""Carries one role's updates through the workflow: journal first, then work, and again after every restart.

All that differs between an image, an app, a model and a list stands behind `Installer`; what makes it wait stands
behind `window`, what makes it trust the new one behind `Gate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from ota.journal import Entry, Journal
from ota.refusals import Code, Refused
from ota.release import Release, Role
from ota.trust import Assignment
from ota.workflow import WITHDRAWN, Event, State, following

MOST_ATTEMPTS = 2
"""The same bytes are not tried more often: what failed twice fails at night, too, and nobody is there."""


Outcome = tuple[Event, str]
"""What happened, and why when it went wrong."""
BEFORE_SWITCH = (State.CHOSEN, State.FETCHED, State.INSTALLED)


class Running(StrEnum):
    """Which one is alive, as seen after a switch was asked for."""

    NEW = "new"
    OLD = "old"


class Installer(Protocol):
    """Every method may be called again with the same release, also after it was killed in the middle."""

    def current(self) -> str:
        """The sha256 of what runs, or empty."""
        ...

    def install(self, sha256: str, content: Path) -> None:
        """Beside the old. Raises `Refused`, OSError."""
        ...

    def switch(self, sha256: str) -> None:
        """Start the new one; where that is a restart of the machine, it does not return."""
        ...

    def running(self, sha256: str) -> Running: ...

    def keep(self, sha256: str) -> None:
        """From now on it starts by itself."""
        ...

    def take_back(self, sha256: str) -> None:
        """The old one runs again, and starts by itself."""
        ...


class Gate(Protocol):
    """Whether what runs is well."""

    def prove(self, sha256: str) -> str:
        """Waits for its own deadline. Empty: well; else why not, in a line without personal data."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """In which start of the machine, and from which slot; empty where nobody can say, or nothing has slots."""

    boot: str = ""
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Hands:
    """What an agent works with. `fetch` raises `Later` and `Refused`; `window`: whether this one may be started now;
    `now_s`: seconds since 1970; `place`: where this runs; `tell` is given every entry once it is safe."""

    installer: Installer
    gate: Gate
    fetch: Callable[[Release], Path]
    window: Callable[[Release], bool]
    now_s: Callable[[], int]
    place: Callable[[], Place]
    tell: Callable[[Entry], None]


class Agent:
    """Of one role."""

    def __init__(self, role: Role, journal: Journal, hands: Hands) -> None:
        self._role, self._journal, self._hands = role, journal, hands
        self._found = self.last  # written by a process before this one

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that the journal still holds."""
        return self._journal.entries

    @property
    def last(self) -> Entry | None:
        return self._journal.entries[-1] if self._journal.entries else None

    @property
    def is_busy(self) -> bool:
        """Something is in hand and has not come to its end."""
        return self._in_hand() is not None

    @property
    def current(self) -> str:
        """The sha256 of what runs; empty for what came with the image."""
        return self._hands.installer.current()

    def advance(self, told: Assignment | None) -> Entry | None:
        """As far as it goes now. `told`: what this role is to run, None when nobody says or nobody could be asked.

        Returns the last entry. Raises `Later` and OSError; calling again goes on from where it stopped.
        """
        if not self._in_hand() and told is not None and self._is_wanted(told.release):
            self._begin(told)
        while (entry := self._in_hand()) and (event := self._work(entry, told)):
            self._note(entry, *event)
        return self.last

    def lowest_counter(self) -> int:
        """What the floor may be raised to: below it, one sanctioned way back stays open."""
        kept = [entry.counter for entry in self._journal.entries if entry.state is State.KEPT]
        return min(kept[-2:]) if len(kept) > 1 else 0

    def _in_hand(self) -> Entry | None:
        return None if self.last is None or self.last.state.is_end else self.last

    def _is_wanted(self, release: Release) -> bool:
        return release.sha256 != self._hands.installer.current() and not self._given_up(release)

    def _given_up(self, release: Release) -> bool:
        return any(e.sha256 == release.sha256 and e.reason.startswith(Code.GIVEN_UP) for e in self._journal.entries)

    def _failures(self, sha256: str) -> int:
        ended = (e for e in self._journal.entries if e.sha256 == sha256 and e.state.is_end)
        return sum(1 for entry in ended if entry.state is not State.KEPT and entry.reason != WITHDRAWN)

    def _begin(self, told: Assignment) -> None:
        release, here = told.release, self._hands.place()
        failures, at_s = self._failures(release.sha256), self._hands.now_s()
        given_up = f"{Code.GIVEN_UP}: tried {failures} times" if failures >= MOST_ATTEMPTS else ""
        self._append(
            Entry(
                transaction=f"{self._role}-{release.counter}-{release.sha256[:8]}-{at_s}",
                state=State.REFUSED if given_up else State.CHOSEN,
                role=self._role,
                name=release.name,
                sha256=release.sha256,
                version=release.version,
                counter=release.counter,
                attempt=failures + 1,
                at_s=at_s,
                reason=given_up,
                source=told.source,
                boot=here.boot,
                slot=here.slot,
            )
        )

    def _note(self, entry: Entry, event: Event, reason: str) -> None:
        here, at_s = self._hands.place(), self._hands.now_s()
        state = following(entry.state, event)
        self._append(replace(entry, state=state, at_s=at_s, reason=reason, boot=here.boot, slot=here.slot))

    def _append(self, entry: Entry) -> None:
        self._journal.append(entry)
        self._hands.tell(entry)

    def _work(self, entry: Entry, told: Assignment | None) -> Outcome | None:
        """What came of this state's work; None: it has to wait."""
        if entry.state in BEFORE_SWITCH and told is not None and told.release.sha256 != entry.sha256:
            return Event.WITHDRAWN, WITHDRAWN
        try:
            return WORK[entry.state](self, entry, told)
        except Refused as refusal:
            return Event.FAILED, str(refusal)

    def _fetch(self, _entry: Entry, told: Assignment | None) -> Outcome | None:
        if told is None:
            return None
        self._hands.fetch(told.release)
        return Event.GOT, ""

    def _install(self, entry: Entry, told: Assignment | None) -> Outcome | None:
        if told is None:
            return None
        self._hands.installer.install(entry.sha256, self._hands.fetch(told.release))
        return Event.PUT, ""

    def _ask(self, _entry: Entry, told: Assignment | None) -> Outcome | None:
        """The journal says that it is tried before it is, so that a machine that dies of it knows why."""
        if told is None or told.hold or not self._hands.window(told.release):
            return None
        return Event.SWITCHED, ""

    def _switch(self, entry: Entry, _told: Assignment | None) -> Outcome:
        installer = self._hands.installer
        if entry == self._found and not self._is_this_start(entry) and installer.running(entry.sha256) is Running.OLD:
            return Event.OLD_RUNS, f"{Code.NEVER_UP}: the version before it came up"
        installer.switch(entry.sha256)
        return Event.NEW_RUNS, ""

    def _is_this_start(self, entry: Entry) -> bool:
        """Of a machine with slots: the client was killed before the machine could restart, so nothing was tried yet."""
        return bool(entry.slot) and entry.boot == self._hands.place().boot

    def _prove(self, entry: Entry, _told: Assignment | None) -> Outcome:
        if self._hands.installer.running(entry.sha256) is Running.OLD:
            return Event.OLD_RUNS, f"{Code.CUT}: it stopped before it had proved itself"
        if why := self._hands.gate.prove(entry.sha256):
            return Event.FAILED, f"{Code.GATE}: {why}"
        self._hands.installer.keep(entry.sha256)
        return Event.PROVED, ""

    def _take_back(self, entry: Entry, _told: Assignment | None) -> Outcome:
        self._hands.installer.take_back(entry.sha256)
        return Event.BACK, entry.reason


WORK: dict[State, Callable[[Agent, Entry, Assignment | None], Outcome | None]] = {
    State.CHOSEN: Agent._fetch,
    State.FETCHED: Agent._install,
    State.INSTALLED: Agent._ask,
    State.TRYING: Agent._switch,
    State.PROVING: Agent._prove,
    State.TAKING_BACK: Agent._take_back,
}
