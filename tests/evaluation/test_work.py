"""Long work: kept at once, gone on with, never taken for work under other conditions, bounded evenly."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from evaluation.work import Answer, Journal, KeptWork, at_most, named


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def counting(done: list[int], stop_at: int | None = None) -> object:
    def judge(item: int) -> Answer:
        if item == stop_at:
            raise Interrupted
        done.append(item)
        return {"twice": 2 * item}

    return judge


def work(folder: Path, conditions: str = "a") -> KeptWork:
    return KeptWork(Journal(folder / "out" / "journal.jsonl", conditions), io.StringIO())


ITEMS = [(str(number), number) for number in range(6)]


def test_interrupted_work_goes_on_where_it_was(tmp_path: Path) -> None:
    done: list[int] = []
    with pytest.raises(Interrupted):
        work(tmp_path).through("part", ITEMS, counting(done, stop_at=3))  # type: ignore[arg-type]
    answers = work(tmp_path).through("part", ITEMS, counting(done))  # type: ignore[arg-type]
    assert done == [0, 1, 2, 3, 4, 5]
    assert [answer["twice"] for answer in answers] == [0, 2, 4, 6, 8, 10]


def test_other_conditions_and_other_parts_begin_anew(tmp_path: Path) -> None:
    done: list[int] = []
    for conditions, part in (("a", "x"), ("b", "x"), ("a", "y"), ("a", "x")):
        work(tmp_path, conditions).through(part, ITEMS[:1], counting(done))  # type: ignore[arg-type]
    assert done == [0, 0, 0]


def test_a_line_cut_short_is_work_to_do_again(tmp_path: Path) -> None:
    done: list[int] = []
    work(tmp_path).through("part", ITEMS, counting(done))  # type: ignore[arg-type]
    path = tmp_path / "out" / "journal.jsonl"
    path.write_text(path.read_text()[:-15])
    work(tmp_path).through("part", ITEMS, counting(done))  # type: ignore[arg-type]
    assert done == [0, 1, 2, 3, 4, 5, 5]


def test_the_journal_names_nobody(tmp_path: Path) -> None:
    work(tmp_path).through("part", [("anna/passport.jpg", 1)], counting([]))  # type: ignore[arg-type]
    row = json.loads((tmp_path / "out" / "journal.jsonl").read_text())
    assert row.keys() == {"key", "answer"} and "anna" not in json.dumps(row)


def test_what_must_not_be_kept_is_not(tmp_path: Path) -> None:
    assert work(tmp_path).unkept("part", [1, 2], lambda item: item + 1) == [2, 3]
    assert not (tmp_path / "out").exists()


def test_progress_is_told(tmp_path: Path) -> None:
    said = io.StringIO()
    KeptWork(Journal(tmp_path / "j", "a"), said).unkept("pages", [1, 2], lambda item: item)
    assert said.getvalue().splitlines()[-1].startswith("pages: 2 of 2, ")


def test_at_most_takes_evenly_of_each_group() -> None:
    items = [("a", n) for n in range(10)] + [("b", 0)]
    assert at_most(items, 3, lambda one: one[0]) == (("a", 0), ("a", 3), ("a", 6), ("b", 0))
    assert at_most(items, None, lambda one: one[0]) == tuple(items)


def test_a_file_written_anew_has_another_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    before = named([path], tmp_path)
    path.write_text("longer")
    assert named([path], tmp_path) != before
