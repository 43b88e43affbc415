"""Why a board cannot start, in three sentences, where a person can see it: on the screen and on the console."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

SCREENS = (Path("/dev/tty1"), Path("/dev/console"))


class Code(StrEnum):
    """Stable; rows of docs/errors.md."""

    ABSENT = "DATA-ABSENT"
    FOREIGN = "DATA-FOREIGN"
    LOCKED = "DATA-LOCKED"
    NO_BOARD = "DATA-NO-BOARD"
    TPM = "DATA-TPM"
    DAMAGED = "DATA-DAMAGED"
    TOOL = "DATA-TOOL"
    RELEASE = "DATA-RELEASE"
    LEVEL = "DATA-LEVEL"


@dataclass(frozen=True, slots=True)
class Words:
    what: str
    then: str


WORDS = {
    Code.ABSENT: Words("There is no data partition.", "Write the image anew, on a card that holds all of it."),
    Code.FOREIGN: Words(
        "The data partition holds something that Landfall did not put there.",
        "Look at the card elsewhere, or erase it and write the image anew.",
    ),
    Code.LOCKED: Words(
        "The data partition does not open on this board.",
        "Put the card back into its own board. After a swap of boards: the technician's page opens it.",
    ),
    Code.NO_BOARD: Words("The board does not tell its serial number.", "Update its boot loader, or change the board."),
    Code.TPM: Words(
        "The TPM did not answer as it must.", "Take the power off for a minute. If it stays so, change the board."
    ),
    Code.DAMAGED: Words(
        "The file system of the data partition is damaged.",
        "Do not erase it: it may hold encounters that the centre has not. Keep the card, and use a spare.",
    ),
    Code.TOOL: Words(
        "A tool that makes or opens the data partition failed.", "Start again. If it stays so, write the image anew."
    ),
    Code.RELEASE: Words(
        "What headquarters released does not open this disk.",
        "Ask for the disk that is in this board now; the request is written again by itself.",
    ),
    Code.LEVEL: Words(
        "The disk was locked by a TPM, and this board has none.",
        "Put the disk into a board with a TPM. Nothing was changed on it.",
    ),
}


class BoardFault(Exception):
    """The board cannot go on. `why` is for the technician."""

    def __init__(self, code: Code, why: str) -> None:
        super().__init__(f"{code}: {WORDS[code].what} {why} Next: {WORDS[code].then}")
        self.code, self.why = code, why


def show(fault: BoardFault, screens: tuple[Path, ...] = SCREENS) -> None:
    """On every screen there is; one that is not there is none to look at."""
    for screen in screens:
        try:
            screen.write_text(f"\r\n\r\n  LANDFALL CANNOT START\r\n  {fault}\r\n\r\n", encoding="utf-8")
        except OSError:
            continue
