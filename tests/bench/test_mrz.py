"""The bench of page readers: what it counts, and that a peer's answers are judged like ours."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.mrz import Outcome, peer, ratios, summed
from bench.picture import figures, kind
from tests.border.documents import specimens
from tests.border.documents.specimens import put
from training.mrz.pages import Page


def test_shares_are_of_all_pages_and_times_are_medians() -> None:
    fine, marked, wrong = (
        Outcome(True, True, False, True, 0.01, 0.02),
        Outcome(True, False, False, False, 0.03, 0.03),
        Outcome(True, True, True, False, 0.02, 0.01),
    )
    nothing = Outcome(False, False, False, False, 0.5, 0.4)
    told = summed([fine, marked, wrong, nothing])
    assert (told["digits_valid_percent"], told["valid_percent"]) == (75.0, 50.0)
    assert (told["wrong_but_valid_percent"], told["repaired_percent"]) == (25.0, 25.0)
    assert (told["median_ms"], told["slowest_ms"]) == (25.0, 500.0)
    assert (told["median_cpu_ms"], told["slowest_cpu_ms"]) == (25.0, 400.0)


def test_a_peer_that_was_left_out_has_no_ratio() -> None:
    ours = {"median_cpu_ms": 30.0}
    assert ratios({"ours": ours}) == {}
    assert ratios({"ours": ours, "tesseract": {"median_cpu_ms": 900.0}}) == {"tesseract_over_ours_ratio": 30.0}


def test_peers_stand_in_another_colour() -> None:
    result = {"cradle": {"ours": {"median_ms": 1.0}, "passporteye": {"median_ms": 2.0}}}
    assert [kind(name) for name, _ in figures(result)] == ["ours", "peer"]


def test_what_a_peer_says_is_judged_by_the_lines_that_are_printed(tmp_path: Path) -> None:
    readings = [specimens.TD3, put(specimens.TD3, 0, 7, "K"), ()]
    said = [
        {"file": f"{at}.png", "lines": lines, "seconds": 1.0, "cpu_seconds": 1.0} for at, lines in enumerate(readings)
    ]
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(map(json.dumps, said)) + "\nEND\n", "utf-8")
    python.chmod(0o755)
    page = Page(np.zeros((8, 8, 3), np.uint8), specimens.TD3, np.zeros((4, 2), np.float32))
    right, wrong, nothing = peer("tesseract", python, [page] * 3, tmp_path)
    assert (right.is_valid, right.is_wrong) == (True, False)
    assert (wrong.is_valid, wrong.is_wrong) == (True, True)
    assert not nothing.has_digits


@pytest.mark.parametrize("name", ["ours", "passporteye", "tesseract"])
def test_every_reader_has_a_name_that_the_picture_knows(name: str) -> None:
    assert kind(f"profiles.cradle.{name}.median_ms") == ("ours" if name == "ours" else "peer")
