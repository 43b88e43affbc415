"""What a consumer is: a name, its own tables, and what it does with records once they are committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from central.store.api import Store, Transaction

BATCH = 200


@dataclass(frozen=True, slots=True)
class Committed:
    """One committed record as a consumer sees it; everything else is in the tables."""

    arrival: int
    id: str
    kiosk: str
    seq: int
    kind: str
    encounter: str
    at_ms: int
    clock: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """`tables` are CREATE ... IF NOT EXISTS statements of TEXT and BIGINT, which both databases understand.

    `consume` gets each record exactly once, in the order of commit, inside the transaction that notes the position.
    """

    name: str
    tables: tuple[str, ...]
    consume: Callable[[Transaction, Sequence[Committed], int], None]  # (transaction, records, now in ms)


def make_tables(store: Store, consumers: Sequence[Consumer]) -> None:
    with store.transaction() as t:
        for consumer in consumers:
            for statement in consumer.tables:
                t.rows(statement)
            t.each("INSERT INTO consumer_positions VALUES (?, 0) ON CONFLICT DO NOTHING", [(consumer.name,)])


def run(store: Store, consumers: Sequence[Consumer], now_ms: int) -> None:
    """Let every consumer catch up. A crash in between repeats nothing and skips nothing."""
    for consumer in consumers:
        while _one_batch(store, consumer, now_ms) == BATCH:
            pass


def _one_batch(store: Store, consumer: Consumer, now_ms: int) -> int:
    with store.transaction() as t:
        rows = t.rows(
            "SELECT arrival, id, kiosk, seq, kind, encounter, at_ms, clock, received_ms FROM records "
            "WHERE arrival > (SELECT arrival FROM consumer_positions WHERE name = ?) ORDER BY arrival LIMIT ?",
            (consumer.name, BATCH),
        )
        if rows:
            consumer.consume(t, [Committed(*row) for row in rows], now_ms)
            t.rows("UPDATE consumer_positions SET arrival = ? WHERE name = ?", (rows[-1][0], consumer.name))
        return len(rows)
