"""What the pages ask of the database."""

from __future__ import annotations

from dataclasses import dataclass

from border.messages.values import PartRef
from central.store.api import Row, Transaction
from central.store.parts import part_ref, sealed

PAGE_ROWS = 50
OUTCOMES = ("cleared", "referred", "undecided", "admit", "refuse", "refer_on")
"""What the list can be narrowed to; "undecided": referred, and no officer has decided yet."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Empty means all. `before`: only what arrived before this one, for the next page; 0: from the newest on."""

    kiosk: str = ""
    outcome: str = ""
    before: int = 0


@dataclass(frozen=True, slots=True)
class EncounterRow:
    encounter: str
    arrival: int
    kiosk: str
    seq: int
    direction: str
    name: str
    document_number: str
    issuing_state: str
    outcome: str
    reasons: str
    at_ms: int
    clock: str
    received_ms: int
    complete: int
    decision: str  # the newest officer's outcome, or empty


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One header as it is stored."""

    id: str
    kiosk: str
    seq: int
    kind: str
    at_ms: int
    clock: str
    previous: bytes
    digest: bytes
    head: bytes
    received_ms: int
    complete: int
    flagged: bool  # does not continue the chain stored before it
    repeats: int  # how often it came again and was answered "duplicate"


@dataclass(frozen=True, slots=True)
class FactRow:
    record: str
    kiosk: str
    kind: str
    signed: bytes


@dataclass(frozen=True, slots=True)
class PartRow:
    record: str
    ordinal: int
    kiosk: str
    ref: PartRef
    verified: bool


@dataclass(frozen=True, slots=True)
class LetterRow:
    number: int
    topic: str
    reason: str
    kiosk: str
    digest: bytes
    size: int
    first_ms: int
    last_ms: int
    times: int


@dataclass(frozen=True, slots=True)
class AlarmRow:
    kiosk: str
    source: str
    kind: str
    detail: str
    record: str
    at_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class CountRow:
    day: str
    port: str
    direction: str
    outcome: str
    travellers: int


def version(t: Transaction) -> int:
    """Grows with every batch the collector has kept."""
    number: int = t.rows("SELECT version FROM centre")[0][0]
    return number


def encounters(t: Transaction, chosen: Filter) -> list[EncounterRow]:
    """One page and one row more, newest first."""
    rows = t.rows(
        "SELECT encounter, arrival, kiosk, seq, direction, name, document_number, issuing_state, outcome, reasons, "
        "at_ms, clock, received_ms, complete, decision FROM ("
        "SELECT e.*, r.complete, COALESCE((SELECT d.outcome FROM decisions d WHERE d.encounter = e.encounter "
        "ORDER BY d.at_ms DESC, d.record DESC LIMIT 1), '') AS decision "
        "FROM encounters e JOIN records r ON r.id = e.encounter) AS listed "
        "WHERE (? = '' OR kiosk = ?) AND (? = 0 OR arrival < ?) "
        "AND (? = '' OR outcome = ? OR decision = ? OR (? = 'undecided' AND outcome = 'referred' AND decision = '')) "
        "ORDER BY arrival DESC LIMIT ?",
        (chosen.kiosk, chosen.kiosk, chosen.before, chosen.before, *[chosen.outcome] * 4, PAGE_ROWS + 1),
    )
    return [EncounterRow(*row) for row in rows]


def one_encounter(t: Transaction, encounter: str) -> EncounterRow | None:
    rows = t.rows(
        "SELECT e.encounter, e.arrival, e.kiosk, e.seq, e.direction, e.name, e.document_number, e.issuing_state, "
        "e.outcome, e.reasons, e.at_ms, e.clock, e.received_ms, r.complete, "
        "COALESCE((SELECT d.outcome FROM decisions d WHERE d.encounter = e.encounter "
        "ORDER BY d.at_ms DESC, d.record DESC LIMIT 1), '') "
        "FROM encounters e JOIN records r ON r.id = e.encounter WHERE e.encounter = ?",
        (encounter,),
    )
    return EncounterRow(*rows[0]) if rows else None


def kiosk_names(t: Transaction) -> list[str]:
    return [row[0] for row in t.rows("SELECT kiosk FROM kiosks ORDER BY kiosk")]


def records_of(t: Transaction, encounter: str) -> list[RecordRow]:
    rows = t.rows(
        "SELECT r.id, r.kiosk, r.seq, r.kind, r.at_ms, r.clock, r.previous, r.digest, r.head, r.received_ms, "
        "r.complete, CASE WHEN f.seq IS NULL THEN 0 ELSE 1 END, "
        "(SELECT CAST(COALESCE(SUM(d.times), 0) AS BIGINT) FROM receipts d "
        "WHERE d.kiosk = r.kiosk AND d.id = r.id AND d.status = 'duplicate') "
        "FROM records r LEFT JOIN chain_flags f ON f.kiosk = r.kiosk AND f.seq = r.seq "
        "WHERE r.encounter = ? ORDER BY r.kiosk, r.seq",
        (encounter,),
    )
    return [_record_row(row) for row in rows]


def _record_row(row: Row) -> RecordRow:
    id_, kiosk, seq, kind, at_ms, clock, previous, digest, head, received_ms, complete, flagged, repeats = row
    return RecordRow(
        id=id_,
        kiosk=kiosk,
        seq=seq,
        kind=kind,
        at_ms=at_ms,
        clock=clock,
        previous=bytes(previous),
        digest=bytes(digest),
        head=bytes(head),
        received_ms=received_ms,
        complete=complete,
        flagged=flagged == 1,
        repeats=repeats,
    )


def facts_of(t: Transaction, encounter: str) -> list[FactRow]:
    rows = t.rows(
        "SELECT f.record, f.kiosk, f.kind, f.signed FROM facts f JOIN records r ON r.id = f.record "
        "WHERE f.encounter = ? ORDER BY r.kiosk, r.seq, f.ordinal",
        (encounter,),
    )
    return [FactRow(row[0], row[1], row[2], bytes(row[3])) for row in rows]


def parts_of(t: Transaction, encounter: str) -> list[PartRow]:
    rows = t.rows(
        "SELECT record, ordinal, kiosk, kind, media_type, sample_sha256, sha256, size, slices, verified FROM parts "
        "WHERE record = ? ORDER BY ordinal",
        (encounter,),
    )
    return [PartRow(row[0], row[1], row[2], part_ref(row[3:9]), row[9] == 1) for row in rows]


def sealed_part(t: Transaction, encounter: str, ordinal: int) -> tuple[PartRow, bytes] | None:
    """A verified part with its sealed bytes."""
    part = next((part for part in parts_of(t, encounter) if part.ordinal == ordinal and part.verified), None)
    return (part, sealed(t, part.kiosk, part.ref)) if part is not None else None


def letters(t: Transaction) -> list[LetterRow]:
    rows = t.rows(
        "SELECT number, topic, reason, kiosk, digest, size, first_ms, last_ms, times FROM dead_letters "
        "ORDER BY last_ms DESC, number DESC LIMIT ?",
        (PAGE_ROWS,),
    )
    return [
        LetterRow(number, topic, reason, kiosk, bytes(digest), *rest)
        for number, topic, reason, kiosk, digest, *rest in rows
    ]


def alarms(t: Transaction) -> list[AlarmRow]:
    rows = t.rows(
        "SELECT kiosk, source, kind, detail, record, at_ms, received_ms FROM alarms "
        "ORDER BY received_ms DESC, kiosk, id LIMIT ?",
        (PAGE_ROWS,),
    )
    return [AlarmRow(*row) for row in rows]


def totals(t: Transaction) -> tuple[int, int]:
    """How many dead letters and alarms there are in all."""
    row = t.rows("SELECT (SELECT COUNT(*) FROM dead_letters), (SELECT COUNT(*) FROM alarms)")[0]
    return row[0], row[1]


def counts(t: Transaction, days: int = 7) -> list[CountRow]:
    """The newest days that have any crossing, newest first."""
    rows = t.rows(
        "SELECT day, port, direction, outcome, travellers FROM counts "
        "WHERE day IN (SELECT DISTINCT day FROM counts ORDER BY day DESC LIMIT ?) "
        "ORDER BY day DESC, port, direction, outcome",
        (days,),
    )
    return [CountRow(*row) for row in rows]
