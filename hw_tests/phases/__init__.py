"""Every phase, in the order in which a full run goes: what needs no person first. One file each; listed by hand."""

from __future__ import annotations

from hw_tests.phases import (
    camera,
    chip_reader,
    clock,
    document_reader,
    fingerprint,
    lane,
    memory,
    network,
    power,
    printer,
    screen,
    storage,
    temperature,
    tpm,
    ups,
    watchdog,
)
from hw_tests.runner import Phase
from hw_tests.station import Station

REQUIRED_ON_A_RASPBERRY = frozenset({"power", "temperature", "storage", "clock", "watchdog", "network_lan"})
"""What every such board has: a skip of these is a fault of the board or of its image."""


def phases(station: Station) -> tuple[Phase, ...]:
    return (
        *clock.PHASES,
        *watchdog.PHASES,
        *tpm.PHASES,
        *network.PHASES,
        *ups.PHASES,
        *memory.PHASES,
        *storage.PHASES,
        *temperature.PHASES,
        *power.PHASES,
        *document_reader.PHASES,
        *chip_reader.PHASES,
        *fingerprint.PHASES,
        *printer.PHASES,
        *lane.PHASES,
        *screen.PHASES,
        *camera.phases(station.cameras()),
    )
