"""What a View looks like: neutral, never dead, and all of it audible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.journey.machine import CAPTURING, State
from appliance.journey.view import Asked, Touch, View
from appliance.web.screen import seen_by_all, shown
from tests.web.views import CLEARED, DEPARTED, REFERRED

HINTS = frozenset({"hint.move_closer"})
LANGUAGES = ("en", "fr")


def view(state: State, **changes: object) -> View:
    return replace(View(revision=1, state=state, language="fr"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("hint", ["move_closer", "hint.move_closer"])
def test_a_hint_takes_the_place_of_the_text_and_is_spoken(hint: str) -> None:
    look = shown(view(State.FACE, hint=hint), LANGUAGES, HINTS)
    assert (look.hint, look.text, look.say_hint) == ("hint.move_closer", None, ("fr/hint.move_closer",))


def test_a_hint_without_words_is_left_out_and_the_text_stays() -> None:
    look = shown(view(State.FACE, hint="new_one"), LANGUAGES, HINTS)
    assert (look.hint, look.text, look.say_hint) == (None, "text.face", ())


def test_what_the_challenge_asks_is_the_title_and_is_spoken() -> None:
    look = shown(view(State.TURN, asked=Asked.TURN_LEFT), LANGUAGES, HINTS)
    assert (look.title, look.say) == ("asked.turn_left", ("fr/asked.turn_left",))


@pytest.mark.parametrize("state", State)
def test_see_an_officer_is_never_a_dead_button(state: State) -> None:
    sends = shown(view(state), LANGUAGES, HINTS).officer_sends
    assert sends is (Touch.OFFICER if state in (State.WELCOME, *CAPTURING) else Touch.HELP)


def test_all_languages_greet_at_home() -> None:
    assert shown(view(State.IDLE), LANGUAGES, HINTS).say == ("en/say.idle", "fr/say.idle")


def test_the_receipt_can_be_heard_whole() -> None:
    say = shown(view(State.CLEARED, receipt=CLEARED), LANGUAGES, HINTS).say
    number = ("number.7", "letter.K", "number.4", "number.2", "number.0", "number.3")
    until = ("receipt.stay_until", "number.21", "month.5", "number.2027")
    keys = ("say.cleared", *number, "receipt.number", *number, *until)
    assert say == tuple(f"fr/{key}" for key in keys)


def test_a_departure_has_no_last_day_to_say() -> None:
    say = shown(view(State.CLEARED, receipt=DEPARTED), LANGUAGES, HINTS).say
    assert "fr/receipt.stay_until" not in say


def test_steps_before_are_done_and_the_present_one_is_now() -> None:
    steps = shown(view(State.TURN), LANGUAGES, HINTS).steps
    assert [(step.name, step.is_done, step.is_now) for step in steps] == [
        ("document", True, False),
        ("face", True, False),
        ("turn", False, True),
        ("finger", False, False),
    ]
    assert not any(step.is_done for step in shown(view(State.WELCOME), LANGUAGES, HINTS).steps)


def test_what_all_may_see_holds_nothing_of_the_person() -> None:
    seen = seen_by_all(view(State.REFERRED, receipt=REFERRED))
    assert (seen["state"], seen["outcome"]) == ("referred", "referred")
    assert REFERRED.number not in str(seen)
    assert REFERRED.day not in str(seen)
