"""The turn challenge: every way through its table, with meshes that turn without a net."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from appliance.vision.challenge import (
    FIRST_LOOK_S,
    FRONT_FRAMES,
    HOLD_S,
    TABLE,
    ChallengeView,
    Fault,
    Phase,
    Prompt,
    TurnChallenge,
    Turned,
)
from appliance.vision.face_comparison import Embedding
from appliance.vision.frame_ref import FrameRef
from appliance.vision.track import MAX_GAP_S, Sighting
from appliance.vision.turn import AXES, SIDES, Movement, Side
from border.rules.policy import TurnLimits
from tests.vision.heads import as_a_plane, moved, sighted, turned

LIMITS = TurnLimits(
    min_yaw_change_deg=18.0,
    min_residual=0.05,
    min_relief=0.5,
    turns=2,
    seconds_per_turn=5.0,
    max_track_distance=0.5,
    min_pitch_change_deg=18.0,
)
SIGN = {Prompt.TURN_LEFT: 1.0, Prompt.TURN_RIGHT: -1.0, Prompt.LOOK_STRAIGHT: 0.0, None: 0.0}
Answer = Callable[[Prompt | None], Sighting | None]


def turning(limits: TurnLimits, rng: random.Random, expects: Sighting | None = None) -> TurnChallenge:
    return TurnChallenge(limits, rng, expects, Movement.TURN)


def frame_at(at_s: float, camera: str = "camera", sha256: str = "") -> FrameRef:
    return FrameRef(sha256 or f"{at_s:.6f}", camera, at_s)


def times(step_s: float = 0.1, start_s: float = 50.0) -> Iterator[FrameRef]:
    """Frames of one camera, no two alike, so far apart."""
    at_s = start_s
    while True:
        yield frame_at(at_s)
        at_s += step_s


def run(challenge: TurnChallenge, answer: Answer, clock: Iterator[FrameRef], frames: int = 600) -> ChallengeView:
    """Feed frames that answer what is asked, until it ends."""
    view = challenge.view
    for _ in range(frames):
        if view.ended:
            break
        view = challenge.feed(answer(view.prompt), next(clock))
    return view


def until(challenge: TurnChallenge, phase: Phase, answer: Answer, clock: Iterator[FrameRef]) -> ChallengeView:
    view = challenge.view
    while view.phase is not phase:
        view = challenge.feed(answer(view.prompt), next(clock))
        assert not view.ended or phase is view.phase, view
    return view


@pytest.fixture
def head(frontal: Sighting) -> Callable[[float], Sighting]:
    return lambda yaw_deg: sighted(frontal, turned(frontal.mesh, yaw_deg))


@pytest.fixture
def obedient(head: Callable[[float], Sighting]) -> Answer:
    """A head that moves at most 6 degrees a frame towards what is asked."""
    state = [0.0]

    def answer(prompt: Prompt | None) -> Sighting:
        goal = 25 * SIGN[prompt]
        state[0] += max(-6.0, min(6.0, goal - state[0]))
        return head(state[0])

    return answer


@pytest.mark.parametrize("seed", range(8))
def test_a_head_that_does_as_asked_passes_whatever_the_order(obedient: Answer, seed: int) -> None:
    view = run(turning(LIMITS, random.Random(seed)), obedient, times())
    assert (view.phase, view.fault, view.prompt, view.progress) == (Phase.PASSED, None, None, 1.0)
    assert len(view.turns) == 2
    for done in view.turns:
        assert done.seen.change_deg >= 18 and done.seen.residual >= 0.05 and 0 < done.took_s <= 5


def test_orders_are_random_and_both_sides_come(obedient: Answer) -> None:
    orders = {
        tuple(turn.asked for turn in run(turning(LIMITS, random.Random(seed)), obedient, times()).turns)
        for seed in range(24)
    }
    assert orders == {(a, b) for a in SIDES[Movement.TURN] for b in SIDES[Movement.TURN]}


def test_the_wait_before_a_turn_is_random_within_its_bounds(head: Callable[[float], Sighting]) -> None:
    waits = []
    for seed in range(12):
        clock = times(0.02)
        challenge = turning(LIMITS, random.Random(seed))
        frames = 0
        while challenge.view.phase is Phase.FRONT:
            challenge.feed(head(0), next(clock))
            frames += 1
        waits.append((frames - 1) * 0.02)
    assert len({round(wait, 2) for wait in waits}) > 5
    assert min(waits) >= HOLD_S[0] - 0.02 and max(waits) <= HOLD_S[1] + 0.04


def test_measures_carry_the_limits_they_were_held_against(obedient: Answer) -> None:
    view = run(turning(LIMITS, random.Random(1)), obedient, times())
    rows = {row.name: row for row in view.measures(LIMITS)}
    assert {"turn_1_yaw_change", "turn_1_residual", "turn_1_relief", "turn_1_took", "turn_2_residual"} <= rows.keys()
    assert rows["turn_1_yaw_change"].limit == "min 18" and rows["turn_1_residual"].limit == "min 0.061"  # at 25 degrees
    assert rows["straight_likeness"].value == pytest.approx(1, abs=1e-3)


def test_a_still_face_times_out_without_response(head: Callable[[float], Sighting]) -> None:
    view = run(turning(LIMITS, random.Random(1)), lambda _: head(0), times())
    assert (view.phase, view.fault, view.turns) == (Phase.TIMED_OUT, Fault.NO_RESPONSE, ())


def test_nobody_times_out(head: Callable[[float], Sighting]) -> None:
    clock = times()
    began_s = 50.0
    view = run(turning(LIMITS, random.Random(1)), lambda _: None, clock)
    assert (view.phase, view.fault) == (Phase.TIMED_OUT, Fault.NO_RESPONSE)
    assert next(clock).at_s - began_s == pytest.approx(FIRST_LOOK_S, abs=0.3)


def test_a_plane_that_seems_to_turn_fails_for_want_of_depth(frontal: Sighting) -> None:
    state = [0.0]

    def picture(prompt: Prompt | None) -> Sighting:
        goal = 25 * SIGN[prompt]
        state[0] += max(-6.0, min(6.0, goal - state[0]))
        return sighted(frontal, as_a_plane(frontal.mesh, state[0]))

    view = run(turning(LIMITS, random.Random(1)), picture, times())
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.NO_DEPTH)


def test_turning_the_wrong_way_fails_at_once(head: Callable[[float], Sighting]) -> None:
    clock, state = times(), [0.0]

    def contrary(prompt: Prompt | None) -> Sighting:
        goal = -25 * SIGN[prompt]
        state[0] += max(-6.0, min(6.0, goal - state[0]))
        return head(state[0])

    view = run(turning(LIMITS, random.Random(1)), contrary, clock)
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.WRONG_WAY)


def test_one_wild_mesh_passes_nobody(head: Callable[[float], Sighting]) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    view = until(challenge, Phase.TURN, lambda _: head(0), clock)
    for number in range(30):
        view = challenge.feed(head(19 * SIGN[view.prompt] if number % 2 else 0), next(clock))
    assert view.turns == () and view.phase is Phase.TURN


def test_turning_before_it_is_asked_only_starts_the_straight_look_again(head: Callable[[float], Sighting]) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    for yaw_deg in (0, 0, 8, 16, 22, 25, 22, 16):
        view = challenge.feed(head(yaw_deg), next(clock))
    assert view.phase is Phase.FRONT and view.turns == ()
    assert until(challenge, Phase.TURN, lambda _: head(0), clock).phase is Phase.TURN


def test_each_turn_needs_a_straight_look_before_it(obedient: Answer, head: Callable[[float], Sighting]) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    view = challenge.view
    while not view.turns:
        view = challenge.feed(obedient(view.prompt), next(clock))
    assert view.phase is Phase.FRONT and view.prompt is Prompt.LOOK_STRAIGHT
    side = 25.0 if view.turns[0].asked is Side.LEFT else -25.0
    view = run(challenge, lambda _: head(side), clock)  # stays turned
    assert (view.phase, view.fault, len(view.turns)) == (Phase.TIMED_OUT, Fault.NO_RESPONSE, 1)


def test_a_slow_turn_misses_its_deadline(head: Callable[[float], Sighting]) -> None:
    clock, state = times(0.5), [0.0]

    def slow(prompt: Prompt | None) -> Sighting:
        state[0] += 1.5 * SIGN[prompt]
        return head(state[0])

    view = run(turning(LIMITS, random.Random(1)), slow, clock)
    assert (view.phase, view.fault) == (Phase.TIMED_OUT, Fault.NO_RESPONSE)


def test_a_short_loss_of_the_face_is_forgiven_and_a_longer_one_is_not(head: Callable[[float], Sighting]) -> None:
    for lost_frames, phase in ((3, Phase.TURN), (8, Phase.FAILED)):
        clock = times(0.1)
        challenge = turning(LIMITS, random.Random(1))
        view = until(challenge, Phase.TURN, lambda _: head(0), clock)
        for _ in range(lost_frames):
            view = challenge.feed(None, next(clock))
        view = view if view.ended else challenge.feed(head(0), next(clock))
        assert view.phase is phase
        assert view.fault is (Fault.TRACK_LOST if view.ended else None)


@pytest.mark.parametrize("swap", ["place", "looks"])
def test_another_face_during_a_turn_ends_it(frontal: Sighting, head: Callable[[float], Sighting], swap: str) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    until(challenge, Phase.TURN, lambda _: head(0), clock)
    other = sighted(frontal, moved(frontal.mesh, 220)) if swap == "place" else Sighting(frontal.mesh, -frontal.looks)
    view = challenge.feed(other, next(clock))
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.TRACK_LOST)


def test_a_camera_that_stalls_during_a_turn_ends_it(head: Callable[[float], Sighting]) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    until(challenge, Phase.TURN, lambda _: head(0), clock)
    view = challenge.feed(head(0), frame_at(next(clock).at_s + MAX_GAP_S + 0.1))
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.TRACK_LOST)


def test_before_the_first_turn_people_may_still_change_places(
    frontal: Sighting, head: Callable[[float], Sighting]
) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    challenge.feed(head(0), next(clock))
    challenge.feed(sighted(frontal, moved(frontal.mesh, 220)), next(clock))
    view = challenge.feed(head(0), next(clock))
    assert view.phase is Phase.FRONT
    assert until(challenge, Phase.TURN, lambda _: head(0), clock).phase is Phase.TURN


def test_the_face_captured_before_must_be_the_one_that_turns(
    frontal: Sighting, head: Callable[[float], Sighting]
) -> None:
    captured = replace(frontal, looks=-frontal.looks)
    view = run(turning(LIMITS, random.Random(1), captured), lambda _: head(0), times())
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.OTHER_FACE)
    assert view.straight_likeness == pytest.approx(-1, abs=1e-3)


def test_captured_looks_that_are_no_number_match_nobody(frontal: Sighting, head: Callable[[float], Sighting]) -> None:
    captured = replace(frontal, looks=frontal.looks * math.nan)
    view = run(turning(LIMITS, random.Random(1), captured), lambda _: head(0), times())
    assert view.fault is Fault.OTHER_FACE


def someone_else(seen: Sighting, apart: float) -> Sighting:
    """The same mesh and looks, but an embedding so far away."""
    assert seen.identity is not None
    values = seen.identity.values.copy()
    values[0] += apart
    return replace(seen, identity=Embedding(values))


@pytest.mark.parametrize(("apart", "phase"), [(0.0, Phase.PASSED), (0.49, Phase.PASSED), (0.51, Phase.FAILED)])
def test_who_turns_must_be_the_one_captured_before(
    obedient: Answer, frontal: Sighting, apart: float, phase: Phase
) -> None:
    view = run(turning(LIMITS, random.Random(1), someone_else(frontal, apart)), obedient, times())
    assert view.phase is phase
    assert view.fault is (None if phase is Phase.PASSED else Fault.OTHER_FACE)
    assert view.identity_distance == pytest.approx(apart, abs=1e-3)


@pytest.mark.parametrize("turns_before", [0, 1])
def test_a_face_that_takes_over_as_the_turn_begins_ends_it(
    obedient: Answer, head: Callable[[float], Sighting], turns_before: int
) -> None:
    clock, challenge = times(), turning(LIMITS, random.Random(1))
    while len(challenge.view.turns) < turns_before or challenge.view.phase is not Phase.TURN:
        challenge.feed(obedient(challenge.view.prompt), next(clock))
    first = challenge.feed(someone_else(head(0), 1.2), next(clock))
    assert not first.ended  # one wild look fails nobody
    view = challenge.feed(someone_else(head(0), 1.2), next(clock))
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.OTHER_FACE)


def test_a_face_that_takes_over_in_the_last_turn_is_found_when_it_looks_straight_again(obedient: Answer) -> None:
    challenge = turning(LIMITS, random.Random(1))

    def swapped(prompt: Prompt | None) -> Sighting | None:
        seen = obedient(prompt)
        assert seen is not None
        return someone_else(seen, 0.9) if len(challenge.view.turns) == LIMITS.turns else seen

    view = run(challenge, swapped, times())
    assert (view.phase, view.fault, len(view.turns)) == (Phase.FAILED, Fault.OTHER_FACE, 2)


@pytest.mark.parametrize("absent", ["before", "after"])
def test_an_embedding_on_one_side_alone_matches_nobody(
    frontal: Sighting, head: Callable[[float], Sighting], absent: str
) -> None:
    bare = replace(frontal, identity=None)
    captured, seen = (bare, frontal) if absent == "before" else (frontal, bare)
    view = run(turning(LIMITS, random.Random(1), captured), lambda _: seen, times())
    assert view.fault is Fault.OTHER_FACE and view.identity_distance is not None
    assert math.isnan(view.identity_distance)


def test_where_no_look_has_an_embedding_no_distance_is_claimed(obedient: Answer) -> None:
    def bare(prompt: Prompt | None) -> Sighting | None:
        seen = obedient(prompt)
        return None if seen is None else replace(seen, identity=None)

    view = run(turning(LIMITS, random.Random(1)), bare, times())
    assert (view.phase, view.identity_distance) == (Phase.PASSED, None)


def test_nothing_changes_after_the_end(obedient: Answer, head: Callable[[float], Sighting]) -> None:
    clock = times()
    challenge = turning(LIMITS, random.Random(1))
    ended = run(challenge, obedient, clock)
    assert challenge.feed(head(30), next(clock)) == ended
    assert challenge.feed(None, next(clock)) == ended


@pytest.mark.parametrize("at_s", [50.0, 49.9, math.nan])
def test_a_frame_out_of_its_time_ends_it(head: Callable[[float], Sighting], at_s: float) -> None:
    challenge = turning(LIMITS, random.Random(1))
    challenge.feed(head(0), frame_at(50.0))
    view = challenge.feed(head(0), frame_at(at_s, sha256="other"))
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.OUT_OF_TIME)


def test_a_frame_of_another_camera_ends_it_even_without_a_face(head: Callable[[float], Sighting]) -> None:
    for seen in (head(0), None):
        challenge = turning(LIMITS, random.Random(1))
        challenge.feed(head(0), frame_at(50.0))
        view = challenge.feed(seen, frame_at(50.1, camera="loopback"))
        assert (view.phase, view.fault) == (Phase.FAILED, Fault.OTHER_CAMERA)


def test_a_loop_of_frames_ends_it_and_a_stalled_frame_counts_once(head: Callable[[float], Sighting]) -> None:
    challenge = turning(LIMITS, random.Random(1))
    for number in range(30):  # a camera that sends the same picture for three seconds
        view = challenge.feed(head(0), frame_at(50 + number / 10, sha256="stalled"))
    assert view.phase is Phase.FRONT and view.frames.straight == ()
    challenge.feed(head(0), frame_at(53.1, sha256="next"))
    view = challenge.feed(head(0), frame_at(53.2, sha256="stalled"))
    assert (view.phase, view.fault) == (Phase.FAILED, Fault.REPEATED)


def test_the_same_darkness_twice_is_no_loop(head: Callable[[float], Sighting]) -> None:
    challenge = turning(LIMITS, random.Random(1))
    for number, sha256 in enumerate(("black", "grey", "black")):
        view = challenge.feed(None, frame_at(50 + number / 10, sha256=sha256))
    assert not view.ended


def test_the_view_names_the_frames_it_rests_on(obedient: Answer) -> None:
    fed: list[FrameRef] = []

    def clock() -> Iterator[FrameRef]:
        for frame in times():
            fed.append(frame)
            yield frame

    view = run(turning(LIMITS, random.Random(3)), obedient, clock())
    known = {frame.sha256 for frame in fed}
    assert view.frames.camera == "camera"
    assert len(view.frames.straight) == 3 * FRONT_FRAMES and set(view.frames.straight) <= known
    assert len(view.frames.turned) == 2 and set(view.frames.turned) <= known


PITCH = {Prompt.LIFT_CHIN: -1.0, Prompt.LOWER_CHIN: 1.0, Prompt.LOOK_STRAIGHT: 0.0, None: 0.0}


@pytest.mark.parametrize("seed", range(4))
def test_who_cannot_turn_may_nod(frontal: Sighting, seed: int) -> None:
    state = [0.0]

    def nodding(prompt: Prompt | None) -> Sighting:
        state[0] += max(-6.0, min(6.0, 27 * PITCH[prompt] - state[0]))
        return sighted(frontal, turned(frontal.mesh, pitch_deg=state[0]))

    view = run(TurnChallenge(LIMITS, random.Random(seed), movement=Movement.NOD), nodding, times())
    assert (view.phase, view.fault) == (Phase.PASSED, None)
    assert {turn.asked for turn in view.turns} <= {Side.UP, Side.DOWN}
    rows = {row.name: row for row in view.measures(LIMITS)}
    assert rows["nod_1_pitch_change"].limit == "min 18" and "turn_1_yaw_change" not in rows


@pytest.mark.parametrize("seed", range(4))
def test_a_mixed_order_is_met_by_who_turns_and_nods_though_a_lowered_face_resembles_nobody(
    frontal: Sighting, seed: int
) -> None:
    state = [0.0, 0.0]

    def moving(prompt: Prompt | None) -> Sighting:
        goals = 27 * SIGN.get(prompt, 0.0), 27 * PITCH.get(prompt, 0.0)
        state[:] = [now + max(-6.0, min(6.0, goal - now)) for now, goal in zip(state, goals, strict=True)]
        seen = sighted(frontal, turned(turned(frontal.mesh, state[0]), pitch_deg=state[1]))
        return someone_else(seen, abs(state[1]) / 27)

    view = run(TurnChallenge(LIMITS, random.Random(seed)), moving, times())
    assert (view.phase, view.fault) == (Phase.PASSED, None)
    assert {AXES[done.asked] for done in view.turns} == {Movement.TURN, Movement.NOD}


def test_a_nod_is_the_wrong_way_where_a_turn_is_asked(frontal: Sighting) -> None:
    def contrary(prompt: Prompt | None) -> Sighting:
        if prompt in (Prompt.TURN_LEFT, Prompt.TURN_RIGHT):
            return sighted(frontal, turned(frontal.mesh, pitch_deg=26))
        return sighted(frontal, turned(frontal.mesh, 26) if PITCH.get(prompt) else frontal.mesh)

    view = run(TurnChallenge(LIMITS, random.Random(1)), contrary, times())
    assert (view.phase, view.fault, view.turns) == (Phase.FAILED, Fault.WRONG_WAY, ())


def test_a_turn_is_no_answer_to_a_nod(head: Callable[[float], Sighting]) -> None:
    challenge = TurnChallenge(LIMITS, random.Random(1), movement=Movement.NOD)
    clock, state = times(), [0.0]
    until(challenge, Phase.TURN, lambda _: head(0), clock)

    def turning(_prompt: Prompt | None) -> Sighting:
        state[0] = min(state[0] + 4, 30)
        return head(state[0])

    view = run(challenge, turning, clock)
    assert (view.phase, view.fault) == (Phase.TIMED_OUT, Fault.NO_RESPONSE)


def test_a_policy_without_turns_asks_nothing_and_is_refused() -> None:
    with pytest.raises(ValueError, match="asks nothing"):
        turning(replace(LIMITS, turns=0), random.Random(1))


def test_limits_that_are_no_number_pass_nobody(obedient: Answer) -> None:
    limits = TurnLimits(math.nan, math.nan, math.nan, 1, 5, 0.5, math.nan)
    view = run(turning(limits, random.Random(1)), obedient, times())
    assert not view.turns and view.phase in (Phase.FAILED, Phase.TIMED_OUT)


def test_every_phase_has_a_way_out_and_only_a_straight_look_after_the_last_turn_passes() -> None:
    ways = {(phase, what) for phase, rows in TABLE.items() for what, to in rows.items() if to is Phase.PASSED}
    assert ways == {(Phase.FRONT, Turned.HELD_LAST)}
    for phase, rows in TABLE.items():
        if rows:
            assert {Turned.BROKE, Turned.LATE} <= rows.keys(), phase
    assert {phase for phase, rows in TABLE.items() if not rows} == {Phase.PASSED, Phase.FAILED, Phase.TIMED_OUT}
    assert {to for rows in TABLE.values() for to in rows.values()} == set(Phase)
