"""The stable words for what a hardware test says of itself; docs/errors.md lists them."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    SERIAL = "HW-SERIAL"  # another board's number was typed
    NO_SERIAL = "HW-NO-SERIAL"
    PHASE = "HW-PHASE"  # no such phase
    FLAG = "HW-FLAG"  # it may harm, and was not allowed
    WHO = "HW-WHO"  # nobody says who runs it
    BUSY = "HW-BUSY"
    SYSTEM = "HW-SYSTEM"  # the system itself failed while a phase ran
