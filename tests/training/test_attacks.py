"""Simulated presentations: few of each species, which the rule must tell apart, by meshes and by pictures."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.vision.challenge import Phase
from appliance.vision.turn import Movement
from bench.challenge import scored
from border.rules.default import DEVELOPMENT
from simulators.faces import Identity
from simulators.head_planes import printed
from training.attacks import frames, meshes
from training.attacks.heads import head_of
from training.attacks.meshes import BONA_FIDE, PHOTOS, Performer, Species

TRIALS = 4


def passed(species: Species, movement: Movement) -> int:
    views = (meshes.trial(species, seed, DEVELOPMENT.turn, movement=movement) for seed in range(TRIALS))
    return sum(view.phase is Phase.PASSED for view in views)


@pytest.mark.parametrize("movement", Movement)
def test_heads_pass_and_no_photograph_does(movement: Movement) -> None:
    assert passed(Species.BONA_FIDE, movement) == TRIALS
    assert [species for species in (*PHOTOS, Species.STILL_PHOTO) if passed(species, movement)] == []


def test_no_two_heads_are_alike_and_each_is_a_head() -> None:
    one, other = head_of(1), head_of(2)
    assert one.shape == (468, 3) and np.abs(one - other).max() > 0.3
    assert 7 < np.linalg.norm(one[33] - one[263]) < 12  # cm between the outer corners of the eyes
    assert one[1, 2] < one[234, 2] - 4  # the nose stands out of the face


def test_the_same_seed_gives_the_same_presentation() -> None:
    one, other = (Performer(Species.BENT_PHOTO, 5, 0.02) for _ in range(2))
    assert np.array_equal(one.mesh(0.0, None).points, other.mesh(0.0, None).points)


def test_a_bent_sheet_keeps_its_width_along_the_bend() -> None:
    flat = np.stack([np.linspace(-8, 8, 33), np.zeros(33)], axis=1)
    bent = meshes.rolled_up(flat, 12.0)
    steps = np.linalg.norm(np.diff(bent, axis=0), axis=1).sum()
    assert steps == pytest.approx(16, abs=0.02) and bent[:, 2].max() > 2.0


@pytest.mark.parametrize("species", Species)
def test_every_species_can_be_photographed(species: Species) -> None:
    who = frames.presenter(species, 3)
    still, later = who.frame(0.0, None), [who.frame(0.3 * n, "turn_left") for n in range(1, 8)][-1]
    assert still.shape == (480, 640, 3) and still.dtype == np.uint8
    moved = np.abs(still.astype(int) - later).mean()
    assert moved > (0.5 if species is Species.STILL_PHOTO else 2)


def test_a_cut_out_has_holes_for_the_eyes() -> None:
    sheet = printed(Identity.of(3))
    assert (frames.cut_out(sheet).cover > 0).mean() < (sheet.cover > 0).mean()


def test_an_error_is_a_photograph_that_passes_or_a_head_that_does_not() -> None:
    views = [meshes.trial(Species.STILL_PHOTO, 1, DEVELOPMENT.turn)]
    assert scored(Species.STILL_PHOTO, views)["apcer_percent"] == 0
    assert scored(BONA_FIDE[0], views)["bpcer_percent"] == 100
