"""The folder's layout: what lies where is found, and every mistake is named at once with its next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.layout import Malformed, Page, in_order, read
from tests.evaluation.folders import TD3, picture, text


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(Malformed) as caught:
        read(folder)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_everything_is_found_where_it_belongs(tmp_path: Path) -> None:
    for name in ("10.jpg", "2.jpg"):
        picture(tmp_path / "pad/attack/print/anna/one" / name)
    picture(tmp_path / "pad/bona_fide/ben/turn/a.png")
    picture(tmp_path / "face/anna/1.jpg")
    picture(tmp_path / "finger/optical/index/1.pgm")
    text(tmp_path / "finger/optical/sensor.toml", "pitch_ppi = 569")
    text(tmp_path / "finger/optical/quality.csv", "file,quality", "index/1.pgm,61.5")
    picture(tmp_path / "mrz/cradle/page.jpg")
    text(tmp_path / "mrz/cradle/page.txt", *TD3)
    picture(tmp_path / "mrz/loose.jpg")
    text(tmp_path / "README.md", "mine")
    found = read(tmp_path)
    attack, bona_fide = sorted(found.recordings, key=lambda one: one.subject)
    assert (attack.species, bona_fide.species, bona_fide.name) == ("print", "", "turn")
    assert [path.name for path in attack.pictures] == ["2.jpg", "10.jpg"]
    assert [one.subject for one in found.portraits] == ["anna"]
    assert [(p.sensor_class, p.finger, p.pitch_ppi, p.reference) for p in found.prints] == [
        ("optical", "index", 569, 61.5)
    ]
    assert {(page.profile, page.lines) for page in found.pages} == {("", ()), ("cradle", TD3)}
    assert found.name == tmp_path.name


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["f10", "f9", "f9b", "10", "9"], key=in_order) == ["9", "10", "f9", "f9b", "f10"]


def test_a_page_prints_nothing_of_a_document() -> None:
    assert "ERIKSSON" not in repr(Page("cradle", Path("x.jpg"), TD3))


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    picture(tmp_path / "pads/a.jpg")
    picture(tmp_path / "pad/attack/print/anna/loose.jpg")
    text(tmp_path / "pad/bona_fide/ben/turn/broken.jpg", "no picture")
    text(tmp_path / "face/anna/notes.doc", "x")
    (tmp_path / "face/ben").mkdir()
    picture(tmp_path / "finger/optical/index/1.png")
    text(tmp_path / "finger/optical/sensor.toml", "pitch_ppi = 9")
    text(tmp_path / "finger/optical/quality.csv", "file,quality", "index/2.png,5", "index/1.png,good")
    picture(tmp_path / "mrz/page.jpg")
    picture(tmp_path / "mrz/other.jpg")
    text(tmp_path / "mrz/page.txt", "P<UTO", "x")
    assert mistakes(tmp_path) == [
        "face/anna/notes.doc: no picture; take it away, or make it one of .jpg, .jpeg, .png, .pgm, .bmp, .tif, .tiff",
        "face/ben: no picture in it; put some there or take the folder away",
        "finger/optical/quality.csv: line 2: no impression index/2.png; correct the row or delete it",
        "finger/optical/quality.csv: line 3: 'good' is no number; correct the row",
        "finger/optical/sensor.toml: no pixel pitch in it (pitch_ppi = 9); write one line: pitch_ppi = 500",
        "mrz/other.jpg: no lines; write what is printed into other.txt, or take it away",
        "mrz/page.txt: 2 lines of [1, 5] characters; write one, two or three lines of equal length",
        "pad/attack/print/anna: no recording in it; put its pictures into a folder for each recording",
        "pad/attack/print/anna/loose.jpg: a picture where folders belong; move it into a folder for each recording, "
        "<recording>/",
        "pad/bona_fide/ben/turn/broken.jpg: not a picture that can be read; write it anew or take it away",
        "pads: not known here; the folders are pad, face, finger, mrz",
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("P<uto<<", "L898902"), "characters that no zone has: o t u"),
        (("A" * 45,), "1 lines of [45] characters"),
        ((), "0 lines of [] characters"),
    ],
)
def test_lines_that_cannot_be_a_zone(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    picture(tmp_path / "mrz/page.jpg")
    text(tmp_path / "mrz/page.txt", *lines)
    assert told in mistakes(tmp_path)[0]


def test_lines_that_are_no_text(tmp_path: Path) -> None:
    picture(tmp_path / "mrz/page.jpg")
    (tmp_path / "mrz/page.txt").write_bytes(b"\xff\xfe\x00")
    assert "no text" in mistakes(tmp_path)[0]


@pytest.mark.parametrize("rows", [("name,score",), ("quality",)])
def test_a_table_without_its_columns(tmp_path: Path, rows: tuple[str, ...]) -> None:
    picture(tmp_path / "finger/optical/index/1.png")
    text(tmp_path / "finger/optical/quality.csv", *rows)
    assert "no columns file and quality" in mistakes(tmp_path)[0]


def test_an_empty_folder_and_none_at_all(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [".: holds nothing to evaluate; put pictures below one of pad, face, finger, mrz"]
    assert mistakes(tmp_path / "nowhere") == [".: no such folder; name one that exists"]
