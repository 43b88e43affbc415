"""Two names laid side by side, word by word and in any order: how alike they are, and which word became which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from border.documents.names import DIGRAPHS
from border.documents.transliteration import transliterate
from border.watchlist.distance import edits, jaro_winkler


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


PARTICLES = _set("AL EL BIN BEN IBN BINT ABU DE DEL LA LAS LOS DU DES DA DO DOS DI DELLA LE VAN VON DER DEN TER Y E ST")
"""Words that come and go in Caribbean, Iberian, French, Dutch and Arabic names."""

TITLES = _set("MR MRS MS MISS DR DON DONA SIR SHEIKH HAJI HAJJI GEN COL CAPT REV JR SR")

PARTICLE_WEIGHT = 0.5
LEFT_OVER = 0.35  # share of its length that a word without partner costs
LEFT_OVER_PARTICLE = 0.3
INITIAL = 0.86
CUT = 0.97  # the zone was too short for the rest of this word
JOINED_FROM = 0.88
JOINED = 0.97
TOO_FAR = 0.6


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a name as printed (A-Z), its folded form for comparison, and whether it stood in the surname."""

    printed: str
    folded: str
    is_surname: bool
    may_be_cut: bool = False

    def __repr__(self) -> str:
        return "<word>"

    @property
    def is_particle(self) -> bool:
        return self.printed in PARTICLES

    @property
    def cost_alone(self) -> float:
        return len(self.folded) * (LEFT_OVER_PARTICLE if self.is_particle else LEFT_OVER)


Words = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of the document and the listed word it was taken for."""

    shown: Word
    listed: Word
    likeness: float  # 0..1
    edits: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """`score` 0 nothing alike .. 1 the same words."""

    score: float
    pairs: tuple[Pair, ...] = ()
    joined: bool = False  # alike only without the spaces between words
    missing: bool = False  # a word of one side has no partner
    truncated: bool = False


NOTHING = Alignment(0.0)


def words_of(primary: str, secondary: str, *, truncated: bool = False) -> Words:
    """The words of a name. `truncated`: it comes from a zone too short for it, so its last words may be cut."""
    return (*_words(primary, True, truncated), *_words(secondary, False, truncated))


def align(shown: Words, listed: Words, *, truncated: bool = False) -> Alignment:
    """The best greedy pairing of the document's words with the listed ones."""
    if not shown or not listed:
        return NOTHING
    pairs, left_shown, left_listed = _paired(shown, listed)
    weights = [(_weight(pair), pair.likeness) for pair in pairs]
    alone = sum(word.cost_alone for word in left_shown)
    missing = sum(word.cost_alone for word in left_listed)
    cost = alone + (0.0 if truncated else missing)  # what does not fit into the zone is not printed
    total = sum(weight for weight, _ in weights) + cost
    score = sum(weight * alike for weight, alike in weights) / total if total else 0.0
    joined = _joined_likeness(shown, listed)
    if joined > JOINED_FROM and joined * JOINED > score:
        respaced = len(shown) != len(listed)
        return Alignment(joined * JOINED, pairs, joined=respaced, truncated=truncated)
    return Alignment(score, pairs, missing=alone + missing > 0, truncated=truncated)


def likeness(shown: Word, listed: Word) -> tuple[float, int]:
    """(0..1, edits) of two words: as printed or folded, whichever is the closer."""
    if shown.folded == listed.folded:
        return 1.0, 0
    as_printed = _likeness(shown.printed, listed.printed, shown.may_be_cut)
    if (shown.printed, listed.printed) == (shown.folded, listed.folded):
        return as_printed
    return max(as_printed, _likeness(shown.folded, listed.folded, shown.may_be_cut))


def _likeness(a: str, b: str, may_be_cut: bool) -> tuple[float, int]:
    if len(a) == 1 or len(b) == 1:
        return (INITIAL if a[0] == b[0] else 0.0), abs(len(a) - len(b))
    if may_be_cut and b.startswith(a):
        return CUT, 0
    distance = edits(a, b)
    alike = 0.6 * (1 - distance / max(len(a), len(b))) + 0.4 * jaro_winkler(a, b)
    return (alike if distance <= _allowed(a, b) else alike * TOO_FAR), distance


def fold(word: str) -> str:
    """One form for spellings that differ by transliteration alone (MUELLER, MULLER)."""
    for longer, shorter in DIGRAPHS:
        word = word.replace(longer, shorter)
    return word


def _words(text: str, is_surname: bool, truncated: bool) -> Iterator[Word]:
    plain = text if re.fullmatch("[A-Z ]*", text) else transliterate(text)
    found = plain.split()
    kept = [word for word in found if word not in TITLES] or found
    for place, word in enumerate(kept):
        yield Word(word, fold(word), is_surname, truncated and place == len(kept) - 1)


def _paired(shown: Words, listed: Words) -> tuple[tuple[Pair, ...], list[Word], list[Word]]:
    """Best pair first, each word once; then the words without a partner, of the document and of the list."""
    every = [(i, j, Pair(a, b, *likeness(a, b))) for i, a in enumerate(shown) for j, b in enumerate(listed)]
    # Equal likeness: the same part of the name first, so that JOSE JOSE pairs as a person would.
    every.sort(key=lambda row: (-row[2].likeness, row[2].shown.is_surname != row[2].listed.is_surname))
    ours, theirs = set(range(len(shown))), set(range(len(listed)))
    pairs = []
    for i, j, pair in every:
        if pair.likeness > 0 and i in ours and j in theirs:
            ours.remove(i)
            theirs.remove(j)
            pairs.append(pair)
    return tuple(pairs), [shown[i] for i in ours], [listed[j] for j in theirs]


def _weight(pair: Pair) -> float:
    length = (len(pair.shown.folded) + len(pair.listed.folded)) / 2
    return length * (PARTICLE_WEIGHT if pair.shown.is_particle or pair.listed.is_particle else 1.0)


def _joined_likeness(shown: Words, listed: Words) -> float:
    """Of all letters in a row: DELACRUZ is DE LA CRUZ."""
    a = "".join(word.folded for word in shown)
    b = "".join(word.folded for word in listed)
    longest = max(len(a), len(b))
    if abs(len(a) - len(b)) > longest * (1 - JOINED_FROM):
        return 0.0
    return 1 - edits(a, b) / longest


def _allowed(a: str, b: str) -> int:
    """Edits that still leave the same word, by the shorter one's length."""
    shorter = min(len(a), len(b))
    return 0 if shorter <= 3 else 1 if shorter <= 6 else 2 if shorter <= 10 else 3
