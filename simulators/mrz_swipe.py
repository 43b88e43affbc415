"""Serial MRZ readers as seen from the host: Elyctis ID BOX, RTE-native, and a plain line reader.

Written from public integration facts. A swipe is told once: by itself, or to the next inquiry of an ID BOX that
was not told to speak by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from simulators.faults import Faults
from simulators.pty_wire import PtyWire

TEXTS = {b"V": b"v1.23", b"W": b"OCR 4.56", b"R": b"SIM00001", b"T": b"ID BOX simulator"}
ELYCTIS_REPLY_S = 0.02


class Profile(StrEnum):
    """Which reader it is."""

    ELYCTIS = "elyctis"
    RTE = "rte"
    LINE = "line"


class MrzSwipeSim:
    """One reader on a pty. `path` is its address; `faults` its knobs."""

    def __init__(
        self, path: Path, profile: Profile, *, baud: int = 9600, throttle: bool = False, faults: Faults | None = None
    ) -> None:
        self.profile = Profile(profile)
        self.baud = baud
        self.faults = faults or Faults()
        self.asked: list[str] = []  # letters of the commands understood, newest last
        self._kept = b""  # an ID BOX keeps a swipe until it is asked
        self._continuous = False
        self._received = b""
        self._wire = PtyWire(path, self._hear, self.faults, throttle=throttle)
        self._wire.replug()

    @property
    def path(self) -> Path:
        return self._wire.path

    def present(self, lines: Sequence[str]) -> None:
        """Swipe a document with these lines (`?` = a character the reader cannot make out). Any thread."""
        text = [line.replace("?", "_").encode("ascii") for line in lines]
        if self.profile is Profile.RTE:
            self._say(self._rte_frame(text))
        elif self.profile is Profile.LINE:
            self._say(b"NO READ\r" if self.faults.wrong_status else b"".join(line + b"\r\n" for line in text))
        elif self._continuous:
            self._say(self._frame(b"I", b"".join(line + b"\r" for line in text)))
        else:
            self._kept = b"".join(line + b"\r" for line in text)

    def send_raw(self, data: bytes) -> None:
        """Put any bytes on the wire."""
        self._say(data)

    def unplug(self) -> None:
        self._wire.unplug()

    def replug(self) -> None:
        """Comes back as after power-up: nothing kept, not continuous."""
        self._kept, self._continuous, self._received = b"", False, b""
        self._wire.replug()

    def close(self) -> None:
        self._wire.close()

    def _say(self, data: bytes, after_s: float = 0.0) -> None:
        self._wire.say(data, baud=self.baud, after_s=after_s)

    def _hear(self, data: bytes) -> None:
        if self.profile is not Profile.ELYCTIS or self._wire.host_baud() != self.baud:
            return  # takes no commands, or hears only broken characters
        self._received += data
        while len(self._received) >= 3:
            length = self._received[1] * 256 + self._received[2]
            if len(self._received) < 3 + length:
                return
            letter, argument = self._received[:1], self._received[3 : 3 + length]
            self._received = self._received[3 + length :]
            self._obey(letter, argument)

    def _obey(self, letter: bytes, argument: bytes) -> None:
        self.asked.append(letter.decode("latin-1"))
        answer = TEXTS.get(letter, b"")
        if letter == b"C":
            self._continuous = argument == b"\x01"
        elif letter == b"I":
            answer, self._kept = self._kept, b""
        self._say(self._frame(letter, answer), ELYCTIS_REPLY_S)

    def _frame(self, letter: bytes, data: bytes) -> bytes:
        if self.faults.wrong_status:
            letter = b"E"
        return letter + bytes([len(data) // 256, len(data) % 256]) + data

    def _rte_frame(self, lines: list[bytes]) -> bytes:
        width = 44 if len(lines) == 2 else 30
        rows = [b""] * (3 - len(lines)) + [line.ljust(width, b"_") for line in lines]
        counted = b"OU\x02\x00" + b"".join(row + b"\r" for row in rows) + b"\x03"
        length = len(counted) + 1
        body = bytes([length % 128, length // 128]) + counted
        check = 0
        for byte in body:
            check ^= byte
        return b"\x01" + body + bytes([check ^ 0x55 if self.faults.wrong_status else check])
