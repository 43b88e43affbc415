"""The whole challenge, live: synthetic presenters that answer what is asked, or try to, through the product's machine.

A recording cannot answer a prompt, so only this part tries the random order, the time limit and the track. All of it
is SYNTHETIC: a figure says what these simulated species do, not what people do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.vision.challenge import ChallengeView, Fault, Phase, TurnChallenge
from appliance.vision.face_reading import FaceReader
from border.rules.policy import Policy
from evaluation import pad, plots
from evaluation.pad import BONA_FIDE, Judged, Outcome, System
from evaluation.sections import Plot, Section, rated
from evaluation.work import Answer, Work
from simulators.faces import Identity, Pose
from simulators.presenters import BonaFide, Presenter, PrintedPhoto, ScreenReplay

TITLE = "Face: the whole turn challenge, simulated"
FRAME_S = 0.15  # the pace of a slow kiosk
FIRST_PERSON, FIRST_SEED = 6000, 40


@dataclass(frozen=True, slots=True)
class Species:
    """Who stands there. `name` "" is bona fide; `stands` makes the presenter of one trial."""

    name: str
    stands: Callable[[Identity], Presenter]


ALL: tuple[Species, ...] = (
    Species(BONA_FIDE, BonaFide),
    Species(BONA_FIDE, lambda person: BonaFide(person, standing=Pose(distance_cm=65))),
    Species("print held and turned", PrintedPhoto),
    Species("still on a tablet", lambda person: ScreenReplay(person, still=True)),
    Species("film on a tablet", ScreenReplay),
)


def trial(reader: FaceReader, policy: Policy, species: Species, number: int) -> Answer:
    """One challenge from its first frame to its end."""
    presenter = species.stands(Identity.of(FIRST_PERSON + number))
    challenge = TurnChallenge(policy.turn, random.Random(FIRST_SEED + number))  # noqa: S311 (a trial must repeat)
    view, at_s = challenge.view, 0.0
    while not view.ended:
        asked = view.prompt.value if view.prompt else None
        view = challenge.feed(reader.read(presenter.frame(at_s, asked)).sighting, at_s)
        at_s += FRAME_S
    return _answer(view)


def _answer(view: ChallengeView) -> Answer:
    return {"passed": view.phase is Phase.PASSED, "fault": view.fault or "", "turns": len(view.turns)}


def judged(species: str, answer: Answer) -> Judged:
    """As the product ends it. Who never answers gave no response; a picture that cannot turn is such a one too."""
    if answer["passed"]:
        return Judged(species, Outcome.PASSED, "passed")
    silent = answer["fault"] == Fault.NO_RESPONSE and species == BONA_FIDE
    return Judged(species, Outcome.NO_RESPONSE if silent else Outcome.STOPPED, str(answer["fault"]))


def evaluate(reader: FaceReader, policy: Policy, work: Work, count: int) -> Section:
    """`count` trials of each species."""
    trials = [(species, number) for number in range(count) for species in ALL]
    items = [(f"{ALL.index(species)} {number}", (species, number)) for species, number in trials]
    answers = work.through("challenge", items, lambda one: trial(reader, policy, *one))
    return section([judged(species.name, answer) for (species, _), answer in zip(trials, answers, strict=True)])


def section(rows: Sequence[Judged]) -> Section:
    """The report of simulated challenges."""
    names = sorted({row.species for row in rows} - {BONA_FIDE})
    errors = [pad.errors_of(rows, name) for name in (*names, BONA_FIDE)]
    groups = [(row.species or "bona fide", row.error) for row in errors]
    words = "; ".join(f"{name} {rated(rate)}" for name, rate in groups)
    return Section(
        "challenge",
        TITLE,
        headlines=tuple(pad.headlines(System.TURN, rows, names)),
        notes=(
            "A film can show the turn that is asked by chance. What works against it is the random order of the turns "
            "and the short time, so its rate follows from the number of turns that policy asks.",
        ),
        tables=(pad.errors_table(System.TURN, rows, names),),
        plots=(Plot("Errors of the challenge", plots.intervals(groups, "APCER, BPCER"), words),),
        numbers={row.species or "bona_fide": row.told() for row in errors},
    )
