"""What the tests of the guest have in common: what they wait for on its console, and how they speak."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import pytest

from scripts.guest_kernel import NoGuest
from tests.image_guest.firmware import Board
from tests.image_guest.parts import Parts

PATIENCE_S = 1800.0
UP = "KIOSK version="
A, B = 2, 3


def made_here(parts: Callable[[], Parts]) -> Parts:
    """Where they cannot be had the test is skipped, and says what is missing; in CI it fails."""
    try:
        return parts()
    except NoGuest as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no guest here: {error}")
        pytest.skip(f"no guest here: {error}")


def until(board: Board, seen: Callable[[], bool]) -> None:
    """The board goes on while headquarters waits for its word."""
    ends_s = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < ends_s, board.console[-3000:]
        board.run_for(1.0)


def version_of(line: str) -> str:
    return line.partition(UP)[2].split()[0]


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")
