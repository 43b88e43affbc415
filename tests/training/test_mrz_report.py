"""The judge of a reading, and the report on a folder of somebody's pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.vision.mrz_reader import PageReader
from tests.border.documents import specimens
from tests.border.documents.specimens import put
from training.mrz.generate import Press
from training.mrz.glyphs import FontsMissing
from training.mrz.judge import Word, judge
from training.mrz.pages import clean_page
from training.mrz.report import SpecimenWrong, report
from training.mrz.report import specimens as found_in

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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    try:
        press = Press.of(31, pool=2)
    except FontsMissing as error:
        pytest.skip(str(error))
    (tmp_path / "cards").mkdir()
    for name, lines in (("passport", specimens.TD3), ("cards/one", specimens.TD1)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), clean_page(lines, press))
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    cv2.imwrite(str(tmp_path / "empty.jpg"), np.full((300, 400, 3), 200, np.uint8))
    (tmp_path / "empty.txt").write_text("\n".join(specimens.FR_ID), "utf-8")
    cv2.imwrite(str(tmp_path / "unknown.png"), clean_page(specimens.TD2, press))
    return tmp_path


def test_a_folder_is_reported_in_all_for_each_format_and_for_each_field(folder: Path) -> None:
    told = report(PageReader.load(), folder)
    assert (told["pictures"], told["without_expected_lines"], told["judged"]) == (4, 1, 3)
    assert (told["all_digits_valid"], told["whole_zone_right"], told["wrong_but_valid"]) == (2, 2, 0)
    assert set(told["formats"]) == {"TD1", "TD3", "FR-ID"}
    assert told["formats"]["TD3"]["fields"]["document_number"] == {"right": 1}
    assert told["formats"]["FR-ID"]["fields"]["primary_identifier"] == {"unread": 1}
    assert "ERIKSSON" not in str(told)


def test_lines_that_cannot_be_are_named_with_their_file(folder: Path) -> None:
    (folder / "empty.txt").write_text("P<UTO", "utf-8")
    with pytest.raises(SpecimenWrong, match=r"empty\.txt"):
        list(found_in(folder))
