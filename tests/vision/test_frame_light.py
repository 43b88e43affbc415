"""The light of a frame before any model: black, glaring, or a face against the light."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

from appliance.eyes import TfliteEyes
from appliance.journey.fill import next_level
from appliance.journey.ports import Look
from appliance.vision import frame_light
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from appliance.vision.frame_light import Box, FrameLight, hopeless, measure
from appliance.vision.framing import Cause
from appliance.vision.model import Pixels
from border.rules.default import DEVELOPMENT
from simulators.faces import Identity, Lighting, Pose, Scene, empty_quay, render

FACE = DEVELOPMENT.face
GOOD = FrameLight(brightest=190.0, darkest=40.0, face_bright=130.0, face_middle=90.0, surround_ratio=2.0)


def with_box(reader: FaceReader, person: int, lighting: Lighting) -> tuple[Pixels, Box]:
    """A frame in this light and where the face is in it, as a frame in good light tells."""
    box = reader.read(render(Identity.of(person))).box
    assert box is not None
    return render(Identity.of(person), Pose(), Scene(lighting=lighting)), box


@pytest.mark.parametrize("person", range(1, 7))
def test_no_model_is_kept_from_a_well_lit_face_whatever_the_skin(reader: FaceReader, person: int) -> None:
    pixels, box = with_box(reader, person, Lighting.GOOD)
    assert hopeless(measure(pixels, box), FACE.light) is None


@pytest.mark.parametrize("person", [1, 2, 5])
def test_a_face_against_the_light_is_seen_before_any_model_unless_a_model_can_judge_it(
    reader: FaceReader, person: int
) -> None:
    pixels, box = with_box(reader, person, Lighting.BACKLIT)
    early = hopeless(measure(pixels, box), FACE.light)
    assert early in (None, Cause.BACK_LIT)
    if early is None:  # light skin keeps enough of it
        assert measure(pixels, box).surround_ratio > 5


def test_dark_skin_against_the_light_is(reader: FaceReader) -> None:
    found = [hopeless(measure(*with_box(reader, person, Lighting.BACKLIT)), FACE.light) for person in (4, 5)]
    assert found == [Cause.BACK_LIT] * 2


@pytest.mark.parametrize(
    ("level", "cause"), [(0, Cause.TOO_DARK), (20, Cause.TOO_DARK), (128, None), (254, Cause.TOO_BRIGHT)]
)
def test_an_even_frame_is_dark_or_glaring_by_its_level(level: int, cause: Cause | None) -> None:
    assert hopeless(measure(np.full((480, 640, 3), level, np.uint8), None), FACE.light) is cause


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"brightest": FACE.light.min_frame_level - 0.1}, Cause.TOO_DARK),
        ({"brightest": FACE.light.min_frame_level}, None),
        ({"darkest": FACE.light.max_frame_level + 0.1}, Cause.TOO_BRIGHT),
        ({"darkest": FACE.light.max_frame_level}, None),
        ({"face_bright": FACE.light.min_face_level - 0.1}, Cause.TOO_DARK),
        ({"face_bright": FACE.light.min_face_level}, None),
        ({"surround_ratio": FACE.light.max_surround_ratio + 0.1}, Cause.BACK_LIT),
        ({"surround_ratio": FACE.light.max_surround_ratio}, None),
        ({"face_bright": math.nan, "surround_ratio": math.nan}, None),
        ({"face_bright": 5.0, "surround_ratio": 90.0}, Cause.BACK_LIT),  # dark because of the sky
    ],
)
def test_each_limit_is_policys_and_stands_alone(changed: dict[str, float], cause: Cause | None) -> None:
    values = {name: getattr(GOOD, name) for name in FrameLight.__slots__}
    assert hopeless(FrameLight(**{**values, **changed}), FACE.light) is cause


@pytest.mark.parametrize("box", [(-400, -400, 50, 50), (700, 10, 80, 80), (0, 0, 0, 0), (-50, -50, 1000, 1000)])
def test_a_place_outside_the_frame_is_not_known(box: Box) -> None:
    light = measure(np.full((480, 640, 3), 90, np.uint8), box)
    assert math.isnan(light.surround_ratio) or light.surround_ratio == pytest.approx(1, abs=0.05)


def test_a_black_frame_says_too_dark_and_a_silhouette_back_lit_rather_than_no_face(
    reader: FaceReader, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    eyes = TfliteEyes(reader, FingerReader.load())
    black = eyes.look(np.zeros((480, 640, 3), np.uint8), FACE)
    assert (black.causes, black.components, black.box) == ((Cause.TOO_DARK,), (), None)
    assert black.face_level < 1  # known, so that the lamp comes on
    silhouette = np.full((480, 640, 3), 250, np.uint8)
    silhouette[120:, 200:440] = 12
    assert eyes.look(silhouette, FACE).causes == (Cause.BACK_LIT,)
    assert eyes.look(empty_quay(), FACE).causes == (Cause.NO_FACE,)


def lit_as_the_kiosk_does(reader: FaceReader, person: int, lighting: Lighting) -> list[tuple[float, Look]]:
    """The lamp's level and the look under it, a step a look, until the level rests."""
    eyes, level, seen = TfliteEyes(reader, FingerReader.load()), 0.0, list[tuple[float, Look]]()
    for _ in range(6):
        box = seen[-1][1].box if seen else None
        look = eyes.look(render(Identity.of(person), Pose(), Scene(lighting=lighting, fill=level)), FACE, box)
        seen.append((level, look))
        level = next_level(level, look.face_level, look.causes)
    assert level == seen[-1][0], "it does not come to rest"
    return seen


@pytest.mark.parametrize("person", [1, 4])
@pytest.mark.parametrize("lighting", [Lighting.DARK, Lighting.BACKLIT])
def test_the_lamp_makes_a_face_good_in_the_dark_and_against_the_light(
    reader: FaceReader, lighting: Lighting, person: int
) -> None:
    (_, unlit), *_, (level, lit) = lit_as_the_kiosk_does(reader, person, lighting)
    assert unlit.causes != () and lit.causes == ()
    assert 0 < level <= 1


@pytest.mark.parametrize("lighting", [Lighting.DARK, Lighting.BACKLIT])
def test_the_darkest_skin_gets_all_the_lamp_has(reader: FaceReader, lighting: Lighting) -> None:
    """The simulated camera does not open its shutter with the lamp, as a real one does: more is not claimed."""
    (_, unlit), *_, (level, lit) = lit_as_the_kiosk_does(reader, 5, lighting)
    assert level == 1.0 and lit.face_level > 1.5 * unlit.face_level


def test_no_model_looks_at_a_frame_without_hope() -> None:
    class Blind:
        has_passive = False

        def read(self, _pixels: Pixels, _max_second_face: float) -> None:
            raise AssertionError("a model was asked")

    eyes = TfliteEyes(Blind(), FingerReader.load())  # type: ignore[arg-type]  # only to show that nobody calls it
    assert eyes.look(np.zeros((480, 640, 3), np.uint8), FACE).causes == (Cause.TOO_DARK,)


def test_the_middle_of_a_frame_lies_in_it() -> None:
    x, y, width, height = frame_light.middle(np.zeros((480, 640, 3), np.uint8))
    assert x > 0 and y > 0 and x + width < 640 and y + height < 480
