"""What a reader types that pretends to be a keyboard: events to strokes, strokes to text by a layout. Pure.

Sources: key codes of linux/input-event-codes.h, which are places on the keyboard; layouts as printed on keyboards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.errors import DeviceRefused
from drivers.input_wire import EV_KEY, EV_SYN, Event
from drivers.passport_reader.swipe_wire import MAX_TEXT_BYTES, SHAPES, mrz_lines

ENTER, TAB, SPACE, KEYPAD_ENTER, KEYPAD_DOT = 28, 15, 57, 96, 83
SHIFTS, CTRLS, ALT, ALT_GR, METAS = (42, 54), (29, 97), 56, 100, (125, 126)
LOCKS = (58, 69, 70)  # caps, num and scroll lock: letters are read as capitals whatever they say
MODIFIERS = frozenset({*SHIFTS, *CTRLS, ALT, ALT_GR, *METAS})
KEYPAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
FIXED = {ENTER: "\r", KEYPAD_ENTER: "\r", TAB: "\t", SPACE: " ", **KEYPAD}
UNKNOWN = "\x1a"  # a key that types nothing we know: no zone can hold it
MAX_STROKES = MAX_TEXT_BYTES

PLACES = (*range(2, 14), *range(16, 28), *range(30, 41), 41, 43, *range(44, 54), 86)
"""Codes of the keys that differ between layouts: four rows, the two beside the first and third, the one beside
the left shift."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What each key types, in the order of `PLACES`; one that only puts an accent on the next types the accent."""

    plain: str
    shifted: str

    def __post_init__(self) -> None:
        if not len(self.plain) == len(self.shifted) == len(PLACES):
            raise ValueError(f"{len(self.plain)} and {len(self.shifted)} signs for {len(PLACES)} keys")

    def sign(self, code: int, shift: bool) -> str:
        if code not in PLACES:
            return UNKNOWN
        return (self.shifted if shift else self.plain)[PLACES.index(code)]


LAYOUTS: dict[str, Layout] = {
    "us": Layout(
        "1234567890-=" "qwertyuiop[]" "asdfghjkl;'" "`\\" "zxcvbnm,./" "\\",
        "!@#$%^&*()_+" "QWERTYUIOP{}" 'ASDFGHJKL:"' "~|" "ZXCVBNM<>?" "|",
    ),
    "uk": Layout(
        "1234567890-=" "qwertyuiop[]" "asdfghjkl;'" "`#" "zxcvbnm,./" "\\",
        '!"£$%^&*()_+' "QWERTYUIOP{}" "ASDFGHJKL:@" "¬~" "ZXCVBNM<>?" "|",
    ),
    "br": Layout(
        "1234567890-=" "qwertyuiop´[" "asdfghjklç~" "']" "zxcvbnm,.;" "\\",
        "!@#$%¨&*()_+" "QWERTYUIOP`{" "ASDFGHJKLÇ^" '"}' "ZXCVBNM<>:" "|",
    ),
    "es": Layout(
        "1234567890'¡" "qwertyuiop`+" "asdfghjklñ´" "ºç" "zxcvbnm,.-" "<",
        '!"·$%&/()=?¿' "QWERTYUIOP^*" "ASDFGHJKLÑ¨" "ªÇ" "ZXCVBNM;:_" ">",
    ),
    "latam": Layout(
        "1234567890'¿" "qwertyuiop´+" "asdfghjklñ{" "|}" "zxcvbnm,.-" "<",
        '!"#$%&/()=?¡' "QWERTYUIOP¨*" "ASDFGHJKLÑ[" "°]" "ZXCVBNM;:_" ">",
    ),
    "pt": Layout(
        "1234567890'«" "qwertyuiop+´" "asdfghjklçº" "\\~" "zxcvbnm,.-" "<",
        '!"#$%&/()=?»' "QWERTYUIOP*`" "ASDFGHJKLÇª" "|^" "ZXCVBNM;:_" ">",
    ),
    "it": Layout(
        "1234567890'ì" "qwertyuiopè+" "asdfghjklòà" "\\ù" "zxcvbnm,.-" "<",
        '!"£$%&/()=?^' "QWERTYUIOPé*" "ASDFGHJKLç°" "|§" "ZXCVBNM;:_" ">",
    ),
    "de": Layout(
        "1234567890ß´" "qwertzuiopü+" "asdfghjklöä" "^#" "yxcvbnm,.-" "<",
        '!"§$%&/()=?`' "QWERTZUIOPÜ*" "ASDFGHJKLÖÄ" "°'" "YXCVBNM;:_" ">",
    ),
    "fr": Layout(
        "&é\"'(-è_çà)=" "azertyuiop^$" "qsdfghjklmù" "²*" "wxcvbn,;:!" "<",
        "1234567890°+" "AZERTYUIOP¨£" "QSDFGHJKLM%" "~µ" "WXCVBN?./§" ">",
    ),
}  # fmt: skip
"""Layouts that MRZ readers are set to in this part of the world, by the name that the address takes."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One key pressed with what was held. `typed` is set where no layout has a say: Enter, keypad, Alt codes."""

    code: int
    shift: bool = False
    ctrl: bool = False
    alt: bool = False  # either Alt, or a key with a window on it
    typed: str = ""


class Keyboard:
    """Which keys are held, from every event of the device. A key that repeats by itself was pressed once."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._alt_code = ""
        self.has_lost = False  # the kernel's queue ran over

    def feed(self, events: Sequence[Event]) -> list[Stroke]:
        """The strokes among them, in order."""
        return [stroke for event in events if (stroke := self._stroke(event)) is not None]

    def _stroke(self, event: Event) -> Stroke | None:
        if event.kind == EV_SYN:  # dropped: nobody knows any more what is held
            self.has_lost = True
            self._held.clear()
            self._alt_code = ""
        if event.kind != EV_KEY or event.value not in (0, 1):
            return None
        return self._pressed(event.code) if event.value else self._released(event.code)

    def _released(self, code: int) -> Stroke | None:
        """Alt with digits of the keypad types a character when Alt is let go: the readers' way round any layout."""
        self._held.discard(code)
        if code != ALT or not self._alt_code:
            return None
        number, self._alt_code = int(self._alt_code), ""
        return Stroke(code, typed=chr(number) if 0 < number < 127 else UNKNOWN)

    def _pressed(self, code: int) -> Stroke | None:
        if code in MODIFIERS:
            self._held.add(code)
            return None
        if code in LOCKS:
            return None
        if ALT in self._held and code in KEYPAD:
            self._alt_code = (self._alt_code + KEYPAD[code])[-5:]
            return None
        return Stroke(
            code,
            shift=not self._held.isdisjoint(SHIFTS),
            ctrl=not self._held.isdisjoint(CTRLS),
            alt=not self._held.isdisjoint({ALT, ALT_GR, *METAS}),
            typed=FIXED.get(code, ""),
        )


def text(strokes: Sequence[Stroke], layout: Layout) -> str:
    """What the strokes say to a host of this layout, letters as capitals."""
    return "".join(_sign(stroke, layout) for stroke in strokes)


def _sign(stroke: Stroke, layout: Layout) -> str:
    if stroke.typed:
        return stroke.typed
    sign = layout.sign(stroke.code, stroke.shift)
    if stroke.alt:
        return UNKNOWN
    if stroke.ctrl:  # Ctrl+M is a carriage return, Ctrl+B begins, Ctrl+C ends
        return chr(ord(sign.upper()) & 0x1F) if sign.isascii() and sign.isalpha() else UNKNOWN
    return sign.upper() if sign.isascii() else sign


MARKS = "\x02\x03\r\n\t "
ZONE_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")
UNREAD_SIGNS = frozenset("?*_")


def is_empty(strokes: Sequence[Stroke]) -> bool:
    """Nothing but ends of lines: no reading has begun."""
    return all(stroke.typed and stroke.typed in MARKS for stroke in strokes)


def zone(strokes: Sequence[Stroke], layout: str, device: str) -> tuple[str, ...]:
    """The lines of one reading. Raises `WireCorrupt` for what is no zone, and `DeviceRefused` naming the layouts
    under which it would be one: the reader, or the address, is set to the wrong keyboard.
    """
    said = text(strokes, LAYOUTS[layout]).strip(MARKS)
    if not _is_clean(said):
        fitting = [name for name in LAYOUTS if name != layout and _is_clean(text(strokes, LAYOUTS[name]).strip(MARKS))]
        if fitting:
            raise DeviceRefused(device, f"typed on a keyboard {' or '.join(fitting)}, but taken for {layout}")
    return mrz_lines(said.encode("ascii", "replace"), device)


def _is_clean(said: str) -> bool:
    rows = [row for row in said.replace("\n", "\r").split("\r") if row]
    return tuple(map(len, rows)) in SHAPES and (ZONE_SIGNS | UNREAD_SIGNS).issuperset("".join(rows))
