"""python -m training.mrz: makes the lines, trains the net, converts it, measures it and writes its card.

`--only-measure` needs the kiosk's own packages and no torch; everything else needs requirements/training.txt.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
from pathlib import Path

import cv2

from appliance.vision.model import MODELS
from appliance.vision.mrz_finder import Finder
from appliance.vision.mrz_reader import NAME, PageReader
from appliance.vision.mrz_strip import normalised
from training import card
from training.mrz.card import KIND, figures
from training.mrz.generate import Press
from training.mrz.measure import TEST_LINES, TEST_PAGES, TEST_SEED, score_lines, score_pages
from training.mrz.pages import Profile
from training.mrz.plan import Plan
from training.mrz.shards import read_shard, write_shards

WORK = Path(".cache/training/mrz")
CALIBRATION_LINES = 200
log = logging.getLogger("training.mrz")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    told = _arguments()
    plan = Plan(iterations=told.iterations)
    model = told.out / f"{NAME}.tflite"
    if not told.only_measure:
        make(plan, model)
    measure(plan, model, told.lines, told.pages)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.mrz", description=__doc__)
    parser.add_argument("--iterations", type=int, default=Plan().iterations)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model and its card")
    parser.add_argument("--only-measure", action="store_true")
    parser.add_argument("--lines", type=int, default=TEST_LINES)
    parser.add_argument("--pages", type=int, default=TEST_PAGES)
    return parser.parse_args()


def make(plan: Plan, model: Path) -> None:
    """Lines in a second process, training in this one, then the file. Interrupted, it goes on where it was."""
    import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - measuring needs none

    from training.mrz.convert import to_int8, to_tflite  # noqa: PLC0415
    from training.mrz.net import Deployed  # noqa: PLC0415
    from training.mrz.train import train  # noqa: PLC0415

    torch.set_num_threads(1)
    maker = multiprocessing.get_context("spawn").Process(
        target=write_shards, args=(WORK / "shards", plan.shards), daemon=True
    )
    maker.start()
    try:
        net = train(
            WORK / "shards",
            plan,
            WORK / "line.pt",
            lambda at: log.info("iteration %d of %d, loss %.4f", at.iteration, plan.iterations, at.loss),
        )
    finally:
        maker.terminate()
    to_tflite(Deployed(net), KIND.shape, WORK / "float.tflite")
    strips = normalised(read_shard(WORK / "shards", 0).strips[:CALIBRATION_LINES])
    to_int8(WORK / "float.tflite", model, strips[:, None, :, :, None])
    log.info("%s: %d bytes", model, model.stat().st_size)


def measure(plan: Plan, path: Path, lines: int, pages: int) -> None:
    """The figures of the file at `path`, written into its card."""
    model, press = card.loaded(KIND, path), Press.of(TEST_SEED)
    line_score = score_lines(model, press, lines)
    log.info("%s", line_score)
    page_scores = {}
    for profile in Profile:
        page_scores[profile.value] = score_pages(PageReader(model, Finder.load()), press, profile, pages)
        log.info("%s: %s", profile, page_scores[profile.value])
    card.write(KIND, path, figures(line_score, page_scores, plan.iterations))


if __name__ == "__main__":
    main()
