"""A watchlist made ready for look-ups: by document number, by date of birth, and by the sound of a name's words."""

from __future__ import annotations

import heapq
import itertools
import math
import re
from array import array
from collections.abc import Iterable, Iterator

from border.documents.values import PartialDate
from border.watchlist import birth
from border.watchlist.names import Words, words_of
from border.watchlist.values import Entry, WatchList

MOST_BY_NAME = 300
"""Candidates that the name alone brings forward, by votes; those by number and by date are not limited."""

SOUNDS = str.maketrans("BCDFGJKPQSTVXZHWYAEIOU", "PKTFKJKPKSTFSS" + "." * 8)
"""Letters to groups that are taken for each other when a name is heard or typed; "." is dropped."""

DOUBLED = re.compile(r"(.)\1+")


class Index:
    """Built once per list; never changes. A look-up gives the entries worth a full comparison."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._numbers: dict[str, array[int]] = {}
        self._days: dict[int, array[int]] = {}
        self._dated = Postings()
        self._undated = Postings()
        for place, entry in enumerate(entries):
            self._add(place, entry)

    @classmethod
    def of(cls, listed: WatchList) -> Index:
        return cls(listed.entries)

    def by_number(self, number: str) -> Iterable[Entry]:
        """Entries that list this document number, spaces and signs aside."""
        return (self.entries[place] for place in self._numbers.get(plain_number(number), ()))

    def by_person(self, printed: PartialDate, words: Words) -> Iterable[Entry]:
        """Entries whose date of birth is near, and those that could be meant where a date is not wholly known."""
        keys = list(birth.near_keys(printed))
        places = {place for key in keys for place in self._days.get(key, ())}
        places.update(self._undated.best(words))
        if not keys:
            places.update(self._dated.best(words))
        return (self.entries[place] for place in sorted(places))

    def _add(self, place: int, entry: Entry) -> None:
        born = entry.born
        for number in set(filter(None, map(plain_number, entry.documents))):
            self._numbers.setdefault(number, array("I")).append(place)
        if born.year is not None and born.month is not None and born.day is not None:
            day = birth.key(born.year, born.month, born.day)
            self._days.setdefault(day, array("I")).append(place)
            self._dated.add(place, entry)
        else:
            self._undated.add(place, entry)


class Postings:
    """Which entries hold which word, by its letters, its beginning and its sound."""

    def __init__(self) -> None:
        self._places: dict[str, array[int]] = {}
        self._size = 0

    def add(self, place: int, entry: Entry) -> None:
        self._size += 1
        names = (words_of(name.primary, name.secondary) for name in entry.names)
        for key in {key for words in names for key, _ in _keys(words)}:
            self._places.setdefault(key, array("I")).append(place)

    def best(self, words: Words) -> list[int]:
        """At most MOST_BY_NAME places, those first that share the most, and the rarest, words with the query."""
        votes: dict[int, float] = {}
        for key, weight in dict(_keys(words)).items():
            places = self._places.get(key, ())
            rarity = weight * math.log(1 + self._size / (1 + len(places)))
            for place in places:
                votes[place] = votes.get(place, 0.0) + rarity
        return heapq.nlargest(MOST_BY_NAME, votes, key=votes.__getitem__)


def plain_number(number: str) -> str:
    """Letters and digits alone, in capitals."""
    return "".join(sign for sign in number.upper() if sign.isascii() and sign.isalnum())


def _keys(words: Words) -> Iterator[tuple[str, float]]:
    """(key, weight) of every word that says something, and of each two neighbours as one word."""
    plain = [word.folded for word in words]
    telling = [word.folded for word in words if not word.is_particle and len(word.folded) > 1] or plain
    joined = [a + b for a, b in itertools.pairwise(plain)]
    for text in (*telling, *joined):
        yield text, 1.0
        yield "^" + text[:4], 0.6
        yield "~" + _sound(text), 0.6


def _sound(word: str) -> str:
    """First letter's group and the consonants' groups behind it, doubles once."""
    heard = word.replace("PH", "F").replace("SH", "S").replace("CH", "S").replace("TH", "T")
    heard = heard.translate(SOUNDS)
    heard = heard[:1] + heard[1:].replace(".", "")
    return DOUBLED.sub(r"\1", heard)
