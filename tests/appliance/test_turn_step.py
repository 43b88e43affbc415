"""The turn step with the real Runner: a nod for who cannot turn, and what speaks against a passed challenge."""

from __future__ import annotations

import pytest

from appliance.journey.machine import State
from appliance.journey.view import Touch
from appliance.vision.face_reading import FaceReader
from appliance.vision.track import Sighting
from border.encounter import FaceArea, SampleKind
from border.findings import Finding
from border.rules.default import DEVELOPMENT
from simulators.faces import FRONTAL, GOOD, render
from simulators.travellers import traveller
from tests.appliance.test_runner import Rig, play, until

TRIES = DEVELOPMENT.retries.face
CONTRARY = {
    "turn_left": "turn_right",
    "turn_right": "turn_left",
    "lift_chin": "lower_chin",
    "lower_chin": "lift_chin",
}


@pytest.fixture(scope="module")
def front() -> Sighting:
    seen = FaceReader.load().read(render(traveller("skipper").face(), FRONTAL, GOOD)).sighting
    assert seen is not None
    return seen


def pad(rig: Rig) -> Finding:
    return next(finding for finding in rig.checked.findings if finding.check == "face_pad")


def names(finding: Finding) -> set[str]:
    return {measure.name for measure in finding.measures}


def test_who_cannot_turn_is_asked_to_nod_and_clears(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        assert rig.runner.touch(Touch.CANNOT)
        rig.glass.finger = 90
        assert await rig.at(State.CLEARED, State.REFERRED) is State.CLEARED
        assert {"nod_1_pitch_change", "nod_2_residual", "challenge_tries", "blinks"} <= names(pad(rig))
        assert "turn_1_yaw_change" not in names(pad(rig))

    play(Rig(front), act)


def test_the_next_traveller_is_asked_to_turn_again(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        rig.runner.touch(Touch.CANNOT)
        rig.glass.finger = 90
        await rig.at(State.CLEARED)
        rig.runner.touch(Touch.FINISH)
        rig.glass.finger = None
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.CLEARED)
        assert {"turn", "nod"} <= {name.split("_")[0] for name in names(pad(rig))}

    play(Rig(front), act)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"has_passive": True, "attack_score": 0.9}, "presentation_attack_suspected"),
        ({"moire": 2.0}, "screen_suspected"),
        ({"moire": float("nan")}, "screen_too_few_frames"),
    ],
)
def test_disagreement_refers_with_its_own_reason(front: Sighting, wrong: dict[str, object], reason: str) -> None:
    rig = Rig(front)
    for name, value in wrong.items():
        setattr(rig.eyes, name, value)

    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.REFERRED)
        assert rig.recommended.reasons == (reason,)
        assert "turn_2_residual" in names(pad(rig))  # the challenge itself was met

    play(rig, act)


def test_frames_of_another_camera_end_it_without_a_second_try(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        await until(lambda: rig.runner.view.asked is not None)
        rig.window.sender = "loopback"
        await rig.at(State.REFERRED)
        assert "frames_other_camera" in rig.recommended.reasons
        tries = next(measure for measure in pad(rig).measures if measure.name == "challenge_tries")
        assert tries.value == 1

    play(Rig(front), act)


def test_the_wrong_way_may_be_taken_once(front: Sighting) -> None:
    rig = Rig(front)
    right_way = rig.eyes.asked
    rig.eyes.asked = lambda: CONTRARY.get(right_way() or "")

    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        await rig.at(State.REFERRED)
        assert "turn_wrong_way" in rig.recommended.reasons
        tries = next(measure for measure in pad(rig).measures if measure.name == "challenge_tries")
        assert tries.value == 2

    play(rig, act)


def test_who_cannot_turn_after_all_keeps_the_tries_he_made(front: Sighting) -> None:
    rig = Rig(front)
    right_way = rig.eyes.asked
    rig.eyes.asked = lambda: (
        right_way() if rig.runner.view.attempts_left == TRIES - 1 else CONTRARY.get(right_way() or "")
    )

    async def act(rig: Rig) -> None:
        await rig.reach(State.TURN)
        await until(lambda: rig.runner.view.attempts_left == TRIES - 1)
        assert rig.runner.touch(Touch.CANNOT)
        rig.glass.finger = 90
        assert await rig.at(State.CLEARED, State.REFERRED, within_s=40.0) is State.CLEARED
        tries = next(measure for measure in pad(rig).measures if measure.name == "challenge_tries")
        assert tries.value == 2
        assert f"nod_{DEVELOPMENT.turn.turns + 1}_residual" in names(pad(rig))  # one movement more for the failed try

    play(rig, act)


def test_a_picture_that_is_no_longer_what_the_driver_hashed_is_not_kept_and_refers(front: Sighting) -> None:
    rig = Rig(front)
    rig.window.is_altered = True

    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.REFERRED)
        assert "frames_altered" in rig.recommended.reasons
        assert not [sample for sample in rig.checked.samples if sample.kind.startswith("face")]

    play(rig, act)


def test_the_officer_learns_where_the_face_is(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.CLEARED)
        faces = {sample.kind: sample.face for sample in rig.book.written[-1][1]}
        seen = FaceArea(10, 10, 20, 20, picture_width=64, picture_height=48)
        assert (faces[SampleKind.FACE], faces[SampleKind.FACE_TURNED]) == (seen, seen)
        assert faces[SampleKind.FINGER] is None

    play(Rig(front), act)


def test_what_is_kept_is_what_was_judged(front: Sighting) -> None:
    async def act(rig: Rig) -> None:
        await rig.reach(State.FINGER)
        rig.glass.finger = 90
        await rig.at(State.CLEARED)
        pictures = {sample.frame_sha256 for sample in rig.checked.samples if sample.kind.startswith("face")}
        assert len(pictures) == 3 and {sample.device for sample in rig.checked.samples} >= {"camera"}

    play(Rig(front), act)
