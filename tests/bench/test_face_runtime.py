"""The face figures: two children in turn on one processor, told with and without the peer."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from bench import peers
from bench.face_runtime import OURS, PEER, goals, ratios, run, told
from bench.model_set import told as models_told
from bench.peers import NoPeer, python_of
from bench.served import anonymous_mb, resident_mb
from bench.turns import Child


@pytest.mark.timeout(200)
@pytest.mark.full
def test_ours_and_the_peer_in_one_run() -> None:
    report = run(rounds=1, frames=2)
    ours = report["ours"]
    assert set(ours["steps"]) == {step for steps in OURS.values() for step in steps}
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in ours["steps"].values())
    assert all(held["resident_mb"] > held["anonymous_mb"] > 10 for held in ours["memory"].values())
    assert ours["memory"]["pipeline_with_lids"]["anonymous_mb"] > ours["memory"]["same_nets"]["anonymous_mb"]
    if PEER in report:
        assert all(math.isfinite(value) and value > 0 for value in report["compared"].values())
    else:
        assert "has no wheel" in report["peer"] and report["compared"] == {}


def row(ms: float) -> dict[str, float]:
    return {"median_ms": ms, "p95_ms": ms, "processor_median_ms": ms}


def held(resident_mb: float) -> dict[str, float]:
    return {"resident_mb": resident_mb, "anonymous_mb": resident_mb / 2}


def ours(same_ms: float, resident_mb: float, *, with_lids: float = 2.0) -> dict[str, object]:
    steps = {"same_nets": same_ms, "pipeline": 2 * same_ms, "pipeline_with_lids": with_lids * 2 * same_ms}
    memory = {"same_nets": resident_mb, "pipeline": resident_mb, "pipeline_with_lids": with_lids * resident_mb}
    return {
        "steps": {step: row(ms) for step, ms in steps.items()},
        "memory": {whole: held(mb) for whole, mb in memory.items()},
    }


THEIRS = {"steps": {"same_nets": row(4.0)}, "memory": held(160.0)}


def test_ratios_are_ours_over_the_peers_and_goals_follow() -> None:
    mine = ours(3.0, 80.0)
    found = ratios(mine, THEIRS)
    assert (found["same_nets_ratio"], found["pipeline_resident_memory_ratio"]) == (0.75, 0.5)
    assert found["pipeline_over_peers_two_nets_ratio"] == 1.5
    assert all(goals(mine, found).values())
    assert not any(goals(ours(5.0, 81.0), ratios(ours(5.0, 81.0), THEIRS)).values())


def test_the_lids_net_is_told_and_judged_by_no_goal() -> None:
    mine = ours(3.0, 80.0, with_lids=9.0)
    found = ratios(mine, THEIRS)
    assert found["pipeline_with_lids_resident_memory_ratio"] == 4.5
    assert all(goals(mine, found).values())


def test_without_the_peer_only_our_own_goal_is_judged() -> None:
    assert goals(ours(3.0, 80.0), None) == {"pipeline at most 8 ms": True}
    assert goals(ours(4.1, 80.0), None) == {"pipeline at most 8 ms": False}


def test_medians_of_both_clocks() -> None:
    times = {"mesh": {"wall_ms": [1.0, 2.0, 9.0], "cpu_ms": [1.0, 1.5, 2.0]}}
    assert told(times)["mesh"] == {"median_ms": 2.0, "p95_ms": 8.3, "processor_median_ms": 1.5}


class TestChild:
    SAYS = "import sys; from bench.served import serve; sys.exit(serve(lambda: {'sleep': lambda: sum(range(20000))}))"

    def test_it_does_rounds_and_tells_its_memory(self) -> None:
        child = Child([sys.executable, "-c", self.SAYS])
        try:
            answer = child.ask("round sleep 3")
            assert len(answer["wall_ms"]) == len(answer["cpu_ms"]) == 3 and min(answer["wall_ms"]) > 0
            assert child.ask("memory")["resident_mb"] > 5
            assert child.loaded["load_s"] >= 0
        finally:
            child.close()
            child.close()

    def test_one_that_cannot_begin_is_told_with_its_words(self) -> None:
        with pytest.raises(RuntimeError, match="no such thing"):
            Child([sys.executable, "-c", "raise SystemExit('no such thing')"])


class TestPeers:
    def test_a_python_without_a_wheel_is_said_plainly(self) -> None:
        with pytest.raises(NoPeer, match=r"mediapipe has no wheel for Python 3\.\d+; run the bench with one before"):
            python_of("mediapipe", before=(3, 11))

    def test_what_cannot_be_installed_is_told_with_the_next_step(self, tmp_path: Path) -> None:
        (tmp_path / "bench-nothing.txt").write_text("./not-there --hash=sha256:00\n")
        with pytest.raises(NoPeer, match="check the network and try again"):
            python_of("nothing", before=(9, 9), requirements=tmp_path, cache=tmp_path / "peers")
        assert not list((tmp_path / "peers").glob("*/done"))

    def test_every_peer_is_held_to_hashes(self) -> None:
        assert "--hash=sha256:" in (peers.REQUIREMENTS / "bench-mediapipe.txt").read_text("utf-8")


def test_memory_of_this_process() -> None:
    assert resident_mb() > anonymous_mb() > 1


def test_the_model_set_is_told_by_medians() -> None:
    row = {"names": ["a"], "load_s": 0.2, "runtime_mb": 12.0, "models_mb": 30.0, "files_mb": 4.0}
    found = models_told([row, {**row, "load_s": 2.0}, row])
    assert (found["load_s"], found["added_mb"], found["rounds"]) == (0.2, 42.0, 3)
    assert all(found["goals_reached"].values())
