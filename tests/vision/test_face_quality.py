"""Quality components: OFIQ's mappings at known points, and natives that follow what is done to a face."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from appliance.vision import face_light
from appliance.vision.face_detection import DetectedFace
from appliance.vision.face_quality import (
    EYE_DISTANCE,
    EYES_OPEN,
    HEAD_SIZE,
    MAPPINGS,
    MARGIN_ABOVE,
    MARGIN_BELOW,
    MOUTH_CLOSED,
    NATURAL_COLOUR,
    SIDE_CROP,
    UNDER_EXPOSURE,
    Sigmoid,
    bounded,
    component,
    single_face,
)
from appliance.vision.face_reading import FaceReader
from border.quality import QualityComponent
from simulators.faces import Identity, Lighting, Pose, Scene, empty_quay, render

ALL_COMPONENTS = {
    *("SingleFacePresent", "HeadPoseYaw", "HeadPosePitch", "HeadPoseRoll", "InterEyeDistance", "HeadSize"),
    *("LeftwardCropOfTheFaceImage", "RightwardCropOfTheFaceImage", "MarginAboveOfTheFaceImage"),
    *("MarginBelowOfTheFaceImage", "EyesOpen", "MouthClosed", "LuminanceMean", "LuminanceVariance"),
    *("UnderExposurePrevention", "OverExposurePrevention", "DynamicRange", "IlluminationUniformity"),
    *("NaturalColour", "Sharpness", "FaceHighlights", "BackLight"),
}


def components(reader: FaceReader, pose: Pose | None = None, scene: Scene | None = None) -> dict[str, QualityComponent]:
    pixels = render(Identity.of(2), pose or Pose(), scene or Scene())
    return {component.name: component for component in reader.read(pixels).components}


@pytest.mark.parametrize(
    ("mapping", "native", "mapped"),
    [
        (EYE_DISTANCE, 70, 50),
        (EYE_DISTANCE, 130, 95),
        (HEAD_SIZE, 0, 100),
        (HEAD_SIZE, 0.05, 54),
        (SIDE_CROP, 0.9, 50),
        (MARGIN_ABOVE, 1.4, 50),
        (MARGIN_BELOW, 1.8, 50),
        (EYES_OPEN, 0.02, 50),
        (EYES_OPEN, 0.05, 95),
        (MOUTH_CLOSED, 0.2, 50),
        (MOUTH_CLOSED, 0, 97),
        (UNDER_EXPOSURE, 0, 100),
        (UNDER_EXPOSURE, 0.92, 40),
        (UNDER_EXPOSURE, 1, 0),
        (NATURAL_COLOUR, 0, 100),
        (NATURAL_COLOUR, 10, 54),
        (NATURAL_COLOUR, 100, 0),
    ],
)
def test_mappings_have_the_values_of_their_formula(mapping: Sigmoid, native: float, mapped: float) -> None:
    assert mapping(native) == mapped


@pytest.mark.parametrize("native", [math.inf, -math.inf, 1e300, -1e300])
def test_mappings_stay_bounded_for_any_number(native: float) -> None:
    for mapping in (EYE_DISTANCE, HEAD_SIZE, MOUTH_CLOSED, UNDER_EXPOSURE):
        assert math.isnan(mapping(native)) or 0 <= mapping(native) <= 100


def test_what_is_no_number_is_not_mapped_to_one() -> None:
    assert math.isnan(bounded(math.nan)) and math.isnan(EYE_DISTANCE(math.nan))


def box(side: float) -> DetectedFace:
    return DetectedFace(0, 0, side, side, 0.9, ())


@pytest.mark.parametrize(
    ("sides", "native", "mapped"), [([], 1, 0), ([80], 0, 100), ([80, 20], 0.25, 75), ([80, 80], 1, 0)]
)
def test_one_face_alone_is_best_and_a_second_counts_by_its_size(
    sides: list[float], native: float, mapped: float
) -> None:
    component = single_face([box(side) for side in sides])
    assert (component.name, component.native, component.mapped) == ("SingleFacePresent", native, mapped)


def test_a_good_frame_has_every_component_once_and_none_is_missing_a_number(reader: FaceReader) -> None:
    found = reader.read(render(Identity.of(2))).components
    assert len(found) == len(ALL_COMPONENTS) and {c.name for c in found} == ALL_COMPONENTS
    assert all(math.isfinite(c.native) and c.mapped is not None and 0 <= c.mapped <= 100 for c in found)
    assert {c.metric for c in found} == {"landfall-29794-5-aligned-1", "landfall-face-1"}


def test_without_a_face_only_the_absence_is_reported(reader: FaceReader) -> None:
    reading = reader.read(empty_quay())
    assert [(c.name, c.mapped) for c in reading.components] == [("SingleFacePresent", 0)]
    assert (reading.box, reading.sighting, reading.attack_score) == (None, None, None)


def test_two_faces_of_like_size_leave_no_sighting(reader: FaceReader) -> None:
    frame = np.hstack([render(Identity.of(1)), render(Identity.of(2))])
    reading = reader.read(frame)
    assert len(reading.faces) == 2 and reading.sighting is None


def test_eye_distance_falls_with_distance_and_is_the_cameras(reader: FaceReader) -> None:
    near, far = (components(reader, Pose(distance_cm=cm))["InterEyeDistance"].native for cm in (48.0, 96.0))
    assert near / far == pytest.approx(2, rel=0.1)


def test_eye_distance_is_corrected_for_yaw(reader: FaceReader) -> None:
    straight, turned = (components(reader, Pose(yaw_deg=yaw))["InterEyeDistance"].native for yaw in (0.0, 25.0))
    assert turned == pytest.approx(straight, rel=0.12)


@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
def test_pose_components_fall_as_the_head_turns(reader: FaceReader, axis: str) -> None:
    name = f"HeadPose{axis.capitalize()}"
    straight = components(reader)[name]
    turned = components(reader, replace(Pose(), **{f"{axis}_deg": 25.0}))[name]
    assert abs(turned.native - straight.native) > 18
    assert straight.mapped is not None and turned.mapped is not None and turned.mapped < straight.mapped


@pytest.mark.parametrize(
    ("pose", "name"),
    [
        (Pose(x_cm=-14), "LeftwardCropOfTheFaceImage"),
        (Pose(x_cm=14), "RightwardCropOfTheFaceImage"),
        (Pose(y_cm=-8), "MarginAboveOfTheFaceImage"),
        (Pose(y_cm=8), "MarginBelowOfTheFaceImage"),
    ],
)
def test_margins_shrink_on_the_side_the_face_moves_to(reader: FaceReader, pose: Pose, name: str) -> None:
    assert components(reader, pose)[name].native < components(reader)[name].native - 0.4


def test_closed_eyes_are_seen_by_the_lids(reader: FaceReader) -> None:
    opened, closed = (components(reader, Pose(eyes_open=share))["EyesOpen"] for share in (1.0, 0.0))
    assert closed.native < 0.4 * opened.native
    assert opened.mapped is not None and closed.mapped is not None
    assert opened.mapped >= 98 and closed.mapped <= 80


def test_an_open_mouth_is_seen(reader: FaceReader) -> None:
    closed, opened = (components(reader, Pose(mouth_open=share))["MouthClosed"].native for share in (0.0, 1.0))
    assert opened > 2 * closed


def test_darkness_lowers_luminance_and_range_and_fills_the_shadows(reader: FaceReader) -> None:
    good, dark = components(reader), components(reader, scene=Scene(lighting=Lighting.DARK))
    for name in ("LuminanceMean", "DynamicRange", "FaceHighlights"):
        assert dark[name].native < good[name].native
    assert dark["UnderExposurePrevention"].native > good["UnderExposurePrevention"].native


def test_light_from_behind_is_told_from_a_dark_place(reader: FaceReader) -> None:
    ratio = {light: components(reader, scene=Scene(lighting=light))["BackLight"].native for light in Lighting}
    assert ratio[Lighting.BACKLIT] > 5 * max(ratio[Lighting.GOOD], ratio[Lighting.DARK])


def test_blur_lowers_sharpness_step_by_step(reader: FaceReader) -> None:
    frame = render(Identity.of(2))
    found = []
    for sigma in (0.0, 1.0, 2.0, 4.0):
        blurred = np.asarray(cv2.GaussianBlur(frame, (0, 0), sigma) if sigma else frame, np.uint8)
        found.append({c.name: c.native for c in reader.read(blurred).components}["Sharpness"])
    assert found == sorted(found, reverse=True) and found[0] > 2 * found[3]


def test_a_blue_face_is_no_natural_colour(reader: FaceReader) -> None:
    frame = render(Identity.of(2))
    swapped = np.ascontiguousarray(frame[:, :, ::-1])  # red and blue exchanged
    found = {c.name: c for c in reader.read(swapped).components}["NaturalColour"]
    assert found.native > 20 and found.mapped is not None and found.mapped < 25


def test_luminance_is_linear_light_in_bytes() -> None:
    picture = np.array([[[0, 0, 0], [255, 255, 255], [188, 188, 188], [0, 0, 255]]], np.uint8)
    assert face_light.luminance(picture).tolist() == [[0, 255, 128, 54]]


def test_a_face_almost_outside_the_frame_has_no_measure_of_light(reader: FaceReader) -> None:
    seen = reader.read(render(Identity.of(2))).sighting
    assert seen is not None
    away = replace(seen.mesh, points=seen.mesh.points + np.float32(4000))
    eyes = [away.points[n, :2].astype(np.float64) for n in (33, 263, 13)]
    light = face_light.measure(np.zeros((480, 640, 3), np.uint8), away, *eyes)
    assert math.isnan(light.mean) and math.isnan(light.sharpness)


def test_equal_frames_give_equal_components(reader: FaceReader) -> None:
    frame = render(Identity.of(1))
    assert reader.read(frame).components == reader.read(frame.copy()).components


@pytest.mark.parametrize(
    ("name", "worse", "at", "better"),
    [  # (native, mapped) below the middle of the formula, at it, above it; worked out from the table by hand
        ("SingleFacePresent", (0.8, 20), (0.5, 50), (0.1, 90)),
        ("HeadPoseYaw", (-60, 25), (45, 50), (20, 88)),
        ("HeadPosePitch", (120, 0), (-45, 50), (0, 100)),
        ("HeadPoseRoll", (70, 12), (45, 50), (-10, 97)),
        ("InterEyeDistance", (30, 12), (70, 50), (150, 98)),
        ("HeadSize", (0.25, 4), (0.50, 54), (0.45, 100)),
        ("LeftwardCropOfTheFaceImage", (0.6, 5), (0.9, 50), (1.2, 95)),
        ("RightwardCropOfTheFaceImage", (0.6, 5), (0.9, 50), (1.2, 95)),
        ("MarginAboveOfTheFaceImage", (1.2, 12), (1.4, 50), (1.6, 88)),
        ("MarginBelowOfTheFaceImage", (1.6, 12), (1.8, 50), (2.0, 88)),
        ("EyesOpen", (0.0, 12), (0.02, 50), (0.05, 95)),
        ("MouthClosed", (0.4, 3), (0.2, 50), (0.05, 92)),
        ("LuminanceMean", (0.1, 12), (0.2, 50), (0.5, 100)),
        ("LuminanceMean", (0.9, 12), (0.8, 50), (0.5, 100)),
        ("LuminanceVariance", (0.0, 0), (0.1, 43), (1 / 60, 100)),
        ("UnderExposurePrevention", (1.0, 0), (0.92, 40), (0.5, 100)),
        ("OverExposurePrevention", (0.5, 2), (0.01, 50), (0.0, 100)),
        ("DynamicRange", (1.0, 12), (4.0, 50), (7.2, 90)),
        ("IlluminationUniformity", (0.0, 0), (0.1, 50), (1.0, 100)),
        ("NaturalColour", (40, 4), (11, 50), (1, 95)),
        ("Sharpness", (0.05, 3), (0.15, 50), (0.30, 99)),
        ("FaceHighlights", (70, 4), (86, 50), (110, 99)),
        ("BackLight", (45, 10), (9, 50), (1, 100)),
    ],
)
def test_each_component_has_its_formula_on_both_sides(
    name: str, worse: tuple[float, float], at: tuple[float, float], better: tuple[float, float]
) -> None:
    for native, mapped in (worse, at, better):
        measured = component(name, native)
        assert (measured.name, measured.native, measured.mapped) == (name, native, mapped)


def test_the_table_names_every_component_once_in_the_order_of_the_record(reader: FaceReader) -> None:
    assert [c.name for c in reader.read(render(Identity.of(2))).components] == list(MAPPINGS)
    assert set(MAPPINGS) == ALL_COMPONENTS


@pytest.mark.parametrize("name", sorted(ALL_COMPONENTS))
@pytest.mark.parametrize("native", [math.nan, math.inf, -math.inf])
def test_a_native_that_is_no_number_has_no_mapped_value(name: str, native: float) -> None:
    mapped = component(name, native).mapped
    assert mapped is not None and math.isnan(mapped)
