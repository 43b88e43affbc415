"""Finger quality: does our score order impressions as somebody else's does, and what does policy take?

Adapter to the product's score and its check. There is no comparison of fingers in the product, so no error rate of
one can be discarded against; where a reference score is given, the curve shows the mean reference of what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from appliance.checks import finger_quality as finger_check
from appliance.checks.evidence import FingerEvidence
from appliance.vision.finger_quality import FingerReader, FingerReading
from border.findings import Verdict
from border.rules.policy import Policy
from evaluation import pictures, plots
from evaluation.layout import Data, Print
from evaluation.sections import Headline, Plot, Section, Table, number, percent, rated
from evaluation.statistics import SHARES, Rate, correlation_interval, mean_versus_discard, quantiles, spearman
from evaluation.visit import only
from evaluation.work import Answer, Work, at_most, named

TITLE = "Finger: quality of an impression"


Assess = Callable[[pictures.Pixels, int, str], FingerReading]
"""What the product makes of an impression, its pixel pitch in ppi and its sensor class."""


def load() -> Assess:
    """The product's score, each impression by itself. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
    return FingerReader.load().assess


def judge(assess: Assess, policy: Policy, impression: Print) -> Answer:
    """Score, metric, causes, and whether the product's check takes it under this policy.

    `score` is what ranks impressions, `value` what policy's limit speaks of; without a mapping they are one.
    """
    read = assess(pictures.grey(impression.picture), impression.pitch_ppi, impression.sensor_class)
    causes = tuple(str(cause) for cause in read.causes)
    seen = FingerEvidence(asked=True, not_asked_reason="", quality=read.quality, causes=causes, cues=())
    finding = finger_check.check(only(finger=seen), policy)
    return {
        "score": read.quality.native,
        "value": read.quality.native if read.quality.mapped is None else read.quality.mapped,
        "metric": read.quality.metric,
        "causes": list(causes),
        "taken": finding.verdict is Verdict.CLEAR,
        "reason": finding.reason,
    }


def evaluate(data: Data, assess: Assess, policy: Policy, work: Work, most: int | None = None) -> Section:
    """The whole part, from impressions."""
    chosen = at_most(data.prints, most, lambda one: one.sensor_class)
    items = [(f"{named([one.picture], data.root)}\0{one.pitch_ppi}", one) for one in chosen]
    answers = work.through("finger", items, lambda one: judge(assess, policy, one))
    return section(policy, list(zip(chosen, answers, strict=True)))


Answered = Sequence[tuple[Print, Answer]]


def section(policy: Policy, answered: Answered) -> Section:
    """The report of impressions that were judged; scores of different sensor classes are never mixed."""
    classes = sorted({one.sensor_class for one, _ in answered})
    groups = {name: [row for row in answered if row[0].sensor_class == name] for name in classes}
    return Section(
        "finger",
        TITLE,
        headlines=tuple(_headline(name, rows) for name, rows in groups.items()),
        notes=_notes(answered),
        tables=(_table(groups), _causes_table(groups), *_curve_tables(groups)),
        plots=tuple(_plots(policy, groups)),
        numbers={name: _numbers(rows) for name, rows in groups.items()},
    )


def taken(rows: Answered) -> Rate:
    return Rate(sum(answer["taken"] for _, answer in rows), len(rows))


def agreement(rows: Answered) -> tuple[float | None, int]:
    """Spearman's correlation of our score with the reference, and of how many impressions."""
    pairs = _referenced(rows)
    return spearman([ours for ours, _ in pairs], [theirs for _, theirs in pairs]), len(pairs)


def _referenced(rows: Answered) -> list[tuple[float, float]]:
    return [(answer["score"], one.reference) for one, answer in rows if one.reference is not None]


def _headline(name: str, rows: Answered) -> Headline:
    correlation, count = agreement(rows)
    if correlation is None:
        return Headline(rated(taken(rows)), f"impressions that policy takes, {name}")
    return Headline(
        f"{correlation:.3f}, n = {count}", f"Spearman's rank correlation with the reference quality, {name}"
    )


def _notes(answered: Answered) -> tuple[str, ...]:
    metrics = sorted({answer["metric"] for _, answer in answered})
    notes = [
        f"Metric {', '.join(metrics)}. It ranks impressions; it is not an NFIQ 2 score and conforms to no standard.",
        "Quality says whether ridges can be seen, not whether they are skin: nothing here speaks of artefacts.",
    ]
    if any(one.reference is None for one, _ in answered):
        notes.append("Impressions without a line in quality.csv have no reference and stand in no correlation.")
    return tuple(notes)


def _numbers(rows: Answered) -> dict[str, Any]:
    correlation, count = agreement(rows)
    interval = correlation_interval(correlation, count) if correlation is not None else None
    shares = ("p5", "median", "p95")
    return {
        "metrics": sorted({answer["metric"] for _, answer in rows}),
        "impressions": len(rows),
        "fingers": len({one.finger for one, _ in rows}),
        "pitch_ppi": sorted({one.pitch_ppi for one, _ in rows}),
        "score": dict(zip(shares, map(float, quantiles(_scores(rows), (0.05, 0.5, 0.95))), strict=True)),
        "taken": taken(rows).told(),
        "causes": dict(_causes(rows)),
        "spearman": {"value": correlation, "n": count, "interval_95": interval},
        "mean_reference_versus_discard": [
            {"discarded": point.share, "kept": point.kept, "mean_reference": point.value} for point in _curve(rows)
        ],
    }


def _scores(rows: Answered) -> list[float]:
    return [answer["score"] for _, answer in rows]


def _causes(rows: Answered) -> Counter[str]:
    return Counter(cause for _, answer in rows for cause in answer["causes"])


def _curve(rows: Answered) -> Sequence[Any]:
    pairs = _referenced(rows)
    return mean_versus_discard([theirs for _, theirs in pairs], [ours for ours, _ in pairs]) if pairs else ()


def _table(groups: Mapping[str, Answered]) -> Table:
    rows = []
    for name, mine in groups.items():
        found = _numbers(mine)
        reach = found["spearman"]["interval_95"]
        between = f" ({reach[0]:.3f} to {reach[1]:.3f})" if reach else ""
        rows.append((
            name,
            f"{found['impressions']} of {found['fingers']}",
            ", ".join(number(found["score"][share]) for share in ("p5", "median", "p95")),
            rated(taken(mine)),
            f"{number(found['spearman']['value'])}{between}, n = {found['spearman']['n']}",
        ))  # fmt: skip
    head = (
        "sensor class",
        "impressions of fingers",
        "score: 5th percentile, median, 95th",
        "taken by policy",
        "rank correlation with the reference (95 % interval)",
    )
    return Table("Scores by sensor class", head, tuple(rows))


def _causes_table(groups: Mapping[str, Answered]) -> Table:
    rows = [
        (name, cause.replace("_", " "), f"{count} of {len(mine)}")
        for name, mine in groups.items()
        for cause, count in _causes(mine).most_common()
    ]
    return Table("What would make an impression better", ("sensor class", "cause", "impressions"), tuple(rows))


def _curve_tables(groups: Mapping[str, Answered]) -> Iterator[Table]:
    curves = {name: _curve(mine) for name, mine in groups.items()}
    curves = {name: points for name, points in curves.items() if points}
    if curves:
        head = ("sensor class", *(percent(share) for share in SHARES))
        rows = tuple((name, *(number(point.value) for point in points)) for name, points in curves.items())
        yield Table("Mean reference quality of what is left, by share discarded", head, rows)


def _plots(policy: Policy, groups: Mapping[str, Answered]) -> Iterator[Plot]:
    scores = [(name, [answer["value"] for _, answer in rows]) for name, rows in groups.items()]
    told = "; ".join(f"{name}: median {number(float(quantiles(v, (0.5,))[0]))}" for name, v in scores)
    least = dict(policy.finger.min_quality)
    lines = {least[name] for name in groups if name in least}
    line = lines.pop() if len(lines) == 1 else None
    limits = ", ".join(f"{name} {least[name]:g}" if name in least else f"{name} none" for name in groups)
    picture = plots.distributions(plots.linear("what policy's limit speaks of, 0 to 100", 0, 100), scores, line)
    meant = "The score, less where a better touch of the same finger would give more."
    yield Plot("Scores as policy judges them", picture, f"{meant} Policy's least: {limits}. {told}")
    pairs = {name: _referenced(rows) for name, rows in groups.items()}
    if any(pairs.values()):
        yield _reference_plot(pairs, groups)
        yield _curve_plot(groups)


def _reference_plot(pairs: Mapping[str, list[tuple[float, float]]], groups: Mapping[str, Answered]) -> Plot:
    series = [plots.Series(name, tuple(points)) for name, points in pairs.items() if points]
    highest = max(theirs for points in pairs.values() for _, theirs in points)
    lowest = min(theirs for points in pairs.values() for _, theirs in points)
    y = plots.linear("reference quality", min(0.0, lowest), highest)
    words = "; ".join(f"{name}: correlation {number(agreement(rows)[0])}" for name, rows in groups.items())
    picture = plots.scatter(plots.linear("our score", 0, 100), y, series, (None, None))
    return Plot("Our score and the reference", picture, words)


def _curve_plot(groups: Mapping[str, Answered]) -> Plot:
    curves = {name: _curve(rows) for name, rows in groups.items()}
    series = [
        plots.Series(name, tuple((point.share, point.value) for point in points if point.value is not None))
        for name, points in curves.items()
        if points
    ]
    heights = [height for one in series for _, height in one.points]
    y = plots.linear("mean reference of what is left", min(heights), max(heights))
    words = "; ".join(f"{one.name}: from {number(one.points[0][1])} to {number(one.points[-1][1])}" for one in series)
    picture = plots.lines(plots.shares("discarded, lowest score first", SHARES[-1]), y, series)
    return Plot(
        "Reference quality by share discarded", picture, f"A score that orders well makes the line rise. {words}"
    )
