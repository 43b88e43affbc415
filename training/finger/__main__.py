"""python -m training.finger: draws the prints, trains the net, converts it, measures it and writes its card.

`--only-measure` needs the kiosk's own packages and no torch; everything else needs requirements/training.txt.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from appliance.vision.finger_measures import NAMES
from appliance.vision.finger_quality import FAULTS, NAME
from appliance.vision.model import MODELS
from training import card
from training.finger.card import KIND
from training.finger.dataset import QUAY, SHARES, TRAINED, Lesson, Rows, rows
from training.finger.impressions import Fault
from training.finger.measure import EXPECTED, TEST_PATTERNS, confusion, figures
from training.finger.order import Teacher, kept

WORK = Path(".cache/training/finger")
SEED, PATTERNS, EPOCHS = 1, 45, 40
EACH = sum(SHARES.values()) * len(TRAINED)  # impressions of a pattern
QUAY_SEED, QUAY_PATTERNS, QUAY_EACH = 201, 15, 3 * len(QUAY)
WORN = 0.35  # of what the drawing left; a print as worn as that is still no fault of a touch
ALIKE = 5000  # rows that only resemble real prints' measures, beside those of drawn prints
log = logging.getLogger("training.finger")


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cv2.setNumThreads(1)
    told = _arguments()
    path = told.out / f"{NAME}.tflite"
    if not told.only_measure:
        make(path, told.patterns)
    found, table = figures(path, told.test_patterns)
    for name, value in found.items():
        log.info("%s = %s", name, value)
    log.info("first causes of held-out looks\n%s", confusion(table))
    card.write(KIND, path, {"training_impressions": told.patterns * EACH + QUAY_PATTERNS * QUAY_EACH, **found})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.finger", description=__doc__)
    parser.add_argument("--patterns", type=int, default=PATTERNS, help="fingers to train on")
    parser.add_argument("--test-patterns", type=int, default=TEST_PATTERNS)
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the model and its card")
    parser.add_argument("--only-measure", action="store_true")
    return parser.parse_args()


def make(path: Path, patterns: int) -> None:
    """The model file."""
    import torch  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - measuring needs none

    from training.finger.convert import to_tflite  # noqa: PLC0415
    from training.finger.train import train  # noqa: PLC0415

    torch.set_num_threads(1)
    teacher = kept()
    drawn = [rows(WORK, SEED, patterns, TRAINED), rows(WORK, QUAY_SEED, QUAY_PATTERNS, ("quay",))]
    log.info("%d impressions measured", sum(len(part.fault) for part in drawn))
    found = lesson(drawn, teacher)
    net = train(
        found, teacher.mean, teacher.spread, EPOCHS, lambda what, at, loss: log.info("%s %d: %.4f", what, at, loss)
    )
    to_tflite(net, path, found.inputs[:: len(found.inputs) // 50])
    log.info("%s: %d bytes", path, path.stat().st_size)


def lesson(drawn: Sequence[Rows], teacher: Teacher) -> Lesson:
    """What the net learns.

    Quality: the teacher's scores of drawn prints and of what only resembles real ones; 0 of no finger. Faults: what
    was drawn. Wear and tear of no single cause is no fault up to a degree, because real prints are never clean; more
    of it teaches nothing.
    """
    inputs = np.concatenate([part.inputs for part in drawn])
    faults = np.array([fault for part in drawn for fault in part.fault])
    alike = teacher.alike(np.random.default_rng(SEED), ALIKE)
    measures = np.concatenate([inputs[:, : len(NAMES)], alike])
    wanted = np.clip(teacher.scores(measures), 0, 100)
    wanted[: len(faults)][faults == Fault.EMPTY] = 0
    worn = faults == Fault.MIXED
    clear = ~worn | (np.concatenate([part.quality for part in drawn]) > WORN)
    faults[worn] = Fault.NONE
    numbers = np.array([FAULTS.index(EXPECTED[Fault(fault)]) for fault in faults[clear]])
    return Lesson(measures, wanted, inputs[clear], numbers)


if __name__ == "__main__":
    main()
