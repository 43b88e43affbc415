"""Matching: who is meant is found, with the reasons; who only shares something is left alone; nothing ever raises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.documents.values import CheckDigit, Format, Mrz, PartialDate
from border.messages.examples import SPECIMEN
from border.watchlist.explanation import WORDS
from border.watchlist.index import Index
from border.watchlist.matching import MOST_HITS, Hit, match
from border.watchlist.values import Born, Entry, ListedName, WatchList

TODAY = date(2024, 5, 1)
BORN = Born(1974, 8, 12)
SHOWN = replace(
    SPECIMEN,
    issuing_state="LCA",
    nationality="LCA",
    primary_identifier="BAPTISTE",
    secondary_identifier="JEAN MARIE",
    document_number="R1234567",
)


def entry(primary: str = "BAPTISTE", secondary: str = "JEAN MARIE", **changes: Any) -> Entry:
    plain = Entry("e-1", (ListedName(primary, secondary),), BORN, (), "", "speak_alone")
    return replace(plain, **changes)


def hits(*entries: Entry, mrz: Mrz = SHOWN, today: date = TODAY) -> tuple[Hit, ...]:
    return match(WatchList(1, 0, entries), mrz, today)


def why(*entries: Entry, mrz: Mrz = SHOWN) -> set[str]:
    (hit,) = hits(*entries, mrz=mrz)
    return set(hit.explanation)


def shown(primary: str, secondary: str, **changes: Any) -> Mrz:
    return replace(SHOWN, primary_identifier=primary, secondary_identifier=secondary, **changes)


def test_the_same_person_is_a_hit_with_everything_that_agrees() -> None:
    (hit,) = hits(entry())
    assert (hit.entry, hit.action, hit.score) == ("e-1", "speak_alone", 1.0)
    assert hit.explanation == ("surname_equal", "given_names_equal", "date_of_birth_equal")


def test_an_empty_list_has_no_hits() -> None:
    assert hits() == ()


# Documents.


def test_a_listed_number_is_a_hit_whoever_carries_it() -> None:
    stolen = entry(names=(), born=Born(), documents=("r-1234 567",), issuing_state="LCA", action="document_stolen")
    assert hits(stolen) == (Hit("e-1", "document_stolen", 1.0, ("document_number_equal", "issuing_state_equal")),)
    assert why(replace(stolen, issuing_state="")) == {"document_number_equal", "issuing_state_not_listed"}


def test_the_same_number_of_another_state_counts_only_beside_a_like_name() -> None:
    other = entry(documents=("R1234567",), issuing_state="FRA", born=Born())
    assert why(other) >= {"document_number_equal", "issuing_state_different", "surname_equal"}
    assert hits(replace(other, names=(ListedName("VANDERPUYE", "KWESI"),))) == ()


def test_german_documents_are_german_under_either_code() -> None:
    stolen = entry(names=(), documents=("R1234567",), issuing_state="DEU")
    assert why(stolen, mrz=replace(SHOWN, issuing_state="D")) == {"document_number_equal", "issuing_state_equal"}


def test_person_and_document_make_one_hit_with_all_reasons() -> None:
    assert why(entry(documents=("R1234567",), issuing_state="LCA")) == {
        "document_number_equal",
        "issuing_state_equal",
        "surname_equal",
        "given_names_equal",
        "date_of_birth_equal",
    }


@pytest.mark.parametrize("number", ["R1234568", "R123456", "", "<<<"])
def test_another_number_is_no_hit(number: str) -> None:
    stolen = entry(names=(), documents=("R1234567", "-"), issuing_state="LCA")
    assert hits(stolen, mrz=replace(SHOWN, document_number=number)) == ()


# Names.

SAME: tuple[tuple[str, str, str, str, str], ...] = (
    ("BAPTISTE", "JEAN MARIE", "Baptiste", "Jean-Marie", "surname_equal"),
    ("BAPTISTE", "JEAN MARIE", "BAPTISE", "JEAN MARIE", "surname_one_edit"),
    ("BAPTISTE", "JEAN MARIE", "BATPISTE", "JEAN MARIE", "surname_one_edit"),
    ("BAPTISTE", "JEAN MARIE", "BAPTYSTEE", "JEAN MARIE", "surname_two_edits"),
    ("BAPTISTE", "JEAN MARIE", "BAPTISTE", "JAEN MARIE", "given_names_one_edit"),
    ("BAPTISTE", "JEAN MARIE", "BAPTISTE", "J MARIE", "initial_only"),
    ("BAPTISTE", "JEAN MARIE", "BAPTISTE", "JEAN", "names_missing"),
    ("BAPTISTE", "JEAN", "BAPTISTE CHARLES", "JEAN", "names_missing"),
    ("JEAN MARIE", "BAPTISTE", "BAPTISTE", "JEAN MARIE", "surname_and_given_names_swapped"),
    ("DELACRUZ", "MARISOL", "DE LA CRUZ", "MARISOL", "spaces_differ"),
    ("CRUZ", "MARISOL", "DE LA CRUZ", "MARISOL", "names_missing"),
    ("MUELLER", "HEIKE", "MÜLLER", "HEIKE", "surname_equal"),
    ("MULLER", "HEIKE", "MÜLLER", "HEIKE", "transliteration_differs"),
    ("IVANOV", "PETR", "Иванов", "Петр", "surname_equal"),
    ("OCONNOR", "MARY", "O'Connor", "Dr. Mary", "surname_equal"),
)


@pytest.mark.parametrize(("primary", "secondary", "listed", "given", "word"), SAME)
def test_the_ways_one_name_is_written_are_found(
    primary: str, secondary: str, listed: str, given: str, word: str
) -> None:
    assert word in why(entry(listed, given), mrz=shown(primary, secondary))


@pytest.mark.parametrize(
    ("primary", "secondary"),
    [
        ("CHARLES", "JEAN MARIE"),
        ("BAPTISTE", "KENDRA"),
        ("JOSEPH", "KENDRA LYNN"),
        ("LEE", "AN"),
        ("X", "Y"),
    ],
)
def test_another_name_with_the_same_birthday_is_no_hit(primary: str, secondary: str) -> None:
    assert hits(entry(), mrz=shown(primary, secondary)) == ()


def test_a_name_cut_by_the_zone_is_found_whole() -> None:
    long = entry("NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG KRASUANG")
    cut = shown("NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", name_truncated=True)
    assert why(long, mrz=cut) >= {"surname_equal", "name_truncated"}
    assert hits(long, mrz=cut)[0].score > 0.95


def test_any_of_several_names_is_enough_and_the_likeliest_explains() -> None:
    many = entry(names=(ListedName("JOSEPH", "KENDRA"), ListedName("BAPTISTE", "JEAN MARIE")))
    assert hits(many)[0].score == 1.0


# Dates of birth.

BIRTHS: tuple[tuple[str, PartialDate, Born, str], ...] = (
    ("day and month change places", PartialDate(74, 12, 8, True), BORN, "day_month_swapped"),
    ("a year early", PartialDate(73, 8, 12, True), BORN, "year_of_birth_near"),
    ("two years late", PartialDate(76, 8, 12, True), BORN, "year_of_birth_near"),
    ("only the year is listed", PartialDate(74, 8, 12, True), Born(1974), "date_of_birth_partly_known"),
    ("only the year is listed, and near", PartialDate(75, 8, 12, True), Born(1974), "date_of_birth_partly_known"),
    ("only the year is printed", PartialDate(74, None, None, True), BORN, "date_of_birth_partly_known"),
    ("year and month are printed", PartialDate(74, 8, None, True), BORN, "date_of_birth_partly_known"),
    ("nothing is listed", PartialDate(74, 8, 12, True), Born(), "date_of_birth_unknown"),
    ("nothing is printed", PartialDate(None, None, None, True), BORN, "date_of_birth_unknown"),
    ("across the century", PartialDate(0, 8, 12, True), Born(1999, 8, 12), "year_of_birth_near"),
    ("a hundred years old", PartialDate(20, 8, 12, True), Born(1920, 8, 12), "date_of_birth_equal"),
)


@pytest.mark.parametrize(("name", "printed", "born", "word"), BIRTHS, ids=[row[0] for row in BIRTHS])
def test_dates_within_the_window_are_hits_and_say_how(name: str, printed: PartialDate, born: Born, word: str) -> None:
    assert word in why(entry(born=born), mrz=replace(SHOWN, date_of_birth=printed))


@pytest.mark.parametrize(
    ("printed", "born"),
    [
        (PartialDate(77, 8, 12, True), BORN),
        (PartialDate(71, 8, 12, True), BORN),
        (PartialDate(74, 8, 13, True), BORN),
        (PartialDate(74, 9, 12, True), BORN),
        (PartialDate(75, 12, 8, True), BORN),
        (PartialDate(74, 7, None, True), BORN),
        (PartialDate(74, 8, 12, True), Born(1974, 7)),
        (PartialDate(74, 8, 12, True), Born(1978)),
        (PartialDate(24, 8, 12, True), Born(2034, 8, 12)),
    ],
)
def test_the_same_name_with_another_birth_is_no_hit(printed: PartialDate, born: Born) -> None:
    assert hits(entry(born=born), mrz=replace(SHOWN, date_of_birth=printed)) == ()


def test_the_less_is_known_of_a_birth_the_more_a_name_must_agree() -> None:
    misspelt = shown("BAPTYSTE", "JEAN MARY")
    assert hits(entry(), mrz=misspelt)
    assert hits(entry(born=Born()), mrz=misspelt) == ()
    scores = [hits(entry(born=born))[0].score for born in (BORN, Born(1975, 8, 12), Born(1974), Born())]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


# Many.


def test_hits_come_best_first_once_per_entry_and_not_without_end() -> None:
    crowd = [entry(id=f"e-{number:03}") for number in range(MOST_HITS + 20)]
    best = entry(id="z", documents=("R1234567",))
    found = hits(entry("BAPTISE", id="a"), *crowd, best)
    assert len(found) == MOST_HITS
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    assert "z" in {hit.entry for hit in hits(entry("BAPTISE", id="a"), best)}


def test_an_index_finds_what_the_list_finds() -> None:
    listed = WatchList(1, 0, (entry(), entry(id="e-2", born=Born()), entry("CHARLES", id="e-3")))
    assert match(Index.of(listed), SHOWN, TODAY) == match(listed, SHOWN, TODAY)
    assert len(match(listed, SHOWN, TODAY)) == 2


def test_nothing_about_a_person_is_printed_by_accident() -> None:
    listed = WatchList(7, 0, (entry(),))
    (hit,) = match(listed, SHOWN, TODAY)
    for value in (listed, listed.entries[0], listed.entries[0].names[0], listed.entries[0].born, hit):
        assert "BAPTISTE" not in repr(value) + str(value)
        assert "1974" not in repr(value)
    assert repr(hit) == "<hit>"


# Anything.

texts = st.text(max_size=30) | st.text("ABCEIJLMNO <?'-", max_size=30)
parts = st.none() | st.integers(-5, 120)
printed_dates = st.builds(PartialDate, year=parts, month=parts, day=parts, is_possible=st.booleans())
zones = st.builds(
    Mrz,
    format=st.sampled_from(Format),
    document_code=texts,
    issuing_state=texts,
    primary_identifier=texts,
    secondary_identifier=texts,
    name_truncated=st.booleans(),
    document_number=texts,
    nationality=texts,
    date_of_birth=printed_dates,
    sex=st.just("X"),
    date_of_expiry=printed_dates,
    optional_data=st.just(()),
    check_digits=st.just((("document_number", CheckDigit.REFUTED),)),
    repairs=st.just(()),
)
borns = st.builds(
    Born,
    year=st.none() | st.integers(1850, 2150),
    month=st.none() | st.integers(1, 12),
    day=st.none() | st.integers(1, 31),
)
entries = st.builds(
    Entry,
    id=st.text(min_size=1, max_size=5),
    names=st.lists(st.builds(ListedName, primary=texts, secondary=texts), max_size=3).map(tuple),
    born=borns,
    documents=st.lists(texts, min_size=1, max_size=2).map(tuple),
    issuing_state=texts,
    action=st.just("speak_alone"),
)


@given(st.lists(entries, max_size=5).map(tuple), zones)
def test_odd_input_gives_hits_or_none_and_never_an_error(listed: tuple[Entry, ...], mrz: Mrz) -> None:
    for hit in match(WatchList(1, 0, listed), mrz, TODAY):
        assert 0 <= hit.score <= 1
        assert hit.explanation
        assert set(hit.explanation) <= WORDS.keys()


@given(entries, st.data())
def test_everybody_on_the_list_with_a_legible_name_is_found_by_it(listed: Entry, data: st.DataObject) -> None:
    words = st.lists(st.text("ABDEGILMNORSTUVZ", min_size=2, max_size=9), min_size=1, max_size=3).map(" ".join)
    primary, secondary = data.draw(words), data.draw(words)
    born = Born(1974, 8, 12)
    person = replace(listed, names=(*listed.names, ListedName(primary, secondary)), born=born)
    (hit,) = hits(person, mrz=shown(primary, secondary, date_of_birth=PartialDate(74, 8, 12, True)))
    assert hit.score == pytest.approx(1.0)
