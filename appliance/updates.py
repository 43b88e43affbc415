"""Beside the update client: what it is told about this kiosk, what it did, and what it brought.

The client decides; the kiosk says when it has time and how it is, reports each step to the centre, hands over what is
announced, and takes signed content from the shelf through the same intake as from the broker.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from appliance import durable
from appliance.devices import READY
from appliance.journey.machine import State
from appliance.post.journal import Journal, UpdateStep
from appliance.post.keeper import JournalPort
from appliance.post.storage import StorageFull
from appliance.quiet import Arrival, ArrivalsWrong, Quiet, read_arrivals
from appliance.reporting.inbox import Inbox, Verdict
from appliance.times import Times
from appliance.update_folder import MODELS, SHELVES, UpdateFolder
from border.messages.reports import update_id

log = logging.getLogger(__name__)

RELEASE = "LANDFALL_RELEASE"
"""Set by whoever started us from a bundle: its sha256. Not set: this is the program that came with the image."""
EVERY_S = 1.0
ANSWER_S = 15.0
MEMORY = "updates-seen.json"
ARRIVALS = "arrivals.toml"
ANNOUNCEMENT = "announcement.json"
MOST_ANNOUNCED = 16 * 1024
MOST_REMEMBERED = 500
"""Steps; many more than the client keeps ready."""
HOME = (State.IDLE, State.OUT_OF_SERVICE)
"""Where a restart disturbs nobody; a kiosk out of service takes nobody."""


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """`idle`: it may be stopped now; `alone`: nobody is at it or about to be, whatever the hour. `paints`: its screen
    shows what it is sent. `runs`: role -> sha256 of what is used besides the program; `refused`: sha256 -> why it is
    not. `ails`: devices and their codes, nothing personal."""

    release: str
    idle: bool
    alone: bool
    paints: bool
    runs: dict[str, str]
    refused: dict[str, str]
    ails: tuple[str, ...]


@dataclass(slots=True)
class Memory:
    """`told`: ids of steps that were given to the outbox. `taken`: role -> sha256, `refused`: sha256 -> why."""

    told: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie: the kiosk's own folder, and the update client's. `models`: the sha256 of the nets that were
    loaded at the start; empty: those that came with the program."""

    kiosk: str
    own: Path
    client: UpdateFolder
    models: str = ""


class Updates:
    """`look` runs on one thread at a time; `status` on any."""

    def __init__(
        self, place: Place, journal: JournalPort, inbox: Inbox, times: Times, quiet: Quiet, pause_s: float
    ) -> None:
        """`pause_s`: so long nobody must have been there; between two of a queue is less."""
        self._place, self._journal, self._inbox, self._times = place, journal, inbox, times
        self._quiet, self._pause_s = quiet, pause_s
        self._memory = _load(place.own / MEMORY)
        self._busy_at_s = times.monotonic_s() - pause_s

    def note(self, state: State) -> None:
        """Somebody is there, or not."""
        if state not in HOME:
            self._busy_at_s = self._times.monotonic_s()

    def status(self, state: State, devices: Iterable[tuple[str, str]], *, painted: int) -> UpdateStatus:
        """As it is now. `painted`: the newest revision that the screen has shown, 0 before the first."""
        self.note(state)
        alone = self._times.monotonic_s() - self._busy_at_s >= self._pause_s
        return UpdateStatus(
            release=os.environ.get(RELEASE, ""),
            idle=alone and self._is_quiet(),
            alone=alone,
            paints=painted > 0,
            runs={**self._memory.taken, **({MODELS: self._place.models} if self._place.models else {})},
            refused=dict(self._memory.refused),
            ails=tuple(f"{device}: {code}" for device, code in devices if code != READY),
        )

    def look(self) -> None:
        """Report what is new, take what is new. A disk or journal that fails is logged, and it is tried again."""
        try:
            self._report()
            self._take()
        except (StorageFull, OSError, TimeoutError) as error:
            log.error("updates: %s", error)

    def announce(self, data: bytes) -> None:
        """For the update client, which verifies it. Raises OSError."""
        if len(data) <= MOST_ANNOUNCED:
            durable.write(self._place.own / ANNOUNCEMENT, data, mode=0o644)

    def _report(self) -> None:
        for step in self._place.client.steps():
            id = update_id(self._place.kiosk, step.transaction, step.phase)
            if id not in self._memory.told:
                self._journal.submit(_reporting(step, self._times)).result(ANSWER_S)
                self._memory.told = [*self._memory.told, id][-MOST_REMEMBERED:]
                self._save()

    def _take(self) -> None:
        for kind, role in SHELVES.items():
            sha256 = self._place.client.current(role)
            if not sha256 or sha256 == self._memory.taken.get(role) or sha256 in self._memory.refused:
                continue
            signed = self._place.client.content(role, sha256)
            if signed is None:
                continue
            verdict, why = self._inbox.receive_with_reason(kind, signed)
            if verdict in (Verdict.TAKEN, Verdict.KNOWN):
                self._memory.taken[role] = sha256
            else:
                self._memory.refused = {**dict([*self._memory.refused.items()][-9:]), sha256: why}
            self._save()

    def _is_quiet(self) -> bool:
        try:
            return self._quiet.holds(self._times.now_ms(), self._arrivals())
        except (ArrivalsWrong, OSError, UnicodeDecodeError) as error:
            log.warning("%s; no update is started until it can be read", error)
            return False

    def _arrivals(self) -> tuple[Arrival, ...]:
        path = self._place.own / ARRIVALS
        return read_arrivals(path.read_text(encoding="utf-8")) if path.exists() else ()

    def _save(self) -> None:
        told = {"told": self._memory.told, "taken": self._memory.taken, "refused": self._memory.refused}
        durable.write(self._place.own / MEMORY, json.dumps(told, sort_keys=True).encode())


def _reporting(step: UpdateStep, times: Times) -> Callable[[Journal], None]:
    return lambda journal: journal.update(step, times.stamp())


def _load(path: Path) -> Memory:
    """What was forgotten is said and taken again: both may be done twice."""
    try:
        told = json.loads(path.read_bytes())
        return Memory(list(map(str, told["told"])), dict(told["taken"]), dict(told["refused"]))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s is begun anew: %s", path.name, error)
        return Memory()


async def keep_updated(updates: Updates, state: Callable[[], State]) -> None:
    """For ever."""
    while True:
        updates.note(state())
        await asyncio.to_thread(updates.look)
        await asyncio.sleep(EVERY_S)
