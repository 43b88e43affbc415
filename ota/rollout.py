"""How one release reaches a fleet: ring by ring, given to who asks, stopped by who fails or falls silent.

Pure: whoever calls tells the time and keeps the value. A device belongs to a ring by the hash of release and name, so
each release tries its luck on others, and whoever joins late has its place without being listed. Rings were cut when
the rollout began; a ring is done when each device that was given the release in it has come to an end.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

BUCKETS = 10_000


class Status(StrEnum):
    """Shown at the centre."""

    RUNNING = "running"
    WAITING = "waiting"  # a ring is done; a person says whether the next begins
    HALTED = "halted"  # nobody is given it any more, and who has it unarmed does not start it
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Ring:
    """`share` of the fleet that has the release once this ring is done, and no fewer than `at_least` devices."""

    name: str
    share: float
    at_least: int = 0


RINGS = (Ring("canary", 0.01, 5), Ring("early", 0.10, 10), Ring("half", 0.50), Ring("all", 1.0))


@dataclass(frozen=True, slots=True)
class Terms:
    """`most_failures`: of the rollout as a whole; one more halts it. `silence_s`: after that, who says nothing
    since it was given has failed. `approval`: whether a person starts each ring."""

    most_failures: int = 0
    silence_s: int = 3 * 86400
    approval: bool = True


class End(StrEnum):
    """What a device came to; the words of the journal's ends."""

    KEPT = "kept"
    ROLLED_BACK = "rolled_back"
    REFUSED = "refused"
    SILENT = "silent"

    @property
    def is_failure(self) -> bool:
        return self is not End.KEPT


@dataclass(frozen=True, slots=True)
class Rollout:
    """`bounds`: below which bucket each ring ends. `given`: device -> seconds since 1970. `ended`: device -> how."""

    release: str
    terms: Terms
    rings: tuple[Ring, ...]
    bounds: tuple[int, ...]
    ring: int = 0
    status: Status = Status.RUNNING
    why: str = ""
    given: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    ended: Mapping[str, End] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(sorted(device for device, end in self.ended.items() if end.is_failure))

    @property
    def open(self) -> tuple[str, ...]:
        """Given it, and not at an end."""
        return tuple(sorted(set(self.given) - set(self.ended)))


def begin(release: str, fleet: int, terms: Terms, rings: tuple[Ring, ...] = RINGS) -> Rollout:
    """`release`: its sha256. `fleet`: how many devices there are now."""
    shares = (max(ring.share, ring.at_least / max(fleet, 1)) for ring in rings)
    return Rollout(release, terms, rings, tuple(min(BUCKETS, math.ceil(share * BUCKETS)) for share in shares))


def bucket(release: str, device: str) -> int:
    """0 to 9999, even over devices, another for each release."""
    digest = hashlib.sha256(f"{release}\n{device}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


def is_due(rollout: Rollout, device: str) -> bool:
    """Whether it belongs to a ring that has begun. What was given stays given, unless it is halted."""
    if rollout.status is Status.HALTED:
        return False
    return device in rollout.given or bucket(rollout.release, device) < rollout.bounds[rollout.ring]


def check_in(rollout: Rollout, device: str, now_s: int) -> Rollout:
    """A device asks what to run; `is_due` of the answer says whether it is this."""
    if device in rollout.given or rollout.status is not Status.RUNNING or not is_due(rollout, device):
        return rollout
    return replace(rollout, given=MappingProxyType({**rollout.given, device: now_s}))


def hear(rollout: Rollout, device: str, end: End) -> Rollout:
    """A device came to an end. A silent one that speaks after all is what it says; repeats change nothing."""
    if device not in rollout.given:
        return rollout
    return judge_failures(replace(rollout, ended=MappingProxyType({**rollout.ended, device: end})))


def give_back(rollout: Rollout, device: str) -> Rollout:
    """It was told of another one before it had started this: as if it had never been given it. What it failed with
    before stays."""
    if device not in rollout.given or rollout.ended.get(device, End.SILENT) is not End.SILENT:
        return rollout
    given = {name: at_s for name, at_s in rollout.given.items() if name != device}
    ended = {name: end for name, end in rollout.ended.items() if name != device}
    return replace(rollout, given=MappingProxyType(given), ended=MappingProxyType(ended))


def tick(rollout: Rollout, now_s: int, *, ring_is_full: bool) -> Rollout:
    """Time has passed. `ring_is_full`: every device known to belong to the ring has been given it, or is long gone."""
    silent = [d for d in rollout.open if now_s - rollout.given[d] > rollout.terms.silence_s]
    if silent:
        ended = {**rollout.ended, **dict.fromkeys(silent, End.SILENT)}
        rollout = judge_failures(replace(rollout, ended=MappingProxyType(ended)))
    if rollout.status is Status.RUNNING and ring_is_full and not rollout.open:
        return _ring_done(rollout)
    return rollout


def judge_failures(rollout: Rollout) -> Rollout:
    """Halts when more failed than may."""
    if rollout.status in (Status.HALTED, Status.DONE) or len(rollout.failed) <= rollout.terms.most_failures:
        return rollout
    named = ", ".join(f"{device} {rollout.ended[device]}" for device in rollout.failed[:5])
    return halt(rollout, f"{len(rollout.failed)} failed: {named}")


def halt(rollout: Rollout, why: str) -> Rollout:
    """By a person, or by itself."""
    return replace(rollout, status=Status.HALTED, why=why)


def go_on(rollout: Rollout, terms: Terms) -> Rollout:
    """A person looked: the next ring after a wait, or the same one after a halt, on terms that allow what happened."""
    if rollout.status is Status.WAITING:
        return replace(rollout, ring=rollout.ring + 1, status=Status.RUNNING, why="", terms=terms)
    if rollout.status is Status.HALTED:
        return judge_failures(replace(rollout, status=Status.RUNNING, why="", terms=terms))
    return rollout


def _ring_done(rollout: Rollout) -> Rollout:
    if rollout.bounds[rollout.ring] >= BUCKETS:
        return replace(rollout, status=Status.DONE)
    if rollout.terms.approval:
        return replace(rollout, status=Status.WAITING, why=f"{rollout.rings[rollout.ring].name} is done")
    return replace(rollout, ring=rollout.ring + 1)


@dataclass(frozen=True, slots=True)
class Work:
    """What some devices did: how many encounters, and how many of them went wrong in the one sense that is compared."""

    encounters: int
    wrong: int


Z = 2.576
"""Of the normal distribution: bounds that hold 99 times in a hundred."""


def worse(tried: Work, others: Work) -> bool:
    """Whether devices with the release are surely worse than those without: their intervals (Wilson) do not touch."""
    return _wilson(tried)[0] > _wilson(others)[1]


def compare(rollout: Rollout, measures: Iterable[tuple[str, Work, Work]]) -> Rollout:
    """Halts when the release makes a measure worse. `measures`: name, with the release, without it."""
    for name, tried, others in measures:
        if rollout.status in (Status.RUNNING, Status.WAITING) and worse(tried, others):
            told = f"{tried.wrong} of {tried.encounters} against {others.wrong} of {others.encounters}"
            return halt(rollout, f"{name} is worse with it: {told}")
    return rollout


def _wilson(work: Work) -> tuple[float, float]:
    """0 to 1 when nothing was done."""
    if work.encounters == 0:
        return 0.0, 1.0
    n, share = work.encounters, work.wrong / work.encounters
    middle, half = share + Z * Z / (2 * n), Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + Z * Z / n)), min(1.0, (middle + half) / (1 + Z * Z / n))
