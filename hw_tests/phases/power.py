"""The supply under load: undervoltage and throttling as firmware and kernel saw them, and the 5 V rail."""

from __future__ import annotations

from collections.abc import Iterable

from hw_tests.board import text
from hw_tests.load import samples
from hw_tests.phases import firmware
from hw_tests.phases.firmware import CAPPED, SINCE_BOOT, THROTTLED, UNDERVOLTAGE
from hw_tests.phases.hwmon import sensor
from hw_tests.record import IS_NO, Expected, Limits
from hw_tests.runner import Log, Phase
from hw_tests.station import Station

SUPPLY = "use the board's own 27 W supply and its short cable; nothing else may hang on it"
EXPECTS = (
    Expected(
        "undervoltage", "", IS_NO, "supply below 4.63 V at any moment of the load, by the firmware's flag", SUPPLY
    ),
    Expected("undervoltage_since_boot", "", IS_NO, "the same flag, kept since the board started", SUPPLY),
    Expected("throttled", "", IS_NO, "clock held down for supply or heat at any moment of the load", SUPPLY),
    Expected("throttled_since_boot", "", IS_NO, "the same flag, kept since the board started", SUPPLY),
    Expected("alarm", "", IS_NO, "the kernel's own alarm of undervoltage (hwmon rpi_volt)", SUPPLY),
    Expected(
        "supply_V", "V", Limits(4.75, 5.25), "lowest voltage of the 5 V rail under load (Pi 5's power chip)", SUPPLY
    ),
)


def measure(log: Log) -> None:
    station, alarms, rails = log.station, list[bool](), list[float]()

    def look() -> float | None:
        alarms.extend(_alarm(station))
        rails.extend(_rail(station))
        return firmware.flags(station)

    seen = list(samples(station.pace.load_s, log.left, look))
    told = [int(each) for each in seen if each is not None]
    _flag(log, "undervoltage", told, UNDERVOLTAGE)
    _flag(log, "undervoltage_since_boot", told, UNDERVOLTAGE << SINCE_BOOT)
    _flag(log, "throttled", told, CAPPED | THROTTLED)
    _flag(log, "throttled_since_boot", told, (CAPPED | THROTTLED) << SINCE_BOOT)
    log.measure_or("alarm", any(alarms) if alarms else None, "no hwmon sensor rpi_volt")
    log.measure_or("supply_V", min(rails) if rails else None, firmware.NO_RAIL)


def _flag(log: Log, name: str, told: list[int], mask: int) -> None:
    log.measure_or(name, any(each & mask for each in told) if told else None, firmware.NO_FLAGS)


def _alarm(station: Station) -> Iterable[bool]:
    folder = sensor(station.root, "rpi_volt")
    told = None if folder is None else text(folder, "in0_lcrit_alarm")
    return [] if told is None else [told != "0"]


def _rail(station: Station) -> Iterable[float]:
    volts = firmware.volts(station, "EXT5V_V")
    return [] if volts is None else [volts]


PHASES = (Phase("power", EXPECTS, measure, is_quick=True),)
