"""What is made from the code is what stands in the documents, and leaves out nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from appliance.journey import machine
from border.messages.topics import TopicKind
from scripts.docs import diagrams, tables
from scripts.docs.__main__ import BLOCK, made, renewed
from tests.docs.pages import DOCS, ROOT

MADE = made()
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_making_it_again_gives_the_same_file(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == MADE[path], "run: python -m scripts.docs text"


def test_every_block_that_can_be_made_stands_somewhere() -> None:
    pages = [path.read_text(encoding="utf-8") for path in MADE if path.suffix == ".md"]
    assert {found[2] for page in pages for found in BLOCK.finditer(page)} == set(tables.BLOCKS)


def test_a_block_nobody_makes_is_named() -> None:
    with pytest.raises(KeyError, match="nothing"):
        renewed("<!-- made: nothing -->\n<!-- end -->")


@pytest.mark.parametrize("table", [diagrams.JOURNEY_TABLE, diagrams.OUTBOX_TABLE], ids=["journey", "outbox"])
def test_a_diagram_shows_every_state_and_every_event(table: diagrams.Table) -> None:
    drawn = diagrams.journey() if machine.State.IDLE in table else diagrams.outbox()
    events = {event for rows in table.values() for event in rows}
    written = re.findall(r">([^<>]+)</text>", drawn)
    joined = " ".join(written).replace("_ ", "_").split()
    assert {str(word) for word in (*table, *events)} - set(joined) == set()
    assert drawn.count("marker-end") == len(diagrams.by_pair(table, diagrams.everywhere(table)))


def test_an_event_from_everywhere_is_written_once() -> None:
    assert diagrams.everywhere(diagrams.JOURNEY_TABLE) == {machine.Event.FAULT: machine.State.OUT_OF_SERVICE}
    assert diagrams.everywhere(diagrams.OUTBOX_TABLE) == {}


def test_a_new_state_without_a_place_is_not_drawn_wrong_but_not_at_all() -> None:
    without = {state: rows for state, rows in diagrams.JOURNEY.boxes.items() if state is not machine.State.TURN}
    layout = diagrams.Layout("x", (1, 1), without, diagrams.JOURNEY.routes)
    with pytest.raises(KeyError):
        diagrams.draw(diagrams.JOURNEY_TABLE, layout, {})


def test_every_topic_of_the_contract_has_its_row() -> None:
    assert set(tables.WAYS) == set(TopicKind)
    assert tables.messages().count("\n") == len(TopicKind) + 2


def test_every_folder_at_the_top_is_a_room_with_a_row() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    folders = {line.split("/")[0] for line in listed.splitlines() if "/" in line and not line.startswith(".")}
    assert folders - {"requirements"} == set(tables.ROOMS)


@pytest.mark.parametrize("picture", sorted((DOCS / "pictures").iterdir()), ids=lambda path: path.name)
def test_a_picture_is_what_its_name_says_and_small(picture: Path) -> None:
    data = picture.read_bytes()
    assert len(data) < 150_000
    assert data.startswith(PNG if picture.suffix == ".png" else b"<svg")


def test_every_picture_is_shown_somewhere() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *DOCS.rglob("*.md")))
    assert [one.name for one in (DOCS / "pictures").iterdir() if f"pictures/{one.name}" not in pages] == []
