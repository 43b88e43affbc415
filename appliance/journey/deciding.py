"""The decision of one visit: checks, recommendation, and the commit that comes before any receipt."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from appliance.checks import EXPECTED, run_all
from appliance.journey.machine import Event
from appliance.journey.ports import Lists, Records, Stamps
from appliance.journey.view import Receipt
from appliance.journey.visit import Visit, receipt
from appliance.post.storage import StorageFull
from border.encounter import Direction, Outcome, Sample, SampleRef
from border.rules.engine import recommend


class Desk:
    """Decides and records. `same_for_all_s`: a match and no match take equally long (no timing channel)."""

    def __init__(
        self,
        *,
        kiosk: str,
        records: Records,
        lists: Lists,
        stamps: Stamps,
        same_for_all_s: float,
        is_closed: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_closed`: by a person, for a while or for good."""
        self.records = records
        self._kiosk = kiosk
        self._lists = lists
        self._stamps = stamps
        self._same_for_all_s = same_for_all_s
        self.is_closed = is_closed

    async def can_serve(self) -> bool:
        """Policy in force, room on the disk and not closed by hand: else the lane is closed, politely."""
        return not self.is_closed() and self._lists.policy is not None and await self.records.has_room()

    async def decide(self, visit: Visit) -> tuple[Event, Receipt | None]:
        """Findings, recommendation, one transaction. The receipt exists only after the commit."""
        ends_s = self._stamps.monotonic_s() + self._same_for_all_s
        try:
            event, given = await self._record(visit)
        except StorageFull:
            return Event.STORAGE_FULL, None
        await asyncio.sleep(max(0.0, ends_s - self._stamps.monotonic_s()))
        return event, given

    async def _record(self, visit: Visit) -> tuple[Event, Receipt]:
        policy = self._lists.policy
        if policy is None:
            raise RuntimeError("decided without a policy in force")
        at, today = self._stamps.stamp(), self._stamps.today()
        findings = run_all(visit.evidence(today, at.clock), policy)
        refs = tuple(reference(sample) for sample in visit.samples)
        checked = visit.checked(self._kiosk, at, refs, findings)
        author = f"rules@{policy.country}-{policy.version}"
        recommended = recommend(policy, checked, EXPECTED, at, author)
        await self.records.record_encounter((checked, recommended), visit.samples, at)
        event = Event.ALL_CLEAR if recommended.outcome is Outcome.CLEARED else Event.REFER
        return event, receipt(recommended, visit.direction or Direction.ARRIVAL, today)


def reference(sample: Sample) -> SampleRef:
    """How a fact names a sample: by the hash of its bytes."""
    digest = hashlib.sha256(sample.data).hexdigest()
    return SampleRef(sample.kind, sample.media_type, digest, len(sample.data), sample.frame_sha256, sample.device)
