"""The whole challenge, live: simulated presentations that answer what is asked, or try to.

A recording cannot answer a prompt, so only this part tries the random order, the time limit and the track. All of it
is SYNTHETIC: a figure says what these simulated species do, not what people do. Two kinds: pictures are rendered and go
through the nets; meshes are exact geometry with landmark noise, thousands in the time of a few pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from appliance.vision.challenge import ChallengeView, Fault, Phase
from appliance.vision.face_reading import FaceReader
from border.rules.policy import Policy
from evaluation import pad, plots
from evaluation.pad import BONA_FIDE, Judged, Outcome
from evaluation.sections import Headline, Plot, Section, Table, rated
from evaluation.work import Answer, Work
from training.attacks import frames, meshes
from training.attacks.meshes import Species as Instrument

TITLE = "Face: the whole challenge of turn and nod, simulated"
FIRST_SEED = 40_000
NOISE = 0.02  # of each landmark's coordinates, in outer eye distances: what the goals are stated at
PICTURES, GEOMETRY = "pictures", f"meshes at noise {NOISE:g}"
COUNTS = {PICTURES: 6, GEOMETRY: 250}  # trials of each species


@dataclass(frozen=True, slots=True)
class Species:
    """Who stands there. `name` "" is bona fide; `trial` runs the one of this number to its end."""

    kind: str
    name: str
    trial: Callable[[FaceReader, Policy, int], ChallengeView]


def _seen(instrument: Instrument, reader: FaceReader, policy: Policy, number: int) -> ChallengeView:
    return frames.trial(reader, instrument, FIRST_SEED + number, policy.turn)


def _as_a_mesh(instrument: Instrument, _reader: FaceReader, policy: Policy, number: int) -> ChallengeView:
    return meshes.trial(instrument, FIRST_SEED + number, policy.turn, noise=NOISE)


def _name(instrument: Instrument) -> str:
    return BONA_FIDE if instrument in meshes.BONA_FIDE else instrument.value.replace("_", " ")


ALL: tuple[Species, ...] = (
    *(Species(PICTURES, _name(one), partial(_seen, one)) for one in Instrument),
    *(Species(GEOMETRY, _name(one), partial(_as_a_mesh, one)) for one in Instrument),
)


def _answer(view: ChallengeView) -> Answer:
    return {"passed": view.phase is Phase.PASSED, "fault": view.fault or "", "turns": len(view.turns)}


def judged(name: str, answer: Answer) -> Judged:
    """As the product ends it. Who never turned gave no response if bona fide; an attack that did not was stopped."""
    if answer["passed"]:
        return Judged(name, Outcome.PASSED, "passed")
    silent = answer["fault"] == Fault.NO_RESPONSE and name == BONA_FIDE
    return Judged(name, Outcome.NO_RESPONSE if silent else Outcome.STOPPED, str(answer["fault"]))


def evaluate(reader: FaceReader, policy: Policy, work: Work, most: int | None = None) -> Section:
    """So many trials of each species, or at most `most`."""
    trials = [
        (place, one, number)
        for place, one in enumerate(ALL)
        for number in range(min(COUNTS[one.kind], most or COUNTS[one.kind]))
    ]
    items = [(f"{place} {one.kind} {one.name} {number}", (one, number)) for place, one, number in trials]
    answers = work.through("challenge", items, lambda pair: _answer(pair[0].trial(reader, policy, pair[1])))
    rows = [(one.kind, judged(one.name, answer)) for (_, one, _), answer in zip(trials, answers, strict=True)]
    return section(rows)


def section(rows: Sequence[tuple[str, Judged]]) -> Section:
    """The report of simulated challenges; the kinds are never mixed."""
    kinds = {kind: [row for of, row in rows if of == kind] for kind in dict.fromkeys(kind for kind, _ in rows)}
    return Section(
        "challenge",
        TITLE,
        headlines=tuple(line for kind, mine in kinds.items() for line in _headlines(kind, mine)),
        notes=(
            "A film can show the movements that are asked by chance. What works against it is the random order of "
            "turns and nods and the short time, so its rate follows from the number of movements that policy asks.",
        ),
        tables=tuple(_table(kind, mine) for kind, mine in kinds.items()),
        plots=tuple(_plot(kind, mine) for kind, mine in kinds.items()),
        numbers={
            kind: {row.species or "bona_fide": row.told() for row in _errors(mine)} for kind, mine in kinds.items()
        },
    )


def _names(rows: Sequence[Judged]) -> list[str]:
    return sorted({row.species for row in rows} - {BONA_FIDE})


def _errors(rows: Sequence[Judged]) -> list[pad.Errors]:
    return [pad.errors_of(rows, name) for name in (*_names(rows), BONA_FIDE)]


def _headlines(kind: str, rows: Sequence[Judged]) -> Iterator[Headline]:
    return pad.headlines(kind, rows, _names(rows))


def _table(kind: str, rows: Sequence[Judged]) -> Table:
    return pad.errors_table(kind, rows, _names(rows))


def _plot(kind: str, rows: Sequence[Judged]) -> Plot:
    groups = [(row.species or "bona fide", row.error) for row in _errors(rows)]
    words = "; ".join(f"{name} {rated(rate)}" for name, rate in groups)
    return Plot(f"Errors of the challenge, {kind}", plots.intervals(groups, "APCER, BPCER"), words)
