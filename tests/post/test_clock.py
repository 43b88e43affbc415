"""Time: what a stamp may claim, and a floor that never sinks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.clock import (
    BUILT_WALL_MS,
    SAVE_EVERY_S,
    SystemClock,
    TimeKeeper,
    kernel_says_synchronised,
    read_boot_id,
    stamp,
    wall_ms,
)
from border.encounter import ClockState
from tests.post.world import START_MS, HandClock


def times(tmp_path: Path, clock: HandClock, *, synchronised: bool = False) -> TimeKeeper:
    return TimeKeeper(clock, tmp_path / "time", boot_id="boot-1", synchronised=lambda: synchronised)


@given(st.integers(0, 2**42), st.integers(0, 2**42), st.booleans())
def test_only_a_synchronised_time_at_or_above_the_floor_is_trusted(wall: int, floor: int, synchronised: bool) -> None:
    found = stamp(HandClock(wall), boot_id="b", floor_ms=floor, synchronised=synchronised).clock
    if wall < floor:
        assert found is ClockState.UNTRUSTED
    else:
        assert found is (ClockState.TRUSTED if synchronised else ClockState.FLOOR)


def test_a_stamp_holds_both_clocks_and_the_boot(tmp_path: Path) -> None:
    at = times(tmp_path, HandClock(START_MS, 12.5)).stamp()
    assert (at.wall_ms, at.monotonic_ms, at.boot_id) == (START_MS, 12_500, "boot-1")


def test_a_clock_that_wakes_before_the_build_is_untrusted_even_if_the_kernel_likes_it(tmp_path: Path) -> None:
    clock = HandClock(BUILT_WALL_MS - 1)
    assert times(tmp_path, clock, synchronised=True).stamp().clock is ClockState.UNTRUSTED


def test_a_signed_artefact_raises_the_floor_and_nothing_lowers_it(tmp_path: Path) -> None:
    keeper = times(tmp_path, HandClock())
    keeper.raise_floor(START_MS + 1)
    keeper.raise_floor(START_MS - 1)
    assert keeper.floor_ms == START_MS + 1
    assert keeper.stamp().clock is ClockState.UNTRUSTED


def test_a_trusted_time_is_saved_now_and_then_and_is_the_floor_after_a_restart(tmp_path: Path) -> None:
    clock = HandClock()
    keeper = times(tmp_path, clock, synchronised=True)
    assert not keeper.save_if_due()
    clock.pass_s(SAVE_EVERY_S)
    assert keeper.save_if_due()
    assert not keeper.save_if_due()
    woken = times(tmp_path, HandClock(BUILT_WALL_MS + 5))
    assert woken.floor_ms == START_MS + round(SAVE_EVERY_S * 1000)
    assert woken.stamp().clock is ClockState.UNTRUSTED


def test_a_time_nobody_vouches_for_does_not_become_the_floor(tmp_path: Path) -> None:
    clock = HandClock(START_MS + 10**12)  # a battery gone mad
    keeper = times(tmp_path, clock)
    keeper.save()
    assert times(tmp_path, HandClock()).floor_ms == BUILT_WALL_MS


@pytest.mark.parametrize("content", [b"", b"yesterday", b"\xff\xff"])
def test_a_spoilt_file_gives_the_build_time(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "time").write_bytes(content)
    assert times(tmp_path, HandClock()).floor_ms == BUILT_WALL_MS


def test_the_real_clocks_answer() -> None:
    clock = SystemClock()
    first = clock.monotonic_s()
    assert clock.monotonic_s() >= first
    assert wall_ms(clock) > BUILT_WALL_MS
    assert isinstance(kernel_says_synchronised(), bool)
    assert len(read_boot_id()) == 36
