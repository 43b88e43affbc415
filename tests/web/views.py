"""Every screen a traveller can meet, as Views: one per state, and the variants that look different."""

from __future__ import annotations

from typing import Any

from appliance.journey.machine import State
from appliance.journey.view import Asked, Receipt, SlipState
from border.encounter import Outcome

BLANK: dict[str, Any] = {
    "hint": None,
    "asked": None,
    "progress": None,
    "seconds_left": None,
    "person": 1,
    "attempts_left": None,
    "help_called": False,
    "help_seen": False,
    "receipt": None,
    "slip": None,
    "headset": False,
}
CLEARED = Receipt(Outcome.CLEARED, "7K4-203", "2026-11-22", "2027-05-21", "arrival")
DEPARTED = Receipt(Outcome.CLEARED, "WX8-888", "2026-11-22", None, "departure")
REFERRED = Receipt(Outcome.REFERRED, "7K4-203", "2026-11-22", None, "arrival")

SCREENS: dict[str, dict[str, Any]] = {
    "idle": {"state": State.IDLE},
    "welcome": {"state": State.WELCOME},
    "document": {"state": State.DOCUMENT, "attempts_left": 3},
    "chip": {"state": State.CHIP, "attempts_left": 3},
    "chip, being read": {"state": State.CHIP, "attempts_left": 3, "hint": "leave_lying", "progress": 0.4},
    "chip, again": {"state": State.CHIP, "attempts_left": 2, "hint": "put_down_again"},
    "document, again": {"state": State.DOCUMENT, "attempts_left": 2, "hint": "swipe_again"},
    "face": {"state": State.FACE, "attempts_left": 3},
    "face, hint": {"state": State.FACE, "attempts_left": 2, "hint": "hint.back_lit", "progress": 0.4},
    "turn": {"state": State.TURN, "attempts_left": 3, "asked": Asked.TURN_LEFT, "progress": 0.6},
    "turn, hint": {"state": State.TURN, "asked": Asked.TURN_RIGHT, "hint": "no_face", "attempts_left": 1},
    "finger": {"state": State.FINGER, "attempts_left": 3},
    "finger, hint": {"state": State.FINGER, "hint": "finger_centre", "progress": 0.5, "help_called": True, "person": 2},
    "deciding": {"state": State.DECIDING, "help_called": True, "help_seen": True},
    "cleared": {"state": State.CLEARED, "receipt": CLEARED},
    "cleared, leaving": {"state": State.CLEARED, "receipt": DEPARTED},
    "referred": {"state": State.REFERRED, "receipt": REFERRED},
    "cleared, slip offered": {"state": State.CLEARED, "receipt": CLEARED, "slip": SlipState.OFFERED},
    "cleared, slip printed": {"state": State.CLEARED, "receipt": CLEARED, "slip": SlipState.PRINTED},
    "referred, slip printed": {"state": State.REFERRED, "receipt": REFERRED, "slip": SlipState.PRINTED},
    "referred, no slip": {"state": State.REFERRED, "receipt": REFERRED, "slip": SlipState.MISSING},
    "abandoning": {"state": State.ABANDONING},
    "wiping": {"state": State.WIPING},
    "out of service": {"state": State.OUT_OF_SERVICE},
    "warning": {"state": State.FINGER, "seconds_left": 18, "hint": "place_finger", "attempts_left": 3},
}  # fmt: skip


def view_of(name: str, **changes: Any) -> dict[str, Any]:
    return {**BLANK, **SCREENS[name], **changes}
