"""Every harness in every run: hypothesis from whole inputs, then a few seconds of coverage-guided fuzzing."""

from __future__ import annotations

import os
import platform
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import fuzz_planted, run
from tests.fuzz.harnesses import CONTROL, HARNESSES, harmed

SECONDS = 3
LEAST_RUNS = 100
EVERY = pytest.mark.parametrize("name", list(HARNESSES))


def test_no_harness_is_forgotten() -> None:
    files = {path.stem.removeprefix("fuzz_") for path in Path(__file__).parent.glob("fuzz_*.py")}
    assert files == {*HARNESSES, CONTROL.name}


@EVERY
def test_whole_inputs_are_taken(name: str) -> None:
    one_input, seeds = HARNESSES[name].load(), HARNESSES[name].seeds()
    assert len(seeds) >= 10
    for data in (b"", *seeds):
        one_input(data)


@EVERY
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_no_damaged_or_invented_input_breaks_it(name: str, data: st.DataObject, chance: random.Random) -> None:
    seeds = st.sampled_from(HARNESSES[name].seeds())
    damaged = seeds.map(lambda whole: harmed(whole, chance))
    joined = st.tuples(seeds, seeds, st.integers(0, 400)).map(lambda drawn: drawn[0][: drawn[2]] + drawn[1])
    HARNESSES[name].load()(data.draw(st.binary(max_size=400) | damaged | joined))


@pytest.fixture
def atheris() -> None:
    """Named when it is missing; only where it has no build may a CI run be without it."""
    if run.has_atheris():
        return
    reason = f"atheris is not installed (it has builds for x86_64; this is {platform.machine()})"
    if os.environ.get("CI") == "true" and platform.machine() == "x86_64":
        pytest.fail(reason)
    pytest.skip(reason)


@EVERY
@pytest.mark.timeout(150)
def test_coverage_guided_fuzzing_finds_nothing(name: str, atheris: None, tmp_path: Path) -> None:
    result = run.fuzz(name, SECONDS, tmp_path)
    assert result.clean, f"{result.said}\n{result.finding and result.finding.read_bytes()!r}"
    assert result.runs >= LEAST_RUNS
    coverage = [int(found) for found in re.findall(r"cov: (\d+)", result.said)]
    assert coverage and coverage[-1] > 20, "nothing of ours was instrumented"


@pytest.mark.timeout(150)
def test_coverage_guided_fuzzing_catches_a_planted_bug(atheris: None, tmp_path: Path) -> None:
    result = run.fuzz(CONTROL.name, 20, tmp_path)
    assert not result.clean
    assert result.finding is not None and result.finding.read_bytes()[4] == 0x2A
    assert "Planted" in result.said


def test_blind_mutations_catch_a_planted_bug_and_keep_the_input(tmp_path: Path) -> None:
    result = run.mutate(CONTROL, 20.0, tmp_path)
    assert result.finding is not None
    with pytest.raises(fuzz_planted.Planted):
        CONTROL.load()(result.finding.read_bytes())


@EVERY
def test_blind_mutations_find_nothing(name: str, tmp_path: Path) -> None:
    result = run.mutate(HARNESSES[name], 0.5, tmp_path)
    assert result.clean, result.said


def test_an_unknown_harness_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.main(["nonsense"])
    assert "no harness nonsense" in capsys.readouterr().err


def test_a_finding_can_be_shown_again(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.write_bytes(HARNESSES["mrz"].seeds()[0])
    assert run.main(["--replay", str(whole), "mrz"]) == 0
