"""The kiosk's word about itself: its state, and what it asks of the centre on connecting. Signed, nothing personal."""

from __future__ import annotations

from collections.abc import Callable

from appliance.clock import Clock, TimeKeeper
from appliance.reporting.condition import Condition, Site
from appliance.reporting.rows import Counts
from border.encounter import Stamp
from border.messages.cose import Signer
from border.messages.envelope import sign_request, sign_state
from border.messages.values import Request, StateReport

Health = tuple[tuple[str, str, str], ...]

SOON_S = 1.0
"""A change is told at once, but not more often than this."""


class Reporter:
    """Owned by the publisher's thread. `condition()` and `troubles()` are quick and may be called from it."""

    def __init__(
        self,
        site: Site,
        signer: Signer,
        times: TimeKeeper,
        *,
        condition: Callable[[], Condition],
        troubles: Callable[[], tuple[tuple[str, str], ...]] = tuple,
        health: Callable[[Condition, Counts, Stamp], Health] = lambda *_: (),
    ) -> None:
        self._site = site
        self._signer = signer
        self.times = times
        self._condition = condition
        self._troubles = troubles
        self._health = health
        self._said: tuple[object, ...] | None = None
        self._said_at_s = float("-inf")

    @property
    def clock(self) -> Clock:
        return self.times.clock

    def forget_last(self) -> None:
        """A new connection: the state is to be said again, whatever was said before."""
        self._said, self._said_at_s = None, float("-inf")

    def is_due(self, counts: Counts, now_s: float, every_s: float) -> bool:
        """Whether to say the state now; if so, it counts as said."""
        news = (*self._condition().news, self._troubles(), counts.quarantined)
        age_s = now_s - self._said_at_s
        due = age_s >= every_s or (news != self._said and age_s >= SOON_S)
        if due:
            self._said, self._said_at_s = news, now_s
        return due

    def report(self, counts: Counts, *, online: bool) -> bytes:
        """The signed state as it is now."""
        condition = self._condition()
        at = self.times.stamp()
        state = StateReport(
            kiosk=self._site.kiosk,
            boot_id=at.boot_id,
            at=at,
            online=online,
            software=self._site.software,
            state=condition.state,
            policy_version=condition.policy_version,
            list_version=condition.list_version,
            trust_version=condition.trust_version,
            outbox_depth=counts.depth,
            oldest_unreported_s=counts.oldest_s,
            quarantined=counts.quarantined,
            last_seq=counts.last_seq,
            disk_free_mb=condition.disk_free_mb,
            devices=(*condition.devices, *self._troubles()),
            health=self._health(condition, counts, at),
            direction=self._site.direction,
            port=self._site.port,
            lane=self._site.lane,
        )
        return sign_state(state, self._signer)

    def request(self, policy_version: int, list_version: int, trust_version: int) -> bytes:
        """ "This is what I have; send me what is newer, and what you still miss of mine.\""""
        request = Request(self._site.kiosk, self.times.stamp(), policy_version, list_version, trust_version)
        return sign_request(request, self._signer)
