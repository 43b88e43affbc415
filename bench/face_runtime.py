"""The face pipeline of one 640 px frame, step by step, beside MediaPipe's own runtime with the same nets.

    python -m bench.face_runtime [--rounds 12] [--frames 10]

Ours and the peer's run in children of their own, all on the same single processor, a round of each in turn, so that
a busy machine slows all alike. `same_nets` is what both do: find the face, lay the mesh. `pipeline` is what the goal
names: detect, mesh, quality, yaw with its residual. `pipeline_with_lids` is all that the kiosk measures on a picture
of a challenge: the lids by a third net and the track too. Each of the three has a child of its own, because memory is
of the whole child: interpreter, libraries, nets; `resident` is all of it, `anonymous` the pages that no file stands
behind, which the kernel cannot drop and read again. Milliseconds of the wall clock and of the processor. The peer
needs a Python before 3.13; without it our figures stand alone.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliance.vision.model import RUNTIME
from bench.peers import NoPeer, python_of
from bench.turns import Child
from simulators.faces import Identity, render

OURS = {
    "same_nets": ("same_nets",),
    "pipeline": ("pipeline", "detect", "mesh", "quality", "yaw"),
    "pipeline_with_lids": ("pipeline_with_lids", "lids", "track"),
}
"""What each of our children is told to be, and its steps."""

PEER = "peer_mediapipe"
MEMORY = ("resident", "anonymous")
GOAL_MS, GOAL_RATIO, GOAL_MEMORY_RATIO = 8.0, 1.0, 0.5
GOAL_MEMORY_OF = ("same_nets", "pipeline")

Times = dict[str, dict[str, list[float]]]


def measured(children: Mapping[str, tuple[Child, Sequence[str]]], rounds: int, frames: int) -> dict[str, Times]:
    """Wall and processor time of every step of every child; the first round of each only warms."""
    found: dict[str, Times] = {name: {step: {} for step in steps} for name, (_, steps) in children.items()}
    for number in range(rounds + 1):
        for name, (child, steps) in children.items():
            for step in steps:
                answer = child.ask(f"round {step} {frames}")
                for clock, times in answer.items() if number else ():
                    found[name][step].setdefault(clock, []).extend(times)
    return found


def told(times: Times) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each step."""
    return {
        step: {
            "median_ms": round(statistics.median(clocks["wall_ms"]), 3),
            "p95_ms": round(float(np.percentile(clocks["wall_ms"], 95)), 3),
            "processor_median_ms": round(statistics.median(clocks["cpu_ms"]), 3),
        }
        for step, clocks in times.items()
    }


def memory(child: Child) -> dict[str, float]:
    """Megabytes of the whole child after its rounds, and of them those behind which no file stands."""
    return {what: round(size, 1) for what, size in child.ask("memory").items()}


def ratios(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, float]:
    """Ours over the peer's; below 1 ours is quicker or smaller."""
    a, b = ours["steps"]["same_nets"], peer["steps"]["same_nets"]
    return {
        "same_nets_ratio": round(a["median_ms"] / b["median_ms"], 3),
        "same_nets_processor_ratio": round(a["processor_median_ms"] / b["processor_median_ms"], 3),
        "pipeline_over_peers_two_nets_ratio": round(ours["steps"]["pipeline"]["median_ms"] / b["median_ms"], 3),
        **{
            f"{whole}_{what}_memory_ratio": round(held[f"{what}_mb"] / peer["memory"][f"{what}_mb"], 3)
            for whole, held in ours["memory"].items()
            for what in MEMORY
        },
    }


def goals(ours: Mapping[str, Any], ratio: Mapping[str, float] | None) -> dict[str, bool]:
    """What was asked for, and whether this run reached it.

    Judged by processor time: on one processor it is the wall's on a quiet machine, and a busy one changes it least.
    """
    met = {f"pipeline at most {GOAL_MS:g} ms": ours["steps"]["pipeline"]["processor_median_ms"] <= GOAL_MS}
    if ratio is not None:
        met["not slower than the peer, same nets"] = ratio["same_nets_processor_ratio"] <= GOAL_RATIO
        for whole in GOAL_MEMORY_OF:
            for what in MEMORY:
                held = ratio[f"{whole}_{what}_memory_ratio"]
                met[f"{whole} in at most half the peer's {what} memory"] = held <= GOAL_MEMORY_RATIO
    return met


def run(rounds: int, frames: int) -> dict[str, Any]:
    """The whole bench."""
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.npy"
        np.save(frame, render(Identity.of(2)))
        children: dict[str, tuple[Child, Sequence[str]]] = {}
        why_alone = ""
        try:
            for whole, steps in OURS.items():
                children[whole] = (Child([sys.executable, "-m", "bench.face_child", str(frame), whole]), steps)
            try:
                python = str(python_of("mediapipe", before=(3, 13)))
                children[PEER] = (Child([python, "-m", "bench.mediapipe_child", str(frame)]), ("same_nets",))
            except NoPeer as error:
                why_alone = str(error)
            return _report(children, why_alone, rounds, frames)
        finally:
            for child, _ in children.values():
                child.close()


def _report(
    children: Mapping[str, tuple[Child, Sequence[str]]], why_alone: str, rounds: int, frames: int
) -> dict[str, Any]:
    times = measured(children, rounds, frames)
    ours = {
        "steps": {step: row for whole in OURS for step, row in told(times[whole]).items()},
        "memory": {whole: memory(children[whole][0]) for whole in OURS},
        "load_s": {whole: round(children[whole][0].loaded["load_s"], 3) for whole in OURS},
    }
    sides: dict[str, Any] = {"ours": ours}
    if PEER in children:
        child = children[PEER][0]
        loaded_s = round(child.loaded["load_s"], 3)
        sides[PEER] = {"steps": told(times[PEER]), "memory": memory(child), "load_s": loaded_s}
    ratio = ratios(ours, sides[PEER]) if PEER in sides else None
    return {
        "peer": why_alone or "mediapipe 0.10.21, face mesh of single pictures: the same two .tflite files",
        "runtime": RUNTIME,
        "frame": "640x480 synthetic",
        "rounds": rounds,
        "frames_per_round": frames,
        **sides,
        "compared": ratio or {},
        "goals_reached": goals(ours, ratio),
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=12)
    ask.add_argument("--frames", type=int, default=10)
    args = ask.parse_args()
    print(json.dumps(run(args.rounds, args.frames), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
