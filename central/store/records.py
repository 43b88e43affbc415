"""Rows of records: headers, their facts, what a list shows of them, and the hash chain between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from border.encounter import CheckedFact, DecidedFact, Fact, RecommendedFact
from border.ledger import GENESIS, next_head
from border.messages.values import Record, RecordKind
from central.sequence import Span, merged
from central.store.api import Transaction, Value, listed


class Completeness(IntEnum):
    """INCOMPLETE: slices are missing. REFUSED: all are here, and a part cannot be opened or is not the sample."""

    INCOMPLETE = 0
    COMPLETE = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True)
class Known:
    """A stored record as a second one is compared with it."""

    id: str
    kiosk: str
    seq: int
    digest: bytes
    completeness: Completeness


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A verified record about to become rows. `received_ms` is the centre's time."""

    topic: str
    record: Record
    facts: tuple[Fact, ...]
    digest: bytes
    payload: bytes
    received_ms: int

    @property
    def completeness(self) -> Completeness:
        return Completeness.INCOMPLETE if self.record.parts else Completeness.COMPLETE


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """The record at `seq` names `found` as the head before it; the record stored there gives `expected`."""

    kiosk: str
    seq: int
    expected: bytes
    found: bytes


def known(t: Transaction, records: Sequence[Record]) -> list[Known]:
    """Stored records that share an id, or a kiosk's sequence number, with one of these."""
    if not records:
        return []
    ids: list[Value] = [record.id for record in records]
    slots: list[Value] = [value for record in records for value in (record.kiosk, record.seq)]
    rows = t.rows(
        listed(
            "SELECT id, kiosk, seq, digest, complete FROM records WHERE id IN (:list) OR (kiosk, seq) IN (:pairs)",
            len(records),
        ),
        ids + slots,
    )
    return [Known(row[0], row[1], row[2], bytes(row[3]), Completeness(row[4])) for row in rows]


def by_id(t: Transaction, ids: Sequence[str]) -> list[Known]:
    if not ids:
        return []
    wanted = listed("SELECT id, kiosk, seq, digest, complete FROM records WHERE id IN (:list)", len(ids))
    rows = t.rows(wanted, ids)
    return [Known(row[0], row[1], row[2], bytes(row[3]), Completeness(row[4])) for row in rows]


def insert(t: Transaction, new: Sequence[NewRecord]) -> None:
    """Header, facts and parts of each; none may be known."""
    if not new:
        return
    t.each(
        "INSERT INTO records (id, kiosk, seq, kind, encounter, at_ms, clock, previous, digest, head, "
        "received_ms, complete, touched_ms, needed_ms, payload) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        [_record_row(one) for one in new],
    )
    t.each("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", [row for one in new for row in _fact_rows(one)])
    t.each(
        "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        [row for one in new for row in _part_rows(one.record)],
    )
    t.each(
        "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?)",
        [row for one in new for row in _decision_rows(one)],
    )
    _summarise(t, [one for one in new if one.record.kind is RecordKind.ENCOUNTER])
    for kiosk in {one.record.kiosk for one in new}:
        _extend_spans(t, kiosk, [one.record.seq for one in new if one.record.kiosk == kiosk])


def touch(t: Transaction, ids: Sequence[str], moment_ms: int) -> None:
    """Something of these records came: if they are incomplete, they are quiet since `moment_ms`."""
    t.each("UPDATE records SET touched_ms = ? WHERE id = ? AND complete = 0", [(moment_ms, id_) for id_ in ids])


def ask_again(t: Transaction, kiosk: str) -> None:
    """Whatever is incomplete of this kiosk is due to be asked for."""
    t.rows("UPDATE records SET touched_ms = 0, needed_ms = 0 WHERE kiosk = ? AND complete = 0", (kiosk,))


def quiet(t: Transaction, quiet_ms: int, asked_ms: int, most: int) -> list[str]:
    """Incomplete records of which nothing came since `quiet_ms`, not asked for since then or since `asked_ms`."""
    rows = t.rows(
        "SELECT id FROM records WHERE complete = 0 AND touched_ms <= ? "
        "AND (needed_ms < touched_ms OR needed_ms <= ?) ORDER BY arrival LIMIT ?",
        (quiet_ms, asked_ms, most),
    )
    return [row[0] for row in rows]


def asked(t: Transaction, ids: Sequence[str], now_ms: int) -> None:
    t.each("UPDATE records SET needed_ms = ? WHERE id = ?", [(now_ms, id_) for id_ in ids])


def conclude(t: Transaction, id_: str, completeness: Completeness) -> None:
    t.rows("UPDATE records SET complete = ? WHERE id = ?", (int(completeness), id_))


def refusal_reason(t: Transaction, id_: str) -> str:
    """Why a REFUSED record was rejected, as it was said the first time."""
    rows = t.rows(
        "SELECT r.reason FROM receipts r JOIN records h ON h.id = r.id AND h.digest = r.digest "
        "WHERE r.id = ? AND r.status = 'reject' ORDER BY r.first_ms LIMIT 1",
        (id_,),
    )
    return str(rows[0][0]) if rows else "wrong_parts"


def _record_row(one: NewRecord) -> tuple[str | int | bytes, ...]:
    record = one.record
    return (
        record.id,
        record.kiosk,
        record.seq,
        record.kind.value,
        record.encounter,
        record.at.wall_ms,
        record.at.clock.value,
        record.previous,
        one.digest,
        next_head(record.previous, one.digest),
        one.received_ms,
        int(one.completeness),
        one.received_ms,
        one.payload,
    )


def _fact_rows(one: NewRecord) -> Iterable[tuple[str | int | bytes, ...]]:
    for ordinal, (signed, fact) in enumerate(zip(one.record.facts, one.facts, strict=True)):
        kind = FACT_WORDS[type(fact)]
        yield (one.record.id, ordinal, fact.encounter, one.record.kiosk, kind, fact.author, signed)


FACT_WORDS: dict[type, str] = {CheckedFact: "checked", RecommendedFact: "recommended", DecidedFact: "decided"}


def _part_rows(record: Record) -> Iterable[tuple[str | int, ...]]:
    for ordinal, part in enumerate(record.parts):
        name = (record.id, ordinal, record.kiosk, part.sha256, part.kind.value, part.media_type)
        yield (*name, part.sample_sha256, part.size, part.slices)


def _decision_rows(one: NewRecord) -> Iterable[tuple[str | int, ...]]:
    for ordinal, fact in enumerate(one.facts):
        if isinstance(fact, DecidedFact):
            said = (fact.author, fact.outcome.value, fact.reason, fact.at.wall_ms)
            yield (one.record.id, ordinal, fact.encounter, *said)


def _summarise(t: Transaction, new: Sequence[NewRecord]) -> None:
    if not new:
        return
    ids = [one.record.id for one in new]
    rows = t.rows(listed("SELECT id, arrival FROM records WHERE id IN (:list)", len(ids)), ids)
    arrival: dict[str, int] = {row[0]: row[1] for row in rows}
    t.each(
        "INSERT INTO encounters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [_summary_row(one, arrival[one.record.id]) for one in new],
    )


def _summary_row(one: NewRecord, arrival: int) -> tuple[str | int, ...]:
    record = one.record
    checked = next((fact for fact in one.facts if isinstance(fact, CheckedFact)), None)
    advice = next((fact for fact in one.facts if isinstance(fact, RecommendedFact)), None)
    document = checked.document if checked is not None else None
    names = (document.primary_identifier, document.secondary_identifier) if document is not None else ()
    return (
        record.encounter,
        arrival,
        record.kiosk,
        record.seq,
        checked.direction.value if checked is not None else "",
        ", ".join(name for name in names if name),
        document.document_number if document is not None else "",
        document.issuing_state if document is not None else "",
        document.nationality if document is not None else "",
        advice.outcome.value if advice is not None else "",
        " ".join(advice.reasons) if advice is not None else "",
        record.at.wall_ms,
        record.at.clock.value,
        one.received_ms,
    )


def _extend_spans(t: Transaction, kiosk: str, seqs: Sequence[int]) -> None:
    low, high = min(seqs) - 1, max(seqs) + 1
    near = spans(t, kiosk, low, high)
    t.each("DELETE FROM spans WHERE kiosk = ? AND first = ?", [(kiosk, span.first) for span in near])
    t.each(
        "INSERT INTO spans VALUES (?, ?, ?)",
        [(kiosk, span.first, span.last) for span in merged(near, seqs)],
    )


def spans(t: Transaction, kiosk: str, low: int = 0, high: int = 2**62) -> tuple[Span, ...]:
    """The sequence numbers that are here, as far as they touch `low`..`high`."""
    rows = t.rows(
        "SELECT first, last FROM spans WHERE kiosk = ? AND last >= ? AND first <= ? ORDER BY first",
        (kiosk, low, high),
    )
    return tuple(Span(*row) for row in rows)


def highest_seq(t: Transaction, kiosk: str) -> int:
    """The largest number up to which every record is here, complete; 0 when the first is not."""
    run = t.rows("SELECT last FROM spans WHERE kiosk = ? AND first = 1", (kiosk,))
    first_open = t.rows("SELECT MIN(seq) FROM records WHERE kiosk = ? AND complete <> 1", (kiosk,))[0][0]
    last: int = run[0][0] if run else 0
    return last if first_open is None else min(last, first_open - 1)


def chain_breaks(t: Transaction, new: Sequence[Record]) -> list[ChainBreak]:
    """Where a record just inserted, or the one after it, does not continue what is stored before it."""
    if not new:
        return []
    wanted = sorted({(r.kiosk, r.seq + step) for r in new for step in (-1, 0, 1)})
    rows = t.rows(
        listed("SELECT kiosk, seq, previous, head FROM records WHERE (kiosk, seq) IN (:pairs)", len(wanted)),
        [value for slot in wanted for value in slot],
    )
    links = {(row[0], row[1]): (bytes(row[2]), bytes(row[3])) for row in rows}
    after = {(r.kiosk, r.seq + step) for r in new for step in (0, 1)}
    return [
        ChainBreak(kiosk, seq, expected, links[kiosk, seq][0])
        for kiosk, seq in sorted(after & links.keys())
        if (expected := _head_before(links, kiosk, seq)) not in (None, links[kiosk, seq][0])
    ]


def _head_before(links: dict[tuple[str, int], tuple[bytes, bytes]], kiosk: str, seq: int) -> bytes | None:
    if seq == 1:
        return GENESIS
    link = links.get((kiosk, seq - 1))
    return link[1] if link is not None else None
