"""What the program said, kept for technicians: when, how bad, where, and the sentence without what stood in it.

Only the template of a message is kept ("%s is not taken: %s"), never its arguments: what a template says we wrote, and
so no traveller can be in it. journald has the whole sentence, in memory, until the power goes.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FULL_BYTES = 256_000
"""Then it becomes `kept.log.1`, and the one before is forgotten."""

NAME = "kept.log"
ROOMS = ("appliance.", "drivers.", "border.")


@dataclass(frozen=True, slots=True)
class Line:
    """`at_s`: seconds since 1970, by the kiosk's clock. `error`: the class of an exception, or empty."""

    at_s: int
    level: str
    logger: str
    template: str
    error: str


class KeptLog(logging.Handler):
    """Appends to `folder`/kept.log from INFO on. A disk that fails costs the line, and nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.INFO)
        self._path = folder / NAME

    def emit(self, record: logging.LogRecord) -> None:
        template = record.msg if record.name.startswith(ROOMS) and isinstance(record.msg, str) else ""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        line = {
            "at_s": int(time.time()),
            "level": record.levelname,
            "logger": record.name,
            "template": template,
            "error": error,
        }
        with suppress(OSError):
            self._append(json.dumps(line) + "\n")

    def _append(self, text: str) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)
            is_full = file.tell() >= FULL_BYTES
        if is_full:
            self._path.replace(self._path.with_name(f"{NAME}.1"))


def read(folder: Path) -> tuple[Line, ...]:
    """Oldest first; a line that a power cut has torn is left out."""
    lines = []
    for path in (folder / f"{NAME}.1", folder / NAME):
        with suppress(OSError):
            lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(line for text in lines if (line := _line(text)) is not None)


def _line(text: str) -> Line | None:
    try:
        table = json.loads(text)
        return Line(int(table["at_s"]), *(str(table[name]) for name in ("level", "logger", "template", "error")))
    except (ValueError, TypeError, KeyError):
        return None
