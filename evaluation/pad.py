"""Presentation attack detection as ISO/IEC 30107-3 reports it: per species, with intervals, the worst species first.

A presentation is one recording. It PASSED as bona fide, was STOPPED, or gave NO_RESPONSE: nothing that the detection
could have judged. APCER and BPCER are of the presentations that were judged, APNRR and BPNRR of all. Both rules lean
against us: an attack passes when any look of it would have passed to either side, a bona fide turn only when as many
looks in a row would have as the product wants.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from statistics import median
from typing import Any

from appliance.vision.face_reading import FaceReader
from border.findings import Verdict
from border.rules.policy import Policy
from evaluation import face, plots
from evaluation.face import Sampling
from evaluation.layout import Data, Recording
from evaluation.sections import Headline, Plot, Section, Table, counted, number, rate_cells, rated
from evaluation.statistics import Rate, quantiles
from evaluation.work import Answer, Work, at_most, named

BONA_FIDE = ""
TITLE = "Face: presentation attack detection"


class Outcome(StrEnum):
    PASSED = "passed"
    STOPPED = "stopped"
    NO_RESPONSE = "no_response"


class System(StrEnum):
    """What is judged: one of the three alone, or all of them as the product's check fuses them."""

    TURN = "turn"
    PASSIVE = "passive"
    SCREEN = "screen"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Judged:
    """One presentation under one system."""

    species: str  # "" bona fide
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Errors:
    """Classification errors and non-response of one species, or of the bona fide."""

    species: str
    error: Rate  # of the presentations that were judged
    no_response: Rate  # of all presentations
    reasons: tuple[tuple[str, int], ...]

    def told(self) -> dict[str, Any]:
        return {"error": self.error.told(), "no_response": self.no_response.told(), "reasons": dict(self.reasons)}


def errors_of(judged: Sequence[Judged], species: str) -> Errors:
    """APCER and APNRR of one species, or BPCER and BPNRR of the bona fide."""
    mine = [one for one in judged if one.species == species]
    answered = [one for one in mine if one.outcome is not Outcome.NO_RESPONSE]
    wrong = Outcome.STOPPED if species == BONA_FIDE else Outcome.PASSED
    return Errors(
        species,
        Rate(sum(one.outcome is wrong for one in answered), len(answered)),
        Rate(len(mine) - len(answered), len(mine)),
        tuple(sorted(Counter(one.reason for one in mine).items())),
    )


def worst(rows: Sequence[Errors]) -> Errors | None:
    """The species with the highest error; among equals the one of which least is known. Never a mean."""
    known = [row for row in rows if row.error.share is not None]
    return max(known, key=lambda row: (row.error.share or 0.0, row.error.interval[1]), default=None)


def under(system: System, policy: Policy, species: str, answer: Answer) -> Judged:
    """One recording's answer under one system."""
    outcome, reason = _turned(answer, is_attack=species != BONA_FIDE)
    if system is System.TURN or (system is System.ALL and outcome is Outcome.NO_RESPONSE):
        return Judged(species, outcome, reason)
    if not answer["faces"] or (system is System.PASSIVE and not answer["scores"]):
        return Judged(species, Outcome.NO_RESPONSE, "no_face")
    passed = system is not System.ALL or outcome is Outcome.PASSED
    scores = answer["scores"] if system in (System.PASSIVE, System.ALL) else None
    screen = face.screen_of(answer) if system in (System.SCREEN, System.ALL) else None
    verdict, word = face.is_bona_fide(policy, turn_passed=passed, scores=scores or None, screen=screen)
    return Judged(species, _OUTCOMES[verdict], reason if not passed else word)


_OUTCOMES = {
    Verdict.CLEAR: Outcome.PASSED,
    Verdict.REFER: Outcome.STOPPED,
    Verdict.NOT_DONE: Outcome.NO_RESPONSE,
}


def _turned(answer: Answer, *, is_attack: bool) -> tuple[Outcome, str]:
    looks = answer["looks"]
    if not answer["faces"]:
        return Outcome.NO_RESPONSE, "no_face"
    if not answer["straight"]:
        return Outcome.NO_RESPONSE, "no_straight_look"
    if not any(looks):
        return Outcome.NO_RESPONSE, "no_second_look"
    if longest_run(looks) >= (1 if is_attack else face.SURE):
        return Outcome.PASSED, "turned"
    return Outcome.STOPPED, "flat" if any(look and look["flat"] for look in looks) else "not_far_enough"


def longest_run(looks: Iterable[Answer | None]) -> int:
    """The most looks in a row that would pass to one and the same side."""
    sides = [tuple(look["passes"]) if look else () for look in looks]
    return max((len(list(run)) for passed, run in groupby(sides) if passed), default=0)


def look_errors(answers: Sequence[Answer]) -> Rate:
    """Of all measured looks, those that would pass: pairs of the straightest and another picture of a recording.

    Also where the product would not have taken the straightest for straight, and so would have asked for no turn.
    """
    looks = [look for answer in answers for look in answer["looks"] if look]
    return Rate(sum(bool(look["passes"]) for look in looks), len(looks))


def evaluate(
    data: Data, reader: FaceReader, policy: Policy, sampling: Sampling, work: Work, most: int | None = None
) -> Section:
    """The whole part, from recordings."""
    chosen = at_most(data.recordings, most, lambda one: one.species)
    items = [(named(one.pictures, data.root), one) for one in chosen]
    answers = work.through("pad", items, lambda one: face.judge_recording(reader, policy.turn, sampling, one))
    return section(policy, list(zip(chosen, answers, strict=True)), has_passive=reader.has_passive)


Answered = Sequence[tuple[Recording, Answer]]


def section(policy: Policy, answered: Answered, *, has_passive: bool) -> Section:
    """The report of recordings that were judged."""
    systems = [one for one in System if has_passive or one is not System.PASSIVE]
    species = sorted({one.species for one, _ in answered} - {BONA_FIDE})
    judged = {s: [under(s, policy, one.species, answer) for one, answer in answered] for s in systems}
    return Section(
        "pad",
        TITLE,
        headlines=(
            *(line for s in systems for line in headlines(s, judged[s], species)),
            *_look_headline(answered, species),
        ),
        notes=_notes(answered, has_passive=has_passive),
        tables=(*(errors_table(s, judged[s], species) for s in systems), _looks_table(policy, answered, species)),
        plots=(*_plots(policy, answered, judged, species, has_passive=has_passive),),
        numbers={
            "turn_limits": {
                "min_yaw_change_deg": policy.turn.min_yaw_change_deg,
                "min_residual": policy.turn.min_residual,
                "min_relief": policy.turn.min_relief,
            },
            "systems": {s.value: _numbers(judged[s], species) for s in systems},
            "looks": {
                name or "bona_fide": _look_numbers(answered, name, policy.turn.min_yaw_change_deg)
                for name in (BONA_FIDE, *species)
            },
        },
    )


def headlines(system: str, judged: Sequence[Judged], species: Sequence[str]) -> Iterator[Headline]:
    """The worst species and the bona fide, in this order."""
    found = worst([errors_of(judged, name) for name in species])
    if found is not None:
        yield Headline(rated(found.error), f"APCER ({system}) of the worst species, {found.species}")
    elif species:
        yield Headline("none", f"APCER ({system}): no attack gave anything to judge")
    bona_fide = errors_of(judged, BONA_FIDE)
    if bona_fide.no_response.trials:
        yield Headline(rated(bona_fide.error), f"BPCER ({system})")


def _look_headline(answered: Answered, species: Sequence[str]) -> Iterator[Headline]:
    """The species whose single looks would pass most often; among equals the one with the fewest looks."""
    rates = {name: look_errors([answer for one, answer in answered if one.species == name]) for name in species}
    known = [name for name, rate in rates.items() if rate.trials]
    if known:
        name = max(known, key=lambda name: (rates[name].share or 0.0, rates[name].interval[1]))
        yield Headline(rated(rates[name]), f"single looks of the worst species that would pass the turn rule, {name}")


def errors_table(system: str, judged: Sequence[Judged], species: Sequence[str]) -> Table:
    """Per species, then the bona fide: error, non-response, reasons."""
    rows = [errors_of(judged, name) for name in (*species, BONA_FIDE)]
    return Table(
        f"Presentations under {system}: APCER per species and BPCER, with 95 % Clopper-Pearson intervals; APNRR, BPNRR",
        ("species", "n judged", "errors", "APCER or BPCER", "95 % interval", "no response", "ended as"),
        tuple(
            (row.species or "bona fide", *rate_cells(row.error), rated(row.no_response), _told(row.reasons))
            for row in rows
        ),
    )


def _told(reasons: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in reasons) or "none"


def _numbers(judged: Sequence[Judged], species: Sequence[str]) -> dict[str, Any]:
    rows = {name: errors_of(judged, name) for name in species}
    found, bona_fide = worst(list(rows.values())), errors_of(judged, BONA_FIDE)
    both = (found.error.share if found else None, bona_fide.error.share)
    return {
        "worst_species": found.species if found else None,
        "apcer_worst": found.error.told() if found else None,
        "attacks": {name: row.told() for name, row in rows.items()},
        "bona_fide": bona_fide.told(),
        "acer_of_worst": sum(both) / 2 if None not in both else None,  # type: ignore[arg-type]
    }


def _looks(answered: Answered, species: str) -> list[Answer]:
    return [look for one, answer in answered if one.species == species for look in answer["looks"] if look]


def _look_numbers(answered: Answered, species: str, min_yaw_deg: float) -> dict[str, Any]:
    mine = [answer for one, answer in answered if one.species == species]
    looks = _looks(answered, species)
    far = [look["relief"] for look in looks if abs(look["yaw"]) >= min_yaw_deg and math.isfinite(look["relief"])]
    turns, depths = [abs(look["yaw"]) for look in looks], [look["residual"] for look in looks]
    return {
        "recordings": len(mine),
        "pictures": sum(answer["pictures"] for answer in mine),
        "pictures_with_one_face": sum(answer["faces"] for answer in mine),
        "pass": look_errors(mine).told(),
        "yaw_change_deg": dict(zip(("median", "p99"), map(float, quantiles(turns, (0.5, 0.99))), strict=True)),
        "max_yaw_change_deg": max(turns, default=None),
        "residual": dict(zip(("median", "p99"), map(float, quantiles(depths, (0.5, 0.99))), strict=True)),
        "relief_of_far_looks": dict(
            zip(("p5", "median", "p95"), map(float, quantiles(far, (0.05, 0.5, 0.95))), strict=True)
        ),
    }


def _looks_table(policy: Policy, answered: Answered, species: Sequence[str]) -> Table:
    rows = []
    for name in (*species, BONA_FIDE):
        found = _look_numbers(answered, name, policy.turn.min_yaw_change_deg)
        passed = look_errors([answer for one, answer in answered if one.species == name])
        angles = found["yaw_change_deg"]
        rows.append((
            name or "bona fide",
            str(found["recordings"]),
            f"{found['pictures_with_one_face']} of {found['pictures']}",
            rated(passed),
            f"{number(angles['median'])}, {number(angles['p99'])}, {number(found['max_yaw_change_deg'])}",
            f"{number(found['residual']['median'])}, {number(found['residual']['p99'])}",
            ", ".join(number(found["relief_of_far_looks"][share]) for share in ("p5", "median", "p95")),
        ))  # fmt: skip
    return Table(
        "Single looks under the turn rule: each picture against the straightest one of its recording. Looks of one "
        "recording depend on one another, so an interval over looks is narrower than what is known",
        (
            "species",
            "recordings",
            "pictures with one face",
            "looks that would pass",
            "yaw change: median, 99th percentile, largest (degrees)",
            "residual: median, 99th percentile (outer eye distances)",
            "relief of looks that turned far enough: 5th percentile, median, 95th",
        ),
        tuple(rows),
    )


def _notes(answered: Answered, *, has_passive: bool) -> tuple[str, ...]:
    notes = [
        "An attack passes when any one of its looks would pass to either side, a bona fide turn when "
        f"{face.SURE} looks in a row would. "
        "APCER and BPCER are of presentations that were judged, no response is of all.",
        "Only the species named here were tried. Nothing follows for masks, for films that turn as asked, for "
        "deepfakes or for frames fed in behind the camera.",
    ]
    if not has_passive:
        notes.append("No passive bundle was given (--bundle, --key): none is judged.")
    seen = sum(answer["faces"] for _, answer in answered)
    if seen < 0.5 * sum(answer["pictures"] for _, answer in answered):
        notes.append("Less than half of the pictures show one face. Cut closely around the face? Try --border 50.")
    return tuple(notes)


def _plots(
    policy: Policy, answered: Answered, judged: dict[System, list[Judged]], species: Sequence[str], *, has_passive: bool
) -> Iterator[Plot]:
    for system, rows in judged.items():
        groups = [(name or "bona fide", errors_of(rows, name).error) for name in (*species, BONA_FIDE)]
        words = "; ".join(f"{name} {rated(rate)}" for name, rate in groups)
        yield Plot(f"Errors under {system}, with 95 % intervals", plots.intervals(groups, "APCER, BPCER"), words)
    yield _turn_plot(policy, answered, species)
    if has_passive:
        yield _score_plot(policy, answered, species)


def _turn_plot(policy: Policy, answered: Answered, species: Sequence[str]) -> Plot:
    groups = [
        plots.Series(
            name or "bona fide", tuple((abs(look["yaw"]), look["residual"]) for look in _looks(answered, name))
        )
        for name in (BONA_FIDE, *species)
    ]
    points = [point for group in groups for point in group.points]
    x = plots.linear("yaw change, degrees", 0, max([30.0, *(yaw for yaw, _ in points)]))
    y = plots.linear("residual, outer eye distances", 0, min(0.3, max([0.1, *(depth for _, depth in points)])))
    limits = policy.turn.min_yaw_change_deg, policy.turn.min_residual
    words = (
        f"Every look by how far it turned and how much depth it left. What lies right of {limits[0]:g} degrees and "
        f"above {limits[1]:g}, or more the farther it turned, passes if {100 * policy.turn.min_relief:.0f} % of the "
        "relief moved too. " + "; ".join(f"{group.name}: {counted(len(group.points), 'look')}" for group in groups)
    )
    return Plot("Turns and their depth", plots.scatter(x, y, groups, limits), words)


def _score_plot(policy: Policy, answered: Answered, species: Sequence[str]) -> Plot:
    groups = [
        (name or "bona fide", [median(a["scores"]) for one, a in answered if one.species == name and a["scores"]])
        for name in (BONA_FIDE, *species)
    ]
    limit = policy.passive.max_attack_score
    words = "; ".join(f"{name}: median {number(float(quantiles(v, (0.5,))[0]))}" for name, v in groups)
    picture = plots.distributions(plots.linear("attack score, 0 bona fide to 1 attack", 0, 1), groups, limit)
    return Plot("Passive scores", picture, f"Median score of each recording; at most {limit:g} is bona fide. {words}")
