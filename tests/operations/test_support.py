"""The support bundle: complete where it helps, and nothing in it that a traveller could have brought."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import kept_log
from appliance.kept_log import KeptLog, Line
from appliance.operations import support
from appliance.operations.__main__ import main
from appliance.operations.findings import ACT, OK, Finding
from appliance.operations.support import NotProven, bundle, proven, templates
from tests.operations.kiosk import make_place

ABOUT = {"kiosk": "quay-1", "software": "0.1.0", "python": "3.11.7", "at_s": 1_795_000_000, "clock": "trusted"}
CANARY = "ERIKSSON"


def small(**changes: object) -> dict[str, object]:
    return {**bundle(ABOUT, (), (), (), ()), **changes}


def test_every_leaf_has_a_rule_and_a_name_finds_no_way_in() -> None:
    part = {"part": "disk", "level": OK, "value": "28.4 GB"}
    found = bundle(ABOUT, (part,), (Finding("keys", ACT, f"why {CANARY}"),), (), ())
    assert found["health"] == [part]
    assert CANARY not in json.dumps(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"traveller": CANARY},
        {"kiosk": f"{CANARY}, ANNA MARIA"},
        {"health": [{"part": "disk", "level": OK, "value": CANARY}]},
        {"health": [{"part": "disk", "level": OK, "value": "1 GB", "note": ""}]},
        {"log": [{"at_s": 1, "level": "INFO", "logger": "a", "template": CANARY, "error": ""}]},
        {"log_left_out": "three"},
        {"at_s": 1.5},
    ],
)
def test_what_has_no_rule_or_breaks_it_is_refused_without_being_quoted(changes: dict[str, object]) -> None:
    with pytest.raises(NotProven) as refusal:
        proven(small(**changes))
    assert CANARY not in str(refusal.value)


@given(st.text(min_size=1))
def test_no_text_passes_as_a_log_line_that_is_not_in_our_source(text: str) -> None:
    if text not in templates():
        line = {"at_s": 1, "level": "INFO", "logger": "appliance.gate", "template": text, "error": ""}
        with pytest.raises(NotProven):
            proven(small(log=[line]))


def test_the_kept_log_has_the_sentence_and_never_what_stood_in_it(tmp_path: Path) -> None:
    log = logging.getLogger("appliance.content")
    handler = KeptLog(tmp_path)
    log.addHandler(handler)
    try:
        log.error("%s is not taken: %s", CANARY, "P<UTOERIKSSON")
    finally:
        log.removeHandler(handler)
    assert CANARY not in (tmp_path / kept_log.NAME).read_text()
    assert [(line.level, line.template) for line in kept_log.read(tmp_path)] == [("ERROR", "%s is not taken: %s")]


def test_a_sentence_made_with_an_argument_in_it_is_counted_and_left_out(tmp_path: Path) -> None:
    lines = (Line(1, "INFO", "appliance.x", f"{CANARY} was here", ""), Line(2, "INFO", "appliance.x", "upkeep: %s", ""))
    found = bundle(ABOUT, (), (), (), lines)
    assert (found["log_left_out"], CANARY in json.dumps(found)) == (1, False)


def test_a_full_log_begins_anew_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    handler = KeptLog(tmp_path)
    record = logging.LogRecord("appliance.x", logging.INFO, "", 0, "upkeep: %s", ("a",), None)
    for _ in range(2 * kept_log.FULL_BYTES // 100):
        handler.emit(record)
    assert (tmp_path / "kept.log.1").stat().st_size < kept_log.FULL_BYTES + 200
    with (tmp_path / kept_log.NAME).open("a") as file:
        file.write('{"at_s": 17')
    assert all(line.template == "upkeep: %s" for line in kept_log.read(tmp_path))


def test_a_disk_that_fails_costs_the_line_and_nothing_else(tmp_path: Path) -> None:
    record = logging.LogRecord("appliance.x", logging.INFO, "", 0, "upkeep: %s", ("a",), None)
    KeptLog(tmp_path / "gone").emit(record)


def test_the_command_writes_one_file_with_the_queue_and_without_names(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.record(2)
    file = tmp_path / "bundle.json"
    assert main(["--config", str(place.config), "support-bundle", str(file)]) == 0
    text = file.read_text()
    assert len(json.loads(text)["queue"]) == 2
    assert {"folder", "journal"} & {one["what"] for one in json.loads(text)["doctor"]}
    for name in (CANARY, "ANNA", "Practice Harbour", str(tmp_path)):
        assert name not in text
    assert support.SCHEMA.keys() == json.loads(text).keys()
