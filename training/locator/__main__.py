"""python -m training.locator: draws the documents, trains the net, converts it, measures it and writes its card.

`--only-measure` needs the kiosk's own packages and no torch; everything else needs requirements/training.txt.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import cv2
import numpy as np

from appliance.vision.model import MODELS
from appliance.vision.mrz_finder import NAME, Finder, scaled
from training import card
from training.locator.card import KIND, figures
from training.locator.measure import TEST_SCENES, score_scenes
from training.locator.plan import Plan
from training.locator.scenes import random_scene, stocked

WORK = Path(".cache/training/locator")
CALIBRATION_SCENES = 200
log = logging.getLogger("training.locator")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(prog="python -m training.locator", description=__doc__)
    parser.add_argument("--iterations", type=int, default=Plan().iterations)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model and its card")
    parser.add_argument("--only-measure", action="store_true")
    parser.add_argument("--scenes", type=int, default=TEST_SCENES)
    told = parser.parse_args()
    plan, model = Plan(iterations=told.iterations), told.out / f"{NAME}.tflite"
    if not told.only_measure:
        make(plan, model)
    score = score_scenes(Finder(card.loaded(KIND, model)), told.scenes)
    log.info("%s", score)
    card.write(KIND, model, figures(score, plan.iterations))


def make(plan: Plan, model: Path) -> None:
    """Train, then the file. Interrupted, it goes on where it was."""
    import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - measuring needs none

    from training.locator.net import Deployed  # noqa: PLC0415
    from training.locator.train import train  # noqa: PLC0415
    from training.mrz.convert import to_int8, to_tflite  # noqa: PLC0415

    torch.set_num_threads(1)
    stock = stocked(WORK / "stock.npz", plan.seed)
    net = train(stock, plan, WORK / "locator.pt", lambda at, loss: log.info("iteration %d, loss %.4f", at, loss))
    to_tflite(Deployed(net), KIND.shape, WORK / "float.tflite")
    rng = np.random.default_rng((plan.seed, 10**6))
    scenes = [scaled(random_scene(rng, stock).seen)[None, :, :, None] for _ in range(CALIBRATION_SCENES)]
    to_int8(WORK / "float.tflite", model, np.stack(scenes))
    log.info("%s: %d bytes", model, model.stat().st_size)


if __name__ == "__main__":
    main()
