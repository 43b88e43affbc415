"""Which board this is: its serial number and model as firmware tells them, below a root folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SERIALS = ("proc/device-tree/serial-number", "sys/class/dmi/id/product_serial", "sys/class/dmi/id/board_serial")
MODELS = ("proc/device-tree/model", "sys/class/dmi/id/product_name")
RASPBERRY = "Raspberry Pi"


@dataclass(frozen=True, slots=True)
class Board:
    """Empty where the board does not tell."""

    serial: str
    model: str

    @property
    def is_raspberry(self) -> bool:
        return self.model.startswith(RASPBERRY)


def read_board(root: Path) -> Board:
    return Board(_first(root, SERIALS), _first(root, MODELS))


def text(root: Path, path: str) -> str | None:
    """A small file of the system without its end of line or NUL; None: there is none, or it may not be read."""
    try:
        return (root / path).read_bytes().decode("utf-8", "replace").strip("\0\n ")
    except OSError:
        return None


def number(root: Path, path: str) -> float | None:
    """The number in a small file; None: no file, or no number in it."""
    told = text(root, path)
    try:
        return None if told is None else float(told)
    except ValueError:
        return None


def _first(root: Path, paths: tuple[str, ...]) -> str:
    return next((told for told in (text(root, path) for path in paths) if told), "")
