"""A release on its way through a fleet, and what stops it."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from ota.rollout import (
    BUCKETS,
    RINGS,
    End,
    Rollout,
    Status,
    Terms,
    Work,
    begin,
    bucket,
    check_in,
    compare,
    go_on,
    halt,
    hear,
    is_due,
    tick,
    worse,
)

RELEASE = "ab" * 32
FLEET = tuple(f"kiosk-{n}" for n in range(1000))
HOUR_S, DAY_S = 3600, 86400


def of_ring(rollout: Rollout, ring: int) -> list[str]:
    below = rollout.bounds[ring - 1] if ring else 0
    return [d for d in FLEET if below <= bucket(rollout.release, d) < rollout.bounds[ring]]


def give_all(rollout: Rollout, now_s: int = 0) -> Rollout:
    for device in FLEET:
        rollout = check_in(rollout, device, now_s)
    return rollout


def test_rings_are_as_large_as_they_say() -> None:
    rollout = begin(RELEASE, len(FLEET), Terms())
    sizes = [len(of_ring(rollout, ring)) for ring in range(len(RINGS))]
    assert sum(sizes) == len(FLEET)
    assert 4 <= sizes[0] <= 20
    assert 60 <= sizes[1] <= 120
    assert 330 <= sizes[2] <= 470


def test_a_small_fleet_has_a_canary_of_five() -> None:
    assert begin(RELEASE, 20, Terms()).bounds == (2500, 5000, 5000, BUCKETS)


def test_another_release_tries_its_luck_on_others() -> None:
    ranks = [[bucket(release, d) for d in FLEET] for release in (RELEASE, "cd" * 32)]
    both = sum(1 for a, b in zip(*ranks, strict=True) if a < 100 and b < 100)
    assert both <= 2


def test_only_the_first_ring_is_given_it() -> None:
    rollout = give_all(begin(RELEASE, len(FLEET), Terms()))
    assert sorted(rollout.given) == sorted(of_ring(rollout, 0))


def test_a_ring_is_done_when_all_are_at_an_end_and_then_a_person_is_asked() -> None:
    rollout = give_all(begin(RELEASE, len(FLEET), Terms()))
    for device in rollout.open[1:]:
        rollout = hear(rollout, device, End.KEPT)
    assert tick(rollout, 1, ring_is_full=True).status is Status.RUNNING
    rollout = tick(hear(rollout, rollout.open[0], End.KEPT), 1, ring_is_full=True)
    assert rollout.status is Status.WAITING
    assert give_all(rollout).given == rollout.given
    rollout = give_all(go_on(rollout, rollout.terms))
    assert (rollout.status, rollout.ring) == (Status.RUNNING, 1)
    assert sorted(rollout.given) == sorted([*of_ring(rollout, 0), *of_ring(rollout, 1)])


def test_silence_is_failure_and_a_late_word_counts() -> None:
    rollout = give_all(begin(RELEASE, len(FLEET), Terms(silence_s=DAY_S)))
    quiet = rollout.open[0]
    for device in rollout.open[1:]:
        rollout = hear(rollout, device, End.KEPT)
    rollout = tick(rollout, DAY_S, ring_is_full=True)
    assert rollout.status is Status.RUNNING
    rollout = tick(rollout, DAY_S + 1, ring_is_full=True)
    assert (rollout.status, rollout.ended[quiet]) == (Status.HALTED, End.SILENT)
    assert quiet in rollout.why
    rollout = go_on(hear(rollout, quiet, End.KEPT), rollout.terms)
    assert (rollout.status, rollout.failed) == (Status.RUNNING, ())


def test_halted_nobody_is_given_it_and_who_has_it_is_told_to_wait() -> None:
    rollout = give_all(begin(RELEASE, len(FLEET), Terms()))
    device = rollout.open[0]
    assert is_due(rollout, device)
    rollout = halt(rollout, "a person said so")
    assert not is_due(rollout, device)
    assert give_all(rollout).given == rollout.given


def test_who_was_never_given_it_cannot_end_it() -> None:
    rollout = begin(RELEASE, len(FLEET), Terms())
    assert hear(rollout, "a stranger", End.ROLLED_BACK) == rollout


def test_going_on_after_a_halt_needs_terms_that_allow_it() -> None:
    rollout = give_all(begin(RELEASE, len(FLEET), Terms()))
    rollout = hear(rollout, rollout.open[0], End.ROLLED_BACK)
    assert rollout.status is Status.HALTED
    assert go_on(rollout, Terms(most_failures=0)).status is Status.HALTED
    assert go_on(rollout, Terms(most_failures=1)).status is Status.RUNNING


def test_a_measure_that_is_surely_worse_halts() -> None:
    rollout = begin(RELEASE, len(FLEET), Terms())
    chance = ("referred", Work(40, 8), Work(4000, 500))
    worse_ = ("finger quality", Work(200, 60), Work(4000, 400))
    assert compare(rollout, (chance,)).status is Status.RUNNING
    halted = compare(rollout, (chance, worse_))
    assert halted.status is Status.HALTED
    assert halted.why == "finger quality is worse with it: 60 of 200 against 400 of 4000"


@pytest.mark.parametrize(
    ("tried", "others"), [(Work(0, 0), Work(100, 1)), (Work(5, 5), Work(0, 0)), (Work(3, 3), Work(9, 5))]
)
def test_too_little_was_done_to_say(tried: Work, others: Work) -> None:
    assert not worse(tried, others)


def roll(seed: int, share_that_fails: float, approve: bool = True) -> Rollout:
    """A fleet that checks in every four hours, some of it late; each needs up to an hour to come to an end."""
    chance = random.Random(seed)
    sick = set(chance.sample(FLEET, round(share_that_fails * len(FLEET))))
    rollout = begin(f"{seed:064x}", len(FLEET), Terms())
    now_s, ends_at = 0, dict[str, int]()
    while rollout.status in (Status.RUNNING, Status.WAITING) and now_s < 30 * DAY_S:
        now_s += HOUR_S
        for device in chance.sample(FLEET, len(FLEET) // 4):
            rollout = check_in(rollout, device, now_s)
            if device in rollout.given:
                ends_at.setdefault(device, now_s + chance.randrange(HOUR_S))
        for device in [d for d in rollout.open if ends_at[d] <= now_s]:
            rollout = hear(rollout, device, End.ROLLED_BACK if device in sick else End.KEPT)
        due = [d for d in FLEET if bucket(rollout.release, d) < rollout.bounds[rollout.ring]]
        rollout = tick(rollout, now_s, ring_is_full=set(due) <= set(rollout.given))
        if approve:
            rollout = go_on(rollout, rollout.terms) if rollout.status is Status.WAITING else rollout
    return rollout


def test_a_good_release_reaches_all_thousand() -> None:
    rollout = roll(1, 0.0)
    assert rollout.status is Status.DONE
    assert len(rollout.ended) == len(FLEET)


def test_of_a_thousand_with_two_in_a_hundred_that_fail_it_halts_before_the_second_ring_is_done() -> None:
    """In some fleets none of the first hundred is among the twenty: chance, one time in eight or so."""
    rollouts = [roll(seed, 0.02) for seed in range(20)]
    assert all(rollout.status is Status.HALTED for rollout in rollouts)
    rings = Counter(rollout.ring for rollout in rollouts)
    assert rings[0] + rings[1] >= 14
    assert max(len(rollout.given) for rollout in rollouts) < 500
