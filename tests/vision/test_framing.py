"""Causes are ranked, named as the locales name them, and miss nothing that is absent."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.vision import finger_quality
from appliance.vision.face_reading import FaceReader
from appliance.vision.framing import RANKED, Cause, causes, rank
from border.quality import QualityComponent
from border.rules.default import DEVELOPMENT
from border.rules.policy import FaceLimits
from simulators.faces import Identity, Lighting, Pose, Scene, empty_quay, render

LIMITS = FaceLimits(
    min_inter_eye_px=60,
    max_abs_yaw_deg=12,
    max_abs_pitch_deg=15,
    max_abs_roll_deg=12,
    min_component=(("EyesOpen", 90.0), ("SingleFacePresent", 30.0)),
    min_sharpness=50,
    framing=DEVELOPMENT.face.framing,
    light=DEVELOPMENT.face.light,
)
LOCALES = Path(__file__).parent.parent.parent / "appliance" / "web" / "locales"


@pytest.fixture(scope="module")
def good(reader: FaceReader) -> tuple[QualityComponent, ...]:
    return reader.read(render(Identity.of(1))).components


def with_native(components: tuple[QualityComponent, ...], name: str, native: float) -> tuple[QualityComponent, ...]:
    return tuple(replace(c, native=native) if c.name == name else c for c in components)


def with_mapped(components: tuple[QualityComponent, ...], name: str, mapped: float) -> tuple[QualityComponent, ...]:
    return tuple(replace(c, mapped=mapped) if c.name == name else c for c in components)


@pytest.mark.parametrize("person", range(1, 9))
def test_nothing_is_wrong_with_a_good_frame_whatever_the_skin(reader: FaceReader, person: int) -> None:
    assert causes(reader.read(render(Identity.of(person))).components, LIMITS) == ()


@pytest.mark.parametrize(
    ("pose", "cause"),
    [
        (Pose(distance_cm=90), Cause.MOVE_CLOSER),
        (Pose(distance_cm=29), Cause.MOVE_BACK),
        (Pose(x_cm=-15), Cause.CENTRE_LEFT),
        (Pose(x_cm=15), Cause.CENTRE_RIGHT),
        (Pose(y_cm=12), Cause.CENTRE_UP),
        (Pose(y_cm=-10), Cause.CENTRE_DOWN),
        (Pose(yaw_deg=22), Cause.LOOK_STRAIGHT),
        (Pose(pitch_deg=25), Cause.LOOK_STRAIGHT),
        (Pose(roll_deg=-22), Cause.LOOK_STRAIGHT),
        (Pose(eyes_open=0.0), Cause.EYES_OPEN),
    ],
)
def test_the_first_cause_is_what_the_head_does_wrong(reader: FaceReader, pose: Pose, cause: Cause) -> None:
    assert causes(reader.read(render(Identity.of(1), pose)).components, LIMITS)[0] is cause


@pytest.mark.parametrize(("lighting", "cause"), [(Lighting.DARK, Cause.TOO_DARK), (Lighting.BACKLIT, Cause.BACK_LIT)])
@pytest.mark.parametrize("person", [1, 5])
def test_bad_light_is_named(reader: FaceReader, person: int, lighting: Lighting, cause: Cause) -> None:
    pixels = render(Identity.of(person), Pose(), Scene(lighting=lighting))
    assert causes(reader.read(pixels).components, LIMITS) == (cause,)


def test_nobody_is_the_only_cause_when_nobody_is_there(reader: FaceReader) -> None:
    assert causes(reader.read(empty_quay()).components, LIMITS) == (Cause.NO_FACE,)
    assert causes((), LIMITS) == (Cause.NO_FACE,)


def test_causes_come_in_the_order_of_effect(good: tuple[QualityComponent, ...]) -> None:
    worse = with_mapped(with_native(with_native(good, "HeadPoseYaw", 30), "InterEyeDistance", 40), "Sharpness", 10)
    worse = with_native(worse, "SingleFacePresent", 0.9)
    assert causes(worse, LIMITS) == (
        Cause.SEVERAL_FACES,
        Cause.MOVE_CLOSER,
        Cause.LOOK_STRAIGHT,
        Cause.HOLD_STILL,
    )


def test_a_face_too_near_is_not_also_told_to_centre(good: tuple[QualityComponent, ...]) -> None:
    near = with_native(with_native(good, "HeadSize", 0.6), "MarginBelowOfTheFaceImage", 0.5)
    assert causes(near, LIMITS) == (Cause.MOVE_BACK,)


@pytest.mark.parametrize(
    "name", ["InterEyeDistance", "HeadSize", "HeadPoseYaw", "SingleFacePresent", "MarginAboveOfTheFaceImage"]
)
def test_what_is_no_number_is_never_good(good: tuple[QualityComponent, ...], name: str) -> None:
    assert causes(with_native(good, name, math.nan), LIMITS) != ()


@pytest.mark.parametrize("name", ["EyesOpen", "Sharpness", "NaturalColour", "NoSuchComponent"])
def test_a_minimum_for_what_is_absent_or_no_number_is_missed(good: tuple[QualityComponent, ...], name: str) -> None:
    limits = replace(LIMITS, min_component=((name, 1.0),))
    assert causes(tuple(c for c in good if c.name != name), limits) != ()
    if any(c.name == name for c in good):
        assert causes(with_mapped(good, name, math.nan), limits) != ()


@pytest.mark.parametrize(("native", "cause"), [(0.1, Cause.TOO_DARK), (0.9, Cause.TOO_BRIGHT)])
def test_a_missed_luminance_says_which_way(good: tuple[QualityComponent, ...], native: float, cause: Cause) -> None:
    limits = replace(LIMITS, min_component=(("LuminanceMean", 50.0),))
    assert causes(with_mapped(with_native(good, "LuminanceMean", native), "LuminanceMean", 5), limits) == (cause,)


def test_a_face_that_fills_a_tall_picture_from_side_to_side_is_too_near(good: tuple[QualityComponent, ...]) -> None:
    wide = with_native(with_native(good, "LeftwardCropOfTheFaceImage", 0.5), "RightwardCropOfTheFaceImage", 0.5)
    assert causes(wide, LIMITS) == (Cause.MOVE_BACK,)


TALL = Scene(width_px=480, height_px=640, focal=1.1)


@pytest.mark.parametrize("up_cm", [-9, -6, -3, 0, 3, 6, 9])
def test_whoever_is_seen_whole_is_not_asked_up_or_down(reader: FaceReader, up_cm: float) -> None:
    """A seated traveller, a child, a tall man: anywhere in a tall picture is good enough."""
    found = causes(reader.read(render(Identity.of(1), Pose(y_cm=-up_cm), TALL)).components, LIMITS)
    assert not set(found) & {Cause.CENTRE_UP, Cause.CENTRE_DOWN}


@pytest.mark.parametrize(("y_cm", "cause"), [(20, Cause.CENTRE_UP), (-17, Cause.CENTRE_DOWN)])
def test_who_is_cut_off_is_asked(reader: FaceReader, y_cm: float, cause: Cause) -> None:
    assert cause in causes(reader.read(render(Identity.of(1), Pose(y_cm=y_cm), TALL)).components, LIMITS)


def ranked(components: tuple[QualityComponent, ...]) -> tuple[float, ...]:
    return rank(components, causes(components, LIMITS))


def test_the_straighter_and_wider_awake_frame_ranks_higher_and_no_face_lowest(reader: FaceReader) -> None:
    best, turned, closed = (
        ranked(reader.read(render(Identity.of(1), pose)).components)
        for pose in (Pose(), Pose(yaw_deg=25), Pose(eyes_open=0.0))
    )
    nobody = ranked(reader.read(empty_quay()).components)
    assert best > closed > turned > nobody
    assert all(math.isfinite(part) for frame in (best, turned, closed, nobody) for part in frame)


def test_no_good_component_makes_up_for_a_bad_one(good: tuple[QualityComponent, ...]) -> None:
    """By their means the first would win: 100 everywhere but for the lids."""
    blinking = good
    for name in RANKED:
        blinking = with_mapped(blinking, name, 5.0 if name == "EyesOpen" else 100.0)
    plain = good
    for name in RANKED:
        plain = with_mapped(plain, name, 70.0)
    assert rank(plain, ()) > rank(blinking, ())


def test_a_point_of_what_the_place_decides_does_not_outweigh_the_rest(good: tuple[QualityComponent, ...]) -> None:
    far = with_mapped(good, "InterEyeDistance", 52.0)
    nearer_but_soft = with_mapped(with_mapped(good, "InterEyeDistance", 53.0), "Sharpness", 61.0)
    assert rank(with_mapped(far, "Sharpness", 95.0), ()) > rank(nearer_but_soft, ())


@pytest.mark.parametrize("name", RANKED)
def test_what_is_absent_or_no_number_ranks_below_any_number(good: tuple[QualityComponent, ...], name: str) -> None:
    worst = rank(with_mapped(good, name, 0.0), ())
    assert rank(with_mapped(good, name, math.nan), ()) < worst
    assert rank(tuple(c for c in good if c.name != name), ()) < worst


@pytest.mark.parametrize("language", ["en", "es", "fr", "ht"])
def test_every_cause_has_its_words_in_every_language(language: str) -> None:
    hints = tomllib.loads((LOCALES / f"{language}.toml").read_text("utf-8"))["hint"]
    missing = [cause.value for cause in (*Cause, *finger_quality.Cause) if cause.value not in hints]
    assert missing == []
