"""The clock: not before what is known to have happened, and the clock chip beside it: ticks, offset, drift, battery."""

from __future__ import annotations

from datetime import datetime

from hw_tests.board import number
from hw_tests.phases import firmware
from hw_tests.record import IS_YES, Expected, Limits
from hw_tests.runner import Log, Phase
from hw_tests.station import Station

CHIP = "sys/class/rtc/rtc0/since_epoch"
NO_CHIP = "no clock chip"
TICK_S = 5.0
DAY_S = 86400.0
CELL = "replace the cell of the clock chip"
EXPECTS = (
    Expected(
        "after_floor_s",
        "s",
        Limits(0),
        "system clock less the newest time that is proven",
        "let the clock be set before anything else: a wrong clock makes good certificates look bad",
    ),
    Expected("chip_ticks", "", IS_YES, "the clock chip goes on while it is watched", CELL),
    Expected(
        "chip_offset_s",
        "s",
        Limits(-5, 5),
        "clock chip less system clock",
        "set it with hwclock --systohc once the system clock is trusted",
    ),
    Expected(
        "chip_drift_s_per_day", "s/d", Limits(-2, 2), "how the offset changed since the last record of this board", CELL
    ),
    Expected("chip_cell_V", "V", Limits(2.5, 3.6), "cell of the clock chip (Pi 5)", CELL),
)


def measure(log: Log) -> None:
    station = log.station
    log.measure("after_floor_s", station.now_s() - station.clock_floor_s)
    offset = _offset_s(station)
    if offset is None:
        for name in ("chip_ticks", "chip_offset_s", "chip_drift_s_per_day", "chip_cell_V"):
            log.absent(name, NO_CHIP)
        return
    log.measure("chip_ticks", _ticks(log))
    log.measure("chip_offset_s", offset)
    log.measure_or("chip_drift_s_per_day", _drift(station, offset), "no earlier record that is a day old")
    log.measure_or("chip_cell_V", firmware.volts(station, "BATT_V"), firmware.NO_RAIL)


def _offset_s(station: Station) -> float | None:
    """To half a second: the chip tells whole seconds."""
    told = number(station.root, CHIP)
    return None if told is None else told + 0.5 - station.now_s()


def _ticks(log: Log) -> bool:
    first, deadline = number(log.station.root, CHIP), log.left.within(TICK_S)
    while deadline.remaining_s > 0:
        if number(log.station.root, CHIP) != first:
            return True
        log.left.pause("person", min(0.1, deadline.remaining_s))
    return False


def _drift(station: Station, offset_s: float) -> float | None:
    """Seconds per day; None: nothing to compare with. A chip that was set meanwhile looks better than it is."""
    for record in reversed(station.earlier):
        days = (station.now_s() - datetime.fromisoformat(record.begun_at).timestamp()) / DAY_S
        before = record.values().get("clock.chip_offset_s")
        if days >= 1 and isinstance(before, float):
            return (offset_s - before) / days
    return None


PHASES = (Phase("clock", EXPECTS, measure, is_quick=True),)
