"""What was written down: a kiosk's journal and the centre's store, opened read-only by a bystander."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from border.encounter import CheckedFact
from border.messages.envelope import open_fact


@dataclass(frozen=True, slots=True)
class Encounter:
    """One row of the journal, with the fact the kiosk signed."""

    id: str
    seq: int
    number: str
    outcome: str
    reasons: frozenset[str]
    walked_away: bool
    checked: CheckedFact


@dataclass(frozen=True, slots=True)
class Kept:
    """What the centre keeps of one kiosk."""

    seqs: tuple[int, ...]  # of whole records, in order
    encounters: frozenset[str]
    decisions: tuple[tuple[str, str, str], ...]  # encounter, outcome, reason
    gaps: int


def encounters(journal: Path, key: EllipticCurvePublicKey) -> list[Encounter]:
    """In the order in which they were recorded. Raises `MessageError` for a fact that was not signed with `key`."""
    rows = _rows(
        journal, "SELECT encounter, seq, number, outcome, reasons, walked_away, checked FROM encounters ORDER BY seq"
    )
    return [_encounter(row, key) for row in rows]


def _encounter(row: tuple[Any, ...], key: EllipticCurvePublicKey) -> Encounter:
    id, seq, number, outcome, reasons, walked_away, signed = row
    checked = open_fact(signed, key)
    assert isinstance(checked, CheckedFact)
    return Encounter(id, seq, number, outcome, frozenset(reasons.split()), bool(walked_away), checked)


def sequence(journal: Path) -> list[int]:
    """Numbers of all records, decisions too."""
    return [seq for (seq,) in _rows(journal, "SELECT seq FROM ledger ORDER BY seq")]


def unreported(journal: Path) -> int:
    """Records that the centre has not accepted yet."""
    return int(_rows(journal, "SELECT count(*) FROM ledger WHERE accepted_at_wall_ms IS NULL")[0][0])


def alarms_sent_or_waiting(journal: Path) -> int:
    """Alarms in the outbox now."""
    return int(_rows(journal, "SELECT count(*) FROM outbox WHERE topic LIKE '%/alarm/%'")[0][0])


def kept_of(store: Path, kiosk: str) -> Kept:
    """All that the centre has of this kiosk and is whole."""
    seqs = _rows(store, "SELECT seq FROM records WHERE kiosk = ? AND complete = 1 ORDER BY seq", kiosk)
    known = _rows(store, "SELECT encounter FROM encounters WHERE kiosk = ?", kiosk)
    decided = _rows(
        store,
        "SELECT d.encounter, d.outcome, d.reason FROM decisions d JOIN encounters e USING (encounter) "
        "WHERE e.kiosk = ? ORDER BY d.at_ms",
        kiosk,
    )
    spans = _rows(store, "SELECT first, last FROM spans WHERE kiosk = ?", kiosk)
    return Kept(
        seqs=tuple(seq for (seq,) in seqs),
        encounters=frozenset(encounter for (encounter,) in known),
        decisions=tuple((encounter, outcome, reason) for encounter, outcome, reason in decided),
        gaps=max(0, len(spans) - 1),
    )


def _rows(database: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10.0)) as reader:
        return reader.execute(query, values).fetchall()
