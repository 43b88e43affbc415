"""Several pictures of one page: what two of three agree on stands, the rest is asked for again."""

from __future__ import annotations

from appliance.vision.mrz_reader import PageReading, judged
from appliance.vision.mrz_vote import Vote, agreed, is_same
from border.documents.mrz import parse
from border.documents.repair import Cell
from tests.border.documents import specimens
from tests.border.documents.specimens import Lines, put


def reading(lines: Lines, doubts: dict[Cell, str] | None = None) -> PageReading:
    return judged(lines, tuple((0.99,) * len(line) for line in lines), doubts or {}, 0)


TRUE = specimens.TD3
WRONG_NAME = put(TRUE, 0, 7, "K")


def test_one_picture_is_no_majority() -> None:
    vote = Vote()
    assert vote.add(reading(TRUE)) is None
    word = vote.add(reading(TRUE))
    assert word is not None
    assert (word.lines, word.is_proven) == (TRUE, True)


def test_a_name_misread_once_is_put_right_by_two_others() -> None:
    vote = Vote()
    vote.add(reading(WRONG_NAME))
    split = vote.add(reading(TRUE))
    assert split is not None
    assert split.lines[0][7] == "?"
    assert not split.is_proven
    assert set(dict(split.alternatives)[0, 7]) >= {"K", TRUE[0][7]}
    word = vote.add(reading(TRUE))
    assert word is not None
    assert (word.lines, word.is_proven) == (TRUE, True)


def test_characters_unread_in_turn_are_read_together() -> None:
    pictures = [put(TRUE, 0, 6, "?"), put(TRUE, 1, 3, "?"), put(TRUE, 0, 30, "?")]
    word = agreed([reading(lines) for lines in pictures])
    assert word.lines == TRUE
    assert word.is_proven


def test_what_three_pictures_read_in_three_ways_is_unread() -> None:
    word = agreed([reading(put(TRUE, 0, 7, char)) for char in "KRH"])
    assert word.lines[0][7] == "?"
    assert not word.is_proven


def test_the_oldest_of_four_is_forgotten() -> None:
    vote = Vote()
    for lines in (WRONG_NAME, WRONG_NAME, TRUE):
        vote.add(reading(lines))
    word = vote.add(reading(TRUE))
    assert word is not None
    assert word.lines == TRUE


def test_another_document_begins_anew() -> None:
    vote = Vote()
    vote.add(reading(TRUE))
    assert vote.add(reading(specimens.TD1)) is None
    assert vote.add(reading(specimens.TD2)) is None


def test_a_digit_unread_in_two_of_three_is_repaired_by_the_parser_from_what_was_thought_of() -> None:
    unread = put(TRUE, 1, 5, "?")
    word = agreed([reading(unread, {(1, 5): "0O"}), reading(unread, {(1, 5): "O0"}), reading(TRUE)])
    assert word.is_proven
    found = parse(word.lines, dict(word.alternatives))
    assert repr(found) == "<accepted <zone TD3 with 1 repairs>>"


def test_unread_characters_do_not_make_another_document() -> None:
    assert is_same(TRUE, (TRUE[0], "?" * 20 + TRUE[1][20:]))
    assert not is_same(TRUE, (TRUE[0], "987654321" + TRUE[1][9:]))
    assert not is_same(TRUE, specimens.TD1)
