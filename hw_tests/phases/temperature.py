"""How warm the processor gets with all cores busy, and whether the fan turns."""

from __future__ import annotations

from hw_tests.board import number, text
from hw_tests.load import samples
from hw_tests.phases import firmware
from hw_tests.phases.firmware import HEAT_LIMIT, SINCE_BOOT
from hw_tests.phases.hwmon import sensor
from hw_tests.record import IS_NO, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase, Skip
from hw_tests.station import Station

COOL = "clean the vents, see that the cooler sits flat and the fan turns; move the kiosk out of the sun"
EXPECTS = (
    Expected("before_C", "°C", TOLD, "processor before the load"),
    Expected("at_load_C", "°C", Limits(0, 80), "warmest with all cores busy; a Pi slows itself from 80 °C on", COOL),
    Expected(
        "heat_limit_since_boot", "", IS_NO, "the firmware's flag that heat slowed the board since it started", COOL
    ),
    Expected("fan_rpm", "1/min", Limits(500), "fastest the fan turned under load", "plug the fan in, or replace it"),
)
ZONES = ("cpu-thermal", "x86_pkg_temp", "soc-thermal", "acpitz")


def measure(log: Log) -> None:
    station, turns = log.station, list[float]()
    if (zone := _zone(station)) is None:
        raise Skip("no temperature sensor of the processor")

    def look() -> float | None:
        if (fan := sensor(station.root, "pwmfan")) is not None:
            turns.append(number(fan, "fan1_input") or 0.0)
        return number(station.root, f"{zone}/temp")

    warm = [each / 1000 for each in samples(station.pace.load_s, log.left, look) if each is not None]
    if not warm:
        raise Skip("the temperature sensor tells nothing")
    log.measure("before_C", warm[0])
    log.measure("at_load_C", max(warm))
    flags = firmware.flags(station)
    limited = None if flags is None else bool(flags & HEAT_LIMIT << SINCE_BOOT)
    log.measure_or("heat_limit_since_boot", limited, firmware.NO_FLAGS)
    log.measure_or("fan_rpm", max(turns) if turns else None, "no fan that the kernel turns (hwmon pwmfan)")


def _zone(station: Station) -> str | None:
    """Its folder below the root."""
    folders = sorted((station.root / "sys/class/thermal").glob("thermal_zone*"))
    kinds = {text(folder, "type"): str(folder.relative_to(station.root)) for folder in folders}
    return next((kinds[kind] for kind in ZONES if kind in kinds), None)


PHASES = (Phase("temperature", EXPECTS, measure, is_quick=True),)
