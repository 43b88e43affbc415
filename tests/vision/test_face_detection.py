"""Faces are found where they are, once each, in frames of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.vision.face_detection import ANCHORS, COORDS, FaceDetector, decode, merge, overlap, put_squared
from appliance.vision.face_landmarks import MARGIN, SIDE, FaceMesher, crop_of
from appliance.vision.model import Model
from simulators.faces import Identity, Pose, Scene, empty_quay, render


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(Model.load("face_detection_short_range"))


@pytest.fixture(scope="module")
def mesher() -> FaceMesher:
    return FaceMesher(Model.load("face_landmark"))


def test_anchors_are_896_cell_centres_fine_grid_first() -> None:
    assert ANCHORS.shape == (896, 2)
    assert ANCHORS[0].tolist() == ANCHORS[1].tolist() == [0.5 / 16, 0.5 / 16]
    assert ANCHORS[2].tolist() == [1.5 / 16, 0.5 / 16]
    assert ANCHORS[512].tolist() == ANCHORS[517].tolist() == [0.5 / 8, 0.5 / 8]


def test_decoding_adds_regressors_to_the_anchor_and_drops_low_scores() -> None:
    regressors = np.zeros((896, COORDS), np.float32)
    logits = np.full(896, -100, np.float32)
    logits[514] = 2.0
    regressors[514, :6] = (12.8, -12.8, 25.6, 51.2, 6.4, 0)
    (row,) = decode(regressors, logits)
    x, y = ANCHORS[514]
    assert row[:4] == pytest.approx([x + 0.1 - 0.1, y - 0.1 - 0.2, x + 0.1 + 0.1, y - 0.1 + 0.2])
    assert row[4:6] == pytest.approx([x + 0.05, y])
    assert row[-1] == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_scores_of_any_size_or_none_do_not_overflow() -> None:
    logits = np.array([1e9, -1e9, np.nan] + [0.0] * 893, np.float32)
    assert len(decode(np.zeros((896, COORDS), np.float32), logits)) == 1


def test_overlapping_candidates_become_their_weighted_mean_and_others_stay() -> None:
    one, near, far = np.zeros((3, 17))
    one[:4], one[-1] = (0.1, 0.1, 0.5, 0.5), 0.9
    near[:4], near[-1] = (0.1, 0.1, 0.5, 0.6), 0.6
    far[:4], far[-1] = (0.7, 0.7, 0.9, 0.9), 0.8
    merged = merge(np.stack([near, far, one]))
    assert [row[-1] for row in merged] == [0.9, 0.8]
    assert merged[0][3] == pytest.approx((0.9 * 0.5 + 0.6 * 0.6) / 1.5)


def test_boxes_without_area_overlap_nothing_and_do_not_hang_the_merge() -> None:
    nothing = np.zeros((4, 17))
    nothing[:, -1] = 0.9
    assert overlap(nothing[0], nothing).tolist() == [0, 0, 0, 0]
    assert len(merge(nothing)) == 4


def test_the_frame_is_centred_on_a_black_square() -> None:
    values = np.full((128, 128, 3), np.nan, np.float32)
    put_squared(np.full((120, 240, 3), 255, np.uint8), values)
    assert values.min() == -1 and values.max() == 1
    assert (values[:32] == -1).all() and (values[32:96] == 1).all()


def test_nobody_is_found_on_the_empty_quay(detector: FaceDetector) -> None:
    assert detector.find(empty_quay()) == ()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (641, 333)])
def test_box_and_key_points_lie_on_the_face_in_any_frame_shape(detector: FaceDetector, width: int, height: int) -> None:
    scene = Scene(width_px=width, height_px=height)
    (face,) = detector.find(render(Identity.of(1), Pose(x_cm=6), scene))
    right_eye, left_eye, nose, mouth = face.key_points[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1]
    assert face.left < right_eye[0] and left_eye[0] < face.left + face.width
    centre_cm = (face.centre[0] - width / 2) * 48 / (scene.focal * height)
    assert centre_cm == pytest.approx(6, abs=1.5)


def test_the_larger_of_two_faces_comes_first(detector: FaceDetector) -> None:
    near = render(Identity.of(1), Pose(distance_cm=45))
    far = render(Identity.of(2), Pose(distance_cm=75))
    faces = detector.find(np.hstack([far, near]))
    assert len(faces) == 2
    assert faces[0].area > faces[1].area and faces[0].centre[0] > 640 > faces[1].centre[0]


def test_the_crop_is_level_square_and_centred() -> None:
    detector = FaceDetector(Model.load("face_detection_short_range"))
    (face,) = detector.find(render(Identity.of(1), Pose(roll_deg=15)))
    to_crop = crop_of(face)
    (right_x, right_y), (left_x, left_y) = (to_crop[:, :2] @ point + to_crop[:, 2] for point in face.key_points[:2])
    assert right_y == pytest.approx(left_y, abs=0.01) and right_x < left_x
    assert to_crop[:, :2] @ face.centre + to_crop[:, 2] == pytest.approx([SIDE / 2, SIDE / 2], abs=0.01)
    assert np.linalg.det(to_crop[:, :2]) ** -0.5 * SIDE == pytest.approx(MARGIN * max(face.width, face.height))


def test_the_mesh_lies_on_the_eyes_the_detector_found_also_on_a_tilted_head(
    detector: FaceDetector, mesher: FaceMesher
) -> None:
    frame = render(Identity.of(1), Pose(roll_deg=15, x_cm=-4))
    (face,) = detector.find(frame)
    mesh = mesher.find(frame, face)
    assert mesh is not None
    for outer, inner, key_point in ((33, 133, face.key_points[0]), (263, 362, face.key_points[1])):
        middle = mesh.points[[outer, inner], :2].mean(axis=0)
        assert np.linalg.norm(middle - key_point) < 0.1 * face.width
    assert mesh.points[1, 2] < mesh.points[234, 2]  # the nose is nearer than the cheek


def test_there_is_no_mesh_where_there_is_no_face(detector: FaceDetector, mesher: FaceMesher) -> None:
    (face,) = detector.find(render(Identity.of(1)))
    assert mesher.find(empty_quay(), face) is None
    assert mesher.find(np.zeros((480, 640, 3), np.uint8), face) is None
