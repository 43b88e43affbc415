"""What a conformance suite needs from the place where it runs, be it a simulator or a bench with a person."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

Knob = TypeVar("Knob")
MARGIN_S = 6.0  # a shared machine may look away this long; what hangs takes far longer


def needs(knob: Knob | None, what: str) -> Knob:
    """The knob, or skip: a real device cannot be told to misbehave."""
    if knob is None:
        pytest.skip(f"this rig cannot {what}")
    return knob


@contextmanager
def soon(action: Callable[[], object], after_s: float = 0.5) -> Iterator[None]:
    """Do it from another thread while the body waits; it has ended when the body is left."""
    timer = threading.Timer(after_s, action)
    timer.start()
    try:
        yield
    finally:
        timer.join()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the body takes longer than this and a margin."""
    begun_s = time.monotonic()
    yield
    took_s = time.monotonic() - begun_s
    assert took_s <= seconds + MARGIN_S, f"took {took_s:.2f} s, promised {seconds:.2f} s"
