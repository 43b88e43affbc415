"""One deadline for one call."""

from __future__ import annotations

import math
import threading
import time

import pytest

from drivers.deadline import Deadline
from drivers.errors import Cancelled, DeviceTimeout


@pytest.mark.parametrize("seconds", [-1.0, math.nan, -math.inf])
def test_a_deadline_in_the_past_or_nowhere_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError):
        Deadline(seconds)


def test_what_is_left_is_never_negative() -> None:
    assert Deadline(0).remaining_s == 0
    assert Deadline(math.inf).remaining_s == math.inf


def test_check_raises_when_the_time_is_over() -> None:
    with pytest.raises(DeviceTimeout):
        Deadline(0).check("x")
    Deadline(5).check("x")


def test_cancelling_is_seen_before_the_time_is_over() -> None:
    deadline = Deadline(0)
    deadline.cancel()
    with pytest.raises(Cancelled):
        deadline.check("x")


def test_a_pause_ends_when_the_caller_leaves() -> None:
    deadline = Deadline(30)
    threading.Timer(0.1, deadline.cancel).start()
    begun_s = time.monotonic()
    with pytest.raises(Cancelled):
        deadline.pause("x", 20)
    assert time.monotonic() - begun_s < 5


def test_a_pause_longer_than_the_rest_ends_with_the_rest() -> None:
    begun_s = time.monotonic()
    with pytest.raises(DeviceTimeout):
        Deadline(0.1).pause("x", 20)
    assert time.monotonic() - begun_s < 5


def test_an_inner_deadline_is_shorter_and_shares_the_leaving() -> None:
    outer = Deadline(10)
    inner = outer.within(1)
    assert inner.remaining_s <= 1
    assert outer.within(100).remaining_s <= 10
    assert outer.within(math.inf).remaining_s <= 10
    assert Deadline(math.inf).within(math.inf).remaining_s == math.inf
    outer.cancel()
    assert inner.cancelled
    with pytest.raises(Cancelled):
        inner.check("x")
