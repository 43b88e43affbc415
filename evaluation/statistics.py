"""The sums of the report: exact intervals, error rates over a threshold, discard curves. Pure; no pictures here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

CONFIDENCE = 0.95
SHARES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Of samples discarded, where a discard curve is tabled."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `trials`, with its two-sided 95 % Clopper-Pearson interval. Shares are 0..1."""

    count: int
    trials: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.trials:
            raise ValueError(f"{self.count} of {self.trials} trials")

    @property
    def share(self) -> float | None:
        """None when nothing was tried: no rate at all, and never 0."""
        return self.count / self.trials if self.trials else None

    @property
    def interval(self) -> tuple[float, float]:
        return clopper_pearson(self.count, self.trials)

    def told(self) -> dict[str, float | int | None]:
        """As it stands in the JSON."""
        low, high = self.interval
        return {"count": self.count, "n": self.trials, "share": self.share, "low_95": low, "high_95": high}


def clopper_pearson(errors: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact two-sided interval of a binomial share (Clopper and Pearson, 1934); (0, 1) without trials.

    Each side holds half of what the confidence leaves: the lower end is the share under which `errors` or more
    would come with probability alpha / 2, the upper end that under which `errors` or fewer would.
    """
    side = (1 - confidence) / 2
    low = _inverse_beta(side, errors, trials - errors + 1) if errors else 0.0
    high = _inverse_beta(1 - side, errors + 1, trials - errors) if errors < trials else 1.0
    return low, high


def rule_of_three(trials: int) -> float:
    """The one-sided 95 % upper bound when no error was seen: exactly 1 - .05 ** (1 / n), nearly 3 / n; 1 without n."""
    return -math.expm1(math.log(1 - CONFIDENCE) / trials) if trials else 1.0


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 <= x <= 1."""
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"I_{x}({a}, {b})")
    if x in (0, 1):
        return float(x)
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a * _beta_fraction(x, a, b)


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b) (Abramowitz and Stegun 26.5.8), by Lentz's method."""
    upper, lower = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value = lower
    for m in range(1, 20_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower = 1 / (1 + term * lower)
            upper = 1 + term / upper
            value *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return value


def _inverse_beta(probability: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = probability, by bisection to the last bit."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def quantiles(values: Sequence[float], shares: Sequence[float] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)) -> Values:
    """Quantiles of the finite values; NaN when there are none."""
    finite = np.asarray([value for value in values if math.isfinite(value)], np.float64)
    return np.quantile(finite, shares) if finite.size else np.full(len(shares), np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Det:
    """Detection error trade-off over every threshold: a comparison matches when its distance is at most it."""

    thresholds: Values
    fmr: Values
    fnmr: Values
    mated: int
    non_mated: int


def det(mated: Sequence[float], non_mated: Sequence[float]) -> Det:
    """From distances, 0 = alike. A distance that is no number never matches, whoever it is of."""
    same, other = (np.sort(_far_when_absent(values)) for values in (mated, non_mated))
    found = np.unique(np.concatenate([same, other]))
    thresholds = np.concatenate([[-np.inf], found[np.isfinite(found)]])
    return Det(
        thresholds,
        fmr=np.searchsorted(other, thresholds, side="right") / max(other.size, 1),
        fnmr=1 - np.searchsorted(same, thresholds, side="right") / max(same.size, 1),
        mated=same.size,
        non_mated=other.size,
    )


def _far_when_absent(values: Sequence[float]) -> Values:
    found = np.asarray(values, np.float64)
    return np.where(np.isnan(found), np.inf, found)


def match_errors(mated: Sequence[float], non_mated: Sequence[float], threshold: float) -> tuple[Rate, Rate]:
    """False match and false non-match at one threshold, in this order."""
    matched = sum(distance <= threshold for distance in non_mated)
    missed = sum(not distance <= threshold for distance in mated)  # so that NaN counts as missed
    return Rate(matched, len(non_mated)), Rate(missed, len(mated))


def equal_error_rate(curve: Det) -> float | None:
    """Where false match and false non-match cross; None when one kind of pair is missing."""
    if not (curve.mated and curve.non_mated):
        return None
    at = int(np.argmin(np.abs(curve.fmr - curve.fnmr)))
    return float(curve.fmr[at] + curve.fnmr[at]) / 2


@dataclass(frozen=True, slots=True)
class Discarded:
    """One point of a discard curve: what is left, and its error or its mean."""

    share: float  # of the samples or pairs discarded, 0..1
    kept: int
    value: float | None  # None: nothing is left


def error_versus_discard(
    is_error: Sequence[bool], qualities: Sequence[float], shares: Sequence[float] = SHARES
) -> tuple[Discarded, ...]:
    """FNMR of what is left when the share of lowest quality is discarded (ISO/IEC 29794-1).

    Quality that is no number counts as the lowest. Equal qualities share the error evenly, so that the order of the
    files changes nothing.
    """
    return mean_versus_discard([float(wrong) for wrong in is_error], qualities, shares)


def mean_versus_discard(
    values: Sequence[float], qualities: Sequence[float], shares: Sequence[float] = SHARES
) -> tuple[Discarded, ...]:
    """The mean of the values that are left when the share of lowest quality is discarded."""
    if len(values) != len(qualities):
        raise ValueError(f"{len(values)} values with {len(qualities)} qualities")
    ordered = _tied_means(np.asarray(values, np.float64), _low_when_absent(qualities))
    rows = []
    for share in shares:
        kept = ordered[min(len(ordered), math.floor(share * len(ordered) + 1e-9)) :]
        rows.append(Discarded(share, kept.size, float(kept.mean()) if kept.size else None))
    return tuple(rows)


def _low_when_absent(qualities: Sequence[float]) -> Values:
    found = np.asarray(qualities, np.float64)
    return np.where(np.isnan(found), -np.inf, found)


def _tied_means(values: Values, qualities: Values) -> Values:
    """The values in ascending quality; among equal qualities each stands for their mean."""
    if not values.size:
        return values
    _, which = np.unique(qualities, return_inverse=True)
    means = np.bincount(which, weights=values) / np.bincount(which)
    return np.asarray(means[np.sort(which)], np.float64)


def ranks(values: Sequence[float]) -> Values:
    """Ranks from 1, ties at their mean rank."""
    found = np.asarray(values, np.float64)
    _, which, counts = np.unique(found, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[which], np.float64)


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Spearman's rank correlation with ties, -1..1; None for fewer than three pairs or a side that never varies."""
    if len(one) != len(other):
        raise ValueError(f"{len(one)} values with {len(other)}")
    a, b = ranks(one), ranks(other)
    if len(one) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def correlation_interval(correlation: float, count: int) -> tuple[float, float] | None:
    """The 95 % interval of a rank correlation by Fisher's z, variance 1.06 / (n - 3) (Fieller, 1957)."""
    if count <= 3 or not abs(correlation) < 1:
        return None
    middle, reach = math.atanh(correlation), 1.959964 * math.sqrt(1.06 / (count - 3))
    return math.tanh(middle - reach), math.tanh(middle + reach)
