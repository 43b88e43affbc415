"""What the kiosks have sworn to against what the centre has: read from their own files when all processes ended."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from border.ledger import GENESIS, Link, verify_chain
from border.messages.envelope import open_part
from central.keys import CentreKeys
from central.store.api import Store, Transaction
from central.store.parts import part_ref, sealed


@dataclass(frozen=True, slots=True)
class Sworn:
    """One kiosk's own memory. `records`: id -> (seq, digest) of all it ever committed."""

    kiosk: str
    records: dict[str, tuple[int, bytes]]
    head: bytes
    samples: frozenset[str]  # SHA-256 of the plain bytes
    chain_broken_at: int | None
    waiting: int
    quarantined: int


def sworn(kiosk: str, journal: Path) -> Sworn:
    with closing(sqlite3.connect(f"file:{journal}?mode=rw", uri=True)) as reader:

        def rows(query: str) -> list[Any]:
            return reader.execute(query).fetchall()

        ledger = rows("SELECT record, seq, digest, head FROM ledger ORDER BY seq")
        committed = {row[0] for row in rows("SELECT encounter FROM encounters")}
        assert committed == {row[0] for row in ledger}, "an encounter stands without its ledger row"
        return Sworn(
            kiosk=kiosk,
            records={row[0]: (row[1], row[2]) for row in ledger},
            head=ledger[-1][3] if ledger else GENESIS,
            samples=frozenset(row[0] for row in rows("SELECT sha256 FROM samples")),
            chain_broken_at=_broken_at((row[1], row[2], row[3]) for row in ledger),
            waiting=rows("SELECT count(*) FROM outbox")[0][0],
            quarantined=rows("SELECT count(*) FROM quarantine")[0][0],
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What the centre has of one kiosk, whole records alone. `samples`: plain digests of parts that really open."""

    kiosk: str
    rows: list[tuple[str, int, bytes]]  # id, seq, digest
    head: bytes
    samples: list[str]
    chain_broken_at: int | None
    spans: list[tuple[int, int]]
    incomplete: int


def kept(kiosk: str, store: Store, keys: CentreKeys) -> Kept:
    with store.snapshot() as t:
        found = t.rows(
            "SELECT id, seq, digest, head, previous FROM records WHERE kiosk = ? AND complete = 1 ORDER BY seq",
            (kiosk,),
        )
        (incomplete,) = t.rows("SELECT COUNT(*) FROM records WHERE kiosk = ? AND complete <> 1", (kiosk,))[0]
        links = (Link(seq, bytes(previous), bytes(digest), bytes(head)) for _, seq, digest, head, previous in found)
        return Kept(
            kiosk=kiosk,
            rows=[(id, seq, bytes(digest)) for id, seq, digest, _, _ in found],
            head=bytes(found[-1][3]) if found else GENESIS,
            samples=_opened(t, kiosk, keys),
            chain_broken_at=verify_chain(GENESIS, links),
            spans=[(a, b) for a, b in t.rows("SELECT first, last FROM spans WHERE kiosk = ? ORDER BY first", (kiosk,))],
            incomplete=incomplete,
        )


def _opened(t: Transaction, kiosk: str, keys: CentreKeys) -> list[str]:
    """Every part of this kiosk, joined from its slices and unsealed now. Raises MessageError for one that is not so."""
    rows = t.rows(
        "SELECT p.record, p.kind, p.media_type, p.sample_sha256, p.sha256, p.size, p.slices "
        "FROM parts p JOIN records r ON r.id = p.record WHERE p.kiosk = ? AND r.complete = 1",
        (kiosk,),
    )
    digests = []
    for record, *fields in rows:
        ref = part_ref(fields)
        plain = open_part(ref, sealed(t, kiosk, ref), keys.seal, kiosk=kiosk, encounter=record)
        digests.append(hashlib.sha256(plain).hexdigest())
    return digests


def _broken_at(rows: Iterable[tuple[int, bytes, bytes]]) -> int | None:
    links, previous = [], GENESIS
    for seq, digest, head in rows:
        links.append(Link(seq, previous, digest, head))
        previous = head
    return verify_chain(GENESIS, links)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over all kiosks; everything but `generated` and `stored` has to be 0."""

    generated: int
    stored: int
    lost: int  # committed at a kiosk, not at the centre
    unknown: int  # at the centre, with an id, number or content no kiosk has
    duplicates: int
    gaps: int  # numbers missing in the sequences
    waiting: int  # rows left in outboxes
    quarantined: int
    broken: int  # chains that do not hold, or ends that differ
    pictures_lost: int

    @property
    def faults(self) -> dict[str, int]:
        names = ("lost", "unknown", "duplicates", "gaps", "waiting", "quarantined", "broken", "pictures_lost")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def verdict(kiosks: Sequence[Sworn], centre: Sequence[Kept]) -> Verdict:
    """`kiosks` and `centre` in the same order of kiosks."""
    pairs = list(zip(kiosks, centre, strict=True))
    return Verdict(
        generated=sum(len(mine.records) for mine in kiosks),
        stored=sum(len(theirs.rows) for theirs in centre),
        lost=sum(len(mine.records.keys() - {id for id, _, _ in theirs.rows}) for mine, theirs in pairs),
        unknown=sum(mine.records.get(id) != (seq, digest) for mine, theirs in pairs for id, seq, digest in theirs.rows),
        duplicates=sum(_doubles(theirs) for theirs in centre),
        gaps=sum(_missing(mine, theirs) for mine, theirs in pairs),
        waiting=sum(mine.waiting for mine in kiosks),
        quarantined=sum(mine.quarantined for mine in kiosks),
        broken=sum(_breaks(mine, theirs) for mine, theirs in pairs),
        pictures_lost=sum(len(mine.samples - set(theirs.samples)) for mine, theirs in pairs),
    )


def _doubles(theirs: Kept) -> int:
    ids = {id for id, _, _ in theirs.rows}
    return len(theirs.rows) - len(ids) + len(theirs.samples) - len(set(theirs.samples))


def _missing(mine: Sworn, theirs: Kept) -> int:
    """Numbers from 1 to the kiosk's last that the centre's rows lack; and the centre's own book must say the same."""
    here = {seq for _, seq, _ in theirs.rows}
    last = max((seq for seq, _ in mine.records.values()), default=0)
    if not theirs.incomplete:
        assert {seq for a, b in theirs.spans for seq in range(a, b + 1)} == here, "the book of spans is wrong"
    return len(set(range(1, last + 1)) - here)


def _breaks(mine: Sworn, theirs: Kept) -> int:
    return (mine.chain_broken_at is not None) + (theirs.chain_broken_at is not None) + (mine.head != theirs.head)
