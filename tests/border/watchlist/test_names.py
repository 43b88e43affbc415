"""Distances and alignments: known pairs, symmetry, and bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.watchlist.distance import edits, jaro_winkler
from border.watchlist.names import align, words_of

words = st.text("ABCDE", max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "count"),
    [
        ("", "", 0),
        ("", "ABC", 3),
        ("KITTEN", "SITTING", 3),
        ("CA", "AC", 1),
        ("CA", "ABC", 3),  # optimal string alignment: a swapped pair is not edited again
        ("MARTHA", "MARHTA", 1),
        ("ABCD", "ABCD", 0),
    ],
)
def test_known_edit_distances(a: str, b: str, count: int) -> None:
    assert edits(a, b) == edits(b, a) == count


@pytest.mark.parametrize(
    ("a", "b", "value"),
    [("MARTHA", "MARHTA", 0.961), ("DIXON", "DICKSONX", 0.813), ("DWAYNE", "DUANE", 0.840), ("AB", "CD", 0.0)],
)
def test_winklers_published_similarities(a: str, b: str, value: float) -> None:
    assert jaro_winkler(a, b) == pytest.approx(value, abs=0.001)


@given(words, words)
def test_edits_are_a_symmetric_distance_within_its_bounds(a: str, b: str) -> None:
    count = edits(a, b)
    assert count == edits(b, a)
    assert (count == 0) == (a == b)
    assert abs(len(a) - len(b)) <= count <= max(len(a), len(b))


@given(words, st.integers(0, 7), st.sampled_from("ABCDE"))
def test_one_edit_is_one_edit(word: str, place: int, letter: str) -> None:
    assert edits(word, word[:place] + letter + word[place:]) == 1
    assert edits(word, word[:place] + "X" + word[place + 1 :]) == 1


@given(words, words)
def test_likeness_lies_between_nothing_and_equal(a: str, b: str) -> None:
    assert 0 <= jaro_winkler(a, b) <= 1
    assert jaro_winkler(a, a) == 1
    assert jaro_winkler(a, b) == pytest.approx(jaro_winkler(b, a), abs=0.1)


names = st.lists(st.text("ABCDEL", min_size=1, max_size=6), max_size=4).map(" ".join)


@given(names, names, names, names, st.booleans())
def test_an_alignment_scores_between_nothing_and_equal(a: str, b: str, c: str, d: str, truncated: bool) -> None:
    result = align(words_of(a, b, truncated=truncated), words_of(c, d), truncated=truncated)
    assert 0 <= result.score <= 1
    assert len(result.pairs) <= min(len(words_of(a, b)), len(words_of(c, d)))


@given(names, names)
def test_order_of_words_does_not_matter(a: str, b: str) -> None:
    ours, turned = words_of(a, b), words_of(" ".join(reversed(b.split())), " ".join(reversed(a.split())))
    assert align(ours, turned).score == pytest.approx(1.0 if ours else 0.0)


def test_particles_and_missing_names_cost_less_than_other_names() -> None:
    full = words_of("DE LA CRUZ", "MARISOL")
    without_particles = align(words_of("CRUZ", "MARISOL"), full).score
    without_given = align(words_of("CRUZ", ""), full).score
    other = align(words_of("CRUZ", "KENDRA"), full).score
    assert without_particles > without_given > other


def test_titles_are_no_names_unless_there_is_nothing_else() -> None:
    assert [word.printed for word in words_of("DR BAPTISTE", "")] == ["BAPTISTE"]
    assert [word.printed for word in words_of("DON", "")] == ["DON"]


def test_an_unreadable_script_has_no_words_that_equal_a_zones() -> None:
    assert align(words_of("山田", "太郎"), words_of("BAPTISTE", "JEAN")).score == 0.0
