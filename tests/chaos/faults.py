"""What breaks when: a seeded schedule in which every kind of fault comes round, in another order each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    BROKER = "broker"
    CENTRE = "centre"
    DATABASE = "database"
    KIOSK = "kiosk"
    SERVER_ROOM = "centre, then broker"


DECK: tuple[Kind, ...] = (Kind.BROKER, Kind.BROKER, Kind.CENTRE, Kind.DATABASE, Kind.KIOSK, Kind.SERVER_ROOM)


@dataclass(frozen=True, slots=True)
class Fault:
    """After `calm_s` it strikes; after `down_s` more everything that is dead is started again."""

    kind: Kind
    calm_s: float
    down_s: float
    gap_s: float  # between the two of SERVER_ROOM
    kiosk: int  # which one, for KIOSK


def schedule(seed: int, *, kiosks: int = 3, deck: Sequence[Kind] = DECK) -> Iterator[Fault]:
    """Without end. The deck is shuffled anew whenever it has been dealt out, so no run misses a kind for long."""
    chance = random.Random(seed)
    while True:
        for kind in chance.sample(deck, len(deck)):
            yield Fault(
                kind,
                calm_s=chance.uniform(1.5, 3.0),
                down_s=chance.uniform(0.1, 2.5),
                gap_s=chance.uniform(0.1, 0.8),
                kiosk=chance.randrange(kiosks),
            )
