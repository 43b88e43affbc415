"""What one View looks like: which words, pictures, buttons and spoken keys; pure."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.journey.machine import CAPTURING, State
from appliance.journey.view import Receipt, SlipState, Touch, View
from border.encounter import Outcome

ACTIONS: dict[State, tuple[Touch, ...]] = {
    State.WELCOME: (Touch.ARRIVING, Touch.LEAVING),
    State.CHIP: (Touch.CANNOT,),
    State.TURN: (Touch.CANNOT,),
    State.FINGER: (Touch.CANNOT,),
    State.CLEARED: (Touch.NEXT_PERSON, Touch.FINISH),
    State.REFERRED: (Touch.NEXT_PERSON, Touch.FINISH),
}
"""The buttons of a state's own; help, officer, stop and language are on every screen."""

SHOWN_SLIPS = (SlipState.PRINTING, SlipState.PRINTED)
"""A missing slip is only told to the ear: the number stands on the screen."""

SCENES: dict[State, str] = {
    State.IDLE: "scene_harbour",
    State.DOCUMENT: "scene_document",
    State.CHIP: "scene_chip",
    State.FINGER: "scene_finger",
    State.DECIDING: "scene_deciding",
    State.REFERRED: "scene_officer",
    State.ABANDONING: "scene_goodbye",
    State.WIPING: "scene_goodbye",
    State.OUT_OF_SERVICE: "scene_closed",
}

STEPS = tuple(state for state in CAPTURING if state is not State.CHIP)
"""The four pictures of progress; page and chip are one document to its holder."""

_CAN_LEAVE = (State.WELCOME, *CAPTURING)
_HAS_TEXT = frozenset(State) - {State.IDLE, State.CLEARED, State.REFERRED}


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four pictures of progress."""

    name: str
    is_now: bool
    is_done: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A View made ready for the template. Keys are the catalogue's; `say*` are language/key tokens."""

    title: str
    text: str | None
    hint: str | None
    scene: str | None
    actions: tuple[Touch, ...]
    officer_sends: Touch
    can_stop: bool
    slip: str | None
    steps: tuple[Step, ...]
    progress_percent: int | None
    say: tuple[str, ...]
    say_hint: tuple[str, ...]


def shown(view: View, languages: tuple[str, ...], hints: frozenset[str]) -> Shown:
    """`hints` are the hint keys the catalogue has; one that it lacks is left out rather than shown raw."""
    hint = None if view.hint is None else f"hint.{view.hint.removeprefix('hint.')}"
    hint = hint if hint in hints and view.state in CAPTURING else None
    has_text = view.state in _HAS_TEXT and hint is None and view.asked is None
    return Shown(
        title=f"asked.{view.asked}" if view.asked else f"title.{view.state}",
        text=f"text.{view.state}" if has_text else None,
        hint=hint,
        scene=SCENES.get(view.state),
        actions=_actions(view),
        # where the table cannot hand over, "see an officer" calls one here: the button is never dead
        officer_sends=Touch.OFFICER if view.state in _CAN_LEAVE else Touch.HELP,
        can_stop=view.state in _CAN_LEAVE,
        slip=f"slip.{view.slip}" if view.slip in SHOWN_SLIPS else None,
        steps=_steps(view.state),
        progress_percent=_progress_percent(view),
        say=_say(view, languages),
        say_hint=_say_hint(view, hint),
    )


def seen_by_all(view: View) -> dict[str, object]:
    """What anybody in the room can see; nothing personal."""
    return {
        "revision": view.revision,
        "state": view.state.value,
        "asked": view.asked.value if view.asked else None,
        "hint": view.hint,
        "outcome": view.receipt.outcome.value if view.receipt else None,
        "language": view.language,
        "person": view.person,
        "attempts_left": view.attempts_left,
        "seconds_left": view.seconds_left,
        "help_called": view.help_called,
        "help_seen": view.help_seen,
        "camera": view.camera,
        "slip": view.slip.value if view.slip else None,
        "headset": view.headset,
    }


def _progress_percent(view: View) -> int | None:
    """Only while something is captured; a number that is none is not shown."""
    if view.progress is None or view.state not in CAPTURING or not 0.0 <= view.progress <= 1.0:
        return None
    return round(view.progress * 100)


def _steps(state: State) -> tuple[Step, ...]:
    now = State.DOCUMENT if state is State.CHIP else state
    at = STEPS.index(now) if now in STEPS else len(STEPS)
    if state is State.WELCOME:
        at = -1
    return tuple(Step(step.value, number == at, number < at) for number, step in enumerate(STEPS))


def _say(view: View, languages: tuple[str, ...]) -> tuple[str, ...]:
    if view.state is State.IDLE:
        return tuple(f"{code}/say.idle" for code in languages)
    keys = [f"asked.{view.asked}"] if view.asked else [f"say.{view.state}"]
    if view.receipt is not None and view.state in (State.CLEARED, State.REFERRED):
        keys += _receipt_keys(view.receipt)
    return tuple(f"{view.language}/{key}" for key in keys)


def _actions(view: View) -> tuple[Touch, ...]:
    own = ACTIONS.get(view.state, ())
    return (Touch.PRINT, *own) if view.slip is SlipState.OFFERED else own


def _say_hint(view: View, hint: str | None) -> tuple[str, ...]:
    """What is said after the sentence that is being said."""
    if view.slip in (SlipState.PRINTED, SlipState.MISSING):
        hint = f"slip.{view.slip}"
    return (f"{view.language}/{hint}",) if hint else ()


def _receipt_keys(receipt: Receipt) -> list[str]:
    """The number letter by letter, twice, then the last day of stay: what is printed can be heard."""
    number = [_character_key(c) for c in receipt.number if c.isalnum()]
    keys = [*number, "receipt.number", *number]
    if receipt.outcome is Outcome.CLEARED and receipt.stay_until:
        year, month, day = receipt.stay_until.split("-")
        keys += ["receipt.stay_until", f"number.{int(day)}", f"month.{int(month)}", f"number.{year}"]
    return keys


def _character_key(character: str) -> str:
    return f"number.{character}" if character.isdigit() else f"letter.{character.upper()}"
