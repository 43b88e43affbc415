"""Rows of the journey's table as a kiosk's log tells them, and those that nobody can reach from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.journey.machine import TABLE, Event, State

_SAID = re.compile(r"^(\S+ \S+) INFO appliance\.journey\.runner journey: (\w+) \+ (\w+) = (\w+)$")

Row = tuple[State, Event]

EVERY_ROW: frozenset[Row] = frozenset((state, event) for state, row in TABLE.items() for event in row)

_BUG = "only a bug of ours makes it"
INSIDE: dict[Row, str] = {
    (State.WELCOME, Event.FAULT): _BUG,
    (State.DOCUMENT, Event.FAULT): _BUG,
    (State.CHIP, Event.FAULT): _BUG,
    (State.FACE, Event.FAULT): _BUG,
    (State.TURN, Event.FAULT): _BUG,
    (State.FINGER, Event.FAULT): _BUG,
    (State.CLEARED, Event.FAULT): _BUG,
    (State.REFERRED, Event.FAULT): _BUG,
    (State.WIPING, Event.FAULT): _BUG,
    (State.OUT_OF_SERVICE, Event.FAULT): _BUG,
    (State.CHIP, Event.TIMED_OUT): "policy's own waits end sooner, unless all times are shortened but those",
    (State.WIPING, Event.TIMED_OUT): "the sensor's lane would have to hang for ten seconds in a call of two",
}
"""Walked by tests/appliance/test_runner.py, with the real Runner on small ports of its own."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row as it was walked. `at_s`: wall time in seconds, to the millisecond."""

    at_s: float
    state: State
    event: Event
    new: State

    @property
    def row(self) -> Row:
        return self.state, self.event


def steps_in(log: Path) -> list[Step]:
    """All that this kiosk has walked so far, oldest first."""
    found = (_SAID.match(line) for line in log.read_text(errors="replace").splitlines())
    return [_step(match) for match in found if match]


def _step(match: re.Match[str]) -> Step:
    at, state, event, new = match.groups()
    when = datetime.strptime(at, "%Y-%m-%d %H:%M:%S,%f").astimezone()
    return Step(when.timestamp(), State(state), Event(event), State(new))
