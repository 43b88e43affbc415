"""Which capture step belongs to which state of the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from appliance.journey.capture import Capture
from appliance.journey.capture_chip import chip
from appliance.journey.capture_document import document
from appliance.journey.capture_face import face
from appliance.journey.capture_finger import finger
from appliance.journey.capture_turn import turn
from appliance.journey.machine import Event, State

STEPS: dict[State, Callable[[Capture], Awaitable[Event]]] = {
    State.DOCUMENT: document,
    State.CHIP: chip,
    State.FACE: face,
    State.TURN: turn,
    State.FINGER: finger,
}
