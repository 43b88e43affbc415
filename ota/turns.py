"""One update client works on a device at a time; who comes with a stick meanwhile hands it to that one.

The folder holds `.client`, locked by whoever is at work, `stick`, what is asked of it, and `stick.json`, its answer.
"""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path

from ota.disk import RealDisk, replace

LOCK, ASKED, ANSWER = ".client", "stick", "stick.json"
PATIENCE_S = 1800.0
"""A full stick over an old card takes its time, and the gate after it."""
LOOK_S = 0.5


class Twice(Exception):
    """Somebody else is at work there already. `code` is stable."""

    code = "OTA-TWICE"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{self.code}: another update client works in {folder}")


class Turns:
    """`mine`: nobody else is at work. Held as long as the context lasts."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError."""
        self._folder = folder
        self._handle = (folder / LOCK).open("wb")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.mine = True
        except BlockingIOError:
            self.mine = False

    def __enter__(self) -> Turns:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def hand_over(self, stick: Path) -> tuple[str, ...]:
        """To whoever is at work; what came of it. One who does not answer is said to be silent."""
        (self._folder / ANSWER).unlink(missing_ok=True)
        replace(RealDisk(), self._folder / ASKED, str(stick).encode())
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            if (self._folder / ANSWER).exists():
                return tuple(map(str, json.loads((self._folder / ANSWER).read_bytes())))
            time.sleep(LOOK_S)
        return ("OTA-STICK: the update client that is at work does not answer",)

    def asked(self) -> Path | None:
        """Once for each stick."""
        path = self._folder / ASKED
        if not path.exists():
            return None
        stick = Path(path.read_text())
        path.unlink()
        return stick

    def answer(self, told: tuple[str, ...]) -> None:
        replace(RealDisk(), self._folder / ANSWER, json.dumps(told).encode())
