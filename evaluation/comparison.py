"""One-to-one comparison: false match and false non-match over every threshold, and what quality is worth.

Adapter to the product's face comparison. Embeddings are biometric features: they live as long as this part runs and
are never written; the journal holds none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from appliance.vision.face_comparison import METRIC, MODEL, Embedding, FaceComparer, distance
from appliance.vision.face_reading import FaceReader
from appliance.vision.model import Model
from border.rules.policy import Policy
from evaluation import pictures, plots
from evaluation.layout import Data, Portrait
from evaluation.sections import Headline, Plot, Section, Table, number, percent, rated
from evaluation.statistics import (
    SHARES,
    Det,
    Discarded,
    Rate,
    det,
    equal_error_rate,
    error_versus_discard,
    match_errors,
    rule_of_three,
    spearman,
)
from evaluation.work import Work, at_most

TITLE = "Face: one-to-one comparison and the worth of quality"
MOST_NON_MATED = 200_000  # pairs; they grow with the square of the pictures
TABLED_FMR = (0.1, 0.01, 0.001, 0.0001)
FEW = 10  # false non-matches; with fewer the discard curve is drawn at another threshold as well
SHOWN_FNMR = 0.1  # that other threshold: one mated pair in ten fails


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture: whose, its quality by component, and its embedding; None when no single face was found."""

    subject: str
    quality: Mapping[str, float]
    embedding: Embedding | None


def sample(reader: FaceReader, comparer: FaceComparer, border_px: int, portrait: Portrait) -> Sample:
    pixels = pictures.colour(portrait.picture, border_px)
    read = reader.read(pixels)
    quality = {c.name: c.native if c.mapped is None else c.mapped for c in read.components}
    if read.sighting is None:
        return Sample(portrait.subject, quality, None)
    return Sample(portrait.subject, quality, comparer.embed(pixels, read.sighting.mesh))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distances of mated and non-mated pairs; `quality` of each mated pair is its worse sample's, by component."""

    mated: tuple[float, ...]
    non_mated: tuple[float, ...]
    quality: Mapping[str, tuple[float, ...]]
    subjects: int
    not_acquired: Rate  # pictures without one face


def pairs_of(samples: Sequence[Sample]) -> Pairs:
    """All pairs of two pictures; of very many non-mated ones an even share."""
    good = [one for one in samples if one.embedding is not None]
    every = list(combinations(range(len(good)), 2))
    same = [(a, b) for a, b in every if good[a].subject == good[b].subject]
    other = [(a, b) for a, b in every if good[a].subject != good[b].subject]
    if len(other) > MOST_NON_MATED:
        other = [other[at * len(other) // MOST_NON_MATED] for at in range(MOST_NON_MATED)]
    names = sorted({name for one in good for name in one.quality})
    return Pairs(
        tuple(distance(good[a].embedding, good[b].embedding) for a, b in same),
        tuple(distance(good[a].embedding, good[b].embedding) for a, b in other),
        {name: tuple(_worse(good[a], good[b], name) for a, b in same) for name in names},
        len({one.subject for one in good}),
        Rate(len(samples) - len(good), len(samples)),
    )


def _worse(one: Sample, other: Sample, name: str) -> float:
    """The lower quality of the two; NaN when one of them has none."""
    first, second = (sample.quality.get(name, float("nan")) for sample in (one, other))
    return float(np.minimum(first, second))


def evaluate(
    data: Data, reader: FaceReader, policy: Policy, border_px: int, work: Work, most: int | None = None
) -> Section:
    """The whole part, from portraits. Raises `ModelError` without the net."""
    comparer = FaceComparer(Model.load(MODEL))
    chosen = at_most(data.portraits, most, lambda one: one.subject)
    samples = work.unkept("comparison", chosen, lambda one: sample(reader, comparer, border_px, one))
    return section(pairs_of(samples), policy.comparison.max_distance, METRIC)


def section(pairs: Pairs, max_distance: float, metric: str) -> Section:
    """The report of pairs that were compared."""
    curve = det(pairs.mated, pairs.non_mated)
    fmr, fnmr = match_errors(pairs.mated, pairs.non_mated, max_distance)
    return Section(
        "comparison",
        TITLE,
        headlines=(
            Headline(rated(fmr), f"false matches at policy's limit, {max_distance:g}"),
            Headline(rated(fnmr), f"false non-matches at policy's limit, {max_distance:g}"),
        ),
        notes=_notes(pairs, fmr, fnmr),
        tables=(_det_table(curve), *_discard_tables(pairs, max_distance)),
        plots=tuple(_plots(pairs, curve, max_distance)),
        numbers={
            "metric": metric,
            "max_distance": max_distance,
            "subjects": pairs.subjects,
            "failure_to_acquire": pairs.not_acquired.told(),
            "fmr": fmr.told(),
            "fnmr": fnmr.told(),
            "fmr_below_if_none_seen": rule_of_three(fmr.trials) if not fmr.count else None,
            "equal_error_rate": equal_error_rate(curve),
            "fnmr_at_fmr": [{"fmr": most, "fnmr": _fnmr_at(curve, most)} for most in TABLED_FMR],
            "error_versus_discard": _discard_numbers(pairs, max_distance),
            "quality_and_distance": {name: _order(pairs, values) for name, values in pairs.quality.items()},
        },
    )


def _notes(pairs: Pairs, fmr: Rate, fnmr: Rate) -> tuple[str, ...]:
    notes = [
        f"{pairs.subjects} subjects, {len(pairs.mated)} mated and {len(pairs.non_mated)} non-mated pairs. Pairs of one "
        "subject depend on one another: the intervals are narrower than what is known.",
        f"Pictures without one face, not compared: {rated(pairs.not_acquired)}.",
    ]
    for what, rate in (("false match", fmr), ("false non-match", fnmr)):
        if rate.trials and not rate.count:
            most = percent(rule_of_three(rate.trials))
            notes.append(f"No {what} in {rate.trials} pairs: with 95 % confidence below {most} (rule of three).")
    return tuple(notes)


def _fnmr_at(curve: Det, most_fmr: float) -> float | None:
    """The smallest false non-match rate with at most this false match rate; None when too few pairs can show it."""
    if not curve.mated or curve.non_mated < 1 / most_fmr:
        return None
    return float(curve.fnmr[curve.fmr <= most_fmr].min())


def _det_table(curve: Det) -> Table:
    rows = [(f"at most {percent(most)}", percent(_fnmr_at(curve, most))) for most in TABLED_FMR]
    rows.append(("equal", percent(equal_error_rate(curve))))
    head = ("false match rate", "false non-match rate (none: too few pairs)")
    return Table("False non-match rate at a false match rate", head, tuple(rows))


def shown_threshold(pairs: Pairs, max_distance: float) -> tuple[float, str]:
    """The threshold that the discard curves are drawn at, and why."""
    _, fnmr = match_errors(pairs.mated, pairs.non_mated, max_distance)
    if fnmr.count >= FEW or not pairs.mated:
        return max_distance, f"policy's limit, {max_distance:g}"
    finite = [distance for distance in pairs.mated if np.isfinite(distance)]
    if not finite:
        return max_distance, f"policy's limit, {max_distance:g}"
    at = float(np.quantile(finite, 1 - SHOWN_FNMR))
    why = f"{at:.3f}, where {percent(SHOWN_FNMR)} of the mated pairs fail: at policy's limit only {fnmr.count} do"
    return at, why


def discard(pairs: Pairs, threshold: float) -> dict[str, tuple[Discarded, ...]]:
    """By component: FNMR of the mated pairs that are left when those of lowest quality are discarded."""
    missed = [not distance <= threshold for distance in pairs.mated]
    return {name: error_versus_discard(missed, values) for name, values in pairs.quality.items() if missed}


def _discard_numbers(pairs: Pairs, max_distance: float) -> dict[str, Any]:
    at, why = shown_threshold(pairs, max_distance)
    rows = {
        name: [{"discarded": point.share, "kept": point.kept, "fnmr": point.value} for point in points]
        for name, points in discard(pairs, at).items()
    }
    return {"threshold": at, "why": why, "mated": len(pairs.mated), "components": rows}


def _discard_tables(pairs: Pairs, max_distance: float) -> Iterator[Table]:
    at, why = shown_threshold(pairs, max_distance)
    curves = discard(pairs, at)
    if curves:
        head = ("component", *(percent(share) for share in SHARES), "rank correlation of quality and distance")
        rows = tuple(
            (name, *(percent(point.value) for point in points), number(_order(pairs, pairs.quality[name])))
            for name, points in curves.items()
        )
        yield Table(f"False non-match rate of what is left, by share discarded; threshold {why}", head, rows)


def _order(pairs: Pairs, quality: Sequence[float]) -> float | None:
    """Spearman of a component with the mated distances; a useful one is clearly below 0."""
    both = [(q, d) for q, d in zip(quality, pairs.mated, strict=True) if np.isfinite(q) and np.isfinite(d)]
    return spearman([q for q, _ in both], [d for _, d in both])


def _plots(pairs: Pairs, curve: Det, max_distance: float) -> Iterator[Plot]:
    fmr, fnmr = match_errors(pairs.mated, pairs.non_mated, max_distance)
    groups = [("mated", pairs.mated), ("non-mated", pairs.non_mated)]
    longest = max([1.0, *(d for _, values in groups for d in values if np.isfinite(d))])
    picture = plots.distributions(plots.linear("distance, 0 alike", 0, longest), groups, max_distance)
    yield Plot("Distances", picture, f"The line is policy's limit, {max_distance:g}: at most it is a match.")
    if curve.mated and curve.non_mated:
        floor_x, floor_y = 0.5 / curve.non_mated, 0.5 / curve.mated
        x, y = plots.deviates("false match rate", floor_x), plots.deviates("false non-match rate", floor_y)
        line = plots.Series("every threshold", tuple(zip(map(float, curve.fmr), map(float, curve.fnmr), strict=True)))
        mark = plots.Series("policy's limit", ((fmr.share or 0.0, fnmr.share or 0.0),))
        words = (
            f"Rates of 0 and those above {percent(plots.MOST_RATE)} are drawn at the edges. At policy's limit "
            f"{rated(fmr)} false matches and {rated(fnmr)} false non-matches; equal error rate "
            f"{percent(equal_error_rate(curve))}."
        )
        yield Plot("Detection error trade-off", plots.lines(x, y, [line], [mark]), words)
    at, why = shown_threshold(pairs, max_distance)
    curves = discard(pairs, at)
    if curves:
        yield _discard_plot(curves, why)


def _discard_plot(curves: Mapping[str, Sequence[Discarded]], why: str) -> Plot:
    """The components that lower the rate most; all of them stand in the table."""
    at_fifth = {name: next(p.value or 0.0 for p in points if p.share == 0.2) for name, points in curves.items()}
    best = sorted(at_fifth, key=lambda name: at_fifth[name])[: len(plots.COLOURS)]
    series = [
        plots.Series(name, tuple((p.share, p.value) for p in curves[name] if p.value is not None)) for name in best
    ]
    y = plots.shares("false non-match rate of what is left", max(0.01, *(v for s in series for _, v in s.points)))
    x = plots.shares("discarded, lowest quality first", SHARES[-1])
    words = f"Threshold {why}. The eight components that lower the rate most when a fifth is discarded."
    return Plot("Error versus discard", plots.lines(x, y, series), words)
