"""Presenters before the kiosk's own turn challenge: the bona fide traveller passes, flat things do not."""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import sha256

import numpy as np
import pytest

from appliance.vision.challenge import ChallengeView, Fault, Phase, TurnChallenge
from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.frame_ref import FrameRef
from appliance.vision.model import Pixels
from appliance.vision.track import sighting
from appliance.vision.turn import Movement
from border.rules.policy import TurnLimits
from simulators.faces import Pose
from simulators.presenters import FILM_S, BonaFide, Nobody, Presenter, PrintedPhoto, ScreenReplay
from simulators.travellers import TRAVELLERS, Traveller, traveller

Eyes = Callable[[Pixels], tuple[float, FaceMesh | None]]
LIMITS = TurnLimits(
    min_yaw_change_deg=18.0,
    min_residual=0.05,
    min_relief=0.5,
    turns=2,
    seconds_per_turn=5.0,
    max_track_distance=0.5,
    min_pitch_change_deg=18.0,
)
PERIOD_S = 0.2


def challenged(eyes: Eyes, presenter: Presenter, order: int, movement: Movement = Movement.TURN) -> ChallengeView:
    """What the challenge says in the end, or after 40 s; `order` seeds its chance."""
    challenge = TurnChallenge(LIMITS, random.Random(order), movement=movement)
    for n in range(round(40 / PERIOD_S)):
        asked = challenge.view.prompt
        pixels = presenter.frame(n * PERIOD_S, None if asked is None else asked.value)
        _, mesh = eyes(pixels)
        frame = FrameRef(sha256(pixels.tobytes()).hexdigest(), "camera", n * PERIOD_S)
        if challenge.feed(None if mesh is None else sighting(pixels, mesh), frame).ended:
            break
    return challenge.view


@pytest.mark.parametrize("who", TRAVELLERS[::4], ids=lambda who: who.key)
def test_a_bona_fide_traveller_passes_the_challenge(eyes: Eyes, who: Traveller) -> None:
    view = challenged(eyes, BonaFide(who.face()), order=TRAVELLERS.index(who))
    assert (view.phase, view.fault) == (Phase.PASSED, None)
    assert all(one.seen.residual >= 0.05 and one.seen.change_deg >= 18 for one in view.turns)


@pytest.mark.parametrize("who", TRAVELLERS[1::5], ids=lambda who: who.key)
def test_a_bona_fide_traveller_passes_the_nod(eyes: Eyes, who: Traveller) -> None:
    view = challenged(eyes, BonaFide(who.face()), TRAVELLERS.index(who), Movement.NOD)
    assert (view.phase, view.fault) == (Phase.PASSED, None)


@pytest.mark.parametrize("key", ["bosun", "grandmother"])
def test_a_nodded_print_never_passes(eyes: Eyes, key: str) -> None:
    view = challenged(eyes, PrintedPhoto(traveller(key).face()), 3, Movement.NOD)
    assert view.phase in {Phase.FAILED, Phase.TIMED_OUT}
    assert view.turns == ()


@pytest.mark.parametrize("key", ["bosun", "deckhand", "grandmother"])
def test_a_turned_print_never_passes(eyes: Eyes, key: str) -> None:
    view = challenged(eyes, PrintedPhoto(traveller(key).face()), order=3)
    assert view.phase in {Phase.FAILED, Phase.TIMED_OUT}
    assert view.turns == ()


@pytest.mark.parametrize("key", ["bosun", "deckhand"])
def test_a_still_on_a_tablet_never_passes(eyes: Eyes, key: str) -> None:
    view = challenged(eyes, ScreenReplay(traveller(key).face(), still=True), order=4)
    assert view.phase is Phase.TIMED_OUT
    assert view.fault is Fault.NO_RESPONSE


def test_who_does_not_obey_times_out(eyes: Eyes) -> None:
    view = challenged(eyes, BonaFide(traveller("caricom").face(), obeys=False), order=5)
    assert (view.phase, view.fault) == (Phase.TIMED_OUT, Fault.NO_RESPONSE)


def test_a_print_is_found_as_a_face_so_that_only_the_challenge_stops_it(eyes: Eyes) -> None:
    print_ = PrintedPhoto(traveller("skipper").face())
    assert all(eyes(print_.frame(n / 2, None))[0] > 0.75 for n in range(6))


def test_a_film_shows_the_same_whatever_is_asked() -> None:
    who = traveller("mother").face()
    one, other = ScreenReplay(who), ScreenReplay(who)
    for n in range(0, round(FILM_S), 2):
        assert np.array_equal(one.frame(n, "turn_left"), other.frame(n, "turn_right"))


def test_a_film_turns_right_before_left(eyes: Eyes) -> None:
    film = ScreenReplay(traveller("skipper").face())
    noses = []
    for at_s in (1.0, 3.6, 5.7, 7.8):
        _, mesh = eyes(film.frame(at_s, None))
        assert mesh is not None
        noses.append(mesh.points[1, 0] - mesh.points[[33, 263], 0].mean())
    assert noses[1] < noses[0] - 8
    assert noses[3] > noses[2] + 8


def test_a_bona_fide_traveller_reacts_late_and_turns_smoothly() -> None:
    who = BonaFide(traveller("deckhand").face())
    middle = np.s_[100:400, 150:490]
    still = who.frame(1.0, None)[middle].astype(int)
    moved = [np.abs(who.frame(1.0 + n / 8, "turn_left")[middle].astype(int) - still).mean() for n in range(13)]
    assert max(moved[:3]) < 8  # still reacting
    assert moved[12] > 3 * max(moved[:3])


def test_he_stands_where_he_is_put(eyes: Eyes) -> None:
    _, near = eyes(BonaFide(traveller("cook").face()).frame(0.0, None))
    _, far = eyes(BonaFide(traveller("cook").face(), standing=Pose(distance_cm=90)).frame(0.0, None))
    assert near is not None
    assert far is not None
    assert np.ptp(far.points[:, 0]) < 0.65 * np.ptp(near.points[:, 0])


def test_nobody_is_nobody(eyes: Eyes) -> None:
    assert eyes(Nobody().frame(0.0, "turn_left"))[0] == 0.0
