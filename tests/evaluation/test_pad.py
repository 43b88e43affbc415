"""ISO/IEC 30107-3 by hand: what passes, what is stopped, what gave no response, and which species stands first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.rules.default import DEVELOPMENT
from evaluation.layout import Recording
from evaluation.pad import BONA_FIDE, Judged, Outcome, System, errors_of, look_errors, section, under, worst
from evaluation.statistics import Rate
from evaluation.work import Answer

LEFT: Answer = {"yaw": 25.0, "residual": 0.09, "relief": 0.8, "passes": ["left"], "flat": False}
RIGHT: Answer = {"yaw": -25.0, "residual": 0.09, "relief": 0.8, "passes": ["right"], "flat": False}
FLAT: Answer = {"yaw": 25.0, "residual": 0.01, "relief": 0.0, "passes": [], "flat": True}
STILL: Answer = {"yaw": 2.0, "residual": 0.01, "relief": 0.0, "passes": [], "flat": False}


def answer(*looks: Answer | None, scores: tuple[float, ...] = (), straight: bool = True) -> Answer:
    faces = 1 + sum(look is not None for look in looks)
    told: dict[str, Any] = {"pictures": 1 + len(looks), "faces": faces, "straight": straight, "looks": list(looks)}
    return {**told, "scores": list(scores), "moire": [0.5] * 5, "bezel": [0.1] * 5}


NOBODY: Answer = {"pictures": 3, "faces": 0, "straight": False, "looks": [], "scores": [], "moire": [], "bezel": []}


def turned(species: str, told: Answer) -> tuple[Outcome, str]:
    found = under(System.TURN, DEVELOPMENT, species, told)
    return found.outcome, found.reason


@pytest.mark.parametrize(
    ("told", "attack", "bona_fide"),
    [
        (answer(STILL, LEFT, STILL), (Outcome.PASSED, "turned"), (Outcome.STOPPED, "not_far_enough")),
        (answer(LEFT, LEFT), (Outcome.PASSED, "turned"), (Outcome.PASSED, "turned")),
        (answer(LEFT, RIGHT, LEFT), (Outcome.PASSED, "turned"), (Outcome.STOPPED, "not_far_enough")),
        (answer(LEFT, None, LEFT), (Outcome.PASSED, "turned"), (Outcome.STOPPED, "not_far_enough")),
        (answer(FLAT, STILL), (Outcome.STOPPED, "flat"), (Outcome.STOPPED, "flat")),
        (answer(STILL), (Outcome.STOPPED, "not_far_enough"), (Outcome.STOPPED, "not_far_enough")),
        (answer(None, None), (Outcome.NO_RESPONSE, "no_second_look"), (Outcome.NO_RESPONSE, "no_second_look")),
        (answer(LEFT, LEFT, straight=False),) + ((Outcome.NO_RESPONSE, "no_straight_look"),) * 2,
        (NOBODY, (Outcome.NO_RESPONSE, "no_face"), (Outcome.NO_RESPONSE, "no_face")),
    ],
)
def test_the_turn_rule_leans_against_us(
    told: Answer, attack: tuple[Outcome, str], bona_fide: tuple[Outcome, str]
) -> None:
    assert turned("print", told) == attack
    assert turned(BONA_FIDE, told) == bona_fide


@pytest.mark.parametrize(
    ("scores", "looks", "passive", "both"),
    [
        ((0.1,) * 5, (LEFT, LEFT), Outcome.PASSED, Outcome.PASSED),
        ((0.9,) * 5, (LEFT, LEFT), Outcome.STOPPED, Outcome.STOPPED),
        ((0.1,) * 5, (FLAT, FLAT), Outcome.PASSED, Outcome.STOPPED),
        ((0.1,) * 4, (LEFT, LEFT), Outcome.NO_RESPONSE, Outcome.NO_RESPONSE),
        ((float("nan"),) * 5, (LEFT, LEFT), Outcome.STOPPED, Outcome.STOPPED),
        ((), (LEFT, LEFT), Outcome.NO_RESPONSE, Outcome.PASSED),
    ],
)
def test_the_products_own_check_weighs_the_scores(
    scores: tuple[float, ...], looks: tuple[Answer, ...], passive: Outcome, both: Outcome
) -> None:
    told = answer(*looks, scores=scores)
    assert under(System.PASSIVE, DEVELOPMENT, "print", told).outcome is passive
    assert under(System.ALL, DEVELOPMENT, "print", told).outcome is both


@pytest.mark.parametrize(
    ("moire", "screen"),
    [
        ([0.5] * 5, Outcome.PASSED),
        ([2.5] * 5, Outcome.STOPPED),
        ([0.5] * 4, Outcome.NO_RESPONSE),
        ([float("nan")] * 5, Outcome.NO_RESPONSE),
    ],
)
def test_signs_of_a_screen_are_weighed_too(moire: list[float], screen: Outcome) -> None:
    told = {**answer(LEFT, LEFT), "moire": moire}
    assert under(System.SCREEN, DEVELOPMENT, "film", told).outcome is screen
    assert under(System.ALL, DEVELOPMENT, "film", told).outcome is screen


def rows(species: str, passed: int, stopped: int, silent: int = 0) -> list[Judged]:
    counts = ((Outcome.PASSED, passed), (Outcome.STOPPED, stopped), (Outcome.NO_RESPONSE, silent))
    return [Judged(species, outcome, outcome.value) for outcome, count in counts for _ in range(count)]


def test_errors_are_of_the_judged_and_silence_of_all() -> None:
    judged = [*rows("print", 1, 8, 1), *rows(BONA_FIDE, 15, 3, 2)]
    attack, bona_fide = errors_of(judged, "print"), errors_of(judged, BONA_FIDE)
    assert (attack.error, attack.no_response) == (Rate(1, 9), Rate(1, 10))
    assert (bona_fide.error, bona_fide.no_response) == (Rate(3, 18), Rate(2, 20))
    assert attack.reasons == (("no_response", 1), ("passed", 1), ("stopped", 8))


def test_the_worst_species_stands_first_and_no_mean_is_taken() -> None:
    judged = [*rows("easy", 0, 1000), *rows("hard", 3, 7), *rows("unseen", 0, 0, 5)]
    found = worst([errors_of(judged, name) for name in ("easy", "hard", "unseen")])
    assert found is not None and found.species == "hard"


def test_of_equals_the_worst_is_the_one_of_which_least_is_known() -> None:
    judged = [*rows("many", 0, 1000), *rows("few", 0, 3)]
    found = worst([errors_of(judged, name) for name in ("many", "few")])
    assert found is not None and found.species == "few"
    assert worst([errors_of([], "none")]) is None


@given(st.lists(st.sampled_from(list(Outcome)), max_size=30))
def test_every_presentation_is_counted_once(outcomes: list[Outcome]) -> None:
    judged = [Judged("print", outcome, outcome.value) for outcome in outcomes]
    found = errors_of(judged, "print")
    assert found.error.trials + found.no_response.count == found.no_response.trials == len(outcomes)


def recordings(*told: tuple[str, Answer]) -> list[tuple[Recording, Answer]]:
    return [(Recording(species, "s", str(n), (Path("a.jpg"),)), one) for n, (species, one) in enumerate(told)]


def test_the_section_tells_pairs_and_presentations() -> None:
    told = recordings(("print", answer(STILL, FLAT, STILL)), ("print", NOBODY), (BONA_FIDE, answer(LEFT, LEFT, STILL)))
    made = section(DEVELOPMENT, told, has_passive=False)
    systems = ("turn", "screen", "all")
    assert [line.meaning for line in made.headlines[:-1:2]] == [
        f"APCER ({system}) of the worst species, print" for system in systems
    ]
    assert made.headlines[-1].meaning == "single looks of the worst species that would pass the turn rule, print"
    assert made.headlines[0].figure.startswith("0 of 1: 0.0 %")
    looks = made.numbers["looks"]["print"]
    assert looks["pass"]["count"] == 0 and looks["pass"]["n"] == 3
    assert looks["max_yaw_change_deg"] == 25
    assert made.numbers["systems"]["turn"]["attacks"]["print"]["no_response"]["count"] == 1
    assert "Only the species named here" in made.notes[1]
    assert all(plot.words for plot in made.plots)


def test_attacks_that_gave_nothing_to_judge_are_no_success() -> None:
    made = section(DEVELOPMENT, recordings(("print", NOBODY)), has_passive=False)
    assert [(line.figure, line.meaning) for line in made.headlines] == [
        ("none", f"APCER ({system}): no attack gave anything to judge") for system in ("turn", "screen", "all")
    ]


def test_looks_without_a_straight_one_count_among_the_looks() -> None:
    assert look_errors([answer(LEFT, FLAT, None, straight=False)]) == Rate(1, 2)


def test_pictures_without_faces_hint_at_the_border() -> None:
    assert any(
        "--border" in note for note in section(DEVELOPMENT, recordings(("print", NOBODY)), has_passive=False).notes
    )
