"""A document beside the watchlist: who may be meant, how surely, and why. For officers; never decides anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from border.documents.countries import canonical
from border.documents.values import Mrz
from border.watchlist import birth
from border.watchlist.birth import BirthMatch
from border.watchlist.explanation import explain
from border.watchlist.index import Index
from border.watchlist.names import NOTHING, Alignment, Words, align, words_of
from border.watchlist.values import Entry, WatchList

MOST_HITS = 50
"""Best first; a document that meets more entries than this needs no more of them to meet an officer."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One listed entry that may be meant. Nobody but an officer may see that there is one."""

    entry: str  # the entry's id
    action: str
    score: float  # 0..1; 1: the very document
    explanation: tuple[str, ...]  # "document_number_equal", "surname_one_edit", "date_of_birth_equal" ...

    def __repr__(self) -> str:
        return "<hit>"


@dataclass(frozen=True, slots=True)
class Demand:
    """How alike a name must be beside this much of a date of birth, and what the pair is then worth."""

    min_likeness: float
    worth: float


DEMANDS: dict[BirthMatch, Demand] = {
    BirthMatch.EQUAL: Demand(0.75, 1.0),
    BirthMatch.SWAPPED: Demand(0.86, 0.98),
    BirthMatch.YEAR_NEAR: Demand(0.88, 0.96),
    BirthMatch.PARTIAL: Demand(0.90, 0.94),
    BirthMatch.UNKNOWN: Demand(0.93, 0.90),
}
"""A name alone proves little (many share one), so the less is known of the birth, the more it must agree."""

SAME_PERSON = 0.70
"""Likeness at which a number of another state's document still counts: numbers repeat between states."""


def match(listed: WatchList | Index, mrz: Mrz, today: date) -> tuple[Hit, ...]:
    """Hits, best first. Pass an Index for repeated look-ups; a WatchList is indexed anew each time.

    `today` settles the century of a birth. Never raises, whatever the document holds.
    """
    index = listed if isinstance(listed, Index) else Index.of(listed)
    words = words_of(mrz.primary_identifier, mrz.secondary_identifier, truncated=mrz.name_truncated)
    found: dict[str, Hit] = {}
    for hit in (*_by_number(index, mrz, words), *_by_person(index, mrz, words, today)):
        known = found.get(hit.entry)
        found[hit.entry] = hit if known is None else _merged(known, hit)
    return tuple(sorted(found.values(), key=lambda hit: (-hit.score, hit.entry))[:MOST_HITS])


def _by_number(index: Index, mrz: Mrz, words: Words) -> Iterator[Hit]:
    for entry in index.by_number(mrz.document_number):
        state = entry.issuing_state
        if not state:
            yield _hit(entry, 1.0, ("document_number_equal", "issuing_state_not_listed"))
        elif canonical(state) == canonical(mrz.issuing_state):
            yield _hit(entry, 1.0, ("document_number_equal", "issuing_state_equal"))
        else:
            alignment = _best(entry, mrz, words)
            if alignment.score >= SAME_PERSON:
                because = ("document_number_equal", "issuing_state_different", *explain(alignment))
                yield _hit(entry, alignment.score, because)


def _by_person(index: Index, mrz: Mrz, words: Words, today: date) -> Iterator[Hit]:
    for entry in index.by_person(mrz.date_of_birth, words):
        evidence = birth.compare(mrz.date_of_birth, entry.born, today)
        demand = DEMANDS.get(evidence)
        if demand is None:
            continue
        alignment = _best(entry, mrz, words)
        if alignment.score >= demand.min_likeness:
            yield _hit(entry, alignment.score * demand.worth, (*explain(alignment), evidence.value))


def _best(entry: Entry, mrz: Mrz, words: Words) -> Alignment:
    """The likeliest of an entry's names."""
    names = (words_of(name.primary, name.secondary) for name in entry.names)
    alignments = (align(words, listed, truncated=mrz.name_truncated) for listed in names)
    return max(alignments, key=lambda alignment: alignment.score, default=NOTHING)


def _hit(entry: Entry, score: float, because: tuple[str, ...]) -> Hit:
    return Hit(entry.id, entry.action, min(score, 1.0), because)


def _merged(known: Hit, other: Hit) -> Hit:
    """One hit per entry, with everything that speaks for it."""
    because = tuple(dict.fromkeys((*known.explanation, *other.explanation)))
    return Hit(known.entry, known.action, max(known.score, other.score), because)
