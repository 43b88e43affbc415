"""The page report: a word for each field, and wrong but valid above all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from appliance.vision.mrz_reader import PageReader
from border.documents.layout import layout_of
from border.documents.mrz import Accepted, parse
from border.documents.values import Repair
from evaluation import mrz
from evaluation.layout import Page
from evaluation.mrz import Ending, Word, judge, proven, section, wrong_fields, wrong_pages
from evaluation.statistics import Rate
from evaluation.work import Answer
from tests.evaluation.folders import TD3
from training.mrz.generate import Press
from training.mrz.pages import clean_page


@pytest.fixture(scope="module")
def pages() -> PageReader:
    return PageReader.load()


def shown(folder: Path, lines: tuple[str, ...]) -> Page:
    path = folder / "page.png"
    cv2.imwrite(str(path), clean_page(lines, Press.of(3, pool=2), seed=1))
    return Page("cradle", path, lines)


def test_a_clean_page_is_right_in_every_field(pages: PageReader, tmp_path: Path) -> None:
    told = judge(pages, shown(tmp_path, TD3))
    assert (told["format"], told["ending"], told["repairs"], told["whole"]) == ("TD3", Ending.PROVEN, 0, True)
    assert set(told["fields"].values()) == {Word.RIGHT} and len(told["fields"]) == 9


def test_a_name_that_was_written_down_otherwise_is_wrong_but_valid(pages: PageReader, tmp_path: Path) -> None:
    page = replace(shown(tmp_path, TD3), lines=(TD3[0].replace("ANNA", "ANNE"), TD3[1]))
    told = judge(pages, page)
    assert told["fields"]["name"] == Word.WRONG_BUT_VALID
    assert [word for name, word in told["fields"].items() if name != "name"] == [Word.RIGHT] * 8


def test_nothing_that_a_document_says_stays_in_the_answer(pages: PageReader, tmp_path: Path) -> None:
    told = str(judge(pages, shown(tmp_path, TD3)))
    assert "ERIKSSON" not in told and "L898902C3" not in told


def test_an_empty_page_is_unread(pages: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    cv2.imwrite(str(path), np.full((200, 300, 3), 220, np.uint8))
    told = judge(pages, Page("", path, TD3))
    assert told["ending"] == Ending.NO_ZONE and set(told["fields"].values()) == {Word.UNREAD}


def accepted(*lines: str) -> Accepted:
    found = parse(lines)
    assert isinstance(found, Accepted)
    return found


def words(read: Accepted, *, is_proven: bool) -> dict[str, Word]:
    layout = layout_of(TD3)
    assert layout is not None
    return dict(mrz._words(layout, TD3, read, is_proven=is_proven))


def test_words_of_fields() -> None:
    other = accepted(TD3[0].replace("MARIA", "MARLA"), TD3[1])
    assert words(other, is_proven=True)["name"] is Word.WRONG_BUT_VALID
    assert words(other, is_proven=False)["name"] is Word.WRONG
    repair = Repair(line=1, position=13, read="O", accepted="7", proved_by="date_of_birth")
    right = accepted(*TD3)
    repaired = replace(right, mrz=replace(right.mrz, repairs=(repair,)))
    found = words(repaired, is_proven=True)
    assert found.pop("date_of_birth") is Word.REPAIRED and set(found.values()) == {Word.RIGHT}


def test_a_zone_taken_for_another_format_is_wrong_throughout() -> None:
    td1 = accepted("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
    assert set(words(td1, is_proven=True).values()) == {Word.WRONG_BUT_VALID}


def page_told(ending: Ending, *words: Word, form: str = "TD3", whole: bool | None = True) -> Answer:
    fields = {f"field_{number}": word for number, word in enumerate(words)}
    return {"format": form, "ending": ending, "repairs": 0, "fields": fields, "whole": whole}


def test_rates_and_section() -> None:
    rows = [
        ("cradle", True, page_told(Ending.PROVEN, Word.RIGHT, Word.RIGHT)),
        ("cradle", True, page_told(Ending.PROVEN, Word.RIGHT, Word.WRONG_BUT_VALID, whole=False)),
        ("cradle", True, page_told(Ending.READ_AGAIN, Word.UNREAD, Word.UNREAD)),
        ("free", False, {"format": mrz.UNKNOWN, "ending": Ending.PROVEN, "repairs": 1, "fields": {}, "whole": None}),
    ]
    assert (proven(rows), wrong_pages(rows), wrong_fields(rows)) == (Rate(3, 4), Rate(1, 3), Rate(1, 6))
    made = section(rows)
    assert made.headlines[0].meaning == "pages wrong somewhere though every digit agrees"
    assert made.headlines[0].figure.startswith("1 of 3")
    assert made.numbers["fields"]["TD3"]["field_1"]["wrong_but_valid"] == 1
    assert made.numbers["profiles"]["free"]["wrong_but_valid"]["n"] == 0
    assert any("without a text file" in note for note in made.notes)


def test_a_format_that_is_not_ours_and_passes_for_one_is_wrong() -> None:
    rows = [("", True, page_told(Ending.PROVEN, form=mrz.UNKNOWN, whole=False))]
    assert wrong_pages(rows) == Rate(1, 1)
