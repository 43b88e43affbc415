"""Readers that type: key events to text. The layouts are held against those of the X keyboard library."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceRefused, WireCorrupt
from drivers.input_wire import EventReader
from drivers.passport_reader.wedge_wire import LAYOUTS, PLACES, Keyboard, Stroke, text, zone
from simulators.wedge import CAPS_LOCK, KEYPAD, LEFT_ALT, LEFT_CTRL, LEFT_SHIFT, Typist, change, event, stroke
from simulators.wedge import LAYOUTS as KEYBOARDS
from tests.drivers import golden
from tests.drivers.conftest import without

XKB_NAMES = {"uk": "gb"}
LETTER_A, LETTER_Z, LETTER_M = 30, 44, 50


def strokes_of(data: bytes) -> list[Stroke]:
    return Keyboard().feed(EventReader().feed(data))


def typed(lines: tuple[str, ...], layout: str) -> list[Stroke]:
    """What a reader of this layout sends for a document, without a wire."""
    return strokes_of(b"".join(Typist(layout).line(line) for line in lines))


class Xkb:
    """libxkbcommon, which is what browsers ask on Linux."""

    FIRST_CODE = 8  # X counts keys from here

    def __init__(self, library: ctypes.CDLL) -> None:
        self._x = library
        for name in ("xkb_context_new", "xkb_keymap_new_from_names", "xkb_state_new"):
            getattr(library, name).restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(library.xkb_context_new(0))

    def signs(self, layout: str, *, shift: bool) -> Iterator[tuple[int, str]]:
        """Of each key that types a sign, which; a key that only puts an accent on the next one is left out."""
        names = (ctypes.c_char_p * 5)(b"evdev", b"pc105", layout.encode(), None, None)
        keymap = ctypes.c_void_p(self._x.xkb_keymap_new_from_names(self._context, names, 0))
        state = ctypes.c_void_p(self._x.xkb_state_new(keymap))
        self._x.xkb_state_update_key(state, LEFT_SHIFT + self.FIRST_CODE, int(shift))
        for code in PLACES:
            sign = ctypes.create_string_buffer(8)
            self._x.xkb_state_key_get_utf8(state, code + self.FIRST_CODE, sign, len(sign))
            if sign.value:
                yield code, sign.value.decode()


@pytest.fixture(scope="module")
def xkb() -> Xkb:
    name = ctypes.util.find_library("xkbcommon")
    if name is None:
        without("libxkbcommon is not installed")
    return Xkb(ctypes.CDLL(name))


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_key_that_a_zone_needs_types_what_other_hosts_make_of_it(xkb: Xkb, layout: str, shift: bool) -> None:
    """Signs outside the zone may differ: Windows and X do not agree on all accents and seldom ones."""
    needed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789<?*_")
    told = dict(xkb.signs(XKB_NAMES.get(layout, layout), shift=shift))
    ours = {code: LAYOUTS[layout].sign(code, shift) for code in PLACES}
    assert len(told) > 40
    # X puts < and > on a key that American keyboards do not have; taken for a zone, it would hide a wrong layout
    beside_shift = {86} if layout == "us" else set()
    wrong = {
        code: (sign, ours[code]) for code, sign in told.items() if {sign, ours[code]} & needed and sign != ours[code]
    }
    assert wrong.keys() <= beside_shift


@pytest.mark.parametrize(
    "document", [golden.PASSPORT, golden.IDENTITY_CARD, golden.TD2_CARD], ids=["TD3", "TD1", "TD2"]
)
@pytest.mark.parametrize("layout", KEYBOARDS)
def test_a_document_typed_in_its_layout_is_read(layout: str, document: tuple[str, ...]) -> None:
    assert zone(typed(document, layout), layout, "r") == document


@pytest.mark.parametrize(
    ("reader", "address"),
    [("us", "de"), ("us", "fr"), ("us", "es"), ("de", "us"), ("de", "fr"), ("fr", "us"), ("fr", "de"), ("es", "us")],
)
def test_a_wrong_layout_is_refused_and_the_right_one_named(reader: str, address: str) -> None:
    with pytest.raises(DeviceRefused, match=rf"\b{reader}\b.*taken for {address}") as caught:
        zone(typed(golden.PASSPORT, reader), address, "r")
    assert not caught.value.retryable
    assert "ERIKSSON" not in str(caught.value)


def test_a_character_that_was_not_read_is_no_wrong_layout() -> None:
    spoiled = (golden.PASSPORT[0], golden.PASSPORT[1].replace("898902", "8?89?2"))
    assert zone(typed(spoiled, "us"), "us", "r") == spoiled


def test_text_that_is_a_zone_in_no_layout_is_corrupt() -> None:
    with pytest.raises(WireCorrupt):
        zone(typed(("NOREAD",), "us"), "de", "r")


def test_a_key_that_repeats_was_pressed_once() -> None:
    held = change(LETTER_A, 1) + change(LETTER_A, 2) * 5 + change(LETTER_A, 0)
    assert text(strokes_of(held), LAYOUTS["us"]) == "A"


def test_caps_lock_changes_neither_letters_nor_digits() -> None:
    said = stroke(CAPS_LOCK) + stroke(LETTER_A) + stroke(LETTER_A, shift=True) + stroke(2)
    assert text(strokes_of(said), LAYOUTS["us"]) == "AA1"


def test_two_shifts_held_and_one_let_go_is_still_shift() -> None:
    both = change(LEFT_SHIFT, 1) + change(54, 1) + change(LEFT_SHIFT, 0) + stroke(51) + change(54, 0)
    assert text(strokes_of(both), LAYOUTS["us"]) == "<"


def test_control_with_a_letter_is_a_control_character_where_the_letter_lies() -> None:
    said = change(LEFT_CTRL, 1) + stroke(LETTER_M) + change(LEFT_CTRL, 0)
    assert text(strokes_of(said), LAYOUTS["us"]) == "\r"
    assert text(strokes_of(change(LEFT_CTRL, 1) + stroke(39) + change(LEFT_CTRL, 0)), LAYOUTS["fr"]) == "\r"


@pytest.mark.parametrize("code", [100, 125])
def test_a_key_with_another_modifier_types_nothing_we_know(code: int) -> None:
    said = change(code, 1) + stroke(LETTER_A) + change(code, 0) + stroke(LETTER_Z)
    assert text(strokes_of(said), LAYOUTS["us"]) == "\x1aZ"


def test_alt_with_digits_of_the_keypad_types_the_character_of_that_number() -> None:
    digits = b"".join(stroke(KEYPAD[digit]) for digit in (0, 0, 6, 0))
    said = change(LEFT_ALT, 1) + digits + change(LEFT_ALT, 0)
    assert {text(strokes_of(said), layout) for layout in LAYOUTS.values()} == {"<"}


def test_what_follows_an_overrun_up_to_the_next_report_is_not_believed() -> None:
    keyboard, reader = Keyboard(), EventReader()
    dropped = event(0, 3, 0) + event(1, LETTER_Z, 1) + event(0, 0, 0)
    said = change(LEFT_SHIFT, 1) + dropped + stroke(51)
    assert text(keyboard.feed(reader.feed(said)), LAYOUTS["us"]) == ","
    assert keyboard.has_lost


@given(st.integers(0, 2**32 - 1))
def test_any_cut_of_the_bytes_gives_the_same_strokes(seed: int) -> None:
    data, dice = stroke(LETTER_A, shift=True) + stroke(51, shift=True) + stroke(28), random.Random(seed)
    reader, keyboard, heard = EventReader(), Keyboard(), list[Stroke]()
    while data:
        size = dice.randint(1, 40)
        heard += keyboard.feed(reader.feed(data[:size]))
        data = data[size:]
    assert text(heard, LAYOUTS["us"]) == "A<\r"


@given(st.binary(max_size=2000), st.sampled_from(sorted(LAYOUTS)))
def test_any_bytes_are_a_zone_or_a_documented_error(data: bytes, layout: str) -> None:
    try:
        lines = zone(strokes_of(data), layout, "r")
    except (WireCorrupt, DeviceRefused):
        return
    assert all(set(line) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<?") for line in lines)
