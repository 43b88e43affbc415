"""The watchdog that restarts a board that hangs. More than 15 s on a Pi leaves none at all, and nothing says so."""

from __future__ import annotations

from hw_tests.board import number, text
from hw_tests.record import IS_NO, Expected, Limits
from hw_tests.runner import Log, Phase, Skip

FOLDER = "sys/class/watchdog/watchdog0"
CARD_RESET = 0x20  # WDIOF_CARDRESET of linux/watchdog.h
SET = "set RuntimeWatchdogSec to 15 s or less and restart"
EXPECTS = (
    Expected("state", "", Limits(one_of=("active",)), "whether the device is armed", SET),
    Expected("timeout_s", "s", Limits(1, 15), "how long it waits before it restarts the board", SET),
    Expected(
        "bit_last",
        "",
        IS_NO,
        "whether the last start was its doing",
        "see the log of the start before; replace storage or board if it comes again",
    ),
)


def measure(log: Log) -> None:
    root = log.station.root
    if (state := text(root, f"{FOLDER}/state")) is None:
        raise Skip("no watchdog device")
    log.measure("state", state)
    log.measure_or("timeout_s", number(root, f"{FOLDER}/timeout"), "the device does not tell it")
    status = number(root, f"{FOLDER}/bootstatus")
    log.measure_or(
        "bit_last", None if status is None else bool(int(status) & CARD_RESET), "the device does not tell it"
    )


PHASES = (Phase("watchdog", EXPECTS, measure, is_quick=True),)
