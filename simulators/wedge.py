"""A document reader that types: key events as the kernel hands them over, on a pty in place of a device file.

A pty carries the true bytes and can vanish; what only the kernel's own input device does (exclusive use, its short
queue) is tried in the guest kernel. Layouts are told here from the keyboard's side: which key types a character.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from simulators.faults import Faults
from simulators.pty_wire import PtyWire

EVENT = struct.Struct("@llHHi")
SYN, KEY, MSC = 0, 1, 4
MSC_SCAN = 4
LEFT_SHIFT, LEFT_ALT, LEFT_CTRL, CAPS_LOCK, ENTER = 42, 56, 29, 58, 28
KEYPAD = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)  # 0 to 9
UNTOLD_BAUD = 38400  # what a pty says while nobody has set it

ROWS = {16: "qwertyuiop", 30: "asdfghjkl", 44: "zxcvbnm"}
COMMA, LEFT_OF_Z, SLASH, BESIDE_0 = 51, 86, 53, 12
Key = tuple[int, bool]
"""A key and whether shift is held."""


def _letters(*swapped: tuple[str, str]) -> dict[str, int]:
    """Where each letter lies; of each pair, one lies where the other does on a US keyboard."""
    places = {letter: first + at for first, row in ROWS.items() for at, letter in enumerate(row)}
    for a, b in swapped:
        places[a], places[b] = places[b], places[a]
    return places


def _keys(letters: dict[str, int], less: Key, question: Key, *, shifted_digits: bool = False) -> dict[str, Key]:
    digits = {str(digit): (2 + (digit - 1) % 10, shifted_digits) for digit in range(10)}
    return {**{letter.upper(): (code, True) for letter, code in letters.items()}, **digits, "<": less, "?": question}


FRENCH = _letters(("a", "q"), ("z", "w"))
FRENCH["m"] = 39
LAYOUTS: dict[str, dict[str, Key]] = {
    "us": _keys(_letters(), (COMMA, True), (SLASH, True)),
    "de": _keys(_letters(("y", "z")), (LEFT_OF_Z, False), (BESIDE_0, True)),
    "es": _keys(_letters(), (LEFT_OF_Z, False), (BESIDE_0, True)),
    "fr": _keys(FRENCH, (LEFT_OF_Z, False), (50, True), shifted_digits=True),
}


class Typist:
    """The fingers: what a reader of this layout makes of a line. `alt_codes` and `has_caps_lock` are its set-up."""

    def __init__(self, layout: str = "us") -> None:
        self.layout = layout
        self.alt_codes = False  # types Alt and a number for everything that is no letter or digit
        self.has_caps_lock = False  # letters without shift, caps lock pressed before and after

    def line(self, characters: str) -> bytes:
        """The events of one line and its Enter."""
        caps = stroke(CAPS_LOCK) if self.has_caps_lock else b""
        return caps + b"".join(self._typed(character) for character in characters) + caps + stroke(ENTER)

    def _typed(self, character: str) -> bytes:
        if self.alt_codes and not character.isalnum():
            return alt_code(character)
        code, shift = LAYOUTS[self.layout][character]
        return stroke(code, shift=shift and not (self.has_caps_lock and character.isalpha()))


class WedgeSim:
    """One reader. `path` is its address, `faults` are its knobs, `typist` its set-up."""

    def __init__(self, path: Path, *, layout: str = "us", faults: Faults | None = None) -> None:
        self.typist = Typist(layout)
        self.faults = faults or Faults()
        self._wire = PtyWire(path, lambda _data: None, self.faults, throttle=False)
        self._wire.replug()

    @property
    def path(self) -> Path:
        return self._wire.path

    def present(self, lines: Sequence[str]) -> None:
        """Read a document with these lines. Any thread."""
        said = ["NOREAD"] if self.faults.wrong_status else lines
        self.send_events(b"".join(self.typist.line(line) for line in said))

    def send_events(self, data: bytes) -> None:
        """Put any bytes on the wire."""
        self._wire.say(data, baud=UNTOLD_BAUD)

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        self._wire.replug()

    def close(self) -> None:
        self._wire.close()


def event(kind: int, code: int, value: int) -> bytes:
    return EVENT.pack(0, 0, kind, code, value)


def change(code: int, value: int) -> bytes:
    """One key down (1), up (0) or repeating (2), as one report."""
    scan = event(MSC, MSC_SCAN, 0x70000 + code) if value != 2 else b""
    return scan + event(KEY, code, value) + event(SYN, 0, 0)


def stroke(code: int, *, shift: bool = False) -> bytes:
    pressed = change(code, 1) + change(code, 0)
    return change(LEFT_SHIFT, 1) + pressed + change(LEFT_SHIFT, 0) if shift else pressed


def alt_code(character: str) -> bytes:
    digits = b"".join(stroke(KEYPAD[int(digit)]) for digit in f"{ord(character):04}")
    return change(LEFT_ALT, 1) + digits + change(LEFT_ALT, 0)
