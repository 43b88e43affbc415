"""The journey's time: stamps from the kiosk's clock, the port's date, and new ids."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime

from appliance.clock import TimeKeeper, wall_ms
from border.encounter import Stamp
from border.ids import uuid7


class Times:
    """Satisfies journey.ports.Stamps. Dates are UTC: the islands are at most five hours behind it, and a document
    that expires tonight is looked at by an officer rather than by a time zone table."""

    def __init__(self, keeper: TimeKeeper) -> None:
        self._keeper = keeper

    def stamp(self) -> Stamp:
        return self._keeper.stamp()

    def monotonic_s(self) -> float:
        return self._keeper.clock.monotonic_s()

    def now_ms(self) -> int:
        return wall_ms(self._keeper.clock)

    def today(self) -> date:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC).date()

    def new_id(self) -> str:
        return uuid7(self.now_ms(), os.urandom(16))
