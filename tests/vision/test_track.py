"""One track is one face: gaps, jumps, cuts and swaps break it; a turning head does not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from appliance.vision.face_reading import FaceReader
from appliance.vision.track import (
    MAX_GAP_S,
    MIN_FRONT_LIKENESS,
    Break,
    Sighting,
    box_overlap,
    breach,
    likeness,
    looks_of,
)
from simulators.faces import Identity, Pose, Scene, render
from tests.vision.heads import moved, sighted, turned


def seen(reader: FaceReader, seed: int, pose: Pose, scene: Scene | None = None) -> Sighting:
    found = reader.read(render(Identity.of(seed), pose, scene or Scene())).sighting
    assert found is not None
    return found


def test_a_head_that_turns_on_stays_one_track(reader: FaceReader) -> None:
    path = [seen(reader, 2, Pose(yaw_deg=yaw)) for yaw in (0.0, 7.0, 14.0, 21.0, 28.0)]
    assert [breach(before, after, 0.1) for before, after in pairwise(path)] == [None] * 4


def test_the_same_face_a_moment_later_resembles_itself(reader: FaceReader, frontal: Sighting) -> None:
    later = seen(reader, 2, Pose(yaw_deg=3, pitch_deg=2, x_cm=1), Scene(noise_seed=5))
    assert likeness(frontal.looks, later.looks) > 0.85 > MIN_FRONT_LIKENESS


def test_looks_do_not_depend_on_how_bright_it_is(frontal: Sighting) -> None:
    frame = render(Identity.of(2))
    darker = (frame * 0.4 + 8).astype(np.uint8)
    assert likeness(looks_of(frame, frontal.mesh), looks_of(darker, frontal.mesh)) > 0.95


@pytest.mark.parametrize("gap_s", [MAX_GAP_S + 0.01, float("nan"), float("inf")])
def test_a_gap_breaks_the_track(frontal: Sighting, gap_s: float) -> None:
    assert breach(frontal, frontal, MAX_GAP_S) is None
    assert breach(frontal, frontal, gap_s) is Break.GAP


@pytest.mark.parametrize("there", [{"x_px": 150.0}, {"scale": 2.2}, {"scale": 0.45}])
def test_a_jump_in_place_or_size_breaks_the_track(frontal: Sighting, there: dict[str, float]) -> None:
    assert breach(frontal, sighted(frontal, moved(frontal.mesh, **there)), 0.1) is Break.JUMP


def test_a_head_of_another_shape_breaks_the_track(frontal: Sighting) -> None:
    points = frontal.mesh.points.copy()
    middle = points.mean(axis=0)
    flatter = (points - middle) * (1.0, 1.0, 0.3) + middle
    other = type(frontal.mesh)(flatter.astype(np.float32), 1.0, 640, 480)
    assert breach(frontal, sighted(frontal, other), 0.1) is Break.SHAPE


def test_other_looks_in_the_same_place_break_the_track(frontal: Sighting) -> None:
    assert breach(frontal, Sighting(frontal.mesh, -frontal.looks), 0.1) is Break.LOOKS


def test_a_mesh_or_looks_without_numbers_never_continue_a_track(frontal: Sighting) -> None:
    blank = looks_of(np.full((480, 640, 3), 90, np.uint8), frontal.mesh)
    assert np.isnan(likeness(blank, frontal.looks))
    assert breach(frontal, Sighting(frontal.mesh, blank), 0.1) is Break.LOOKS
    broken = type(frontal.mesh)(np.full((468, 3), np.nan, np.float32), 1.0, 640, 480)
    assert breach(frontal, sighted(frontal, broken), 0.1) is Break.JUMP


def test_boxes_overlap_by_area(frontal: Sighting) -> None:
    assert box_overlap(frontal.mesh, frontal.mesh) == pytest.approx(1)
    assert box_overlap(frontal.mesh, moved(frontal.mesh, 2000)) == 0
    assert 0.4 < box_overlap(frontal.mesh, turned(frontal.mesh, 30)) < 1
