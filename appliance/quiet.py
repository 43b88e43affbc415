"""When a kiosk may be stopped for minutes: in the hours that were set, with nobody at it, and no vessel about to land.

Pure. The vessels that are expected stand in a short list that the port keeps beside kiosk.toml, until a manifest does:

    [[arrival]]
    vessel = "MV Example"
    at = 2026-11-25T14:00:00Z
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

DAY_MIN = 24 * 60
HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
ANY = "any"


class ArrivalsWrong(ValueError):
    """The list cannot be read: then nobody knows who comes, and nothing is stopped."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`at_ms`: milliseconds since 1970."""

    vessel: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes of the UTC day, from `first` up to `last`; over midnight when `last` is smaller; equal: always."""

    first: int = 0
    last: int = 0

    @staticmethod
    def parse(text: str) -> Hours:
        """`any`, or as 22:30-04:00. Raises ValueError."""
        if text == ANY:
            return Hours()
        if not (found := HOURS.fullmatch(text)):
            raise ValueError(f"wants {ANY} or hours as 22:30-04:00, has {text!r}")
        a, b, c, d = map(int, found.groups())
        return Hours(a * 60 + b, c * 60 + d)

    def hold(self, at_ms: int) -> bool:
        minute = at_ms // 60_000 % DAY_MIN
        if self.first == self.last:
            return True
        within = self.first <= minute < self.last
        over_midnight = minute >= self.first or minute < self.last
        return within if self.first < self.last else over_midnight


@dataclass(frozen=True, slots=True)
class Quiet:
    """What must be so before something is started that nobody is in a hurry for. Minutes around a vessel's time."""

    hours: Hours
    before_min: float
    after_min: float

    def holds(self, now_ms: int, arrivals: Sequence[Arrival]) -> bool:
        return self.hours.hold(now_ms) and not any(self._is_near(arrival.at_ms, now_ms) for arrival in arrivals)

    def _is_near(self, arrives_ms: int, now_ms: int) -> bool:
        return arrives_ms - self.before_min * 60_000 <= now_ms <= arrives_ms + self.after_min * 60_000


def read_arrivals(text: str) -> tuple[Arrival, ...]:
    """Raises `ArrivalsWrong`."""
    try:
        told = tomllib.loads(text).get("arrival", [])
        return tuple(_arrival(one) for one in told)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as cause:
        raise ArrivalsWrong(f"the list of arrivals cannot be read ({cause})") from cause


def _arrival(told: dict[str, object]) -> Arrival:
    vessel, at = told["vessel"], told["at"]
    if not isinstance(vessel, str) or not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("an arrival has a vessel and a time with its zone")
    return Arrival(vessel, int(at.astimezone(UTC).timestamp() * 1000))
