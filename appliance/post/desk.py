"""The port's memory for officer pages: implements `Post` over the journal, the roster and the neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from appliance.clock import TimeKeeper, wall_ms
from appliance.post import officers, store
from appliance.post.api import Case, KioskStatus, Link, Officer, Referral
from appliance.post.keeper import Keeper
from appliance.post.neighbours import Neighbours
from appliance.post.status import kiosk_status
from appliance.reporting.condition import Condition, Site
from border.encounter import OfficerOutcome

LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the desk asks the rest of the kiosk. Each call is quick and may come from any thread."""

    condition: Callable[[], Condition]
    uplink_is_up: Callable[[], bool]
    help_seen: Callable[[], None]
    housing_seen: Callable[[str], None]  # by this officer's id


class Desk:
    """Calls wait for the journal's thread (milliseconds); from an event loop, run them in a worker thread.

    Never call from the journal's own thread.
    """

    def __init__(
        self,
        keeper: Keeper,
        roster: officers.Roster,
        times: TimeKeeper,
        *,
        site: Site,
        surroundings: Surroundings,
        neighbours: Neighbours,
    ) -> None:
        self._keeper = keeper
        self._roster = roster
        self._times = times
        self._site = site
        self._around = surroundings
        self._neighbours = neighbours

    # -- the queue

    def referrals(self) -> tuple[Referral, ...]:
        now = wall_ms(self._times.clock)
        return self._keeper.ask(lambda j: store.referrals(j, now))

    def case(self, encounter: str) -> Case | None:
        return self._keeper.ask(lambda j: store.case(j, encounter))

    def recent(self, limit: int) -> tuple[Referral, ...]:
        now = wall_ms(self._times.clock)
        return self._keeper.ask(lambda j: store.recent(j, limit, now))

    def picture(self, sha256: str, officer: Officer) -> tuple[str, bytes] | None:
        """Raises `StorageFull` when the look cannot be written down; then there is no look."""
        now = wall_ms(self._times.clock)
        return self._keeper.ask(lambda j: store.picture(j, sha256, officer, now))

    def take(self, encounter: str, officer: Officer) -> None:
        now = wall_ms(self._times.clock)
        self._keeper.ask(lambda j: store.take(j, encounter, officer, now))

    def decide(self, encounter: str, officer: Officer, outcome: OfficerOutcome, reason: str, note: str) -> None:
        """Raises `DecisionRefused`, or `StorageFull` and then nothing was decided."""
        fact = store.decided(encounter, officer, outcome, reason, note, self._times.stamp())
        self._keeper.ask(lambda j: store.decide(j, fact, officer))

    def sign_in(self, officer_id: str, pin: str) -> Officer | None:
        return officers.sign_in(self._keeper, self._roster, officer_id, pin, self._times.stamp())

    # -- the board

    def own_status(self) -> KioskStatus:
        """This kiosk; also what it serves its neighbours (neighbours.to_json)."""
        now = self._times.stamp()
        counts, waiting = self._keeper.ask(lambda j: (j.outbox.counts(now.wall_ms), store.waiting(j)))
        uplink = Link.UP if self._around.uplink_is_up() else Link.DOWN
        return kiosk_status(self._site, self._around.condition(), counts, now, uplink=uplink, waiting=waiting)

    def board(self) -> tuple[KioskStatus, ...]:
        return (self.own_status(), *self._neighbours.board())

    def help_seen(self) -> None:
        self._around.help_seen()

    def housing_seen(self, officer: Officer) -> None:
        """Written down before it counts. Raises `StorageFull` when it cannot be."""
        now = wall_ms(self._times.clock)
        self._keeper.ask(lambda j: j.audit(now, officer.id, "looked at the lane's housing", ""))
        self._around.housing_seen(officer.id)

    async def changes(self) -> AsyncIterator[int]:
        """The present number, then one for each change seen. Every counter in the sum has one writer and only grows."""
        moment = (self._around.condition().news, self._around.uplink_is_up())
        steps, last = 0, -1
        while True:
            now = (self._around.condition().news, self._around.uplink_is_up())
            if now != moment:
                moment, steps = now, steps + 1
            revision = self._keeper.revision + self._neighbours.revision + steps
            if revision != last:
                last = revision
                yield revision
            await asyncio.sleep(LOOK_EVERY_S)
