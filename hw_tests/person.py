"""The hands of a bench: a person, told in a line what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

TERMINAL = Path("/dev/tty")


class Person:
    """Whoever sits at the terminal. What is told from another thread is wanted at once, while a device is waited for;
    what is told from the test itself is waited for until Enter."""

    def __init__(self, terminal: Path = TERMINAL) -> None:
        self._terminal = terminal

    def asked(self, what: str) -> Callable[[], None]:
        """The act of asking for it."""
        return lambda: self.ask(what)

    def ask(self, what: str) -> None:
        """Raises OSError without a terminal: then nobody is there."""
        waits = threading.current_thread() is threading.main_thread()
        with self._terminal.open("w", encoding="utf-8") as out:
            out.write(f"\n>>> {what}{', then Enter' if waits else ' NOW'}\a\n")
        if waits:
            with self._terminal.open(encoding="utf-8") as answers:
                answers.readline()
