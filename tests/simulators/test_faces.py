"""Synthetic faces: the kiosk's models find them, their meshes turn as they turn, and they have depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.model import Pixels
from appliance.vision.pose import homography_residual, pose_of, yaw_change_deg
from simulators.faces import GOOD, Identity, Lighting, Pose, Scene, empty_quay, render
from simulators.head_identity import Hair
from simulators.travellers import TRAVELLERS, Traveller

Eyes = Callable[[Pixels], tuple[float, FaceMesh | None]]
EVERYBODY = pytest.mark.parametrize("who", TRAVELLERS, ids=lambda who: who.key)


def mesh_of(eyes: Eyes, pixels: Pixels) -> FaceMesh:
    score, mesh = eyes(pixels)
    assert score > 0.75
    assert mesh is not None
    assert mesh.presence > 0.7
    return mesh


@EVERYBODY
def test_every_traveller_is_seen_turning_and_has_depth(eyes: Eyes, who: Traveller) -> None:
    straight = mesh_of(eyes, render(who.face()))
    assert abs(pose_of(straight).yaw_deg) < 4
    for yaw in (-30, 25):
        turned = mesh_of(eyes, render(who.face(), Pose(yaw_deg=yaw)))
        seen = yaw_change_deg(straight, turned)
        assert 0.8 < seen / yaw < 1.3  # right way, right amount
        assert abs(seen) >= 18
        assert homography_residual(straight, turned) >= 0.05


def test_the_mesh_follows_the_yaw_step_by_step(eyes: Eyes) -> None:
    who = Identity.of(21)
    straight = mesh_of(eyes, render(who))
    seen = [yaw_change_deg(straight, mesh_of(eyes, render(who, Pose(yaw_deg=yaw)))) for yaw in range(-30, 31, 10)]
    assert all(later > earlier + 8 for earlier, later in pairwise(seen))


def test_left_is_the_travellers_own_and_the_picture_is_not_mirrored(eyes: Eyes) -> None:
    nose_x = [mesh_of(eyes, render(Identity.of(28), Pose(yaw_deg=yaw))).points[1, 0] for yaw in (-20, 0, 20)]
    assert nose_x[0] < nose_x[1] < nose_x[2]


def test_pitch_and_roll_have_the_signs_the_kiosk_uses(eyes: Eyes) -> None:
    level, down, tilted = (
        pose_of(mesh_of(eyes, render(Identity.of(12), pose)))
        for pose in (Pose(), Pose(pitch_deg=10), Pose(roll_deg=10))
    )
    assert down.pitch_deg - level.pitch_deg == pytest.approx(10, abs=4)
    assert tilted.roll_deg - level.roll_deg == pytest.approx(10, abs=3)


@pytest.mark.parametrize("lighting", Lighting)
def test_a_face_is_found_in_every_light(eyes: Eyes, lighting: Lighting) -> None:
    for seed in (20, 42):  # the darkest and a very light skin
        mesh_of(eyes, render(Identity.of(seed), Pose(), Scene(lighting=lighting)))


def test_light_does_what_its_name_says() -> None:
    good, dark, backlit = (
        render(Identity.of(18), Pose(), Scene(lighting=light)).astype(float)
        for light in (Lighting.GOOD, Lighting.DARK, Lighting.BACKLIT)
    )
    face, corner = np.s_[180:320, 270:370], np.s_[:40, :120]
    assert dark[face].mean() < 0.6 * good[face].mean()
    assert backlit[face].mean() < 0.7 * good[face].mean()
    assert backlit[corner].mean() > good[corner].mean() + 40


def test_a_cap_and_sunglasses_change_only_their_part_of_the_face() -> None:
    bare = render(Identity.of(28)).astype(int)
    shaded = render(Identity.of(28), Pose(), Scene(sunglasses=True)).astype(int)
    capped = render(Identity.of(28), Pose(), Scene(hat=True)).astype(int)
    mouth, brow, crown = np.s_[330:370, 280:360], np.s_[195:235, 250:390], np.s_[20:110, 240:400]
    assert np.abs(shaded - bare)[brow].mean() > 30
    assert np.abs(capped - bare)[crown].mean() > 30
    assert np.abs(shaded - bare)[mouth].max() <= 2
    assert np.abs(capped - bare)[mouth].max() <= 2


def test_closing_the_eyes_and_opening_the_mouth_change_eyes_and_mouth() -> None:
    bare, blinking, talking = (
        render(Identity.of(12), pose).astype(int) for pose in (Pose(), Pose(eyes_open=0), Pose(mouth_open=1))
    )
    eyes, mouth = np.s_[195:250, 240:400], np.s_[300:380, 260:380]
    assert np.abs(blinking - bare)[eyes].max() > 80
    assert np.abs(blinking - bare)[mouth].max() == 0
    assert np.abs(talking - bare)[mouth].max() > 80
    assert np.abs(talking - bare)[eyes].max() == 0


def test_farther_is_smaller(eyes: Eyes) -> None:
    near, far = (mesh_of(eyes, render(Identity.of(1), Pose(distance_cm=d))).points for d in (45, 75))
    assert np.ptp(far[:, 0]) / np.ptp(near[:, 0]) == pytest.approx(45 / 75, abs=0.08)


def test_equal_arguments_give_equal_pixels_and_the_picture_is_ones_own() -> None:
    first = render(Identity.of(3), Pose(yaw_deg=5), Scene(noise_seed=9))
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(render(Identity.of(3), Pose(yaw_deg=5), Scene(noise_seed=9)), kept)
    assert not np.array_equal(render(Identity.of(3), Pose(yaw_deg=5), Scene(noise_seed=10)), kept)
    assert kept.shape == (480, 640, 3)
    assert kept.dtype == np.uint8


def test_a_still_camera_gives_noise_around_one_picture() -> None:
    one, other = (render(Identity.of(3), Pose(), Scene(noise_seed=seed)).astype(float) for seed in (1, 2))
    assert 1 < np.std(one - other) < 5


def test_everybody_looks_different() -> None:
    middle = np.s_[150:400:4, 220:420:4]
    faces = [render(one.face())[middle].astype(float) for one in TRAVELLERS]
    apart = [np.abs(a - b).mean() for n, a in enumerate(faces) for b in faces[:n]]
    assert min(apart) > 4


def test_skins_run_from_light_to_very_dark_and_styles_are_all_there() -> None:
    looks = [Identity.of(seed).look for seed in range(60)]
    tones = [sum(look.skin) / 3 for look in looks]
    assert min(tones) < 0.06
    assert max(tones) > 0.5
    assert {look.hair_style for look in looks} == set(Hair)


def test_a_child_has_a_smaller_head() -> None:
    grown, child = Identity.of(6), Identity.of(6, age_years=9)
    assert child.build.nose_height < grown.build.nose_height
    assert child.look.skin == grown.look.skin
    assert child.look.wrinkles == 0


@pytest.mark.parametrize(
    "wrong", [{"distance_cm": 5.0}, {"distance_cm": float("nan")}, {"eyes_open": 1.5}, {"mouth_open": -1.0}]
)
def test_impossible_poses_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"cm from the lens|shares"):
        replace(Pose(), **wrong)


def test_ages_outside_the_drawn_range_are_refused() -> None:
    with pytest.raises(ValueError, match="years"):
        Identity.of(1, age_years=2)


def test_nobody_is_found_on_the_empty_quay(eyes: Eyes) -> None:
    for seed in range(1, 9):
        assert eyes(empty_quay(replace(GOOD, backdrop_seed=seed)))[0] == 0.0
