"""The challenge through the real nets: a synthetic head passes, a synthetic print and a still on a tablet do not.

These figures are of synthetic presentations. They show that the wiring holds, they are no APCER or BPCER.
"""

from __future__ import annotations

import random

import pytest

from appliance.vision.challenge import ChallengeView, Fault, Phase, TurnChallenge
from appliance.vision.face_reading import FaceReader
from appliance.vision.frame_ref import FrameRef
from appliance.vision.turn import Movement
from border.rules.policy import TurnLimits
from simulators.faces import Identity
from simulators.presenters import BonaFide, Nobody, Presenter, PrintedPhoto, ScreenReplay
from tests.vision.tiny_nets import sha256

LIMITS = TurnLimits(
    min_yaw_change_deg=18.0,
    min_residual=0.05,
    min_relief=0.5,
    turns=1,
    seconds_per_turn=4.0,
    max_track_distance=0.5,
    min_pitch_change_deg=18.0,
)
FRAME_S = 0.15


def present(reader: FaceReader, presenter: Presenter, seed: int) -> ChallengeView:
    """Show frames at the pace of a slow kiosk until the challenge ends."""
    challenge = TurnChallenge(LIMITS, random.Random(seed), movement=Movement.TURN)
    view, at_s = challenge.view, 0.0
    while not view.ended:
        asked = view.prompt.value if view.prompt else None
        pixels = presenter.frame(at_s, asked)
        view = challenge.feed(reader.read(pixels).sighting, FrameRef(sha256(pixels.tobytes()), "camera", at_s))
        at_s += FRAME_S
    return view


@pytest.mark.parametrize(("person", "seed"), [(1, 1), (2, 4), (5, 2)])
def test_a_bona_fide_head_passes(reader: FaceReader, person: int, seed: int) -> None:
    view = present(reader, BonaFide(Identity.of(person)), seed)
    assert (view.phase, view.fault) == (Phase.PASSED, None)


def test_a_head_that_does_not_turn_gives_no_response(reader: FaceReader) -> None:
    view = present(reader, BonaFide(Identity.of(2), obeys=False), 1)
    assert (view.phase, view.fault) == (Phase.TIMED_OUT, Fault.NO_RESPONSE)


@pytest.mark.parametrize("person", [1, 3])
def test_a_turned_print_does_not_pass(reader: FaceReader, person: int) -> None:
    view = present(reader, PrintedPhoto(Identity.of(person)), person)
    assert view.phase in (Phase.TIMED_OUT, Phase.FAILED) and view.turns == ()


def test_a_still_on_a_tablet_does_not_pass(reader: FaceReader) -> None:
    view = present(reader, ScreenReplay(Identity.of(1), still=True), 1)
    assert view.phase in (Phase.TIMED_OUT, Phase.FAILED) and view.turns == ()


def test_a_film_that_turns_the_wrong_way_does_not_pass(reader: FaceReader) -> None:
    seed = next(n for n in range(99) if random.Random(n).choice("LR") == "L")  # the film begins to the right
    view = present(reader, ScreenReplay(Identity.of(1)), seed)
    assert view.phase in (Phase.TIMED_OUT, Phase.FAILED) and view.turns == ()


def test_nobody_does_not_pass(reader: FaceReader) -> None:
    assert present(reader, Nobody(), 1).phase is Phase.TIMED_OUT
