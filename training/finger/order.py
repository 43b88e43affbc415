"""NFIQ 2's order: a teacher fitted to the table of measures and scores that NIST publishes with NFIQ 2.

    LANDFALL_NFIQ2=<folder with conformance/> python -m training.finger.order

The table (public domain, 199 real prints as numbers, no picture) is not kept here. What is kept, `order.npz`, is what
was fitted to it: the teacher's weights, and how the measures of real prints are spread, so that `make train-finger`
needs nothing fetched. The teacher is no NFIQ 2; it ranks nearly as NFIQ 2 does.
"""

from __future__ import annotations

import csv
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.vision.finger_measures import NAMES

Values = NDArray[np.float64]

KEPT = Path(__file__).parent / "order.npz"
VARIABLE = "LANDFALL_NFIQ2"
TABLE = "conformance/conformance_expected_output-v2.3.0.csv"
STIFFNESS, WIDTH = 0.15, 150.0  # of the kernel ridge; chosen by the ten folds that `main` prints
UNITS, NETS, MIXED = 32, 3, 6000  # of the teacher's nets; rows mixed from pairs of the table's
FOLDS = 10
log = logging.getLogger("training.finger.order")


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """Nets of one hidden layer on standardised measures; the mean of their answers is the score, about 0..100."""

    mean: Values  # of the table's measures
    spread: Values  # their standard deviations
    factor: Values  # lower triangular; the standardised measures' covariance is factor @ factor.T
    hidden: Values  # NETS x inputs x UNITS
    hidden_bias: Values
    output: Values  # NETS x UNITS
    output_bias: Values

    def scores(self, measures: Values) -> Values:
        """One for each row of measures."""
        inputs = (measures - self.mean) / self.spread
        units = np.tanh(np.einsum("ni,kiu->knu", inputs, self.hidden) + self.hidden_bias[:, None])
        each = np.einsum("knu,ku->kn", units, self.output) + self.output_bias[:, None]
        return np.asarray(each.mean(axis=0))

    def alike(self, rng: np.random.Generator, count: int) -> Values:
        """Rows of measures spread as those of real prints are, a little wider."""
        drawn = rng.standard_normal((count, len(self.mean))) @ self.factor.T
        return self.mean + 1.2 * drawn * self.spread


def kept(path: Path = KEPT) -> Teacher:
    with np.load(path) as data:
        return Teacher(**{name: data[name].astype(np.float64) for name in data.files})


def read_table(folder: Path) -> tuple[Values, Values]:
    """Measures (n x len(NAMES)) and NFIQ 2 scores of the table's prints that have both."""
    with (folder / TABLE).open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["UniformImage"] != "NA"]
    measures = np.array([[float(line[name]) for name in NAMES] for line in lines])
    return measures, np.array([float(line["QualityScore"]) for line in lines])


def kernel_ridge(measures: Values, scores: Values, asked: Values) -> Values:
    """Scores of the rows asked about, by a Gaussian kernel on standardised measures."""
    mean, spread = measures.mean(axis=0), measures.std(axis=0) + 1e-9
    known, rows = (measures - mean) / spread, (asked - mean) / spread
    level = scores.mean()
    weights = np.linalg.solve(_kernel(known, known) + STIFFNESS * np.eye(len(known)), scores - level)
    return np.asarray(level + _kernel(rows, known) @ weights)


def _kernel(one: Values, other: Values) -> Values:
    square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    return np.asarray(np.exp(-square / (2 * WIDTH)))


def fitted(measures: Values, scores: Values, seed: int = 1) -> Teacher:
    """The kernel ridge, poured into small nets."""
    from training.finger.train import small_nets  # noqa: PLC0415 - the rest needs no torch

    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(scores), size=(2, MIXED))
    share = rng.uniform(-0.2, 1.2, (MIXED, 1))
    rows = np.concatenate([measures, share * measures[first] + (1 - share) * measures[second]])
    mean, spread = measures.mean(axis=0), measures.std(axis=0) + 1e-9
    wanted = kernel_ridge(measures, scores, rows)
    hidden, hidden_bias, output, output_bias = small_nets((rows - mean) / spread, wanted, UNITS, NETS, seed)
    cover = np.cov(((measures - mean) / spread).T) + 1e-3 * np.eye(len(mean))
    factor = np.asarray(np.linalg.cholesky(cover), np.float64)
    return Teacher(mean, spread, factor, hidden, hidden_bias, output, output_bias)


def rank_correlation(one: Values, other: Values) -> float:
    """Spearman's, ties sharing their mean rank."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Values) -> Values:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place])


def in_folds(measures: Values, scores: Values, seed: int = 0) -> tuple[float, float]:
    """Spearman's correlation of kernel ridge and of the teacher's nets with scores they were not fitted to."""
    part = np.random.default_rng(seed).permutation(len(scores)) % FOLDS
    found = np.zeros((2, len(scores)))
    for fold in range(FOLDS):
        known, asked = part != fold, part == fold
        found[0, asked] = kernel_ridge(measures[known], scores[known], measures[asked])
        found[1, asked] = fitted(measures[known], scores[known]).scores(measures[asked])
    return rank_correlation(found[0], scores), rank_correlation(found[1], scores)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    told = os.environ.get(VARIABLE)
    if not told:
        raise SystemExit(f"{VARIABLE} names no folder with {TABLE}; the order.npz that is kept stays as it is")
    measures, scores = read_table(Path(told))
    log.info(
        "%d prints; Spearman in %d folds: kernel ridge %.3f, nets %.3f", len(scores), FOLDS, *in_folds(measures, scores)
    )
    teacher = fitted(measures, scores)
    fields = {name: getattr(teacher, name).astype(np.float32) for name in Teacher.__slots__}
    np.savez_compressed(KEPT, **fields)
    log.info("%s: %d bytes", KEPT, KEPT.stat().st_size)


if __name__ == "__main__":
    main()
