"""Encounters as officers ask for them: the queue, one case, its pictures. Runs on the journal's thread."""

from __future__ import annotations

from typing import TypeVar

from appliance.post.api import REASONS, Case, DecisionRefused, Officer, Referral
from appliance.post.journal import Journal
from appliance.post.schema import Row
from appliance.post.summary import face_of
from border.encounter import CheckedFact, DecidedFact, FaceArea, Fact, OfficerOutcome, RecommendedFact, Stamp
from border.messages.envelope import open_fact
from border.messages.values import RecordKind

F = TypeVar("F", bound=Fact)

SUPERVISOR = "supervisor"
MAX_NOTE = 1000

_REFERRAL = """SELECT encounter, number, at_wall_ms, severity, name, document_number, reasons, face_sha256,
  taken_by, walked_away FROM encounters"""
_IS_OPEN = "outcome = 'referred' AND decided IS NULL"


def referrals(journal: Journal, now_wall_ms: int) -> tuple[Referral, ...]:
    """Open ones: the most urgent first, among equals who waits longest."""
    rows = journal.db.execute(f"{_REFERRAL} WHERE {_IS_OPEN} ORDER BY severity, at_wall_ms, seq").fetchall()
    return tuple(_referral(row, now_wall_ms) for row in rows)


def recent(journal: Journal, limit: int, now_wall_ms: int) -> tuple[Referral, ...]:
    """Cleared and decided ones, newest first."""
    rows = journal.db.execute(f"{_REFERRAL} WHERE NOT ({_IS_OPEN}) ORDER BY seq DESC LIMIT ?", (limit,)).fetchall()
    return tuple(_referral(row, now_wall_ms) for row in rows)


def waiting(journal: Journal) -> int:
    """How many referrals are open."""
    query = f"SELECT count(*) FROM encounters WHERE {_IS_OPEN}"  # noqa: S608 - a constant
    return int(journal.db.execute(query).fetchone()[0])


def case(journal: Journal, encounter: str) -> Case | None:
    """One encounter, its facts verified against this kiosk's own key; None when it is not here (any more).

    Raises MessageError when a fact on the disk is not what was signed.
    """
    query = "SELECT number, checked, recommended, decided FROM encounters WHERE encounter = ?"
    row = journal.db.execute(query, (encounter,)).fetchone()
    if row is None:
        return None
    number, checked, recommended, decided = row
    fact = _fact(journal, checked, CheckedFact)
    return Case(
        encounter=encounter,
        number=number,
        checked=fact,
        recommended=_fact(journal, recommended, RecommendedFact),
        decided=_fact(journal, decided, DecidedFact) if decided is not None else None,
        samples=tuple(ref for ref in fact.samples if ref.sha256 in _kept(journal, encounter)),
        faces=_faces(journal, encounter),
        reported=_is_reported(journal, encounter),
    )


def picture(journal: Journal, sha256: str, officer: Officer, wall_ms: int) -> tuple[str, bytes] | None:
    """Media type and bytes. The look is written down first: no look without a line."""
    with journal.transaction():
        row = journal.db.execute(
            "SELECT media_type, data, encounter FROM samples WHERE sha256 = ? LIMIT 1", (sha256,)
        ).fetchone()
        if row is None:
            return None
        journal.audit(wall_ms, officer.id, "looked", f"{row[2]} {sha256}")
    return row[0], row[1]


def take(journal: Journal, encounter: str, officer: Officer, wall_ms: int) -> None:
    """Raises `DecisionRefused` when it is not open, or somebody else attends to it (a supervisor may take over)."""
    with journal.transaction():
        _insist_on_open(journal, encounter, officer)
        journal.db.execute("UPDATE encounters SET taken_by = ? WHERE encounter = ?", (officer.id, encounter))
        journal.audit(wall_ms, officer.id, "took", encounter)


def decide(journal: Journal, fact: DecidedFact, officer: Officer) -> None:
    """Fact three, signed: record, outbox rows, queue and audit in one transaction. Raises `DecisionRefused`."""
    if fact.reason not in REASONS[fact.outcome]:
        raise DecisionRefused(f"{fact.reason} is no reason to {fact.outcome}")
    if len(fact.note) > MAX_NOTE:
        raise DecisionRefused(f"a note has at most {MAX_NOTE} characters")
    with journal.transaction():
        _insist_on_open(journal, fact.encounter, officer)
        journal.record(RecordKind.DECISION, fact.encounter, (fact,), (), fact.at)
        journal.db.execute("UPDATE encounters SET taken_by = ? WHERE encounter = ?", (officer.id, fact.encounter))
        journal.audit(fact.at.wall_ms, officer.id, f"decided {fact.outcome}", fact.encounter)


def decided(
    encounter: str, officer: Officer, outcome: OfficerOutcome, reason: str, note: str, at: Stamp
) -> DecidedFact:
    return DecidedFact(encounter, officer.id, at, outcome, reason, note)


def _insist_on_open(journal: Journal, encounter: str, officer: Officer) -> None:
    row = journal.db.execute(
        f"SELECT taken_by, {_IS_OPEN} FROM encounters WHERE encounter = ?",  # noqa: S608 - a constant
        (encounter,),
    ).fetchone()
    if row is None:
        raise DecisionRefused("no such encounter")
    taken_by, is_open = row
    if not is_open:
        raise DecisionRefused("already decided, or never referred")
    if taken_by not in (None, officer.id) and officer.role != SUPERVISOR:
        raise DecisionRefused("another officer attends to it")


def _referral(row: Row, now_wall_ms: int) -> Referral:
    encounter, number, at, severity, name, document, reasons, face, taken_by, walked_away = row
    return Referral(
        encounter=encounter,
        number=number,
        at_wall_ms=at,
        waiting_s=max(0, now_wall_ms - at) // 1000,
        severity=severity,
        name=name,
        document_number=document,
        reasons=tuple(reasons.split()),
        face_sha256=face,
        taken_by=taken_by,
        walked_away=bool(walked_away),
    )


def _fact(journal: Journal, signed: bytes, cls: type[F]) -> F:
    fact = open_fact(signed, journal.keys.device)
    if not isinstance(fact, cls):
        raise TypeError(f"the journal holds {type(fact).__name__} where {cls.__name__} belongs")
    return fact


def _kept(journal: Journal, encounter: str) -> set[str]:
    rows = journal.db.execute("SELECT sha256 FROM samples WHERE encounter = ?", (encounter,)).fetchall()
    return {row[0] for row in rows}


def _faces(journal: Journal, encounter: str) -> tuple[tuple[str, FaceArea], ...]:
    rows = journal.db.execute("SELECT sha256, area FROM faces WHERE encounter = ?", (encounter,)).fetchall()
    return tuple((sha256, face_of(area)) for sha256, area in rows)


def _is_reported(journal: Journal, encounter: str) -> bool:
    """Every record of it has the centre's acceptance."""
    query = "SELECT count(*) FROM ledger WHERE encounter = ? AND accepted_at_wall_ms IS NULL"
    return int(journal.db.execute(query, (encounter,)).fetchone()[0]) == 0
