"""The judge of a reading: right, repaired, unread, and wrong although nothing says so."""

from __future__ import annotations

import pytest

from tests.border.documents import specimens
from tests.border.documents.specimens import put
from training.mrz.judge import Word, judge

TRUE = specimens.TD3


def test_a_reading_without_a_fault_is_right_in_every_field() -> None:
    word = judge(TRUE, TRUE, {})
    assert word.format == "TD3"
    assert (word.has_digits, word.is_valid, word.is_right, word.is_repaired) == (True, True, True, False)
    assert set(word.fields.values()) == {Word.RIGHT}


def test_a_misread_name_under_verified_digits_is_wrong_but_valid() -> None:
    word = judge(TRUE, put(TRUE, 0, 7, "K"), {})
    assert word.is_wrong_but_valid
    assert [name for name, said in word.fields.items() if said is Word.WRONG] == ["name"]


def test_a_refuted_field_says_so_itself() -> None:
    word = judge(TRUE, put(TRUE, 1, 8, "5"), {})
    assert not word.is_valid
    assert word.fields["document_number"] is Word.UNREAD


def test_a_repair_is_told_apart_from_a_reading() -> None:
    word = judge(TRUE, put(TRUE, 1, 15, "O"), {})
    assert (word.is_valid, word.is_right, word.is_repaired) == (True, True, True)
    assert word.fields["date_of_birth"] is Word.REPAIRED
    assert word.fields["document_number"] is Word.RIGHT


def test_an_unread_name_leaves_the_digits_and_takes_the_zone() -> None:
    word = judge(TRUE, put(TRUE, 0, 7, "?"), {})
    assert (word.has_digits, word.is_valid) == (True, False)
    assert word.fields["name"] is Word.UNREAD
    assert word.fields["date_of_expiry"] is Word.RIGHT


@pytest.mark.parametrize("read", [(), ("P<UTO",), specimens.TD1, specimens.TD2])
def test_nothing_and_another_document_are_unread(read: tuple[str, ...]) -> None:
    word = judge(TRUE, read, {})
    assert not (word.has_digits or word.is_valid)
    assert set(word.fields.values()) == {Word.UNREAD}


def test_expected_lines_of_no_format_are_a_mistake_of_whoever_wrote_them() -> None:
    with pytest.raises(ValueError, match="no format"):
        judge(("ABC",), TRUE, {})
