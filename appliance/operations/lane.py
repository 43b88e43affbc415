"""`landfall stop` and `start`: the lane is closed for a while, after whoever is there, and opened again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from appliance import durable
from appliance.journey.machine import State
from appliance.standing import FROZEN, STOPPED, is_held

LOOK_S = 0.5
NO_PROGRAM = "the kiosk's program does not run"


class NotYet(Exception):
    """It was asked for, and has not happened within the time; it stands and will."""


class Frozen(Exception):
    """Provisioning has closed this lane; nobody else opens it."""


def stop(folder: Path, state: Callable[[], str], wait_s: float) -> str:
    """Closes; who is in the middle of a crossing ends it first. What is so now. Raises `NotYet`, OSError."""
    durable.write(folder / STOPPED, b"")
    if _reaches(folder, state, wait_s, lambda now: now == State.OUT_OF_SERVICE):
        return "closed"
    return f"closed: {NO_PROGRAM}, and will not open when it starts"


def start(folder: Path, state: Callable[[], str], wait_s: float) -> str:
    """What is so now. Raises `Frozen`, `NotYet`, OSError."""
    if (folder / FROZEN).exists():
        raise Frozen("this lane was closed for good by the technician's tool: finish its operation there")
    durable.remove((folder / STOPPED,))
    if _reaches(folder, state, wait_s, lambda now: now != State.OUT_OF_SERVICE):
        return "open"
    return f"not stopped any more: {NO_PROGRAM}"


def _reaches(folder: Path, state: Callable[[], str], wait_s: float, is_so: Callable[[str], bool]) -> bool:
    """False: no program runs here."""
    ends_s, now = time.monotonic() + wait_s, "silent"
    while is_held(folder):
        now = state()
        if is_so(now):
            return True
        if time.monotonic() >= ends_s:
            raise NotYet(f"asked for, and it will be so; now it is: {now}")
        time.sleep(LOOK_S)
    return False
