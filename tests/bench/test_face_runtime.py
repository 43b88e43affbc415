"""The face figures: two children in turn on one processor, told with and without the peer."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from bench import peers
from bench.face_runtime import OURS, goals, ratios, run, told
from bench.model_set import told as models_told
from bench.peers import NoPeer, python_of
from bench.served import anonymous_mb, resident_mb
from bench.turns import Child


@pytest.mark.timeout(200)
@pytest.mark.full
def test_ours_and_the_peer_in_one_run() -> None:
    report = run(rounds=1, frames=2)
    assert set(report["ours"]["steps"]) == set(OURS)
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in report["ours"]["steps"].values())
    assert report["ours"]["memory"]["resident_mb"] > report["ours"]["memory"]["anonymous_mb"] > 10
    if "peer_mediapipe" in report:
        assert all(math.isfinite(value) and value > 0 for value in report["compared"].values())
    else:
        assert "has no wheel" in report["peer"] and report["compared"] == {}


def side(wall_ms: float, resident_mb: float) -> dict[str, object]:
    row = {"median_ms": wall_ms, "p95_ms": wall_ms, "processor_median_ms": wall_ms}
    return {
        "steps": {"same_nets": row, "pipeline": {**row, "median_ms": 2 * wall_ms, "processor_median_ms": 2 * wall_ms}},
        "memory": {"resident_mb": resident_mb, "anonymous_mb": resident_mb / 2},
    }


def test_ratios_are_ours_over_the_peers_and_goals_follow() -> None:
    ours, peer = side(3.0, 80.0), side(4.0, 160.0)
    found = ratios(ours, peer)
    assert (found["same_nets_ratio"], found["resident_memory_ratio"]) == (0.75, 0.5)
    assert found["pipeline_over_peers_two_nets_ratio"] == 1.5
    assert all(goals(ours, found).values())
    assert not any(goals(side(5.0, 81.0), ratios(side(5.0, 81.0), peer)).values())


def test_without_the_peer_only_our_own_goal_is_judged() -> None:
    assert goals(side(3.0, 80.0), None) == {"pipeline at most 8 ms": True}


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
