"""The reader thread behind every camera."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest

from drivers.camera.feed import LiveCamera, Region, Shot
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout, WireCorrupt


class Counting:
    """A source whose n-th picture is n grey; it can be told what happens next."""

    def __init__(self) -> None:
        self.opened = self.closed = self.grabbed = 0
        self.opens = True
        self.next_fault: Exception | None = None
        self.pace_s = 0.01
        self.silence_s = 60.0
        self.silent = False
        self.owners: set[int] = set()

    def open(self) -> None:
        self.owners.add(threading.get_ident())
        self.opened += 1
        if not self.opens:
            raise DeviceGone("c", "not there")

    def grab(self, stop: threading.Event) -> Shot | None:
        self.owners.add(threading.get_ident())
        if stop.wait(self.pace_s):
            return None
        fault, self.next_fault = self.next_fault, None
        if fault is not None:
            raise fault
        if self.silent:
            return None
        self.grabbed += 1
        return Shot(np.full((4, 4, 3), self.grabbed % 256, dtype=np.uint8), time.monotonic())

    def expose_for(self, region: Region | None) -> None:
        """Nothing to expose."""

    def close(self) -> None:
        self.owners.add(threading.get_ident())
        self.closed += 1


def test_nothing_is_opened_before_the_first_picture_is_wanted() -> None:
    source = Counting()
    camera = LiveCamera("c", source)
    time.sleep(0.05)
    assert source.opened == 0
    camera.next_frame(Deadline(5))
    camera.close()


def test_one_thread_owns_the_source() -> None:
    source = Counting()
    camera = LiveCamera("c", source)
    for _ in range(3):
        camera.next_frame(Deadline(5))
    camera.close()
    assert len(source.owners) == 1
    assert threading.get_ident() not in source.owners


def test_pictures_nobody_took_are_dropped_for_newer_ones() -> None:
    source = Counting()
    camera = LiveCamera("c", source)
    first = camera.next_frame(Deadline(5)).pixels[0, 0, 0]
    while source.grabbed <= first + 5:
        time.sleep(0.01)
    grabbed = source.grabbed
    assert camera.next_frame(Deadline(5)).pixels[0, 0, 0] >= grabbed - 1
    camera.close()


def test_a_damaged_picture_is_told_and_the_source_stays_open() -> None:
    source = Counting()
    source.pace_s = 0.1
    camera = LiveCamera("c", source)
    camera.next_frame(Deadline(5))
    source.next_fault = WireCorrupt("c", "half a picture")
    with pytest.raises(WireCorrupt):
        for _ in range(2):
            camera.next_frame(Deadline(5))
    camera.next_frame(Deadline(5))
    assert source.opened == 1
    camera.close()


def test_a_source_that_fails_is_closed_and_opened_again() -> None:
    source = Counting()
    camera = LiveCamera("c", source)
    camera.next_frame(Deadline(5))
    source.next_fault = DeviceGone("c", "pulled")
    with pytest.raises(DeviceGone):
        for _ in range(100):
            camera.next_frame(Deadline(5))
    camera.next_frame(Deadline(5))
    assert (source.opened, source.closed) == (2, 1)
    camera.close()
    assert source.closed == 2


def test_a_source_that_never_opens_is_gone_and_not_tried_in_a_rush() -> None:
    source = Counting()
    source.opens = False
    camera = LiveCamera("c", source)
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    with pytest.raises(DeviceGone):
        camera.next_frame(Deadline(5))
    assert source.opened <= 3
    camera.close()


def test_stalled_pictures_are_a_timeout_long_before_the_deadline() -> None:
    source = Counting()
    camera = LiveCamera("c", source, stall_s=0.3)
    camera.next_frame(Deadline(5))
    source.pace_s = 1.5
    begun_s = time.monotonic()
    with pytest.raises(DeviceTimeout):
        for _ in range(3):
            camera.next_frame(Deadline(30))
    assert time.monotonic() - begun_s < 15
    camera.close()


def test_a_source_that_has_been_silent_too_long_is_opened_again() -> None:
    source = Counting()
    source.silence_s = 0.2
    camera = LiveCamera("c", source)
    camera.next_frame(Deadline(5))
    source.silent = True
    with pytest.raises(DeviceTimeout, match="opening again"):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    source.silent = False
    camera.next_frame(Deadline(5))
    assert source.opened > 1
    camera.close()
    assert source.opened == source.closed


def test_a_film_that_has_ended_is_not_begun_again() -> None:
    source = Counting()
    source.silence_s = math.inf
    camera = LiveCamera("c", source, stall_s=0.3)
    camera.next_frame(Deadline(5))
    source.silent = True
    with pytest.raises(DeviceTimeout, match="no answer"):
        for _ in range(3):
            camera.next_frame(Deadline(5))
    assert source.opened == 1
    camera.close()


def test_a_picture_from_before_a_stall_is_not_handed_over_as_new() -> None:
    source = Counting()
    camera = LiveCamera("c", source, stall_s=0.3)
    camera.next_frame(Deadline(5))
    source.pace_s = 60  # the source is told to stop when the camera is closed
    time.sleep(0.6)  # one picture waits, and is older than the stall limit by now
    with pytest.raises(DeviceTimeout):
        camera.next_frame(Deadline(0.1))
    camera.close()


def test_a_bug_in_a_source_is_seen_and_not_taken_for_a_slow_camera() -> None:
    source = Counting()
    camera = LiveCamera("c", source)
    camera.next_frame(Deadline(5))
    crashed = threading.Event()
    usual, threading.excepthook = threading.excepthook, lambda _args: crashed.set()
    try:
        source.next_fault = ZeroDivisionError()
        assert crashed.wait(5)
        with pytest.raises(RuntimeError, match="died"):
            for _ in range(3):
                camera.next_frame(Deadline(5))
    finally:
        threading.excepthook = usual
    camera.close()
    assert source.closed == 1
