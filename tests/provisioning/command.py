"""The technician's command with two hardware tests, one that measures and one that asks; the rest is the real one."""

from __future__ import annotations

import sys

from hw_tests.phases import screen
from hw_tests.record import IS_YES, Expected
from hw_tests.runner import Log, Phase
from hw_tests.station import Station
from provisioning.__main__ import main


def _storage(log: Log) -> None:
    log.measure("writes", (log.station.data / "provisioning").is_dir())


def _light(log: Log) -> None:
    log.ask("seen", "lane_green")


SUITE = (
    Phase("storage", (Expected("writes", "", IS_YES, "the state folder is there"),), _storage),
    Phase("lane_hands", (Expected("seen", "", IS_YES, "the lamp is seen", "Look at its cable."),), _light),
)


def phases(_station: Station) -> tuple[Phase, ...]:
    return SUITE


def with_screen(_station: Station) -> tuple[Phase, ...]:
    """With what the board's own screen alone can show."""
    return (*SUITE, *screen.PHASES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], phases))
