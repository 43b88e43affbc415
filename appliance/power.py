"""What keeps the kiosk running, as the kernel tells it: mains or battery, how long yet, whether the voltage sags, heat.

Linux's power_supply class (any UPS or battery with a kernel driver), hwmon's `in0_lcrit_alarm` and `get_throttled` of a
Raspberry Pi, and the first thermal zone. What is not there is told as not there, and never as good.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

UNDERVOLTAGE_NOW = 0x1
"""Bit 0 of the Pi firmware's get_throttled."""


class Supply(StrEnum):
    MAINS = "mains"
    BATTERY = "battery"
    UNKNOWN = "unknown"  # nothing here can tell: no UPS that the kernel knows


@dataclass(frozen=True, slots=True)
class Power:
    """`minutes` left on the battery, None when nobody can say; `undervoltage` None: no such sensor."""

    supply: Supply
    minutes: float | None
    undervoltage: bool | None
    temperature_c: float | None


NOTHING_KNOWN = Power(Supply.UNKNOWN, None, None, None)


def read(root: Path = Path("/")) -> Power:
    """As it is now. `root`: where /sys is. Never raises: a file that cannot be read is a sensor that is not there."""
    supplies = sorted((root / "sys/class/power_supply").glob("*"))
    batteries = [one for one in supplies if _text(one / "type") in ("Battery", "UPS")]
    mains = [one for one in supplies if _text(one / "type") in ("Mains", "USB")]
    return Power(
        supply=_supply(batteries, mains),
        minutes=min((m for one in batteries if (m := _minutes(one)) is not None), default=None),
        undervoltage=_undervoltage(root),
        temperature_c=_number(root / "sys/class/thermal/thermal_zone0/temp", 1000),
    )


def _supply(batteries: list[Path], mains: list[Path]) -> Supply:
    if any(_text(one / "status") == "Discharging" for one in batteries):
        return Supply.BATTERY
    known = any(_text(one / "online") == "1" for one in mains) or any(_text(one / "status") for one in batteries)
    return Supply.MAINS if known else Supply.UNKNOWN


def _minutes(battery: Path) -> float | None:
    """By the battery's own word, else by what is in it over what is drawn (power_supply's s, uWh, uW, uAh, uA)."""
    if _text(battery / "status") != "Discharging":
        return None
    seconds = _number(battery / "time_to_empty_now", 1)
    if seconds is not None:
        return seconds / 60
    for held, drawn in (("energy_now", "power_now"), ("charge_now", "current_now")):
        full, rate = _number(battery / held, 1), _number(battery / drawn, 1)
        if full is not None and rate:
            return 60 * full / abs(rate)
    return None


def _undervoltage(root: Path) -> bool | None:
    said = [_text(path) for path in (root / "sys/class/hwmon").glob("*/in0_lcrit_alarm")]
    throttled = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    try:
        said += ["1" if int(throttled, 16) & UNDERVOLTAGE_NOW else "0"] if throttled else []
    except ValueError:
        return None
    return None if not said else "1" in said


def _number(path: Path, unit: float) -> float | None:
    try:
        return int(_text(path)) / unit
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
