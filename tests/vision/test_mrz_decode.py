"""From the net's steps to characters: lengths, the soft grammar, doubts, and what was not read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.vision.mrz_decode import MIN_UNCOVERED, TEMPLATES, Seen, characters, decode, voted
from appliance.vision.mrz_strip import ALPHABET, BLANK
from border.documents.values import Format

UPPER = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
LOWER = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
VISA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
CARD = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")

Floats = NDArray[np.float32]


def spoken(text: str, *, also: dict[int, tuple[str, float]] | None = None) -> Floats:
    """Logits of a net that saw `text`; at the places of `also`, another character by so many nats more likely."""
    steps = np.full((2 * len(text) + 1, BLANK + 1), -12.0, np.float32)
    steps[0::2, BLANK] = 0.0
    for at, char in enumerate(text):
        steps[2 * at + 1, ALPHABET.index(char)] = 0.0
        if also and at in also:
            other, nats = also[at]
            steps[2 * at + 1, ALPHABET.index(other)] = nats
    return steps


def said(seen: Seen) -> str:
    return "".join(ALPHABET[best] for best in seen.shares.argmax(axis=1))


@given(st.sampled_from((30, 36, 44)).flatmap(lambda n: st.text(ALPHABET, min_size=n, max_size=n)))
def test_every_text_of_a_lines_length_is_read_as_it_is_or_not_read(text: str) -> None:
    seen = characters(spoken(text))
    assert said(seen) == text
    for reading in decode(seen):
        assert len(reading.text) == len(reading.certainty) == len(reading.doubts) == len(text)
        if reading.format is None:
            assert reading.text == text


@given(st.integers(0, 80).filter(lambda n: n not in (30, 36, 44)))
def test_no_other_length_is_a_line(length: int) -> None:
    assert decode(characters(spoken("A1" * (length // 2) + "B" * (length % 2)))) == ()


@pytest.mark.parametrize(
    ("text", "format_", "line"),
    [(UPPER, Format.TD3, 0), (LOWER, Format.TD3, 1), (VISA, Format.MRV_A, 0)]
    + [(text, Format.TD1, line) for line, text in enumerate(CARD)],
)
def test_a_printed_line_finds_its_template(text: str, format_: Format, line: int) -> None:
    fitting = decode(characters(spoken(text)))
    assert (format_, line) in {(reading.format, reading.line) for reading in fitting}
    assert {reading.text for reading in fitting} == {text}


def test_a_letter_where_only_digits_stand_gives_way_to_the_digit_seen_next_to_it() -> None:
    birth = LOWER.index("740812")
    seen = characters(spoken(LOWER, also={birth + 2: ("O", 1.0)}))  # 0 read as O, by a nat
    assert decode(seen)[0].text == LOWER


def test_a_line_of_no_format_stays_as_it_was_seen() -> None:
    text = "0123456789" * 3
    (reading,) = decode(characters(spoken(text)))
    assert reading.format is None
    assert reading.text == text


def test_a_close_second_is_named_as_a_doubt_and_a_distant_one_is_not() -> None:
    number = decode(characters(spoken(LOWER, also={4: ("D", -2.7), 5: ("Q", -7.0)})))[0]
    assert number.text == LOWER
    assert number.doubts[4] == "D"
    assert number.doubts[5] == ""
    assert number.certainty[4] < number.certainty[5]


def test_a_character_nobody_can_tell_is_a_question_mark_with_all_it_may_be() -> None:
    steps = spoken(LOWER)
    steps[2 * 3 + 1, [ALPHABET.index(char) for char in "BQR"]] = (1.0, 0.9, 0.8)  # and the 8 that is printed, 0.0
    reading = decode(characters(steps))[0]
    assert reading.text == LOWER[:3] + "?" + LOWER[4:]
    assert reading.doubts[3] == "BQR8"


def test_a_reading_does_not_print_what_it_says() -> None:
    reading = decode(characters(spoken(UPPER)))[0]
    assert "ERIKSSON" not in repr(reading)


def test_templates_have_the_width_of_their_format_and_no_place_without_a_character() -> None:
    assert {(template.format, template.line) for template in TEMPLATES} >= {(Format.TD1, 2), (Format.MRV_B, 1)}
    assert len(TEMPLATES) == 13
    for template in TEMPLATES:
        assert template.width in (30, 36, 44)
        assert all(template.allowed)


# --- the pitch ---


def at_places(text: str, places: list[int], steps: int = 160) -> Floats:
    """Logits of a net that saw each character of `text` at its place."""
    logits = np.full((steps, BLANK + 1), -12.0, np.float32)
    logits[:, BLANK] = 0.0
    for char, place in zip(text, places, strict=True):
        logits[place, BLANK], logits[place, ALPHABET.index(char)] = -12.0, 0.0
    return logits


PLACES = [3 + round(at * 3.45) for at in range(44)]


def test_a_character_seen_twice_is_one_and_a_gap_is_a_character_that_nobody_can_tell() -> None:
    logits = at_places(LOWER, PLACES)
    logits[PLACES[31] - 1, ALPHABET.index("E")] = -0.5  # an E before the one that is printed, in half of its room
    logits[PLACES[31] - 1, BLANK] = -3.0
    logits[PLACES[40], BLANK], logits[PLACES[40], ALPHABET.index("<")] = 0.0, -2.5  # and a filler that was lost
    seen = characters(logits)
    assert len(seen) == 44
    assert said(seen) == LOWER
    assert seen.weight[40] < 0.2
    assert seen.weight.min() == seen.weight[40]


def test_a_line_in_perspective_loses_nothing() -> None:
    places = [2 + round(at * 2.9 + at * at * 0.014) for at in range(44)]
    assert said(characters(at_places(LOWER, places))) == LOWER


def test_so_many_gaps_that_it_is_no_line_are_left_alone() -> None:
    kept = [at for at in range(44) if at % 5]
    seen = characters(at_places("".join(LOWER[at] for at in kept), [PLACES[at] for at in kept]))
    assert len(seen) == len(kept)


# --- the vote of several crops ---


def test_of_three_crops_two_that_are_sure_do_not_outvote_the_third() -> None:
    crops = [characters(spoken(UPPER)), characters(spoken(UPPER)), characters(spoken(UPPER.replace("ANNA", "ANMA")))]
    reading = decode(voted(crops))[0]
    at = UPPER.index("ANNA") + 2
    assert reading.text == UPPER[:at] + "?" + UPPER[at + 1 :]
    assert reading.doubts[at] == "NM"


def test_a_place_that_a_crop_has_only_by_the_pitch_hardly_counts() -> None:
    sure, guessed = characters(spoken(UPPER)), characters(spoken(UPPER.replace("ANNA", "AMNA")))
    guessed.weight[UPPER.index("ANNA") + 1] = 0.02
    assert decode(voted([sure, guessed]))[0].text == UPPER


def test_a_name_needs_more_certainty_than_a_number_that_a_digit_proves() -> None:
    share = (MIN_UNCOVERED + 0.9) / 2  # enough under a digit, not enough without one
    nats = float(np.log((1 - share) / share))
    name = decode(characters(spoken(UPPER, also={8: ("B", nats)})))[0]
    number = decode(characters(spoken(LOWER, also={2: ("B", nats)})))[0]
    assert name.text[8] == "?"
    assert number.text == LOWER


def test_every_place_of_a_visas_optional_data_and_of_every_name_is_uncovered() -> None:
    by_line = {(template.format, template.line): template.covered for template in TEMPLATES}
    assert not any(by_line[Format.MRV_A, 1][28:])
    assert all(by_line[Format.TD3, 1][28:])
    for format_ in (Format.TD2, Format.TD3, Format.MRV_A, Format.MRV_B):
        assert not any(by_line[format_, 0])
    assert not any(by_line[Format.FR_ID, 0][5:30])
    assert all(by_line[Format.FR_ID, 1][:13])


def test_beside_an_unread_character_the_others_of_its_field_must_be_surer() -> None:
    share = 0.95  # enough where a digit proves it; not where the digit has another character to prove
    nats = float(np.log((1 - share) / share))
    alone = decode(characters(spoken(LOWER, also={2: ("B", nats)})))[0]
    beside = decode(characters(spoken(LOWER, also={2: ("B", nats), 4: ("Q", -0.1)})))[0]
    elsewhere = decode(characters(spoken(LOWER, also={2: ("B", nats), 14: ("9", -0.1)})))[0]
    assert alone.text == LOWER
    assert (beside.text[2], beside.text[4]) == ("?", "?")
    assert (elsewhere.text[2], elsewhere.text[14]) == (LOWER[2], "?")
