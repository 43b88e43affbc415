"""How the active challenge tells heads from pictures of heads: whole challenges against every simulated species.

    python -m bench.challenge [--meshes 1000] [--frames 6] [--movements turn nod] [--noise 0.02] [--out F]

APCER: attack presentations that pass, in percent of those of one species; BPCER: bona fide presentations that do not
pass (ISO/IEC 30107-3), each with its 95 % Clopper-Pearson bounds. `meshes`: landmark noise on exact geometry, the
depth that a net would see given to the attacker. `frames`: pictures of synthetic people through the nets themselves.
Simulated presentations say what the rule can do; they are no test of this kiosk against real ones.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from appliance.vision.challenge import ChallengeView, Phase
from appliance.vision.face_reading import FaceReader
from appliance.vision.turn import Movement
from border.rules.default import DEVELOPMENT
from evaluation.statistics import clopper_pearson
from training.attacks import frames, meshes
from training.attacks.meshes import BONA_FIDE, PHOTOS, Species

CONFIDENCE = 0.95
GOALS = {"photos_apcer_max_percent": 1.0, "bona_fide_pass_min_percent": 97.0}


def scored(species: Species, ends: Iterable[ChallengeView]) -> dict[str, Any]:
    """The error rate of one species with its bounds, and how its challenges ended."""
    told = Counter(str(view.fault or view.phase) for view in ends)
    trials, passed = sum(told.values()), told[Phase.PASSED]
    wrong = trials - passed if species in BONA_FIDE else passed
    low, high = clopper_pearson(wrong, trials)
    rate = "bpcer" if species in BONA_FIDE else "apcer"
    return {
        f"{rate}_percent": round(100 * wrong / trials, 3),
        "bounds_95": [round(100 * low, 3), round(100 * high, 3)],
        "trials": trials,
        "passed": passed,
        "ends": dict(sorted(told.items())),
    }


def mesh_trial(species: Species, movement: Movement, noise: float, seed: int) -> ChallengeView:
    return meshes.trial(species, seed, DEVELOPMENT.turn, noise=noise, movement=movement)


_reader: list[FaceReader] = []


def frame_trial(species: Species, movement: Movement, seed: int) -> ChallengeView:
    if not _reader:  # one for each process
        cv2.setNumThreads(1)
        _reader.append(FaceReader.load())
    return frames.trial(_reader[0], species, seed, DEVELOPMENT.turn, movement=movement)


def whole(
    pool: ProcessPoolExecutor, trial: Callable[..., ChallengeView], movements: Sequence[Movement], count: int
) -> dict[str, dict[str, Any]]:
    """Each movement against every species; `trial` takes species, movement and seed."""
    return {
        movement.value: {
            species.value: scored(species, pool.map(partial(trial, species, movement), range(count), chunksize=4))
            for species in Species
        }
        for movement in movements
        if count
    }


def goals(turns: dict[str, Any]) -> dict[str, Any]:
    """What travellers are asked against what is promised of it."""
    photos = [turns[species] for species in PHOTOS]
    passed, trials = sum(row["passed"] for row in photos), sum(row["trials"] for row in photos)
    low, high = clopper_pearson(passed, trials)
    alive = turns[Species.BONA_FIDE]
    return {
        "photos_trials": trials,
        "photos_apcer_percent": round(100 * passed / trials, 3),
        "photos_bounds_95": [round(100 * low, 3), round(100 * high, 3)],
        "bona_fide_pass_percent": round(100 - alive["bpcer_percent"], 3),
        **GOALS,
        "met": 100 * passed <= GOALS["photos_apcer_max_percent"] * trials
        and 100 - alive["bpcer_percent"] >= GOALS["bona_fide_pass_min_percent"],
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--meshes", type=int, default=1000, help="trials of each species and movement")
    ask.add_argument("--frames", type=int, default=6)
    ask.add_argument(
        "--movements",
        type=Movement,
        nargs="+",
        default=list(Movement),
        help="both (what travellers are asked), turn, nod",
    )
    ask.add_argument("--noise", type=float, default=0.02, help="outer-eye distances")
    ask.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    ask.add_argument("--out", type=Path, default=None, help="write the JSON here as well")
    chosen = ask.parse_args()
    limits = DEVELOPMENT.turn
    with ProcessPoolExecutor(chosen.workers) as pool:
        exact = whole(pool, partial(_with_noise, chosen.noise), chosen.movements, chosen.meshes)
        seen = whole(pool, frame_trial, chosen.movements, chosen.frames)
    report = {
        "bench": "challenge",
        "rule": {"turns": limits.turns, "residual": limits.min_residual, "yaw": limits.min_yaw_change_deg},
        "landmark_noise": chosen.noise,
        "goals": goals(exact[Movement.BOTH]) if Movement.BOTH in exact else {},
        "meshes": exact,
        "frames": seen,
    }
    text = json.dumps(report, indent=2)
    print(text)
    if chosen.out is not None:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(text + "\n", "utf-8")
    return 0


def _with_noise(noise: float, species: Species, movement: Movement, seed: int) -> ChallengeView:
    return mesh_trial(species, movement, noise, seed)


if __name__ == "__main__":
    sys.exit(main())
