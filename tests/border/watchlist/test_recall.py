"""How many are found again among many when their names are misspelt, and how many strangers are stopped."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from border.documents.values import Mrz, PartialDate
from border.messages.examples import SPECIMEN
from border.watchlist.index import Index
from border.watchlist.matching import match
from border.watchlist.values import Born, Entry, ListedName, WatchList

TODAY = date(2024, 5, 1)
SIZE, ASKED = 10_000, 150
LETTERS = (
    "MA RI JO SE PE DRO AL VA REZ MON TE LE WIS GAR CIA BAP TISTE CHAR LES TON KEN DRA NA SHA DO RIS FER NAN DEZ "
    "BRA TH WAI LI AMS OU KA ROS SI ELI ZA"
)
SYLLABLES = LETTERS.split()
Harm = Callable[[random.Random, str, str], tuple[str, str]]


def word(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 3)))


def person(chance: random.Random, number: int) -> Entry:
    """Made of syllables; a quarter has two surnames, half two given names, a tenth only a year of birth."""
    surname = word(chance) + (f" {word(chance)}" if chance.random() < 0.25 else "")
    given = word(chance) + (f" {word(chance)}" if chance.random() < 0.5 else "")
    year, month, day = chance.randint(1940, 2008), chance.randint(1, 12), chance.randint(1, 28)
    born = Born(year, month, day) if chance.random() < 0.9 else Born(year)
    return Entry(f"e-{number}", (ListedName(surname, given),), born, (), "", "speak_alone")


@pytest.fixture(scope="module")
def index() -> Index:
    chance = random.Random(5)
    return Index.of(WatchList(1, 0, tuple(person(chance, number) for number in range(SIZE))))


def typo(chance: random.Random, text: str) -> str:
    at, letter = chance.randrange(len(text)), chance.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    left, right = text[:at], text[at:]
    swapped = left + right[1:2] + right[:1] + right[2:]
    return chance.choice([left + right[1:], left + letter + right, left + letter + right[1:], swapped]) or text


HARMS: dict[str, tuple[float, Harm]] = {
    "as listed": (1.0, lambda _c, s, g: (s, g)),
    "one typo": (0.97, lambda c, s, g: (typo(c, s), g)),
    "two typos": (0.9, lambda c, s, g: (typo(c, s), typo(c, g))),
    "surname and given name swapped": (1.0, lambda _c, s, g: (g, s)),
    "second surname dropped": (0.93, lambda _c, s, g: (s.split()[0], g)),
    "second given name dropped": (0.93, lambda _c, s, g: (s, g.split()[0])),
    "spaces dropped": (1.0, lambda _c, s, g: (s.replace(" ", ""), g.replace(" ", ""))),
}


def zone(entry: Entry, surname: str, given: str, born: PartialDate | None = None) -> Mrz:
    printed = PartialDate((entry.born.year or 0) % 100, entry.born.month or 1, entry.born.day or 1, True)
    return replace(
        SPECIMEN,
        primary_identifier=surname,
        secondary_identifier=given,
        date_of_birth=born or printed,
        document_number="",
    )


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_name_is_found_again_among_ten_thousand(index: Index, harm: str) -> None:
    least, harmed = HARMS[harm]
    chance = random.Random(7)
    found = 0
    for entry in chance.sample(index.entries, ASKED):
        name = entry.names[0]
        mrz = zone(entry, *harmed(chance, name.primary, name.secondary))
        found += any(hit.entry == entry.id for hit in match(index, mrz, TODAY))
    assert found / ASKED >= least


def test_a_traveller_with_only_a_year_of_birth_is_found_by_name(index: Index) -> None:
    chance = random.Random(11)
    for entry in chance.sample(index.entries, 50):
        name, year = entry.names[0], (entry.born.year or 0) % 100
        mrz = zone(entry, name.primary, name.secondary, PartialDate(year, None, None, True))
        assert any(hit.entry == entry.id for hit in match(index, mrz, TODAY))


def test_strangers_are_left_alone(index: Index) -> None:
    chance = random.Random(13)
    strangers = (person(chance, number) for number in range(300))
    stopped = sum(bool(match(index, zone(e, e.names[0].primary, e.names[0].secondary), TODAY)) for e in strangers)
    assert stopped <= 2


def test_a_look_up_takes_milliseconds(index: Index) -> None:
    chance = random.Random(17)
    asked = [zone(e, e.names[0].primary, e.names[0].secondary) for e in chance.sample(index.entries, 30)]
    starts = time.process_time()
    for mrz in asked:
        match(index, mrz, TODAY)
    assert (time.process_time() - starts) / len(asked) < 0.2  # ten times what it takes; a scan of all takes seconds
