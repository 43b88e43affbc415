"""The whole set of models in a fresh process: how long it takes to load, and what it adds to the memory.

    python -m bench.model_set [--rounds 5]

Each round is a process of its own. `runtime_mb` is what importing the interpreter adds to Python with numpy and
OpenCV, `models_mb` what loading every installed net, with its hash checked, and running each once adds to that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.served import resident_mb

MODELS = Path(__file__).resolve().parent.parent / "appliance" / "vision" / "models"
GOAL_S, GOAL_MB = 1.0, 80.0


def once() -> dict[str, Any]:
    """Load everything here and now. The file pages of this very process are warm, as after any first start."""
    cv2.setNumThreads(1)
    np.linalg.svd(np.eye(3))  # the sums of pose and alignment bring their library with them
    bare_mb = resident_mb()
    from appliance.vision.model import Model, read_card  # noqa: PLC0415 - what importing costs is a figure

    runtime_mb = resident_mb() - bare_mb
    names = sorted(path.stem for path in MODELS.glob("*.toml"))
    began_s = time.perf_counter()
    models = {name: Model.load(name) for name in names}
    load_s = time.perf_counter() - began_s
    for name, model in models.items():
        model.run(np.zeros(read_card(MODELS, name).input_shape, np.float32))
    return {
        "names": names,
        "load_s": load_s,
        "runtime_mb": runtime_mb,
        "models_mb": resident_mb() - bare_mb - runtime_mb,
        "files_mb": sum((MODELS / model.card.file).stat().st_size for model in models.values()) / 1e6,
    }


def measured(rounds: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.model_set", "--once"]
    return [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(rounds)]


def told(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and whether the goals were reached."""
    load_s, runtime_mb, models_mb, files_mb = (
        round(statistics.median(row[key] for row in rows), 3)
        for key in ("load_s", "runtime_mb", "models_mb", "files_mb")
    )
    added_mb = round(runtime_mb + models_mb, 1)
    return {
        "peer": "the bytes of the files themselves (files_peer_mb)",
        "models": rows[0]["names"],
        "rounds": len(rows),
        "load_s": load_s,
        "runtime_mb": runtime_mb,
        "models_mb": models_mb,
        "added_mb": added_mb,
        "files_peer_mb": files_mb,
        "goals_reached": {
            f"loaded in {GOAL_S:g} s": load_s < GOAL_S,
            f"added under {GOAL_MB:g} MB": added_mb < GOAL_MB,
        },
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--once", action="store_true", help="one load in this very process")
    args = ask.parse_args()
    print(json.dumps(once() if args.once else told(measured(args.rounds)), indent=None if args.once else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
