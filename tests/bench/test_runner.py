"""`python -m bench`: every bench runs, tells its peer and its machine, and leaves JSON and a picture."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from appliance.journey.machine import Event, State
from bench import journey
from bench.__main__ import BENCHES, QUICK, Failed, main, result_in, run
from bench.picture import bars, figures, kind, label, unit_of
from tests.drivers.conftest import with_micropython
from tests.journeys.rows import Step

SLOW = pytest.mark.full


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "name",
    [
        *("vision", "face", "model_set", "chip", "finger", "camera", "lane", "outbox"),
        *(pytest.param(slow, marks=SLOW) for slow in ("loop", "central", "journey")),
    ],
)
def test_a_tiny_run_leaves_figures_and_a_picture(name: str, tmp_path: Path) -> None:
    if name == "lane":
        with_micropython()
    assert main(["--quick", "--folder", str(tmp_path), name]) == 0
    result: dict[str, Any] = json.loads((tmp_path / f"{name}.json").read_text())
    assert result["bench"] == name
    assert result["peer"]
    assert result["machine"]["cores"] >= 1
    found = dict(figures(result))
    assert len(found) >= 3
    assert all(math.isfinite(value) and value >= 0 for value in found.values())
    assert any("peer" in kind(figure) for figure in found), "no figure stands beside its peer"
    drawn = ElementTree.fromstring((tmp_path / f"{name}.svg").read_text())
    assert len(drawn.findall("{*}rect")) == 1 + len(found)


def test_every_bench_has_a_quick_run() -> None:
    assert set(QUICK) == set(BENCHES)


def test_a_bench_that_fails_is_said_so_with_its_words() -> None:
    with pytest.raises(Failed, match="--rounds"):
        run("outbox", ["--rounds", "many"])


def test_an_unknown_bench_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "no bench nonsense" in capsys.readouterr().err


class TestResultIn:
    def test_the_last_object_counts_whatever_was_said_before(self) -> None:
        assert result_in('starting {1}\n{\n  "a_ms": 1\n}\n') == {"a_ms": 1}

    def test_an_object_alone_is_enough(self) -> None:
        assert result_in('{\n  "a": {\n    "b": 2\n  }\n}\n') == {"a": {"b": 2}}

    @pytest.mark.parametrize("said", ["", "no figures\n", '\n{\n  "a": Infinity\n}\n', '\n{\n  "a": NaN\n}\n', "[1]"])
    def test_anything_else_is_a_failure(self, said: str) -> None:
        with pytest.raises(Failed):
            result_in(said)


class TestPicture:
    @pytest.mark.parametrize(
        ("name", "unit"), [("a.b_per_s", "per_s"), ("a_s", "s"), ("x.median_ms", "ms"), ("ms", "ms"), ("rounds", "")]
    )
    def test_a_name_ends_in_its_unit(self, name: str, unit: str) -> None:
        assert unit_of(name) == unit

    def test_labels_are_words(self) -> None:
        assert label("steps.face_ms") == "face"
        assert label("memory.resident_idle_mb") == "memory · resident idle"

    def test_the_longest_bar_is_the_largest_of_its_unit_and_text_is_text(self) -> None:
        result = {"a_ms": 1.0, "b_ms": 4.0, "c_s": 100.0, "peer": "<peer> & co"}
        drawn = ElementTree.fromstring(bars("t<i>tle", result))
        one, four, alone = (float(rect.attrib["width"]) for rect in drawn.findall("{*}rect")[1:])
        assert one * 4 == four == alone
        assert "Amber bars are peers and floors: <peer> & co." in [text.text for text in drawn.findall("{*}text")]


def test_the_documents_time_begins_with_the_swipe_and_each_step_with_the_one_before() -> None:
    walked = [
        Step(10.5, State.DOCUMENT, Event.DOCUMENT_READ, State.FACE),
        Step(11.0, State.FACE, Event.FACE_CAPTURED, State.TURN),
        Step(13.0, State.TURN, Event.TURN_PASSED, State.FINGER),
        Step(13.1, State.FINGER, Event.FINGER_CAPTURED, State.DECIDING),
        Step(13.2, State.DECIDING, Event.ALL_CLEAR, State.CLEARED),
        Step(20.0, State.CLEARED, Event.FINISHED, State.WIPING),
    ]
    timed = journey.timed(10.0, walked)
    assert timed.outcome is State.CLEARED
    assert [round(timed.steps_ms[state]) for state in journey.STEPS] == [500, 500, 2000, 100, 100]
    assert round(timed.total_ms) == 3200


def test_who_is_referred_early_has_the_steps_he_took() -> None:
    walked = [
        Step(10.5, State.DOCUMENT, Event.REFER, State.DECIDING),
        Step(10.6, State.DECIDING, Event.REFER, State.REFERRED),
    ]
    timed = journey.timed(10.0, walked)
    assert timed.outcome is State.REFERRED
    assert set(timed.steps_ms) == {State.DOCUMENT, State.DECIDING}
