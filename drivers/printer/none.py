"""The printer of a kiosk that has none."""

from __future__ import annotations

from drivers.api import Paper, Slip
from drivers.deadline import Deadline


class NoPrinter:
    """`Printer` that prints nothing and never fails; nobody asks it to."""

    is_fitted = False

    def __init__(self, device: str) -> None:
        self.device = device

    def look(self, deadline: Deadline) -> Paper:
        deadline.check(self.device)
        return Paper.ENOUGH

    def print(self, slip: Slip, deadline: Deadline) -> Paper:  # noqa: ARG002
        return self.look(deadline)

    def close(self) -> None: ...
