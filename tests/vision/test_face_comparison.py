"""Comparison of faces: laid straight without a mirror, near for one head and far for another, and NaN for nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.vision import face_comparison
from appliance.vision.errors import ModelAbsent, ModelError, ModelTampered
from appliance.vision.face_comparison import (
    POINTS,
    SIDE,
    TEMPLATE,
    VALUES,
    Embedding,
    FaceComparer,
    chip,
    distance,
    farthest,
    median,
    similarity,
)
from appliance.vision.face_reading import FaceReader
from appliance.vision.model import MODELS, Model
from appliance.vision.track import Sighting
from border.rules.default import DEVELOPMENT
from simulators.faces import Identity, Lighting, Pose, Scene, render
from simulators.travellers import traveller
from tests.vision.heads import moved, turned

LIMIT = DEVELOPMENT.comparison.max_distance


def of(first: float, rest: float = 0.0) -> Embedding:
    values = np.full(VALUES, rest, np.float32)
    values[0] = first
    return Embedding(values)


@pytest.fixture(scope="module")
def comparer() -> FaceComparer:
    return FaceComparer(Model.load(face_comparison.MODEL))


def seen(reader: FaceReader, who: Identity, pose: Pose | None = None, scene: Scene | None = None) -> Embedding:
    sighting = reader.read(render(who, pose or Pose(), scene or Scene())).sighting
    assert sighting is not None and sighting.identity is not None
    return sighting.identity


class TestLayingStraight:
    def test_the_map_takes_its_points_back_to_the_template(self) -> None:
        angle, shift = np.radians(31), np.array([200.0, 90.0])
        turn = 2.3 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        found = similarity(TEMPLATE @ turn.T + shift, TEMPLATE)
        assert found is not None
        again = (TEMPLATE @ turn.T + shift) @ found[:, :2].T + found[:, 2]
        assert again == pytest.approx(TEMPLATE)

    def test_a_mirrored_face_is_never_mirrored_back(self) -> None:
        found = similarity(TEMPLATE * (-1, 1), TEMPLATE)
        assert found is not None
        assert np.linalg.det(found[:, :2]) > 0

    @pytest.mark.parametrize("value", [np.nan, np.inf, 3.0])
    def test_points_without_extent_or_number_have_no_map(self, value: float) -> None:
        assert similarity(np.full((5, 2), value), TEMPLATE) is None

    def test_the_eyes_come_to_lie_on_the_template_wherever_the_head_was(self, frontal: Sighting) -> None:
        for mesh in (frontal.mesh, moved(frontal.mesh, 80, -30, 1.4), turned(frontal.mesh, roll_deg=20)):
            points = mesh.points[list(POINTS), :2].astype(np.float64)
            found = similarity(points, TEMPLATE)
            assert found is not None
            assert np.abs(points @ found[:, :2].T + found[:, 2] - TEMPLATE).max() < 0.05 * SIDE

    def test_a_chip_is_red_first(self, frontal: Sighting) -> None:
        blue = np.zeros((480, 640, 3), np.uint8)
        blue[:, :, 0] = 200
        cut = chip(blue, frontal.mesh)
        assert cut is not None and cut.shape == (SIDE, SIDE, 3)
        assert cut[SIDE // 2, SIDE // 2].tolist() == [0, 0, 200]


class TestDistances:
    def test_they_are_euclidean(self) -> None:
        assert distance(of(0.0), of(0.3)) == pytest.approx(0.3)

    @pytest.mark.parametrize(("one", "other"), [(None, of(0)), (of(0), None), (of(np.nan), of(0)), (of(0), of(np.inf))])
    def test_what_is_absent_or_no_number_is_within_no_limit(
        self, one: Embedding | None, other: Embedding | None
    ) -> None:
        assert not distance(one, other) <= LIMIT

    def test_one_bad_frame_of_a_burst_does_not_speak(self) -> None:
        middle = median([of(0.1), of(0.11), of(9.0), of(0.12), of(0.1)])
        assert middle is not None and middle.values[0] == pytest.approx(0.11)

    def test_a_frame_of_no_number_spoils_the_burst(self) -> None:
        assert np.isnan(distance(median([of(0.1), of(np.nan), of(0.1)]), of(0.1)))

    def test_no_frames_have_no_median_and_no_spread(self) -> None:
        assert median([]) is None
        assert farthest([], None) is None

    def test_the_farthest_frame_is_found_and_nan_is_farther_than_all(self) -> None:
        assert farthest([of(0.0), of(0.2), of(0.7)], of(0.0)) == pytest.approx(0.7)
        assert np.isnan(farthest([of(0.0), of(np.nan)], of(0.0)) or 0.0)

    def test_an_embedding_prints_none_of_its_numbers_and_cannot_be_changed(self) -> None:
        made = of(0.12345)
        assert repr(made) == "<embedding>"
        with pytest.raises(ValueError, match="read-only"):
            made.values[0] = 1
        with pytest.raises(ValueError, match="128"):
            Embedding(np.zeros(127, np.float32))


class TestTheNet:
    def test_a_version_names_network_and_file(self, comparer: FaceComparer) -> None:
        metric, _, file = comparer.version.partition("/")
        assert metric == face_comparison.METRIC == DEVELOPMENT.comparison.metric
        assert len(file) == 8

    def test_a_mesh_of_no_numbers_gives_an_embedding_that_is_near_to_nobody(
        self, comparer: FaceComparer, frontal: Sighting
    ) -> None:
        broken = replace(frontal.mesh, points=np.full((468, 3), np.nan, np.float32))
        made = comparer.embed(render(Identity.of(2)), broken)
        assert not distance(made, made) <= LIMIT

    def test_one_head_is_near_itself_in_other_light_place_and_pose(self, reader: FaceReader) -> None:
        who = traveller("skipper").face()
        straight = seen(reader, who)
        for pose, scene in (
            (Pose(yaw_deg=9), Scene()),
            (Pose(pitch_deg=-6, roll_deg=5), Scene()),
            (Pose(distance_cm=65), Scene(noise_seed=4)),
            (Pose(x_cm=3), Scene(lighting=Lighting.DARK)),
        ):
            assert distance(straight, seen(reader, who, pose, scene)) < DEVELOPMENT.turn.max_track_distance

    def test_only_straight_looks_cost_an_embedding(self, reader: FaceReader) -> None:
        turned_away = reader.read(render(Identity.of(2), Pose(yaw_deg=25))).sighting
        assert turned_away is not None and turned_away.identity is None

    def test_a_portrait_of_nobody_or_of_two_has_no_embedding(self, reader: FaceReader) -> None:
        assert reader.portrait(np.full((400, 300, 3), 128, np.uint8)) is None
        one = render(Identity.of(2))
        assert reader.portrait(np.concatenate([one, render(Identity.of(5))], axis=1)) is None
        assert reader.portrait(one) is not None

    @pytest.mark.parametrize(("harm", "error"), [("altered", ModelTampered), ("absent", ModelAbsent)])
    def test_without_its_very_file_no_face_is_read_at_all(
        self, tmp_path: Path, harm: str, error: type[ModelError]
    ) -> None:
        for path in MODELS.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes())
        file = tmp_path / f"{face_comparison.MODEL}.tflite"
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data) if harm == "altered" else file.unlink()
        with pytest.raises(error):
            FaceReader.load(tmp_path)
